"""What can be read, and the rows of it that each kind of scope may see (the first wall).

The second wall, row-level security, repeats these rules in `migrations/0008_walls.sql`, and for
every later table by `call terrace.protect(table, visibility)`; each must hold without the other.
The tables here are those that several files read; one that a single type reads may be declared in
the file of that type.
"""

from dataclasses import dataclass
from enum import Enum, auto

from domain.actors import SEES_ALL, Scope


class Visibility(Enum):
    """Whose a table's rows are."""

    CUSTOMER = auto()  # the customer table itself
    OWNED = auto()  # rows of one customer, carrying customer, manager and branch
    INTERNAL = auto()  # likewise, but not for the customer's own eyes
    STAFF = auto()  # work on a customer, a branch or the union, for the staff who have it
    UNION = auto()  # the union's business, whoever it is about: those who see every row
    DIRECTORY = auto()  # the managers
    REFERENCE = auto()  # open to every authenticated caller
    CONFIGURATION = auto()  # how the installation is set up: administrators and auditors
    AUDIT = auto()  # the audit trail: auditors alone


@dataclass(frozen=True, slots=True)
class Table:
    """A table or view that plans may read. `key` is its identity beside the owner."""

    name: str
    visibility: Visibility
    key: tuple[str, ...]

    def predicate(self, alias: str, scope: Scope, actor: str) -> str | None:
        """The condition that keeps a scope to its rows; None where the scope sees all of them.

        `actor` is the placeholder of the actor's key, for example `$1`.
        """
        if scope in _SEEN_WHOLE[self.visibility]:
            return None
        rule = _ROWS[self.visibility].get(scope, "false")
        return rule.replace("{t}", alias).replace("{actor}", actor)


_SEEN_WHOLE: dict[Visibility, frozenset[Scope]] = {
    Visibility.CUSTOMER: SEES_ALL,
    Visibility.OWNED: SEES_ALL,
    Visibility.INTERNAL: SEES_ALL,
    Visibility.STAFF: SEES_ALL - {Scope.READING},
    Visibility.UNION: SEES_ALL - {Scope.READING},
    Visibility.DIRECTORY: SEES_ALL,
    Visibility.REFERENCE: frozenset(Scope),
    Visibility.CONFIGURATION: frozenset({Scope.CONFIGURATION, Scope.AUDIT}),
    Visibility.AUDIT: frozenset({Scope.AUDIT}),
}
"""Who sees every row of a kind of table."""

_OF_MANAGER_AND_BRANCH = {
    Scope.MANAGER: "{t}.manager_id = {actor}",
    Scope.BRANCH: "{t}.branch_id = {actor}",
}
_ROWS: dict[Visibility, dict[Scope, str]] = {
    Visibility.CUSTOMER: {Scope.CUSTOMER: "{t}.id = {actor}", **_OF_MANAGER_AND_BRANCH},
    Visibility.OWNED: {Scope.CUSTOMER: "{t}.customer_id = {actor}", **_OF_MANAGER_AND_BRANCH},
    Visibility.INTERNAL: _OF_MANAGER_AND_BRANCH,
    Visibility.STAFF: _OF_MANAGER_AND_BRANCH,
    Visibility.UNION: {},
    Visibility.DIRECTORY: {
        Scope.CUSTOMER: "{t}.id = (select own.manager_id from terrace.customer own "
        "where own.id = {actor})",
        Scope.MANAGER: "{t}.id = {actor}",
        Scope.BRANCH: "{t}.branch_id = {actor}",
    },
    Visibility.CONFIGURATION: {},
    Visibility.AUDIT: {},
}
"""Which rows the others see; a scope that is not named sees none."""

CALENDAR = Table("terrace.calendar", Visibility.REFERENCE, ("one",))
BRANCH = Table("terrace.branch", Visibility.REFERENCE, ("id",))
MANAGER = Table("terrace.manager", Visibility.DIRECTORY, ("id",))
TIER_POLICY = Table("terrace.tier_policy", Visibility.REFERENCE, ("version",))
TIER = Table("terrace.tier", Visibility.REFERENCE, ("policy_version", "code"))
CUSTOMER = Table("terrace.customer", Visibility.CUSTOMER, ("id",))
ACCOUNT = Table("terrace.account", Visibility.OWNED, ("customer_id", "id"))
AUM = Table("terrace.aum_figure", Visibility.OWNED, ("customer_id", "month"))
STANDING = Table("terrace.standing_in_force", Visibility.OWNED, ("customer_id", "month"))
TIER_CHANGE = Table("terrace.tier_change", Visibility.OWNED, ("customer_id", "id"))
REPLAYED_STANDING = Table("terrace.replayed_standing", Visibility.OWNED, ("customer_id", "month"))
SPECIAL_GRANT = Table("terrace.special_grant", Visibility.OWNED, ("customer_id", "id"))
MANUAL_TIER = Table("terrace.manual_tier", Visibility.INTERNAL, ("customer_id", "id"))
RISK_SIGNAL = Table("terrace.risk_signal", Visibility.INTERNAL, ("customer_id", "id"))
APPROVAL = Table("terrace.approval", Visibility.STAFF, ("id",))
APPROVAL_EVENT = Table("terrace.approval_event", Visibility.STAFF, ("id",))
RISK_SIGNAL_EVENT = Table("terrace.risk_signal_event", Visibility.INTERNAL, ("customer_id", "id"))
