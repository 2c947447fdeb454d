"""publishTierPolicy: a version of the tier policy, as a decision that needs two people."""

from typing import Any

import strawberry

from domain.actors import Role
from domain.months import Month
from domain.policy import policy_document
from repository.acts.tier_policy import TIER_POLICY
from repository.approvals import Asked
from repository.database import Connection
from repository.reading.parameters import readable
from repository.reading.tables import APPROVAL
from schema.context import Context
from schema.fields import to_one
from schema.mutations.asking import request
from schema.mutations.customers import text_of
from schema.mutations.operation import Row, UserError, operation, user_errors
from schema.types.approval import Approval
from schema.types.tier_policy_input import TierPolicyInput, policy_of


@strawberry.input(description="A version of the tier policy to publish.")
class PublishTierPolicyInput:
    """Request of a policy."""

    policy: TierPolicyInput = strawberry.field(description="The rules.")
    effective_from: Month = strawberry.field(
        description="The first month that it governs; one that is not closed."
    )
    reason: str = strawberry.field(description="Why; kept with the request and audited.")


@strawberry.type(description="The request to publish a policy.")
class PublishTierPolicyPayload:
    """Result of publishTierPolicy."""

    approval: Approval | None = to_one(
        APPROVAL,
        {"id": "{t}.approval_id"},
        "The request, which somebody else is to allow; null if it was refused.",
    )
    errors: list[UserError] = user_errors()


async def perform(context: Context, given: PublishTierPolicyInput) -> Row:
    """Ask for the policy; it is published by whoever allows it."""
    effective: Any = readable(given.effective_from)

    async def find(connection: Connection) -> Asked:
        reason = text_of(given.reason, "reason")
        policy = policy_of(given.policy, effective, "input", "policy")
        return Asked({"policy": policy_document(policy)}, str(effective), reason)

    return await request(context, TIER_POLICY, find)


PUBLISH_TIER_POLICY = operation(
    perform,
    PublishTierPolicyInput,
    "approval_id integer",
    "Ask for a version of the tier policy to be published. Its effect is the last closed month "
    "judged under it. It is published when somebody else allows it: `giveApproval`.",
    Role.HQ,
)
