"""Decisions that need two people: one asks (maker), somebody else allows or refuses (checker).

Source: design chapter, customer tiers (special VIP by maker and checker) and the central functions
(authorisation by maker and checker).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

Payload = Mapping[str, Any]
"""What was asked for, as JSON has it, in public numbers and codes."""

LASTS = timedelta(days=7)
"""How long a request waits for its checker."""
LOOK_LASTS = timedelta(minutes=30)
"""How long a computed effect may be decided on; after that it is computed anew."""


class ApprovalKind(StrEnum):
    """What is asked for."""

    SPECIAL_VIP = "SPECIAL_VIP"  # a grant of special VIP
    CORRECTION = "CORRECTION"  # a correction that leaves a customer worse off
    TIER_POLICY = "TIER_POLICY"  # a version of the tier policy
    INCOMPLETE_CLOSE = "INCOMPLETE_CLOSE"  # the close of a month though feeds of it are missing
    REOPEN_MONTH = "REOPEN_MONTH"  # the close of the last closed month is taken back
    MANUAL_TIER = "MANUAL_TIER"  # a tier that the figures do not give
    HANDOVER = "HANDOVER"  # many customers go to another manager at once


class ApprovalState(StrEnum):
    """How far a request has come."""

    PENDING = "PENDING"  # it waits for somebody else
    APPROVED = "APPROVED"  # allowed, and done with the same commit
    REJECTED = "REJECTED"  # refused by somebody else
    WITHDRAWN = "WITHDRAWN"  # taken back by whoever asked
    EXPIRED = "EXPIRED"  # nobody decided in time


class DecisionRefused(Exception):
    """A decision that cannot be asked for or carried out as things are; `code` is for programs.

    `path` leads to what it is about within the input.
    """

    def __init__(self, code: str, message: str, *path: str) -> None:
        """Keep the code, the message and the path."""
        super().__init__(message)
        self.code = code
        self.path = path
