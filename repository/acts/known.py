"""All kinds of decisions that need two people."""

from collections.abc import Mapping

from domain.approvals import ApprovalKind
from repository.acts.act import Act
from repository.acts.correction import CORRECTION
from repository.acts.handover import HANDOVER
from repository.acts.incomplete_close import INCOMPLETE_CLOSE
from repository.acts.manual_tier import MANUAL_TIER
from repository.acts.special_vip import SPECIAL_VIP
from repository.acts.tier_policy import TIER_POLICY

ACTS: Mapping[ApprovalKind, Act] = {
    act.kind: act
    for act in (SPECIAL_VIP, MANUAL_TIER, CORRECTION, TIER_POLICY, INCOMPLETE_CLOSE, HANDOVER)
}
