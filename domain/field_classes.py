"""How sensitive what a field tells is. Each field of the API is of one class."""

from enum import StrEnum


class FieldClass(StrEnum):
    """The classes, least sensitive first."""

    PUBLIC = "public"  # the institution's own reference data: tiers, branches, the calendar
    INTERNAL = "internal"  # what the institution knows: standings, figures, portfolios
    PERSONAL = "personal"  # what tells of a person: names, telephone numbers, observations
    SECRET = "secret"  # shown once, and audited: personal details in full, the text of a key
