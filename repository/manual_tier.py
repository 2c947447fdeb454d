"""Manual tiers: a tier that the figures do not give, held from a day of the open month on."""

from dataclasses import dataclass
from typing import Any

from domain.actors import Actor
from domain.approvals import DecisionRefused
from domain.decision import Decision
from domain.manual_tier import ManualTier
from domain.manual_tier import set_tier as decide
from domain.months import Month
from domain.policy import TierPolicy, in_force
from domain.standing import Standing
from repository.audit import audit
from repository.calendar import policies
from repository.corrections import write_replayed_standing
from repository.database import Connection
from repository.on_days import effective_day, show, today, told
from repository.standings import published_at
from repository.statements import sql


class TierRefused(DecisionRefused):
    """A tier that a customer cannot be given by hand."""


@dataclass(frozen=True, slots=True)
class WeighedTier:
    """A tier that can be given: what it does to the standing that is shown.

    `replayed` is what it does to the one that the next close goes on from instead, where a
    correction has made that another one; `version` the policy version behind the shown one.
    """

    given: ManualTier
    policy: TierPolicy
    decision: Decision
    version: int | None
    replayed: Decision | None


async def weigh_tier(connection: Connection, customer: Any, tier: str) -> WeighedTier:
    """What a tier, by its code, given today to a locked customer would do; nothing is written.

    Raises TierRefused (TERMINATED, UNKNOWN_TIER, TIER_HELD) or CalendarError if it cannot be given.
    """
    business_date, open_month = await today(connection)
    if customer["status"] == "TERMINATED":
        raise TierRefused("TERMINATED", "a terminated customer cannot be given a tier", "customer")
    policy = in_force(await policies(connection), open_month)
    if not policy.offers(tier):
        codes = ", ".join(known.code for known in policy.tiers)
        raise TierRefused(
            "UNKNOWN_TIER", f"the policy in force in {open_month} has the tiers {codes}", "tier"
        )
    given = ManualTier(effective_day(business_date, open_month), tier)
    shown, version = await published_at(connection, customer["id"], open_month)
    decision = decide(shown, given, policy)
    going_on = await _going_on_from(connection, customer["id"], open_month)
    replayed = None if going_on is None else decide(going_on, given, policy)
    if all(d is None or d.after is d.before for d in (decision, replayed)):
        raise TierRefused(
            "TIER_HELD", f"the customer holds {tier} already, without any month below it", "tier"
        )
    return WeighedTier(given, policy, decision, version, replayed)


async def set_tier(
    connection: Connection, customer: Any, tier: str, reason: str, actor: Actor
) -> ManualTier:
    """Give a locked customer a tier from today on; raises as `weigh_tier`."""
    weighed = await weigh_tier(connection, customer, tier)
    customer_id, given, decision = customer["id"], weighed.given, weighed.decision
    await connection.execute(
        sql("write_manual_tier"), customer_id, given.day, given.tier, reason, actor.principal
    )
    await show(connection, customer_id, decision, weighed.policy, weighed.version)
    if weighed.replayed is not None:
        state = weighed.replayed.after.to_document()
        await write_replayed_standing(connection, customer_id, decision.month, state)
    await audit(
        connection,
        actor,
        "tier.set",
        customer["number"],
        before=told(decision.before),
        after=told(decision.after) | {"day": given.day},
        reason=reason,
    )
    return given


async def _going_on_from(
    connection: Connection, customer_id: int, open_month: Month
) -> Standing | None:
    """The standing that the close of the open month goes on from, if it is not the shown one."""
    state = await connection.fetchval(sql("replayed_standing"), customer_id, open_month.first_day)
    return None if state is None else Standing.from_document(state)
