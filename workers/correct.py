"""Backdated corrections: a closed month's figure changed, so its consequences are replayed.

What was published for past months stays on record. The replay governs from the close of the open
month on, if it is no worse for the customer; a worse one waits for review with all its evidence.
What it changes is published by that close, which alone knows the month it starts from.

All that came late in one open month is one replay against what was published before it. More of it
undoes the replay and makes a new one, so the order in which updates came, and how many of them a
worker caught up with at once, make no difference.
Source: design chapter, customer tiers; the bitemporal rule is in docs/concepts/tiers.md.
"""

from collections.abc import Sequence

from domain.aum import divisor_of
from domain.decision import Decision
from domain.happenings import NOTHING
from domain.money import ZERO, Average
from domain.months import Month, months_between
from domain.policy import TierPolicy, in_force
from domain.replay import MonthInput, better_than, replay, within_month
from domain.replay import correct as decide
from domain.standing import Standing
from repository.calendar import Calendar
from repository.corrections import (
    CorrectionInForce,
    first_applied_correction,
    keep_published_figures,
    supersede,
    write_correction,
    write_replayed_standing,
)
from repository.database import Connection
from repository.figures import Deviation, closed_totals, write_aum
from repository.happenings import happenings_of
from repository.standings import published_at


async def correct(
    connection: Connection,
    customer_id: int,
    deviations: Sequence[Deviation],
    earlier: Sequence[CorrectionInForce],
    calendar: Calendar,
    policies: Sequence[TierPolicy],
) -> None:
    """Replay a customer from the first corrected month and put the result in force, or hold it.

    The stored figures are those that were published before the open month; `earlier` corrections
    are taken up in this one.
    """
    if calendar.last_closed is None or calendar.open_month is None:
        raise ValueError("nothing is closed that could be corrected")
    open_month = calendar.open_month
    first = deviations[0].month
    applied = await first_applied_correction(connection, customer_id, open_month)
    start = first if applied is None else min(first, applied)
    totals = await closed_totals(connection, customer_id, start, calendar.last_closed)
    for deviation in deviations:
        totals[deviation.month] = deviation.new if deviation.complete else None
    published, _ = await published_at(connection, customer_id, open_month)
    decision = await _replayed(
        connection, customer_id, start, totals, published, open_month, policies
    )
    held = better_than(published, decision.after, in_force(policies, open_month))
    state = "PENDING_REVIEW" if held else "APPLIED"
    figures = [_figures(deviation) for deviation in deviations]
    after = decision.after.to_document()
    same = [one for one in earlier if one.says(open_month, state, figures, after)]
    await supersede(connection, customer_id, [one for one in earlier if one not in same])
    if not same:
        before = decision.before.to_document()
        await write_correction(
            connection, customer_id, first, open_month, state, figures, before, after
        )
    if held:
        return
    months = [deviation.month for deviation in deviations]
    await keep_published_figures(connection, customer_id, open_month, months)
    for month in months:
        policy = in_force(policies, month)
        await write_aum(
            connection, [customer_id], month, month.last_day, policy, calendar.home_currency
        )
    if decision.after != published:
        await write_replayed_standing(connection, customer_id, open_month, after)


async def _replayed(
    connection: Connection,
    customer_id: int,
    start: Month,
    totals: dict[Month, Average | None],
    published: Standing,
    open_month: Month,
    policies: Sequence[TierPolicy],
) -> Decision:
    """What the months from `start` on, judged again, make of the open month's standing."""
    initial, _ = await published_at(connection, customer_id, start)
    happenings = (await happenings_of(connection, [customer_id])).get(customer_id, NOTHING)
    months = [
        MonthInput(month, totals[month] if month in totals else _nothing(month, policies))
        for month in months_between(start, open_month.previous())
    ]
    decisions = replay(initial, months, policies, happenings)
    policy = in_force(policies, open_month)
    decisions += within_month(decisions[-1].after, open_month, policy, happenings)
    return decide(published, decisions, open_month, policy)


def _nothing(month: Month, policies: Sequence[TierPolicy]) -> Average:
    """The AUM of a closed month for a customer who was not there when it was closed."""
    return Average(ZERO, divisor_of(month, in_force(policies, month)))


def _figures(deviation: Deviation) -> dict[str, str]:
    return {
        "month": str(deviation.month),
        "old": str(deviation.old.rounded()),
        "new": str(deviation.new.rounded()),
    }
