"""recordBalances: rows are judged one by one, and nothing happens twice."""

import asyncio
from typing import Any

import pytest

from repository import ledger
from tests.house import House

REJECTED = [
    ("unknown account", "A99", "2025-01-02", "1.00", "UNKNOWN_ACCOUNT"),
    ("impossible date", "A1", "2025-02-30", "1.00", "INVALID_DATE"),
    ("not a date", "A1", "yesterday", "1.00", "INVALID_DATE"),
    ("exponent", "A1", "2025-01-02", "1e400", "INVALID_AMOUNT"),
    ("not a number", "A1", "2025-01-02", "NaN", "INVALID_AMOUNT"),
    ("infinite", "A1", "2025-01-02", "Infinity", "INVALID_AMOUNT"),
    ("thousands separator", "A1", "2025-01-02", "1,234.00", "INVALID_AMOUNT"),
    ("three decimals", "A1", "2025-01-02", "1.005", "TOO_MANY_DECIMALS"),
    ("too large", "A1", "2025-01-02", "1" + "0" * 16, "AMOUNT_OUT_OF_RANGE"),
    ("a float", "A1", "2025-01-02", 12.5, "INVALID_AMOUNT"),
    ("an integer", "A1", "2025-01-02", 12, "INVALID_AMOUNT"),
    ("before opening", "A1", "2023-12-31", "1.00", "BEFORE_OPENING"),
    ("a NUL in the number", "A\0", "2025-01-02", "1.00", "UNKNOWN_ACCOUNT"),
]


@pytest.mark.parametrize(
    ("account", "day", "balance", "code"),
    [row[1:] for row in REJECTED],
    ids=[row[0] for row in REJECTED],
)
async def test_a_bad_row_is_rejected_by_its_index_and_the_others_go_on(
    house: House, account: str, day: str, balance: str, code: str
) -> None:
    await house.people()
    recorded = await house.record(
        ("A1", "2025-01-01", "5.00"), (account, day, balance), ("A2", "2025-01-01", "-7.00")
    )
    assert recorded["accepted"] == 2
    assert [(r["index"], r["code"]) for r in recorded["rejected"]] == [(1, code)]
    assert recorded["rejected"][0]["message"]
    assert await house.value("select count(*) from terrace.balance") == 2


async def test_a_day_far_after_the_business_date_is_a_mistake(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "5.00"))
    recorded = await house.record(("A1", "2052-01-01", "5.00"), ("A2", "2025-03-01", "5.00"))
    assert [r["code"] for r in recorded["rejected"]] == ["FUTURE_DATE"]
    assert recorded["accepted"] == 1


async def test_an_update_id_seen_again_has_no_second_effect(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "5.00"), ids=["x"])
    again = await house.record(("A1", "2025-01-01", "9.00"), ids=["x"])
    assert (again["accepted"], again["duplicates"]) == (0, 1)
    twice = await house.record(
        ("A2", "2025-01-01", "5.00"), ("A2", "2025-01-01", "6.00"), ids=["y", "y"]
    )
    assert (twice["accepted"], twice["duplicates"]) == (1, 1)
    assert [
        float(r["amount"]) for r in await house.fetch("select amount from terrace.balance")
    ] == [
        5.0,
        5.0,
    ]


async def test_an_update_id_seen_again_on_a_later_day_has_no_effect_either(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "5.00"), ids=["x"])
    again = await house.record(
        ("A1", "2025-01-02", "9.00"), ("A2", "2025-01-02", "1.00"), ids=["x", "y"]
    )
    assert (again["accepted"], again["duplicates"]) == (1, 1)
    days = await house.fetch("select as_of::text from terrace.balance order by account_id")
    assert [row["as_of"] for row in days] == ["2025-01-01", "2025-01-02"]


LITERAL = """mutation { recordBalances(input: {idempotencyKey: "k", updates: [
    {updateId: "a", account: "A1", asOf: "2025-01-01", balance: "1.5"},
    {updateId: "b", account: "A1", asOf: "2025-02-30", balance: "1.00"}]}) {
    accepted rejected { index code } errors { code } } }"""
OF_VARIABLES = """mutation ($key: String!, $updates: [BalanceUpdate!]!) {
    recordBalances(input: {idempotencyKey: $key, updates: $updates}) {
    accepted rejected { index code } errors { code } } }"""
