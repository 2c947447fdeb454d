"""Enumerations of the domain, published with a description of every value."""

from enum import Enum
from typing import Any, TypeVar

import strawberry

from domain.actors import Grant, Role, Scope
from domain.approvals import ApprovalKind, ApprovalState
from domain.changes import ChangeKind
from domain.corrections import CorrectionState
from domain.customers import CustomerKind, CustomerStatus
from domain.events import EventFeed
from domain.policy import DemoteTo, Divisor, Floor
from domain.preview import Movement, PreviewStatus
from domain.products import ProductClass
from domain.risk import RiskSignalState, Severity
from domain.standing import Status

E = TypeVar("E", bound=type[Enum])


def publish(enum: E, name: str, description: str, values: dict[str, str]) -> E:
    """Publish a domain enumeration; a value without a description is a mistake of ours."""
    published: Any = strawberry.enum(name=name, description=description)(enum)
    for value in published.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


publish(
    Role,
    "Role",
    "What the bearer of a token is to the institution.",
    {
        "CUSTOMER": "A customer: sees the own relation.",
        "MANAGER": "A relationship manager: sees the own portfolio.",
        "BRANCH": "A branch's head: sees the branch's customers.",
        "HQ": "The union's head office: sees all, runs month ends.",
        "RISK": "Risk control, of the union or of one branch: works on signals.",
        "AUDITOR": "An auditor: sees all, changes nothing.",
        "INTEGRATOR": "A system: delivers feeds, or reads, as it was granted.",
        "ADMINISTRATOR": "Decides who has access; sees no customer.",
    },
)
publish(
    Grant,
    "ApiGrant",
    "What an integrator was granted.",
    {
        "FEEDS": "To record balances and to mark feeds complete.",
        "READ_INTERNAL": "To read all customers, but nothing personal of them.",
        "READ_PERSONAL": "To read personal details besides, masked.",
    },
)
publish(
    Scope,
    "Scope",
    "Which rows a caller may see.",
    {
        "CUSTOMER": "The customer's own rows.",
        "MANAGER": "The rows of the manager's portfolio.",
        "BRANCH": "The rows of the branch's customers.",
        "ALL": "Every row of the institution.",
        "READING": "Every customer's rows, without the union's own business.",
        "AUDIT": "Every row, the audit trail and the configuration included.",
        "CONFIGURATION": "How the installation is set up; no customer's row.",
        "NONE": "Reference data only.",
    },
)
publish(
    ApprovalKind,
    "ApprovalKind",
    "What needs two people.",
    {
        "SPECIAL_VIP": "A grant of special VIP.",
        "CORRECTION": "A correction that leaves a customer worse off.",
        "TIER_POLICY": "A version of the tier policy.",
        "INCOMPLETE_CLOSE": "The close of a month though feeds of it are missing.",
        "REOPEN_MONTH": "The close of the last closed month is taken back.",
        "MANUAL_TIER": "A tier that the figures do not give.",
        "HANDOVER": "Many customers go to another manager at once.",
    },
)
publish(
    ApprovalState,
    "ApprovalState",
    "How far a request for a decision has come.",
    {
        "PENDING": "It waits for somebody else to decide.",
        "APPROVED": "Allowed, and done.",
        "REJECTED": "Refused.",
        "WITHDRAWN": "Taken back by whoever asked.",
        "EXPIRED": "Nobody decided in time.",
    },
)
publish(
    CustomerKind,
    "CustomerKind",
    "A person or an organisation.",
    {
        "INDIVIDUAL": "A person.",
        "ORGANISATION": "A company or another legal body.",
    },
)
publish(
    CustomerStatus,
    "CustomerStatus",
    "Where the relation with a customer stands.",
    {
        "PROSPECT": "Known, but without an account yet.",
        "CURRENT": "Holds or held accounts.",
        "TERMINATED": "The relation is over for good.",
    },
)
publish(
    ProductClass,
    "ProductClass",
    "The kind of holding an account is.",
    {
        "DEMAND_DEPOSIT": "Demand deposit; part of deposits.",
        "TERM_DEPOSIT": "Term or notice deposit; part of deposits.",
        "STRUCTURED_DEPOSIT": "Structured deposit; part of deposits.",
        "CERTIFICATE_BOND": "Certificate treasury bond; part of investments.",
        "SAVINGS_BOND": "Electronic savings bond; part of investments.",
        "TREASURY_BOND": "Treasury bond bought over the counter; part of investments.",
        "WEALTH_PRODUCT": "Wealth management product; part of investments.",
        "FUND": "Securities fund; part of investments.",
        "GOLD": "Gold; part of investments.",
        "INSURANCE": "Insurance; counts in AUM only if the policy says so.",
        "SETTLEMENT_FUNDS": "Cash of a securities client in third-party custody.",
    },
)
publish(
    Status,
    "VipStatus",
    "Where a customer stands in the tier system.",
    {
        "NON_MEMBER": "Never above the entry line.",
        "ACTIVE": "Holds a tier and reaches it.",
        "WATCH": "Holds a tier, but has been below it or below the entry line.",
        "SPECIAL": "An important person below the line, by a grant.",
        "EXITED_UNRATED": "Left the tiers; kept by the manager for the retention months.",
        "REMOVED": "No longer in the tier system.",
    },
)
publish(
    ChangeKind,
    "TierChangeKind",
    "What a change of tier or status is.",
    {
        "ENTERED": "Entered a tier from outside.",
        "UPGRADED": "Rose to a higher tier.",
        "WATCH_STARTED": "Fell below the own tier for the first month.",
        "WATCH_CLEARED": "Reached the own tier again.",
        "DOWNGRADED": "Fell to a lower tier after the watch.",
        "EXITED": "Left the tiers after the months below the entry line.",
        "REENTERED": "Entered again during retention.",
        "REMOVED": "Left the tier system.",
        "SPECIAL_GRANTED": "Became special VIP by a grant.",
        "SPECIAL_ENDED": "A grant ended or was revoked.",
        "CORRECTED": "A backdated correction changed the standing.",
    },
)
publish(
    CorrectionState,
    "CorrectionState",
    "How far a correction has come.",
    {
        "APPLIED": "In force: the figures are put right, and the next close goes on from it.",
        "PENDING_REVIEW": "Worse for the customer: it changes nothing until somebody allows it.",
        "SUPERSEDED": "Taken up in a newer one, or there was nothing left to correct.",
    },
)
publish(
    EventFeed,
    "EventFeed",
    "A feed of events.",
    {
        "APPROVALS": "What `approvalChanged` tells.",
        "TIER_CHANGES": "What `tierChanged` tells.",
        "RISK_SIGNALS": "What `riskSignalChanged` tells.",
    },
)
publish(
    Severity,
    "Severity",
    "How grave a warning signal is.",
    {
        "RED": "Gravest: assess within one working day.",
        "ORANGE": "Grave: assess within three working days.",
        "YELLOW": "Notable: assess within five working days.",
        "BLUE": "For attention: assess within ten working days.",
    },
)
publish(
    RiskSignalState,
    "RiskSignalState",
    "A warning signal's way through risk control.",
    {
        "REPORTED": "Reported, nobody works on it yet.",
        "ASSIGNED": "Assigned to an assessor.",
        "ASSESSED": "Confirmed by risk control.",
        "MEASURES": "Measures are under way.",
        "RELEASE_REQUESTED": "Its release was requested.",
        "RELEASED": "Released: the danger is over.",
        "REJECTED": "Rejected: it was no danger.",
    },
)
publish(
    DemoteTo,
    "DemoteTo",
    "Which tier a member falls to at the end of a watch.",
    {
        "MAX_IN_WINDOW": "The highest that was reached in the months watched.",
        "LAST_MONTH": "The one that was reached in the last of them.",
    },
)
publish(
    Floor,
    "Floor",
    "What becomes of a member who has reached no tier in a watch.",
    {
        "LOWEST_TIER": "Falls to the lowest tier.",
        "KEEP_TIER": "Keeps the tier and is watched afresh.",
    },
)
publish(
    Divisor,
    "Divisor",
    "What the sum of a month's daily balances is divided by.",
    {"ACTUAL_DAYS": "The calendar days of the month.", "FIXED_30": "Always 30."},
)
publish(
    Movement,
    "PolicyMovement",
    "What a policy would do to a customer, beside what is recorded.",
    {
        "ENTERS": "Would hold a tier, and holds none.",
        "RISES": "Would hold a higher tier.",
        "FALLS": "Would hold a lower tier.",
        "LEAVES": "Would hold no tier, and holds one.",
        "OTHERWISE": "The same tier or none, but another status, first month or counter.",
        "STAYS": "Would stand as is recorded.",
    },
)
publish(
    PreviewStatus,
    "PreviewState",
    "How far a preview has come.",
    {
        "WAITING": "Asked for; no worker has taken it up yet.",
        "RUNNING": "Customers are being judged.",
        "DONE": "All are judged, and the result can be seen.",
        "CANCELLED": "Ended by somebody; there is no result.",
        "FAILED": "Ended by a fault of the program, which `problem` tells.",
    },
)
