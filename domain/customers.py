"""What a customer is to the institution."""

from enum import StrEnum


class CustomerKind(StrEnum):
    """A person or an organisation."""

    INDIVIDUAL = "INDIVIDUAL"
    ORGANISATION = "ORGANISATION"


class CustomerStatus(StrEnum):
    """Where the relation stands."""

    PROSPECT = "PROSPECT"  # before the first account
    CURRENT = "CURRENT"  # holds or held accounts
    TERMINATED = "TERMINATED"  # deceased and settled, or all accounts closed for good


class PersonalField(StrEnum):
    """The personal details of a customer that are masked."""

    PHONE = "PHONE"
    EMAIL = "EMAIL"
    ID_DOCUMENT = "ID_DOCUMENT"
    BIRTH_DATE = "BIRTH_DATE"
    ADDRESS = "ADDRESS"
