"""Why: a decision told in a sentence or two, with its figures, for managers and customers.

Only what the decision itself carries is used, plus the names and thresholds of the policy it was
taken under, so that a decision of years ago is explained as it was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from domain.decision import Decision, Rule
from domain.phrases import Phrases, counted
from domain.policy import DemoteTo, TierPolicy
from domain.standing import Status


def explain(decision: Decision, policy: TierPolicy, others: Sequence[TierPolicy] = ()) -> str:
    """Return the reasons of a decision in English.

    `policy` is the version the decision was taken under (ValueError if it is not); `others` help
    with the names of tiers that it no longer has, which are else told by their codes.
    """
    told = Phrases(decision, policy, others)
    sentences = _SENTENCES[decision.rule](told)
    former = decision.before.tier
    if former is not None and all(tier.code != former for tier in policy.tiers):
        sentences += f" The policy in force no longer has {told.tier(former)}."
    return sentences


def _not_entered(told: Phrases) -> str:
    return f"Not a member in {told.since}: {told.not_above()}."


def _entered(told: Phrases) -> str:
    again = "again " if told.decision.rule is Rule.REENTERED else ""
    tier = told.after.tier
    just = "just " if told.judged[-1].total <= told.policy.entry_line else ""
    return (
        f"{told.tier(tier)} {again}from {told.since}: {told.figure()} is {just}above "
        f"{told.entry_line}; "
        f"the highest tier it reaches is {told.name(tier)} ({told.line(tier)})."
    )


def _kept(told: Phrases) -> str:
    tier = told.after.tier
    cleared = " The watch is over." if told.before.status is Status.WATCH else ""
    return (
        f"{told.tier(tier)} kept in {told.since}: {told.figure()} reaches "
        f"{told.line(tier)}.{cleared}"
    )


def _upgraded(told: Phrases) -> str:
    tier = told.after.tier
    return (
        f"{told.tier(tier)} from {told.since}, up from {told.tier(told.before.tier)}: "
        f"{told.figure()} reaches {told.name(tier)} ({told.line(tier)})."
    )


def _below_tier(told: Phrases) -> str:
    tier, policy = told.after.tier, told.policy
    below = f"{told.tier(tier)} under watch in {told.since}: {told.figure()} is below"
    exit_count = f"month {told.after.below_entry_months} of {policy.exit_months}"
    if tier == policy.lowest.code:
        return f"{below} {told.entry_line}, {exit_count} before an exit."
    watch_count = f"month {told.after.shortfall_months} of {policy.watch_months} of the watch"
    sentence = f"{below} {told.name(tier)} ({told.line(tier)}), {watch_count}."
    if told.after.below_entry_months:
        sentence += f" It is also below {told.entry_line}, {exit_count} before an exit."
    return sentence


def _demoted(told: Phrases) -> str:
    if told.policy.demote_to is DemoteTo.MAX_IN_WINDOW:
        which = f"the highest tier reached in {_the_watch(told)}"
    else:
        which = f"the tier reached in the last month of {_the_watch(told)}"
    after, before = told.after.tier, told.before.tier
    return (
        f"{told.tier(after)} from {told.since}: below {told.name(before)} ({told.line(before)}) "
        f"in {told.run()}; {which} was {told.name(after)}."
    )


def _floored(told: Phrases) -> str:
    after, before = told.after.tier, told.before.tier
    if after == before:
        start = f"{told.tier(after)} kept in {told.since} and watched afresh"
        end = "so there is none to fall to"
    else:
        start = f"{told.tier(after)} from {told.since}"
        end = "so the lowest applies"
    where = "in the last month of" if told.policy.demote_to is DemoteTo.LAST_MONTH else "in"
    return (
        f"{start}: below {told.name(before)} ({told.line(before)}) in {told.run()}; no tier was "
        f"reached {where} {_the_watch(told)}, {end}."
    )


def _the_watch(told: Phrases) -> str:
    return f"the watch of {counted(len(told.judged), 'month')}"


def _exited(told: Phrases) -> str:
    return (
        f"Exited, unrated from {told.since}: AUM was below {told.entry_line} in {told.run()}. "
        f"The customer is retained for {counted(told.policy.retention_months, 'month')}."
    )


def _exited_to_special(told: Phrases) -> str:
    return (
        f"Special VIP from {told.since}: AUM was below {told.entry_line} in {told.run()}, "
        "which ends the membership, but a grant is valid."
    )


def _retained(told: Phrases) -> str:
    return (
        f"Exited, unrated in {told.since}: {told.not_above()}; close "
        f"{told.after.retention_closes} of {told.policy.retention_months} in retention."
    )


def _removed(told: Phrases) -> str:
    return (
        f"Removed from {told.since}: AUM did not rise above {told.entry_line} in the retention, "
        f"{told.run()}."
    )


def _stays_removed(told: Phrases) -> str:
    if told.after.terminated:
        return f"Removed in {told.since}: the customer is terminated and does not enter again."
    return f"Removed in {told.since}: {told.not_above()}."


def _special_started(told: Phrases) -> str:
    return f"Special VIP from {told.since}: a grant is valid, and {told.not_above()}."


def _special_continues(told: Phrases) -> str:
    return f"Special VIP in {told.since}: the grant is still valid, and {told.not_above()}."


def _special_ended(told: Phrases) -> str:
    return (
        f"{told.state(told.after)} from {told.since}: the grant of special VIP has ended, "
        f"and {told.not_above()}."
    )


def _held(told: Phrases) -> str:
    return (
        f"{told.state(told.after)}, unchanged in {told.since}: {told.figure()}, so tier and "
        "counters are held."
    )


def _special_granted(told: Phrases) -> str:
    return f"Special VIP from {told.since}: special VIP was granted."


def _special_noted(told: Phrases) -> str:
    return (
        f"{told.state(told.after)}, unchanged in {told.since}: a grant of special VIP was given "
        "or revoked that makes no difference at present."
    )


def _special_revoked(told: Phrases) -> str:
    return f"{told.state(told.after)} from {told.since}: the grant of special VIP was ended."


def _manual(told: Phrases) -> str:
    return (
        f"{told.tier(told.after.tier)} from {told.since} instead of {told.state(told.before)}: "
        "set by a decision of the institution, not by AUM. The closes go on from it."
    )


def _terminated(told: Phrases) -> str:
    return f"Removed from {told.since}: the customer's termination was confirmed."


def _corrected(told: Phrases) -> str:
    figures = f" The figures judged again: {told.run()}." if told.judged else ""
    return (
        f"{told.state(told.after)} instead of {told.state(told.before)}: figures of closed months "
        f"were corrected in {told.decision.month}, which governs from its close on.{figures}"
    )


_SENTENCES: dict[Rule, Callable[[Phrases], str]] = {
    Rule.NOT_ENTERED: _not_entered,
    Rule.ENTERED: _entered,
    Rule.REENTERED: _entered,
    Rule.RETAINED: _retained,
    Rule.REMOVED: _removed,
    Rule.STAYS_REMOVED: _stays_removed,
    Rule.SPECIAL_STARTED: _special_started,
    Rule.SPECIAL_CONTINUES: _special_continues,
    Rule.SPECIAL_ENDED: _special_ended,
    Rule.KEPT: _kept,
    Rule.UPGRADED: _upgraded,
    Rule.BELOW_TIER: _below_tier,
    Rule.DEMOTED: _demoted,
    Rule.FLOORED: _floored,
    Rule.EXITED: _exited,
    Rule.EXITED_TO_SPECIAL: _exited_to_special,
    Rule.HELD: _held,
    Rule.SPECIAL_GRANTED: _special_granted,
    Rule.SPECIAL_NOTED: _special_noted,
    Rule.SPECIAL_REVOKED: _special_revoked,
    Rule.MANUAL: _manual,
    Rule.TERMINATED: _terminated,
    Rule.CORRECTED: _corrected,
}
