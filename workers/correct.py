"""Backdated corrections: a closed month's figure changed, so its consequences are replayed.

What was published for past months stays on record. The replay governs from the close of the open
month on, if it is no worse for the customer; a worse one waits for review with all its evidence.
What it changes is published by that close, which alone knows the month it starts from.
Source: design chapter, customer tiers; the bitemporal rule is in docs/concepts/tiers.md.
"""

from collections.abc import Sequence
from datetime import date

from domain.aum import divisor_of
from domain.decision import Decision
from domain.money import ZERO, Average
from domain.months import Month, months_between
from domain.policy import TierPolicy, in_force
from domain.replay import MonthInput, better_than, replay, within_month
from domain.replay import correct as decide
from domain.standing import Standing
from repository.calendar import Calendar
from repository.corrections import (
    first_applied_correction,
    supersede_pending,
    terminated_on,
    write_correction,
    write_replayed_standing,
)
from repository.database import Connection
from repository.figures import Deviation, closed_totals, write_aum
from repository.standings import grants_of, published_at, replayed_at


async def correct(
    connection: Connection,
    customer_id: int,
    deviations: Sequence[Deviation],
    calendar: Calendar,
    policies: Sequence[TierPolicy],
) -> None:
    """Replay a customer from the first corrected month and put the result in force, or hold it."""
    if calendar.last_closed is None or calendar.open_month is None:
        raise ValueError("nothing is closed that could be corrected")
    open_month = calendar.open_month
    first = deviations[0].month
    earlier = await first_applied_correction(connection, customer_id)
    start = first if earlier is None else min(first, earlier)
    totals = await closed_totals(connection, customer_id, start, calendar.last_closed)
    for deviation in deviations:
        totals[deviation.month] = deviation.new if deviation.complete else None
    published, _ = await published_at(connection, customer_id, open_month)
    governing = await replayed_at(connection, customer_id, open_month) or published
    decision = await _replayed(
        connection, customer_id, start, totals, governing, open_month, policies
    )
    policy = in_force(policies, open_month)
    held = better_than(governing, decision.after, policy)
    await supersede_pending(connection, customer_id)
    await write_correction(
        connection,
        customer_id,
        first,
        open_month,
        "PENDING_REVIEW" if held else "APPLIED",
        [_figures(deviation) for deviation in deviations],
        decision.before.to_document(),
        decision.after.to_document(),
    )
    if held:
        return
    for deviation in deviations:
        month = deviation.month
        await write_aum(
            connection,
            [customer_id],
            month,
            month.last_day,
            in_force(policies, month),
            calendar.home_currency,
        )
    if decision.after == governing:
        return
    await write_replayed_standing(connection, customer_id, open_month, decision.after.to_document())


async def _replayed(
    connection: Connection,
    customer_id: int,
    start: Month,
    totals: dict[Month, Average | None],
    governing: Standing,
    open_month: Month,
    policies: Sequence[TierPolicy],
) -> Decision:
    """What the months from `start` on, judged again, make of the open month's standing."""
    initial, _ = await published_at(connection, customer_id, start)
    grants = (await grants_of(connection, [customer_id])).get(customer_id, [])
    ended = await terminated_on(connection, customer_id)
    terminations: list[date] = [] if ended is None else [ended]
    months = [
        MonthInput(month, totals[month] if month in totals else _nothing(month, policies))
        for month in months_between(start, open_month.previous())
    ]
    decisions = replay(initial, months, policies, grants, terminations)
    policy = in_force(policies, open_month)
    decisions += within_month(decisions[-1].after, open_month, policy, grants, terminations)
    return decide(governing, decisions, open_month, policy)


def _nothing(month: Month, policies: Sequence[TierPolicy]) -> Average:
    """The AUM of a closed month for a customer who was not there when it was closed."""
    return Average(ZERO, divisor_of(month, in_force(policies, month)))


def _figures(deviation: Deviation) -> dict[str, str]:
    return {
        "month": str(deviation.month),
        "old": str(deviation.old.rounded()),
        "new": str(deviation.new.rounded()),
    }
