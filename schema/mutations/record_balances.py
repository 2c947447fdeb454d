"""recordBalances: a feed's end-of-day balances."""

import datetime
import decimal
from collections.abc import Mapping, Sequence
from typing import Any

import strawberry

from domain.actors import Grant, Role
from domain.money import InvalidAmount, hundredths, usual_form
from repository.ledger import IdempotencyConflict, Rejection, Updates, record_balances
from repository.reading.expressions import integer, text
from repository.reading.parameters import Unreadable
from schema.columns import Table, by_columns
from schema.context import Context
from schema.fields import elements, stored
from schema.mutations.operation import Refused, Row, UserError, operation, user_errors

MOST_UPDATES = 1000
_LONGEST = 200


@by_columns
@strawberry.input(description="The balance of an account at the close of one day.")
class BalanceUpdate:
    """One row of a feed."""

    update_id: str = strawberry.field(
        description="The feed's own id of this update; seen again for the same customer, it has no "
        "second effect."
    )
    account: str = strawberry.field(description="Account number.")
    as_of: datetime.date = strawberry.field(description="The day at whose close it stood so.")
    balance: decimal.Decimal = strawberry.field(
        description="The balance, in the account's currency; negative for an overdraft."
    )


@strawberry.input(description="Balances to record, 1 to 1000.")
class RecordBalancesInput:
    """A request of a feed."""

    idempotency_key: str = strawberry.field(
        description="Names this request: sent again with the same content it is answered with the "
        "stored answer, with another content it is refused."
    )
    updates: list[BalanceUpdate] = strawberry.field(description="The balances.")


@strawberry.type(description="An update that was turned down; the others of the request went on.")
class RejectedUpdate:
    """A member of `rejected`."""

    index: int = stored(integer("index"), "Its place in the request, from 0.")
    update_id: str = stored(text("update_id"), "Its id.")
    code: str = stored(text("code"), "What is wrong, for programs.")
    message: str = stored(text("message"), "What is wrong, for people.")


@strawberry.type(description="What became of the balances; the accepted ones are durable.")
class RecordBalancesPayload:
    """Result of recordBalances."""

    accepted: int = stored(integer("accepted"), "Balances recorded now.")
    duplicates: int = stored(integer("duplicates"), "Updates whose id had been recorded before.")
    rejected: list[RejectedUpdate] = elements(
        "rejected",
        "index integer, update_id text, code text, message text",
        "Updates turned down, in the order of the request.",
    )
    errors: list[UserError] = user_errors()


_NOTHING: dict[str, Any] = {"accepted": 0, "duplicates": 0, "rejected": []}


async def perform(context: Context, given: Mapping[str, Any]) -> Row:
    """Record what is valid and new; say of everything else what is wrong with it."""
    try:
        return await _record(context, given["idempotencyKey"], given["updates"])
    except Refused as refused:
        return {**_NOTHING, **refused.row}


async def _record(context: Context, key: str, given: Table) -> Row:
    if not 1 <= len(key) <= _LONGEST or "\0" in key:
        raise Refused(
            "INVALID_KEY", f"the key has 1 to {_LONGEST} characters", "input", "idempotencyKey"
        )
    if not 1 <= len(given) <= MOST_UPDATES:
        raise Refused(
            "INVALID_COUNT",
            f"a request has 1 to {MOST_UPDATES} updates, not {len(given)}",
            "input",
            "updates",
        )
    updates, refused, said = _at_once(given) or _one_by_one(given)
    try:
        recorded = await record_balances(
            context.database,
            updates,
            key=key,
            body=said,
            actor=context.actor,
            future_days=context.future_days,
            refused=refused,
        )
    except IdempotencyConflict:
        raise Refused(
            "IDEMPOTENCY_CONFLICT",
            "this key was used for another request",
            "input",
            "idempotencyKey",
        ) from None
    if recorded.accepted:
        await context.wake("recompute")
    ids = given.values("updateId")
    return {
        "accepted": recorded.accepted,
        "duplicates": recorded.duplicates,
        "rejected": [
            {
                "index": rejection.place,
                "update_id": ids[rejection.place].replace("\0", "\ufffd"),
                "code": rejection.code,
                "message": rejection.message,
            }
            for rejection in recorded.rejections
        ],
        "errors": [],
    }


_Read = tuple[Updates, list[Rejection], Sequence[tuple[str, ...]]]
"""What to record, what is refused beforehand, and what the caller said: the same content, however
it was spelled, says the same."""


def _at_once(given: Table) -> _Read | None:
    """All rows read by columns; None if anything has to be looked at by itself."""
    texts, given_days = given.texts("balance"), given.texts("asOf")
    if texts is None or given_days is None:
        return None
    try:
        amounts = usual_form(texts)
    except InvalidAmount:
        return None
    cents = hundredths(amounts)
    assert cents is not None
    days = given.values("asOf")
    ids, accounts = given.values("updateId"), given.values("account")
    lengths = set(map(len, ids))
    if min(lengths) < 1 or max(lengths) > _LONGEST or set(map(type, days)) != {datetime.date}:
        return None
    if "\0" in "".join(ids) or "\0" in "".join(accounts):
        return None
    said = list(zip(ids, accounts, given_days, amounts, strict=True))
    return Updates(range(len(ids)), accounts, days, cents, ids), [], said


def _one_by_one(given: Table) -> _Read:
    """The rows that can be taken, and what is wrong with the others."""
    taken: list[tuple[int, str, datetime.date, int, str]] = []
    refused: list[Rejection] = []
    names = ("updateId", "account", "asOf", "balance")
    rows = list(zip(*map(given.values, names), strict=True))
    for place, (update_id, account, as_of, balance) in enumerate(rows):
        if not 1 <= len(update_id) <= _LONGEST or "\0" in update_id:
            message = f"an update id has 1 to {_LONGEST} characters"
            refused.append(Rejection(place, "INVALID_UPDATE_ID", message))
        elif isinstance(as_of, Unreadable):
            refused.append(Rejection(place, as_of.code, f"asOf: {as_of.message}"))
        elif isinstance(balance, Unreadable):
            refused.append(Rejection(place, balance.code, f"balance: {balance.message}"))
        elif "\0" in account:
            message = "there is no account with this number"
            refused.append(Rejection(place, "UNKNOWN_ACCOUNT", message))
        else:
            taken.append((place, account, as_of, int(balance.scaleb(2)), update_id))
    said = [
        tuple(value.given if isinstance(value, Unreadable) else str(value) for value in row)
        for row in rows
    ]
    return Updates(*zip(*taken, strict=True)) if taken else Updates([], [], [], []), refused, said


RECORD_BALANCES = operation(
    perform,
    RecordBalancesInput,
    "accepted integer, duplicates integer, rejected jsonb",
    "Record end-of-day balances of a feed. Rows are judged one by one: a bad one is rejected by "
    "its index, the others go on. The answer comes when the accepted ones are durable.",
    Role.INTEGRATOR,
    Role.HQ,
    grant=Grant.FEEDS,
)
