"""Who asks: the roles of the institution and the rows each of them may see."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple
from unicodedata import normalize


class Role(StrEnum):
    """What a token's bearer is to the institution."""

    CUSTOMER = "customer"
    MANAGER = "manager"
    BRANCH = "branch"
    HQ = "hq"
    RISK = "risk"
    AUDITOR = "auditor"
    INTEGRATOR = "integrator"
    ADMINISTRATOR = "administrator"


class Channel(StrEnum):
    """Where a call comes from."""

    MOBILE = "mobile"
    WEB = "web"
    COUNTER = "counter"
    CALL_CENTRE = "call_centre"
    INTEGRATOR = "integrator"
    API = "api"  # a token that names no channel
    CLI = "cli"  # an operator's command


class Grant(StrEnum):
    """What an integrator was granted; a read grant is one for the fields of that class."""

    FEEDS = "feeds"  # to record balances and to mark feeds complete
    READ_INTERNAL = "read:internal"
    READ_PERSONAL = "read:personal"


class Scope(StrEnum):
    """The kind of row visibility a role has; each kind is one predicate and one database role."""

    CUSTOMER = "customer"  # the customer's own rows
    MANAGER = "manager"  # the rows of the customers in the manager's portfolio
    BRANCH = "branch"  # the rows of the branch's customers
    ALL = "all"  # every row of the institution
    READING = "reading"  # every customer's rows, but not the union's own business
    AUDIT = "audit"  # every row, the audit trail and the configuration included
    CONFIGURATION = "configuration"  # who has access and how it is set up; no customer's row
    NONE = "none"  # reference data only, no customer's row


SCOPE_OF: dict[Role, Scope] = {
    Role.CUSTOMER: Scope.CUSTOMER,
    Role.MANAGER: Scope.MANAGER,
    Role.BRANCH: Scope.BRANCH,
    Role.HQ: Scope.ALL,
    Role.RISK: Scope.ALL,
    Role.AUDITOR: Scope.AUDIT,
    Role.INTEGRATOR: Scope.NONE,
    Role.ADMINISTRATOR: Scope.CONFIGURATION,
}
"""The scope of a role, unless its bearer is bound to a branch or was granted more."""

STAFF = frozenset(Role) - {Role.CUSTOMER, Role.INTEGRATOR}
"""The roles of people who work here."""

SEES_ALL = frozenset({Scope.ALL, Scope.AUDIT, Scope.READING})
"""The scopes that see every customer's rows."""

_READ_GRANTS = frozenset({Grant.READ_INTERNAL, Grant.READ_PERSONAL})


class Sight(NamedTuple):
    """What decides how a statement reads: the rows that are seen, and whether people are."""

    scope: Scope
    personal: bool = True
    """Whether names and other personal details are shown at all, be it masked."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated caller.

    `subject` is the public number the token names (customer number, manager number, branch code;
    for the other roles a free label). `scope_id` is the database's key for that subject, 0 for
    scopes that need none. `channel` says where the call came from. `branch` is the code of the
    branch whose risk control this is, empty at the union; its key is then the `scope_id`.
    `grants` are an integrator's. `person` is who it is where the subject is not a person's: a
    branch has one subject and several people. `origin` is the network address of the caller, as far
    as it is known; it tells two actors apart no more than the way they came.
    """

    role: Role
    subject: str
    scope_id: int
    channel: str = Channel.API
    branch: str = ""
    grants: frozenset[Grant] = frozenset({Grant.FEEDS})
    origin: str = field(default="", compare=False)
    person: str = ""

    @property
    def principal(self) -> str:
        """Role, subject and person in one, as records name who did something."""
        return f"{self.role}:{self.subject}" + (f"/{self.person}" if self.person else "")

    @property
    def human(self) -> str:
        """Who decides when two people are needed: the person, whatever the role and spelling."""
        return normalize("NFKC", self.person or self.subject).casefold()

    @property
    def scope(self) -> Scope:
        """The rows this actor may see."""
        if self.role is Role.RISK and self.branch:
            return Scope.BRANCH
        if self.role is Role.INTEGRATOR and self.grants & _READ_GRANTS:
            return Scope.READING
        return SCOPE_OF[self.role]

    def sees(self, customer_id: int | None, manager_id: int, branch_id: int) -> bool:
        """Whether a row of this customer, manager and branch is in the scope: the writer's wall."""
        scope = self.scope
        if scope in SEES_ALL:
            return True
        mine = {
            Scope.CUSTOMER: customer_id,
            Scope.MANAGER: manager_id,
            Scope.BRANCH: branch_id,
        }
        return scope in mine and mine[scope] == self.scope_id

    @property
    def sight(self) -> Sight:
        """How this actor's statements read."""
        scope = self.scope
        return Sight(scope, scope is not Scope.READING or Grant.READ_PERSONAL in self.grants)
