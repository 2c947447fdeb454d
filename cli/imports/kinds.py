"""The kinds of files, the columns of each, and what a header must say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from cli.imports.fields import (
    Read,
    Refused,
    amount,
    choice,
    currency,
    day,
    key,
    optional,
    rate,
    shown,
    text,
    truth,
)
from cli.imports.stopped import ImportStopped
from domain.customers import CustomerKind
from domain.products import ProductClass

LONGEST_UPDATE_ID = 200
_NUMBER = key(64)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, what it holds, and how it is read."""

    name: str
    about: str
    read: Read
    required: bool = True


def _any_row(values: Sequence[Any]) -> None:
    """Nothing is wrong with a row whose fields are right."""


def _lifetime(values: Sequence[Any]) -> None:
    opened_on, closed_on = values[4], values[5]
    if isinstance(closed_on, date) and closed_on < opened_on:
        raise Refused(
            "CLOSED_BEFORE_OPENING",
            f"the account is closed on {closed_on}, before it is opened on {opened_on}",
        )


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. `check` refuses rows whose fields do not go together."""

    name: str
    columns: tuple[Column, ...]
    check: Callable[[Sequence[Any]], None] = _any_row


_ALL = (
    Kind(
        "branches",
        (
            Column("code", "the branch's own code", _NUMBER),
            Column("name", "its name", text(200)),
            Column(
                "parent_code", "the branch it lies under; empty for the union", optional(_NUMBER)
            ),
        ),
    ),
    Kind(
        "managers",
        (
            Column("number", "the relationship manager's own number", _NUMBER),
            Column("name", "the manager's name", text(200)),
            Column("branch_code", "the branch the manager belongs to", _NUMBER),
            Column("active", "true or false (also 1, 0, yes, no)", truth),
        ),
    ),
    Kind(
        "customers",
        (
            Column("number", "the customer's own number", _NUMBER),
            Column("name", "the customer's name", text(200)),
            Column("kind", "INDIVIDUAL or ORGANISATION", choice(CustomerKind, "INVALID_KIND")),
            Column("branch_code", "the branch the customer belongs to", _NUMBER),
            Column(
                "manager_number", "a manager of that branch; empty for nobody", optional(_NUMBER)
            ),
            Column("phone", "may be empty", optional(text(50))),
            Column("email", "may be empty", optional(text(254))),
            Column(
                "id_document", "number of the identity document; may be empty", optional(text(64))
            ),
            Column("birth_date", "YYYY-MM-DD; may be empty", optional(day)),
            Column("address", "may be empty", optional(text(500))),
        ),
    ),
    Kind(
        "accounts",
        (
            Column("number", "the account's own number", _NUMBER),
            Column("customer_number", "whose it is", _NUMBER),
            Column(
                "product_class",
                ", ".join(ProductClass),
                choice(ProductClass, "INVALID_PRODUCT_CLASS"),
            ),
            Column("currency", "three capital letters, such as CNY", currency),
            Column("opened_on", "first day, YYYY-MM-DD", day),
            Column("closed_on", "last day; empty while it is open", optional(day)),
        ),
        _lifetime,
    ),
    Kind(
        "rates",
        (
            Column("date", "the day from which the rate holds, until the next one", day),
            Column("currency", "any but the home currency", currency),
            Column("rate", "units of home currency for 1, at most 10 decimals", rate),
        ),
    ),
    Kind(
        "balances",
        (
            Column("account_number", "which account", text(200)),
            Column("as_of", "the day at whose close it stood so, YYYY-MM-DD", day),
            Column("balance", "in the account's currency, at most 2 decimals", amount),
            Column(
                "update_id",
                "the row's own id: seen again, it has no second effect. Without it a row is known "
                "by its account, day and balance",
                optional(text(LONGEST_UPDATE_ID)),
                required=False,
            ),
        ),
    ),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
"""All kinds by name, in the order in which a folder is loaded: what a row refers to comes first."""


def places_of(kind: Kind, header: list[str], name: str) -> list[int | None]:
    """Where each of the kind's columns stands in a header; None for an optional one left out.

    Raises ImportStopped for a header with unknown, missing or doubled columns.
    """
    names = [cell.strip() for cell in header]
    known = {column.name for column in kind.columns}
    expected = ", ".join(c.name if c.required else f"({c.name})" for c in kind.columns)
    if not known.intersection(names):
        hint = _separator_hint(names, known)
        raise ImportStopped(
            f"{name}, line 1 is not the header of a {kind.name} file: "
            f"{hint}expected the columns {expected}; found {shown(','.join(header))}"
        )
    faults = [
        *(f"unknown column {shown(n)}" for n in dict.fromkeys(names) if n not in known),
        *(f"column {n} twice" for n in dict.fromkeys(names) if n in known and names.count(n) > 1),
        *(f"no column {c.name}" for c in kind.columns if c.required and c.name not in names),
    ]
    if faults:
        raise ImportStopped(f"{name}, line 1: {'; '.join(faults)}. Expected: {expected}")
    return [names.index(c.name) if c.name in names else None for c in kind.columns]


def _separator_hint(names: list[str], known: set[str]) -> str:
    for separator, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")):
        if len(names) == 1 and known.intersection(map(str.strip, names[0].split(separator))):
            return f"the columns are separated by {called}, not by commas; "
    return ""
