"""The root of all writes."""

import strawberry

from schema.mutations.access import RESTORE_ACCESS, REVOKE_ACCESS, RevocationPayload
from schema.mutations.api_keys import (
    CREATE_API_KEY,
    REVOKE_API_KEY,
    ROTATE_API_KEY,
    NewApiKeyPayload,
    RevokeApiKeyPayload,
)
from schema.mutations.apply_correction import APPLY_CORRECTION, ApplyCorrectionPayload
from schema.mutations.approvals import (
    GIVE_APPROVAL,
    REFRESH_APPROVAL,
    REFUSE_APPROVAL,
    WITHDRAW_APPROVAL,
    ApprovalPayload,
)
from schema.mutations.assign_manager import ASSIGN_MANAGER, AssignManagerPayload
from schema.mutations.close_month import CLOSE_MONTH, CloseMonthPayload
from schema.mutations.hand_over_portfolio import HAND_OVER_PORTFOLIO, HandOverPortfolioPayload
from schema.mutations.mark_feed_complete import MARK_FEED_COMPLETE, MarkFeedCompletePayload
from schema.mutations.preview_tier_policy import (
    CANCEL_TIER_POLICY_PREVIEW,
    PREVIEW_TIER_POLICY,
    CancelTierPolicyPreviewPayload,
    PreviewTierPolicyPayload,
)
from schema.mutations.publish_tier_policy import PUBLISH_TIER_POLICY, PublishTierPolicyPayload
from schema.mutations.raise_risk_signal import RAISE_RISK_SIGNAL, RaiseRiskSignalPayload
from schema.mutations.record_balances import RECORD_BALANCES, RecordBalancesPayload
from schema.mutations.set_tier import SET_TIER, SetTierPayload
from schema.mutations.special_vip import (
    GRANT_SPECIAL_VIP,
    REVOKE_SPECIAL_VIP,
    GrantSpecialVipPayload,
    RevokeSpecialVipPayload,
)
from schema.mutations.unmask import UNMASK_PERSONAL_DATA, UnmaskPersonalDataPayload


@strawberry.type(
    description="All that can be changed. A result's `errors` are empty when it worked."
)
class Mutation:
    """Root fields; each file of `schema.mutations` has one."""

    record_balances: RecordBalancesPayload = RECORD_BALANCES
    close_month: CloseMonthPayload = CLOSE_MONTH
    mark_feed_complete: MarkFeedCompletePayload = MARK_FEED_COMPLETE
    grant_special_vip: GrantSpecialVipPayload = GRANT_SPECIAL_VIP
    revoke_special_vip: RevokeSpecialVipPayload = REVOKE_SPECIAL_VIP
    set_tier: SetTierPayload = SET_TIER
    assign_manager: AssignManagerPayload = ASSIGN_MANAGER
    hand_over_portfolio: HandOverPortfolioPayload = HAND_OVER_PORTFOLIO
    apply_correction: ApplyCorrectionPayload = APPLY_CORRECTION
    raise_risk_signal: RaiseRiskSignalPayload = RAISE_RISK_SIGNAL
    publish_tier_policy: PublishTierPolicyPayload = PUBLISH_TIER_POLICY
    give_approval: ApprovalPayload = GIVE_APPROVAL
    refuse_approval: ApprovalPayload = REFUSE_APPROVAL
    withdraw_approval: ApprovalPayload = WITHDRAW_APPROVAL
    refresh_approval: ApprovalPayload = REFRESH_APPROVAL
    create_api_key: NewApiKeyPayload = CREATE_API_KEY
    rotate_api_key: NewApiKeyPayload = ROTATE_API_KEY
    revoke_api_key: RevokeApiKeyPayload = REVOKE_API_KEY
    revoke_access: RevocationPayload = REVOKE_ACCESS
    restore_access: RevocationPayload = RESTORE_ACCESS
    unmask_personal_data: UnmaskPersonalDataPayload = UNMASK_PERSONAL_DATA
    preview_tier_policy: PreviewTierPolicyPayload = PREVIEW_TIER_POLICY
    cancel_tier_policy_preview: CancelTierPolicyPreviewPayload = CANCEL_TIER_POLICY_PREVIEW
