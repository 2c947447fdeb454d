"""Corrections of closed months: how far one has come."""

from enum import StrEnum


class CorrectionState(StrEnum):
    """What a correction is."""

    APPLIED = "APPLIED"  # the figures are put right, and the next close goes on from the replay
    PENDING_REVIEW = "PENDING_REVIEW"  # worse for the customer: nothing changes until it is allowed
    SUPERSEDED = "SUPERSEDED"  # taken up in a newer one, or there was nothing left to correct