OF_A_ROW = """mutation ($row: BalanceUpdate!) {
    recordBalances(input: {idempotencyKey: "k", updates: [
    {updateId: "a", account: "A1", asOf: "2025-01-01", balance: "1.50"}, $row]}) {
    accepted rejected { index code } errors { code } } }"""
ROWS = [
    {"updateId": "a", "account": "A1", "asOf": "2025-01-01", "balance": "1.50"},
    {"updateId": "b", "account": "A1", "asOf": "2025-02-30", "balance": "1.00"},
]


async def test_rows_mean_the_same_however_they_come(house: House) -> None:
    """In the document, as a variable of the list or of one row: one request, one answer."""
    await house.people()
    answers = [
        await house.data(LITERAL),
        await house.data(OF_VARIABLES, {"key": "k", "updates": ROWS}),
        await house.data(OF_A_ROW, {"row": ROWS[1]}),
        await house.data(
            OF_VARIABLES, {"key": "k", "updates": [dict(reversed(ROWS[0].items())), ROWS[1]]}
        ),
    ]
    [first, *others] = [answer["recordBalances"] for answer in answers]
    assert first == {
        "accepted": 1,
        "rejected": [{"index": 1, "code": "INVALID_DATE"}],
        "errors": [],
    }
    assert others == [first] * 3
    assert await house.value("select count(*) from terrace.balance_update") == 1


WRONG = {
    "a field is missing": {"updateId": "a", "account": "A1", "asOf": "2025-01-01"},
    "a field is unknown": {**ROWS[0], "memo": "x"},
    "a field is null": {**ROWS[0], "account": None},
    "an id is a number": {**ROWS[0], "updateId": 7},
    "an account is an object": {**ROWS[0], "account": {}},
    "a row is null": None,
    "a row is a text": "a",
}


