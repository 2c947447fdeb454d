"""Judging a month: the state machine of the customer tiers (客户分层管理).

Each calendar month is judged once, when it closes, under the policy in force in it; the result is
in force from the first day of the next month. `judge` decides and keeps the evidence; it saves
nothing. In order of precedence a customer is: assessed (ACTIVE, WATCH) by AUM, SPECIAL by a valid
grant, EXITED_UNRATED in retention, or nothing (NON_MEMBER, REMOVED).

Where the chapter is silent:

- A grant counts from the first of the next month if it is valid on that day; one that starts
  later in it shows on its own day (`replay.within_month`).
- A grant ends by the calendar, so also when the feed of the month is missing.
- A member whose tier the policy in force no longer has is judged as a member of its successor
  (`TierPolicy.tier`) from that month on: k starts afresh, n goes on.
- If a policy shortens a watch, the members already longer below their tier are demoted at the
  next close, to the highest tier reached in all of their months below it.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.decision import Decision, Rule
from domain.money import Average
from domain.months import Month
from domain.policy import DemoteTo, Floor, Tier, TierPolicy
from domain.special import Grant, after_special, special_until
from domain.standing import Judged, Standing, Status, last


def judge(
    standing: Standing,
    month: Month,
    total: Average | None,
    policy: TierPolicy,
    grants: Sequence[Grant] = (),
) -> Decision:
    """Decide the standing of the month after `month` from that of `month` and its AUM.

    `total` is the final AUM, None if the month's feed is missing (delivered but empty is 0).
    `policy` is the one in force in `month`, as `policy.in_force` gives it. `grants` are those of
    the customer, at any time. Raises UnknownTier if the policy has never known the standing's tier.
    """
    if total is None:
        return _hold(standing, month, policy, grants)
    reached = policy.reached(total)
    judged = Judged(month, total.rounded(), None if reached is None else reached.code)
    if standing.tier is not None:
        return _judge_member(standing, judged, reached, policy, grants)
    if reached is not None and policy.enters(total) and not standing.terminated:
        again = standing.status is Status.EXITED_UNRATED
        after = Standing(Status.ACTIVE, reached.code, month.next())
        rule = Rule.REENTERED if again else Rule.ENTERED
        return Decision(month, standing, after, rule, policy.version, (judged,))
    return _judge_outsider(standing, judged, policy, grants)


def _judge_member(
    standing: Standing,
    judged: Judged,
    reached: Tier | None,
    policy: TierPolicy,
    grants: Sequence[Grant],
) -> Decision:
    """Apply the rows ACTIVE/WATCH of the state table."""
    month, version = judged.month, policy.version
    assert standing.tier is not None
    own = policy.tier(standing.tier)
    member = standing if own.code == standing.tier else _succeed(standing, own, month.next())
    if reached is not None and reached.rank > own.rank:
        after = Standing(Status.ACTIVE, reached.code, month.next())
        return Decision(month, standing, after, Rule.UPGRADED, version, (judged,))
    if reached is not None and reached.rank == own.rank:
        after = member
        if member.status is not Status.ACTIVE:
            after = Standing(Status.ACTIVE, own.code, member.since)
        return Decision(month, standing, after, Rule.KEPT, version, (judged,))
    below_tier = member.shortfall_months + 1
    below_entry = member.below_entry_months + 1 if reached is None else 0
    run = (*member.history, judged)
    if below_entry >= policy.exit_months:
        return _exit(standing, month, last(run, below_entry), policy, grants)
    if below_tier >= policy.watch_months and own is not policy.lowest:
        return _demote(standing, own, last(run, below_tier), below_entry, policy)
    after = _watched(own.code, member.since, below_tier, below_entry, run)
    return Decision(month, standing, after, Rule.BELOW_TIER, version, (judged,))


def _demote(
    standing: Standing,
    own: Tier,
    watch: tuple[Judged, ...],
    below_entry: int,
    policy: TierPolicy,
) -> Decision:
    """End a watch: down to a tier reached in it or, if there is none, to the floor."""
    month = watch[-1].month
    counted = watch if policy.demote_to is DemoteTo.MAX_IN_WINDOW else watch[-1:]
    ranks = [policy.tier(judged.reached).rank for judged in counted if judged.reached is not None]
    if ranks:
        target, rule = policy.tiers[min(max(ranks), own.rank) - 1], Rule.DEMOTED
    else:
        target, rule = own if policy.floor is Floor.KEEP_TIER else policy.lowest, Rule.FLOORED
    since = standing.since if target.code == standing.tier else month.next()
    after = _watched(target.code, since, 0, below_entry, (*standing.history, watch[-1]))
    return Decision(month, standing, after, rule, policy.version, watch)


def _exit(
    standing: Standing,
    month: Month,
    run: tuple[Judged, ...],
    policy: TierPolicy,
    grants: Sequence[Grant],
) -> Decision:
    """End a membership: to SPECIAL if a grant lies beneath it, else into retention."""
    since = month.next()
    if special_until(grants, since.first_day) is not None:
        special = Standing(Status.SPECIAL, since=since)
        return Decision(month, standing, special, Rule.EXITED_TO_SPECIAL, policy.version, run)
    exited = Standing(Status.EXITED_UNRATED, since=since)
    return Decision(month, standing, exited, Rule.EXITED, policy.version, run)


def _judge_outsider(
    standing: Standing, judged: Judged, policy: TierPolicy, grants: Sequence[Grant]
) -> Decision:
    """Apply the rows of customers who are no members and do not enter."""
    month, version, evidence = judged.month, policy.version, (judged,)
    by_grant = _by_grant(standing, month, policy, grants)
    if by_grant is not None:
        after, rule = by_grant
        return Decision(month, standing, after, rule, version, evidence)
    if standing.status is Status.NON_MEMBER:
        return Decision(month, standing, standing, Rule.NOT_ENTERED, version, evidence)
    if standing.status is Status.REMOVED:
        return Decision(month, standing, standing, Rule.STAYS_REMOVED, version, evidence)
    closes = standing.retention_closes + 1
    retained = (*standing.history, judged)
    if closes >= policy.retention_months:
        removed = Standing(Status.REMOVED, since=month.next())
        return Decision(month, standing, removed, Rule.REMOVED, version, retained)
    after = Standing(
        Status.EXITED_UNRATED, since=standing.since, retention_closes=closes, history=retained
    )
    return Decision(month, standing, after, Rule.RETAINED, version, evidence)


def _hold(
    standing: Standing, month: Month, policy: TierPolicy, grants: Sequence[Grant]
) -> Decision:
    """Close a month without figures: everything is held but grants, which go by the calendar."""
    by_grant = None if standing.assessed else _by_grant(standing, month, policy, grants)
    after, rule = (standing, Rule.HELD) if by_grant is None else by_grant
    return Decision(month, standing, after, rule, policy.version)


def _by_grant(
    standing: Standing, month: Month, policy: TierPolicy, grants: Sequence[Grant]
) -> tuple[Standing, Rule] | None:
    """Return what grants make of a customer who is no member, None if they change nothing."""
    special = standing.status is Status.SPECIAL
    if standing.terminated or not (grants or special):
        return None
    since = month.next()
    if special_until(grants, since.first_day) is not None:
        if special:
            return standing, Rule.SPECIAL_CONTINUES
        return Standing(Status.SPECIAL, since=since), Rule.SPECIAL_STARTED
    return (after_special(since, policy), Rule.SPECIAL_ENDED) if special else None


def _watched(
    tier: str,
    since: Month | None,
    below_tier: int,
    below_entry: int,
    run: tuple[Judged, ...],
) -> Standing:
    """Return a member's standing with these counters: WATCH if either is more than 0."""
    counting = max(below_tier, below_entry)
    status = Status.WATCH if counting else Status.ACTIVE
    history = last(run, counting)
    return Standing(status, tier, since, below_tier, below_entry, history=history)


def _succeed(standing: Standing, own: Tier, since: Month) -> Standing:
    """Return the standing in the tier that succeeds a dropped one: its watch starts afresh."""
    return _watched(own.code, since, 0, standing.below_entry_months, standing.history)
