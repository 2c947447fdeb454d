"""Deciding what somebody else has asked for, as a second person does by the API."""

from collections.abc import Mapping
from typing import Any

from tests.house import House
from workers.approvals import see_to_approvals

SHOWN = """id kind state subject payload payloadHash reason requestedBy problem decidedBy
    decisionReason result customer { number } branch { code } effect { hash customers entering
    rising falling leaving otherwise aum managers { number customers } detail }"""
LOOK = f"query ($id: ID!) {{ node(id: $id) {{ ... on Approval {{ {SHOWN} }} }} }}"
GIVE = f"""mutation ($id: ID!, $p: String!, $e: String!, $r: String) {{
    giveApproval(input: {{approval: $id, payloadHash: $p, effectHash: $e, reason: $r}}) {{
        approval {{ {SHOWN} }} errors {{ code message field }} }} }}"""
GRANT = """mutation ($c: ID!, $d: Date, $r: String!) {
    grantSpecialVip(input: {customer: $c, reason: $r, from: $d}) {
        approval { id } customer { standing { status } } errors { code message field } } }"""


async def shown(house: House, identifier: str, **who: Any) -> dict[str, Any]:
    """A request as somebody sees it."""
    return (await house.data(LOOK, {"id": identifier}, **who))["node"]


async def give(
    house: House, approval: Mapping[str, Any], role: str = "hq", subject: str = "second"
) -> dict[str, Any]:
    """What comes of allowing a request as it was shown."""
    variables = {
        "id": approval["id"],
        "p": approval["payloadHash"],
        "e": (approval["effect"] or {"hash": "none"})["hash"],
        "r": "looked at",
    }
    return (await house.data(GIVE, variables, role=role, subject=subject))["giveApproval"]


async def allowed(
    house: House, asked: Mapping[str, Any], role: str = "hq", subject: str = "second"
) -> dict[str, Any]:
    """The request that a mutation has made, allowed by somebody else; its refusal if it was one."""
    if asked["errors"]:
        return dict(asked)
    await see_to_approvals(house.database)
    who = {"role": role, "subject": subject}
    found = await shown(house, asked["approval"]["id"], **who)
    return await give(house, found, **who)


async def granted(
    house: House, customer: str, day: str | None = None, reason: str = "mayor"
) -> list[str]:
    """Special VIP, asked for by one and allowed by another; the codes of what was refused."""
    asked = await house.data(GRANT, {"c": customer, "d": day, "r": reason})
    given = await allowed(house, asked["grantSpecialVip"])
    return [error["code"] for error in given["errors"]]