@pytest.mark.parametrize("row", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("place", [0, 1])
async def test_a_row_of_a_wrong_type_refuses_the_request(
    house: House, row: Any, place: int
) -> None:
    rows: list[Any] = [ROWS[0], {**ROWS[0], "updateId": "other"}]
    rows[place] = row
    answer = await house.ask(OF_VARIABLES, {"key": "k", "updates": rows}, role="hq")
    assert [e["extensions"]["code"] for e in answer["errors"]] == ["BAD_USER_INPUT"]
    assert await house.value("select count(*) from terrace.request") == 0


async def test_the_later_update_of_a_day_wins_in_a_request_and_after_it(house: House) -> None:
    await house.people()
    await house.record(("A1", "2025-01-01", "5.00"), ("A1", "2025-01-01", "6.00"))
    assert str(await house.value("select amount from terrace.balance")) == "6.00"
    await house.record(("A1", "2025-01-01", "4.00"))
    assert str(await house.value("select amount from terrace.balance")) == "4.00"
    assert await house.value("select count(*) from terrace.balance_update") == 3


async def test_a_request_sent_again_gets_the_stored_answer(house: House) -> None:
    await house.people()
    rows = [("A1", "2025-01-01", "5.00"), ("A9", "2025-01-01", "5.00")]
    first = await house.record(*rows, key="k", ids=["a", "b"])
    again = await house.record(*rows, key="k", ids=["a", "b"])
    assert first == again
    assert first["accepted"] == 1
    other = await house.record(("A1", "2025-01-01", "6.00"), key="k", ids=["a"])
    assert [e["code"] for e in other["errors"]] == ["IDEMPOTENCY_CONFLICT"]
    assert await house.value("select count(*) from terrace.balance_update") == 1


async def test_the_same_request_sent_at_once_is_recorded_once(house: House) -> None:
    await house.people()
    answers = await asyncio.gather(
        *[house.record(("A1", "2025-01-01", "5.00"), key="k", ids=["a"]) for _ in range(8)]
    )
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["accepted"] == 1
    assert await house.value("select count(*) from terrace.balance_update") == 1


async def test_overlapping_requests_in_other_orders_do_not_lock_each_other_out(
    house: House,
) -> None:
    await house.people(20)
    rows = [(f"A{n}", "2025-01-01", "5.00") for n in range(1, 21)]
    answers = await asyncio.gather(
        *[house.record(*(rows if n % 2 else rows[::-1])) for n in range(12)]
    )
    assert [answer["accepted"] for answer in answers] == [20] * 12


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_request_has_one_to_a_thousand_updates(house: House, count: int) -> None:
    recorded = await house.record(*[("A1", "2025-01-01", "1.00")] * count)
    assert [e["code"] for e in recorded["errors"]] == ["INVALID_COUNT"]


async def test_only_feeds_and_head_office_record(house: House) -> None:
    await house.people()
    document = """mutation { recordBalances(input: {idempotencyKey: "k", updates: [
        {updateId: "u", account: "A1", asOf: "2025-01-01", balance: "1.00"}]}) { accepted } }"""
    for role, subject in (
        ("manager", "M1"),
        ("branch", "B1"),
        ("customer", "C1"),
        ("auditor", "a"),
    ):
        answer = await house.ask(document, role=role, subject=subject)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await house.value("select count(*) from terrace.balance_update") == 0


async def test_an_update_id_that_cannot_be_stored_is_rejected_alone(house: House) -> None:
    await house.people()
    rows = [("A1", "2025-01-01", "1.00"), ("A2", "2025-01-01", "2.00")]
    answer = await house.record(*rows, ids=["n\0", "ok"])
    assert (answer["accepted"], [r["code"] for r in answer["rejected"]]) == (
        1,
        ["INVALID_UPDATE_ID"],
    )
    assert answer["rejected"][0]["updateId"] == "n\ufffd"


async def test_requests_that_differ_late_in_an_unreadable_value_are_two(house: House) -> None:
    await house.people()
    first = await house.record(("A1", "2025-01-01", "x" * 50 + "1"), key="k", ids=["u"])
    again = await house.record(("A1", "2025-01-01", "x" * 50 + "1"), key="k", ids=["u"])
    other = await house.record(("A1", "2025-01-01", "x" * 50 + "2"), key="k", ids=["u"])
    assert first == again
    assert [e["code"] for e in other["errors"]] == ["IDEMPOTENCY_CONFLICT"]


RECORD = """mutation ($input: RecordBalancesInput!) { recordBalances(input: $input) {
    accepted duplicates rejected { index updateId } errors { code message } } }"""


async def test_a_key_of_somebody_else_shows_nothing_of_what_it_was_used_for(house: House) -> None:
    await house.people()
    given = {"input": {"idempotencyKey": "k", "updates": [ROWS[0], {**ROWS[0], "account": "A9"}]}}
    first = await house.data(RECORD, given, role="integrator", subject="one feed")
    assert first["recordBalances"]["accepted"] == 1
    for who in (
        {"role": "integrator", "subject": "another"},
        {"role": "hq", "subject": "one feed"},
    ):
        answer = (await house.data(RECORD, given, **who))["recordBalances"]
        assert [e["code"] for e in answer["errors"]] == ["IDEMPOTENCY_CONFLICT"]
        assert (answer["accepted"], answer["duplicates"], answer["rejected"]) == (0, 0, [])
    assert await house.value("select count(*) from terrace.balance_update") == 1


async def test_a_request_whose_session_was_killed_is_recorded_by_the_next_try(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after everything is written and before the commit: nothing of it has happened."""
    await house.people()
    audit, kills = ledger.audit, iter([True])

    async def killed(connection: Any, *arguments: Any, **told: Any) -> None:
        await audit(connection, *arguments, **told)
        if next(kills, False):
            pid = await connection.fetchval("select pg_backend_pid()")
            await house.value("select pg_terminate_backend($1)", pid)

    monkeypatch.setattr(ledger, "audit", killed)
    given = {"input": {"idempotencyKey": "k", "updates": [ROWS[0]]}}
    lost = await house.ask(RECORD, given)
    assert [e["extensions"]["code"] for e in lost["errors"]] == ["UNAVAILABLE"]
    for table in ("balance_update", "request", "dirty"):
        assert await house.value(f"select count(*) from terrace.{table}") == 0
    assert (await house.data(RECORD, given))["recordBalances"]["accepted"] == 1
    assert (await house.data(RECORD, given))["recordBalances"]["accepted"] == 1
    assert await house.value("select count(*) from terrace.balance_update") == 1


async def test_a_request_whose_answer_was_lost_after_the_commit_gets_it_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.people()

    async def lost(*arguments: Any) -> None:
        raise RuntimeError("the process was killed here")

    given = {"input": {"idempotencyKey": "k", "updates": [ROWS[0]]}}
    with monkeypatch.context() as patch:
        patch.setattr(house.engine, "_wake", lost)
        assert "errors" in await house.ask(RECORD, given)
    assert (await house.data(RECORD, given))["recordBalances"]["accepted"] == 1
    assert await house.value("select count(*) from terrace.balance_update") == 1
