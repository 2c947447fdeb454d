"""Many customers go to another manager of their branch.

The payload is `{from, to, customers}`: numbers of both managers, and the numbers of the customers
in order, or null for the whole portfolio as it is when it is done.
"""

from domain.actors import Role
from domain.approvals import ApprovalKind
from repository.acts.act import Act
from repository.handover import effect_of_handover, hand_over, lock_handed_over

HANDOVER = Act(
    ApprovalKind.HANDOVER,
    frozenset({Role.HQ, Role.BRANCH}),
    lock=lock_handed_over,
    effect=effect_of_handover,
    carry_out=hand_over,
)
