"""A correction that leaves a customer worse off is put in force.

The payload is `{customer, correction, figures, after}`: number of the customer, number of the
correction, and what it said when it was asked for.
"""

from domain.actors import Role
from domain.approvals import ApprovalKind
from repository.acts.act import Act
from repository.reviewing import apply, effect_of_applying, lock_reviewed

CORRECTION = Act(
    ApprovalKind.CORRECTION,
    frozenset({Role.HQ, Role.BRANCH}),
    lock=lock_reviewed,
    effect=effect_of_applying,
    carry_out=apply,
)
