"""What a policy would have done, worked out beside the installation and shown to an operator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.progress import Progress
from domain.months import Month
from domain.policy import TierPolicy, policy_document
from domain.preview import Tally
from repository.database import Database
from repository.preview_scope import scope_of, spans
from repository.previewing import managers_named, preview_part, tier_names

MOST_MANAGERS = 20
"""Managers that are named."""


@dataclass(frozen=True, slots=True)
class PolicyResult:
    """What a policy would have done: counts, and the managers most touched, by number."""

    policy: TierPolicy
    first: Month
    last: Month
    tally: Tally
    names: Mapping[str, str]
    managers: Sequence[tuple[str, str, int]]
    from_ledger: bool

    def document(self) -> dict[str, Any]:
        """All of it as JSON-able values."""
        told = self.tally.to_document()
        return {
            "policy": policy_document(self.policy),
            "from": str(self.first),
            "to": str(self.last),
            "from_ledger": self.from_ledger,
            "customers": self.tally.customers,
            "differing": self.tally.differing,
            "moved": self.tally.moved,
            "movements": told["movements"],
            "matrix": told["cells"],
            "by_tier": self.tally.places(self.names),
            "managers": [
                {"number": number, "name": name, "customers": customers}
                for number, name, customers in self.managers
            ],
        }


async def preview_policy(
    database: Database, policy: TierPolicy, first: Month, last: Month
) -> PolicyResult:
    """Judge closed months again under a policy, one span of customers after the other.

    Raises CalendarError for months that cannot be judged again.
    """
    async with database.writing() as connection:
        scope = await scope_of(connection, policy, first, last)
        parts = await spans(connection)
        customers = parts[-1][1] if parts else 0
    tally = Tally()
    with Progress(f"{first} to {last}", customers) as bar:
        for from_key, to_key in parts:
            bar.show(from_key, customers)
            tally.add((await preview_part(database, scope, from_key, to_key)).tally)
    async with database.writing() as connection:
        managers = await managers_named(connection, tally.managers.most_common(MOST_MANAGERS))
        names = await tier_names(connection, policy)
    return PolicyResult(policy, first, last, tally, names, managers, bool(scope.from_ledger))


def table_of(found: PolicyResult) -> str:
    """The result in lines for a person."""
    tally = found.tally
    lines = [
        f"{found.first} to {found.last}: {tally.customers} customers, {tally.differing} would "
        f"stand otherwise, {tally.moved} of them with another tier or status",
        *(
            f"  {movement.value.lower():10} {customers}"
            for movement, customers in sorted(tally.movements.items())
        ),
    ]
    if found.from_ledger:
        lines.append("figures were made from the ledger as it is now: other classes count")
    lines += ["", "customers and AUM by tier"]
    lines += _columns(
        ("", "before", "after", "AUM before", "AUM after"),
        [
            (
                _place(place["status"], place["tier"]),
                str(place["customers_before"]),
                str(place["customers_after"]),
                place["aum_before"],
                place["aum_after"],
            )
            for place in tally.places(found.names)
        ],
    )
    lines += ["", "from, to"]
    lines += _columns(
        ("before", "after", "customers", "AUM before", "AUM after"),
        [
            (
                _place(cell["from_status"], cell["from_tier"]),
                _place(cell["to_status"], cell["to_tier"]),
                str(cell["customers"]),
                cell["aum_before"],
                cell["aum_after"],
            )
            for cell in tally.matrix()
        ],
    )
    if found.managers:
        lines += ["", "managers most touched"]
        lines += _columns(
            ("number", "name", "customers"),
            [(number, name, str(customers)) for number, name, customers in found.managers],
        )
    return "\n".join(lines)


def _place(status: str, tier: str | None) -> str:
    return status if tier is None else f"{status} {tier}"


def _columns(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns: words to the left, figures to the right."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    figures = [all(_is_figure(row[place]) for row in rows) for place in range(len(head))]
    return [
        "  "
        + "  ".join(
            cell.rjust(width) if figure else cell.ljust(width)
            for cell, width, figure in zip(row, widths, figures, strict=True)
        ).rstrip()
        for row in (head, *rows)
    ]


def _is_figure(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()
