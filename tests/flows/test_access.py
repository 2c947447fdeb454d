"""Keys and revocations through the API: who may, what is refused, what is kept of it."""

from typing import Any

import asyncpg
import pytest

from tests.house import House

CREATE = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret
    apiKey { id prefix integrator grants createdBy valid expiresAt lastUsedAt replaces { id } }
    errors { code field } } }"""
ROTATE = """mutation ($input: RotateApiKeyInput!) { rotateApiKey(input: $input) { secret
    apiKey { prefix grants replaces { valid } } errors { code field } } }"""
REVOKE_KEY = """mutation ($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) {
    apiKey { valid revokedBy revokedReason } errors { code field } } }"""
REVOKE = """mutation ($input: RevokeAccessInput!) { revokeAccess(input: $input) {
    revocation { id role subject tokenId issuedBefore reason revokedBy liftedAt }
    errors { code field } } }"""
RESTORE = """mutation ($input: RestoreAccessInput!) { restoreAccess(input: $input) {
    revocation { liftedBy } errors { code field } } }"""
LISTS = """{ apiKeys(first: 10) { totalCount nodes { prefix } }
    revocations(first: 10, where: {inForce: {eq: true}}) { totalCount } }"""


async def administered(house: House, document: str, **given: Any) -> Any:
    data = await house.data(document, {"input": given}, role="administrator", subject="admin")
    [answer] = data.values()
    return answer


async def test_the_life_of_a_key(house: House) -> None:
    made = await administered(
        house, CREATE, integrator=" core ", grants=["FEEDS", "READ_INTERNAL", "FEEDS"]
    )
    key = made["apiKey"]
    assert key["integrator"] == "core"
    assert key["grants"] == ["FEEDS", "READ_INTERNAL"]
    assert (key["createdBy"], key["valid"]) == ("administrator:admin", True)
    assert made["secret"].startswith(f"trc_{key['prefix']}_")
    rotated = await administered(house, ROTATE, key=key["id"], overlapHours=0)
    assert rotated["apiKey"]["grants"] == key["grants"]
    assert rotated["apiKey"]["replaces"] == {"valid": False}
    assert rotated["secret"] != made["secret"]
    again = await administered(house, ROTATE, key=key["id"])
    assert again["errors"] == [{"code": "NOT_FOUND", "field": ["input", "key"]}]
    [_, new] = (await house.data("{ apiKeys(first: 9) { nodes { id } } }", role="auditor"))[
        "apiKeys"
    ]["nodes"]
    ended = await administered(house, REVOKE_KEY, key=new["id"], reason="leaked")
    assert ended["apiKey"] == {
        "valid": False,
        "revokedBy": "administrator:admin",
        "revokedReason": "leaked",
    }
    lines = await house.trail("select action, subject from terrace.audit order by id")
    told = [tuple(line) for line in lines if line["action"].startswith("api_key")]
    assert told == [(f"api_key.{done}", "core") for done in ("create", "rotate", "revoke")]


async def test_the_text_of_a_key_is_nowhere_in_the_database(house: House) -> None:
    made = await administered(house, CREATE, integrator="core", grants=["FEEDS"])
    secret = made["secret"].removeprefix(f"trc_{made['apiKey']['prefix']}_")
    owner = await asyncpg.connect(house.url)
    try:
        tables = await owner.fetch(
            "select relname from pg_class where relnamespace = 'terrace'::regnamespace"
            " and relkind in ('r', 'p')"
        )
        assert len(tables) > 20
        for table in tables:
            rows = await owner.fetch(f"select t::text as row from terrace.{table['relname']} t")
            assert not any(secret[:20] in row["row"] for row in rows), table
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("document", "given", "code", "field"),
    [
        (CREATE, {"integrator": " ", "grants": ["FEEDS"]}, "INVALID_NAME", "integrator"),
        (CREATE, {"integrator": "a\nb", "grants": ["FEEDS"]}, "INVALID_NAME", "integrator"),
        (CREATE, {"integrator": "x" * 129, "grants": ["FEEDS"]}, "INVALID_NAME", "integrator"),
        (CREATE, {"integrator": "x", "grants": []}, "INVALID_GRANTS", "grants"),
        (
            CREATE,
            {"integrator": "x", "grants": ["FEEDS"], "expiresInDays": 401},
            "INVALID_LIFE",
            "expiresInDays",
        ),
        (ROTATE, {"key": "QXBpS2V5OjE=", "expiresInDays": 0}, "INVALID_LIFE", "expiresInDays"),
        (ROTATE, {"key": "QXBpS2V5OjE=", "overlapHours": 721}, "INVALID_OVERLAP", "overlapHours"),
        (ROTATE, {"key": "QXBpS2V5OjE="}, "NOT_FOUND", "key"),
        (ROTATE, {"key": "nonsense"}, "INVALID_ID", "key"),
        (REVOKE_KEY, {"key": "QXBpS2V5OjE=", "reason": "r"}, "NOT_FOUND", "key"),
        (REVOKE_KEY, {"key": "QXBpS2V5OjE=", "reason": " "}, "INVALID_TEXT", "reason"),
        (RESTORE, {"revocation": "UmV2b2NhdGlvbjox", "reason": "r"}, "NOT_FOUND", "revocation"),
    ],
)
async def test_what_is_refused_names_the_field(
    house: House, document: str, given: dict[str, Any], code: str, field: str
) -> None:
    answer = await administered(house, document, **given)
    assert answer["errors"] == [{"code": code, "field": ["input", field]}]


async def test_somebody_is_shut_out_and_let_in_again(house: House) -> None:
    bearer = {"role": "MANAGER", "subject": "M1", "issuedBefore": "2026-01-01T00:00:00Z"}
    shut = (await administered(house, REVOKE, who={"bearer": bearer}, reason="lost phone"))[
        "revocation"
    ]
    assert (shut["role"], shut["subject"], shut["tokenId"]) == ("MANAGER", "M1", None)
    assert shut["issuedBefore"] == "2026-01-01T00:00:00.000000Z"
    token = (await administered(house, REVOKE, who={"tokenId": "j-1"}, reason="leaked"))[
        "revocation"
    ]
    assert (token["role"], token["tokenId"]) == (None, "j-1")
    assert (await house.data(LISTS, role="administrator"))["revocations"]["totalCount"] == 2
    lifted = await administered(house, RESTORE, revocation=shut["id"], reason="found")
    assert lifted["revocation"] == {"liftedBy": "administrator:admin"}
    assert (await house.data(LISTS, role="auditor"))["revocations"]["totalCount"] == 1


@pytest.mark.parametrize(
    ("role", "subject"), [("hq", "x"), ("risk", "x"), ("branch", "B1"), ("manager", "M1"),
    ("customer", "C1"), ("integrator", "x")]
)  # fmt: skip
async def test_others_see_no_key_and_make_none(house: House, role: str, subject: str) -> None:
    await house.people(1)
    await administered(house, CREATE, integrator="core", grants=["FEEDS"])
    await administered(house, REVOKE, who={"tokenId": "j-1"}, reason="leaked")
    seen = await house.data(LISTS, role=role, subject=subject)
    assert seen["apiKeys"] == {"totalCount": 0, "nodes": []}
    assert seen["revocations"] == {"totalCount": 0}
    given = {"input": {"integrator": "mine", "grants": ["FEEDS"]}}
    answer = await house.ask(CREATE, given, role=role, subject=subject)
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
