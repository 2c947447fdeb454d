"""A month that is opened again: what its close made is taken back, and made anew by the next."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from cli.embedded import Addresses
from cli.session import OPERATOR
from domain.effect import Effect
from domain.months import Month
from domain.policy import parse_policy
from domain.products import ProductClass
from repository.calendar import CalendarError, publish_policy, set_business_date
from repository.closing import request_close
from repository.manual_tier import set_tier
from repository.previews import request_preview
from repository.reopening import effect_of, lock, reopen
from repository.special import GrantRefused, end_relation, grant, revoke
from schema import identifiers
from tests.feeding import close_without, complete, gold_account, source
from tests.house import House, new_house
from tests.repository.lived_in import customer
from workers.preview import carry_out_previews

JANUARY, MARCH, APRIL = Month(2025, 1), Month(2025, 3), Month(2025, 4)
SHORT = {
    "effective": "2025-01",
    "watch_months": 2,
    "exit_months": 2,
    "retention_months": 1,
    "tiers": [
        {"code": "T1", "name": "Gold", "threshold": "200000.00"},
        {"code": "T2", "name": "Platinum", "threshold": "500000.00"},
        {"code": "T3", "name": "Diamond", "threshold": "1000000.00"},
    ],
}
"""A policy under which a customer enters, leaves and is removed within four months."""
BALANCES: dict[str, dict[str, str]] = {
    "A1": {"2025-01-01": "600000.00", "2025-04-01": "1200000.00"},  # rises in April
    "A2": {"2025-04-01": "300000.00"},  # enters
    "A3": {"2025-01-01": "600000.00", "2025-04-01": "300000.00"},  # begins to be watched
    "A4": {"2025-01-01": "300000.00", "2025-03-01": "1.00"},  # leaves
    "A5": {"2025-01-01": "300000.00", "2025-02-01": "1.00"},  # is removed, and granted in May
    "A6": {"2025-01-01": "300000.00", "2025-02-01": "1.00"},  # is removed
    "A7": {"2025-01-01": "1.00"},  # granted in February, revoked in May
    "A8": {"2025-01-01": "1.00"},  # granted and revoked on a day of May, granted for another
    "A9": {"2025-01-01": "600000.00"},  # the relation ends in May
    "A10": {"2025-01-01": "250000.00"},  # February is corrected in April
    "A11": {"2025-01-01": "250000.00"},  # is given a tier by hand in May
    "A12": {"2025-01-01": "250000.00", "2025-02-01": "1.00"},  # as C6, the manager is not active
    "A13": {"2025-01-01": "250000.00", "2025-02-01": "1.00"},  # as C6, and the relation ends in May
}

FIGURES = {
    "figures": """select customer_id, month, total, complete, final from terrace.aum_figure
        where month <= (select open_month from terrace.calendar) order by 1, 2""",
    "standings": """select to_jsonb(s) - 'recorded_at' from terrace.standing s
        where month <= (select open_month from terrace.calendar) order by customer_id, month""",
    "replays": "select customer_id, month, state from terrace.replayed_standing order by 1, 2",
    "corrections": """select to_jsonb(c) - '{id,recorded_at}'::text[] from terrace.correction c
        where state <> 'SUPERSEDED' order by customer_id, posted_in""",
    "replaced": "select to_jsonb(r) from terrace.replaced_aum r order by customer_id, month",
    "managers": "select id, manager_id, status, terminated_on from terrace.customer order by 1",
    "calendar": "select to_jsonb(c) from terrace.calendar c",
    "dirty": "select customer_id from terrace.dirty order by 1",
}
STATISTICS = """assessed special exitedUnrated total byTier { tier { code } customers aum }"""


async def made(house: House, *without: int) -> dict[str, list[Any]]:
    """What closes make but events: those of both closes stay. Some customers may be left out."""
    found = {}
    for name, query in FIGURES.items():
        rows = [tuple(row) for row in await house.fetch(query)]
        found[name] = [
            row
            for row in rows
            if row[0] not in without
            and not (isinstance(row[0], Mapping) and row[0].get("customer_id") in without)
        ]
    months = [f'm{n}: vipStatistics(month: "2025-0{n}") {{ {STATISTICS} }}' for n in range(1, 6)]
    if not without:
        found["statistics"] = [await house.data("{ " + " ".join(months) + " }")]
    return found


async def everything(house: House) -> dict[str, list[Any]]:
    """The same with events and runs."""
    found = await made(house)
    for table in ("tier_change", "close_run", "close_chunk", "correction", "aum", "dirty"):
        rows = await house.fetch(f"select to_jsonb(t) as row from terrace.{table} t")
        found[table] = sorted((row["row"] for row in rows), key=str)
    return found


async def reopened(house: House, month: Month, reason: str = "wrong rates") -> dict[str, Any]:
    async with house.database.unit() as connection:
        return dict(await reopen(connection, month, reason, OPERATOR))


async def seen(house: House, month: Month) -> Effect:
    async with house.database.unit() as connection:
        await lock(connection, month)
        return await effect_of(connection, month)


async def refusal(house: House, month: Month) -> str:
    with pytest.raises(CalendarError) as refused:
        await reopened(house, month)
    return refused.value.code


async def broken_chains(house: House) -> list[str]:
    """Customers whose changes do not lead from one to the next and to what is shown now."""
    events = await house.fetch("""select customer_id, from_status, from_tier, to_status, to_tier
        from terrace.tier_change where position is not null order by customer_id, position""")
    shown = await house.fetch("""select distinct on (customer_id) customer_id, status, tier
        from terrace.standing_in_force order by customer_id, month desc""")
    ends: dict[int, tuple[str, str | None]] = {}
    broken = []
    for row in events:
        end = ends.get(row["customer_id"], ("NON_MEMBER", None))
        if end != (row["from_status"], row["from_tier"]):
            broken.append(f"{row['customer_id']}: {end}, then {tuple(row)}")
        ends[row["customer_id"]] = (row["to_status"], row["to_tier"])
    for row in shown:
        end = ends.pop(row["customer_id"], ("NON_MEMBER", None))
        if end != (row["status"], row["tier"]):
            broken.append(f"{row['customer_id']}: {end}, but is shown as {tuple(row)}")
    return broken + [f"{key}: {end}, but is not shown" for key, end in ends.items() if end[1]]


async def specially(house: House, what: Any, number: str, *given: Any) -> None:
    async with house.database.unit() as connection:
        await what(connection, await customer(connection, number), *given, "reason", OPERATOR)


async def four_months(house: House) -> None:
    """April closed, and May lived in until its tenth: something of everything."""
    await house.people(13)
    await house.fetch("""with eve as (
            insert into terrace.manager (number, name, branch_id) values ('M9', 'Eve', 3)
            returning id)
        update terrace.customer set manager_id = eve.id from eve where number = 'C12'""")
    await publish_policy(house.database, SHORT, OPERATOR)
    for month in ("2025-01", "2025-02", "2025-03", "2025-04"):
        rows = [
            (account, day, amount)
            for account, days in BALANCES.items()
            for day, amount in days.items()
            if day.startswith(month)
        ]
        await house.record(*rows, ("A11", f"{month}-09", "250000.00"))
        if month == "2025-02":
            await specially(house, grant, "C7", None)
        if month == "2025-04":  # replayed, C10 has been of a higher tier since February
            await house.record(("A10", "2025-02-01", "600000.00"))
        await house.close(month)
    await house.fetch("update terrace.manager set active = false where number = 'M9'")
    await specially(house, revoke, "C7")  # on the first of May
    await set_business_date(house.database, date(2025, 5, 10), OPERATOR)
    await specially(house, grant, "C5", None)
    await specially(house, grant, "C8", None)
    await specially(house, revoke, "C8")
    await specially(house, grant, "C8", date(2025, 5, 20))  # which has not come yet
    await specially(house, set_tier, "C11", "T2")
    await specially(house, end_relation, "C9")
    await specially(house, end_relation, "C13")
    await house.work()


IN_APRIL = """select customer_id, status, tier, since, rule from terrace.standing_in_force
    where month = '2025-04-01' order by customer_id"""
CHANGES = """{ customer(by: {number: "C1"}) { tierChanges(last: 2) { nodes {
    kind effectiveFrom fromTier { code } toTier { code } manager { number }
    decision { rule explanation } } } } }"""


async def test_a_month_closed_again_without_anything_new_is_as_it_was(house: House) -> None:
    """Once the last month, and then the last two of them, one after the other."""
    await four_months(house)
    before, in_april = await made(house), await house.fetch(IN_APRIL)
    effect = await seen(house, APRIL)
    done = await reopened(house, APRIL)
    moved = {"ENTERS": 2, "FALLS": 3, "LEAVES": 1, "OTHERWISE": 7}
    assert effect.to_document() == {
        "customers": 13,
        "aum": "3250007.00",
        "movements": moved,
        "managers": [  # nobody has C9 and C13, whose relations ended, and C12
            {"number": "M1", "customers": 5},
            {"number": "M2", "customers": 5},
        ],
        "detail": {"openMonth": "2025-04", "returningToManagers": 2, "correctionsTakenBack": 0},
    }
    assert done == {"openMonth": "2025-04", "changes": 13, "corrections": 0, "returned": 2}
    await house.work()
    assert await broken_chains(house) == []
    assert await house.fetch(IN_APRIL) == in_april
    assert (await house.data("{ calendar { openMonth lastClosedMonth businessDate } }")) == {
        "calendar": {
            "openMonth": "2025-04",
            "lastClosedMonth": "2025-03",
            "businessDate": "2025-05-10",
        }
    }
    assert (await house.aum("C1", "2025-04") or {})["final"] is False
    managers = dict(await house.fetch("select number, manager_id from terrace.customer"))
    assert [managers[number] for number in ("C5", "C6", "C9", "C12", "C13")] == [1, 2, 0, 0, 0]
    told = (await house.data(CHANGES, role="manager", subject="M1"))["customer"]["tierChanges"]
    rose, taken_back = told["nodes"]
    assert (rose["kind"], rose["toTier"]["code"]) == ("UPGRADED", "T3")
    assert taken_back == {
        "kind": "CORRECTED",
        "effectiveFrom": "2025-04",
        "fromTier": {"code": "T3"},
        "toTier": {"code": "T2"},
        "manager": {"number": "M1"},
        "decision": {
            "rule": "REOPENED",
            "explanation": "Platinum (T2) again in 2025-04 instead of Diamond (T3): the close of "
            "2025-04 was taken back, with what followed from it. The month is open until it is "
            "closed again.",
        },
    }
    with pytest.raises(GrantRefused) as refused:  # the relation is over, whatever is shown in April
        await specially(house, grant, "C9", None)
    assert refused.value.code == "TERMINATED"
    assert (await house.close("2025-04")).epoch == 2
    assert await made(house) == before
    assert await broken_chains(house) == []

    # What corrected February in April is a correction of March once March is open: not C10.
    before = await made(house, 10)
    await reopened(house, APRIL)
    assert (await reopened(house, MARCH))["corrections"] == 1
    await house.work()
    assert await broken_chains(house) == []
    await house.close("2025-03")
    await house.close("2025-04")
    assert await made(house, 10) == before
    assert await broken_chains(house) == []
    lines = await house.trail("select * from terrace.audit where action = 'close.reopen'")
    assert [(line["subject"], line["reason"], line["detail"]["run"]) for line in lines] == [
        ("2025-04", "wrong rates", 1),
        ("2025-04", "wrong rates", 2),
        ("2025-03", "wrong rates", 1),
    ]
    assert (lines[0]["before"], lines[0]["after"]) == (
        {"state": "CLOSED", "openMonth": "2025-05"},
        {"state": "REOPENED", "openMonth": "2025-04"},
    )


class Killed(Exception):
    """The end of a process between two statements."""


class _Mortal:
    """A connection that does so many statements."""

    def __init__(self, connection: Any, statements: int) -> None:
        self._connection, self._left = connection, statements

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._connection, name)
        if name not in ("execute", "fetch", "fetchval", "fetchrow"):
            return found

        async def once(*arguments: Any) -> Any:
            self._left -= 1
            if self._left < 0:
                raise Killed
            return await found(*arguments)

        return once


async def killed_after(house: House, statements: int) -> bool:
    """Whether a reopening ended with its process after so many statements."""
    try:
        async with house.database.unit() as connection:
            await reopen(_Mortal(connection, statements), JANUARY, "late file", OPERATOR)  # type: ignore[arg-type]
    except Killed:
        return True
    return False


LATE = [
    ("A1", "2025-01-10", "900000.00"),  # rises in January
    ("A2", "2025-01-10", "100.00"),  # falls in January: waits for review
    ("A3", "2024-12-10", "700000.00"),  # rises in December, which stays closed
    ("A3", "2025-01-01", "300000.00"),
    ("A4", "2024-12-10", "100.00"),  # falls in December and in January
    ("A5", "2025-01-31", "300000.00"),  # waits for nobody: nothing comes of it
]


async def test_what_came_late_is_as_if_it_had_come_in_time(addresses: Addresses) -> None:
    """Killed between any two statements, a reopening leaves nothing behind."""
    ends = []
    for late in (True, False):
        async with new_house(addresses) as house:
            await house.people(6)
            await source(house, "desk", ProductClass.GOLD, since="2025-01-01")
            await gold_account(house, "C5", "G5")
            first = [(f"A{n}", "2024-12-01", "300000.00") for n in range(1, 7)]
            await house.record(*first, ("A2", "2025-01-01", "600000.00"))
            await house.close("2024-12")
            if not late:
                await house.record(*LATE)
                await house.work()
            await house.record(("A6", "2025-02-03", "250000.00"))
            if late:
                await close_without(house, "2025-01")
                await house.record(*LATE)
                await house.work()
                states = Counter(
                    row["state"]
                    for row in await house.fetch("select state from terrace.correction")
                )
                assert states == {"APPLIED": 2, "PENDING_REVIEW": 2}
                before, kills = await everything(house), 0
                while await killed_after(house, kills):
                    kills += 1
                    if kills % 7 == 0:
                        assert await everything(house) == before, kills
                assert kills > 12
                await house.work()
                assert (await house.aum("C5", "2025-01") or {})["complete"] is False
            await complete(house, "desk", "2025-01-01..2025-01-31")
            await house.work()
            opened = await made(house)
            await house.close("2025-01")
            assert await broken_chains(house) == []
            ends.append((opened, await made(house)))
    assert ends[0][0]["corrections"]
    assert ends[0] == ends[1]


async def test_only_the_last_closed_month_is_reopened_and_the_first_one_stays_the_first(
    house: House,
) -> None:
    """What was previewed of it is told to be stale, also when it is closed again."""
    await house.people(2)
    assert await refusal(house, JANUARY) == "NO_CLOSED_MONTH"
    await house.record(("A1", "2025-01-01", "300000.00"))
    await house.close("2025-01")
    assert await refusal(house, Month(2025, 2)) == "NOT_CLOSED"
    previews = [
        await request_preview(house.database, parse_policy(SHORT, 0), JANUARY, JANUARY, OPERATOR),
    ]
    await carry_out_previews(house.database, days=30)
    other = parse_policy({**SHORT, "exit_months": 3}, 0)
    previews.append(await request_preview(house.database, other, JANUARY, JANUARY, OPERATOR))
    assert (await reopened(house, JANUARY))["changes"] == 1
    assert await refusal(house, JANUARY) == "NO_CLOSED_MONTH"
    await house.record(("A1", "2024-11-05", "300000.00"), ("A2", "2025-01-01", "500000.00"))
    await house.work()
    asked = "{ calendar { openMonth lastClosedMonth } }"
    assert (await house.data(asked))["calendar"] == {
        "openMonth": "2025-01",
        "lastClosedMonth": None,
    }
    await house.close("2025-01")
    assert (await house.standing("C2"))["tier"] == {"code": "T2"}
    told = await house.fetch("select id, state, cancel_reason from terrace.policy_preview")
    assert {row["id"]: (row["state"], row["cancel_reason"]) for row in told} == {
        previews[0].id: ("DONE", None),
        previews[1].id: ("CANCELLED", "2025-01 was reopened: wrong rates"),
    }
    stale = await house.data(
        "query ($id: ID!) { tierPolicyPreview(id: $id) { stale } }",
        {"id": identifiers.encode("TierPolicyPreview", previews[0].id)},
    )
    assert stale == {"tierPolicyPreview": {"stale": True}}
    await request_close(house.database, Month(2025, 2), OPERATOR)
    assert await refusal(house, JANUARY) == "MONTH_CLOSING"
    await house.work()
    assert await refusal(house, JANUARY) == "OUT_OF_ORDER"
