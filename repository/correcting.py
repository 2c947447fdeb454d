"""Backdated corrections: a closed month's figure changed, so its consequences are replayed.

What was published for past months stays on record. The replay governs from the close of the open
month on, if it is no worse for the customer; a worse one waits, with all its evidence, until
somebody allows it. What it changes is published by that close, which alone knows the month it
starts from.

All that came late in one open month is one replay against what was published before it. More of it
undoes the replay and makes a new one, so the order in which updates came, and how many of them a
worker caught up with at once, make no difference. What was allowed is one correction, with its
figures and its result: it stands as long as a new look comes to the very same.
Source: design chapter, customer tiers; the bitemporal rule is in docs/concepts/tiers.md.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from domain.aum import divisor_of
from domain.corrections import CorrectionState
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
    Told,
    approve_correction,
    corrections_in_force,
    first_applied_correction,
    keep_published_figures,
    restore_published_figures,
    supersede,
    write_correction,
    write_replayed_standing,
)
from repository.database import Connection
from repository.figures import Claim, Deviation, closed_totals, deviating_aum, write_aum
from repository.happenings import happenings_of
from repository.standings import published_at


@dataclass(frozen=True, slots=True)
class Weighed:
    """What all that came late for a customer in the open month comes to."""

    customer_id: int
    deviations: Sequence[Deviation]
    decision: Decision
    worse: bool

    @property
    def open_month(self) -> Month:
        """The month whose close it is to govern."""
        return self.decision.month

    @property
    def told(self) -> Told:
        """What a correction says of it."""
        return Told(
            self.deviations[0].month,
            self.open_month,
            [_figures(deviation) for deviation in self.deviations],
            self.decision.before.to_document(),
            self.decision.after.to_document(),
        )


async def correct_closed(
    connection: Connection,
    claims: Sequence[Claim],
    calendar: Calendar,
    policies: Sequence[TierPolicy],
) -> None:
    """Find the closed months of claimed customers whose figures changed, and correct what follows.

    Months before the first one were never judged: their balances only carry on into it.
    """
    if calendar.last_closed is None or calendar.first_month is None:
        return
    late = [
        Claim(claim.customer_id, max(claim.from_month, calendar.first_month))
        for claim in claims
        if claim.from_month <= calendar.last_closed
    ]
    if not late:
        return
    looked_at = await _with_corrections(connection, late, calendar)
    again = [claim for claim, _ in looked_at]
    deviations = await _deviations(connection, again, calendar, policies)
    for claim, earlier in looked_at:
        customer_id = claim.customer_id
        if customer_id in deviations:
            weighed = await _weighed(connection, deviations[customer_id], calendar, policies)
            await put(connection, weighed, earlier, calendar, policies)
        else:
            await supersede(connection, customer_id, earlier)


async def weigh(
    connection: Connection, claim: Claim, calendar: Calendar, policies: Sequence[TierPolicy]
) -> Weighed | None:
    """What late balances of a customer come to from a month on; None if nothing was changed.

    The stored figures must be those that were published before the open month: nothing that was
    posted in it is in force. Nothing is written.
    """
    found = await _deviations(connection, [claim], calendar, policies)
    if claim.customer_id not in found:
        return None
    return await _weighed(connection, found[claim.customer_id], calendar, policies)


async def put(
    connection: Connection,
    weighed: Weighed,
    earlier: Sequence[CorrectionInForce],
    calendar: Calendar,
    policies: Sequence[TierPolicy],
    approved_by: str | None = None,
) -> int:
    """Put a correction in force, or hold one that is worse and was not allowed; its number.

    `earlier` corrections are taken up in this one; the one of them that says the very same stays,
    and who allowed it has allowed this. The stored figures are as for `weigh`.
    """
    customer_id, open_month, told = weighed.customer_id, weighed.open_month, weighed.told
    same = [one for one in earlier if one.told == told]
    by = approved_by or next((one.approved_by for one in same if one.approved_by), None)
    held = weighed.worse and by is None
    state = CorrectionState.PENDING_REVIEW if held else CorrectionState.APPLIED
    stands = [one for one in same if one.state is state or approved_by is not None][:1]
    await supersede(connection, customer_id, [one for one in earlier if one not in stands])
    if not stands:
        number = await write_correction(connection, customer_id, told, state, by)
    else:
        number = stands[0].id
        if approved_by is not None:
            await approve_correction(connection, customer_id, number, approved_by)
    if held:
        return number
    months = [deviation.month for deviation in weighed.deviations]
    await keep_published_figures(connection, customer_id, open_month, months)
    for month in months:
        policy = in_force(policies, month)
        await write_aum(
            connection, [customer_id], month, month.last_day, policy, calendar.home_currency
        )
    if weighed.decision.after != weighed.decision.before:
        await write_replayed_standing(connection, customer_id, open_month, told.after)
    return number


async def _with_corrections(
    connection: Connection, late: Sequence[Claim], calendar: Calendar
) -> list[tuple[Claim, list[CorrectionInForce]]]:
    """The claims with the corrections to look at again, from the first of their months on.

    What those of the open month had put in force is taken back first.
    """
    if calendar.open_month is None:
        raise ValueError("a month is closed, so one is open")
    customers = [claim.customer_id for claim in late]
    found = await corrections_in_force(connection, customers, calendar.open_month)
    applied = [
        key
        for key, earlier in found.items()
        if any(one.state is CorrectionState.APPLIED for one in earlier)
    ]
    if applied:
        await restore_published_figures(connection, applied, calendar.open_month)
    again = []
    for claim in late:
        earlier = found.get(claim.customer_id, [])
        first = min([claim.from_month, *(one.told.month for one in earlier)])
        again.append((Claim(claim.customer_id, first), earlier))
    return again


async def _deviations(
    connection: Connection,
    claims: Sequence[Claim],
    calendar: Calendar,
    policies: Sequence[TierPolicy],
) -> dict[int, list[Deviation]]:
    """The closed months of customers that no longer follow from the ledger, oldest first."""
    if calendar.last_closed is None:
        raise ValueError("nothing is closed that could be corrected")
    found: dict[int, list[Deviation]] = defaultdict(list)
    first = min(claim.from_month for claim in claims)
    for month in months_between(first, calendar.last_closed):
        touched = [claim.customer_id for claim in claims if claim.from_month <= month]
        policy = in_force(policies, month)
        for deviation in await deviating_aum(
            connection, touched, month, policy, calendar.home_currency
        ):
            found[deviation.customer_id].append(deviation)
    return found


async def _weighed(
    connection: Connection,
    deviations: Sequence[Deviation],
    calendar: Calendar,
    policies: Sequence[TierPolicy],
) -> Weighed:
    """Replay a customer from the first corrected month on, or from one corrected before it."""
    if calendar.last_closed is None or calendar.open_month is None:
        raise ValueError("nothing is closed that could be corrected")
    customer_id, open_month = deviations[0].customer_id, calendar.open_month
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
    worse = better_than(published, decision.after, in_force(policies, open_month))
    return Weighed(customer_id, deviations, decision, worse)


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


def _figures(deviation: Deviation) -> dict[str, str | bool]:
    return {
        "month": str(deviation.month),
        "old": str(deviation.old.rounded()),
        "new": str(deviation.new.rounded()),
        "complete": deviation.complete,
    }
