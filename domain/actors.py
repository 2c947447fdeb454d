"""Who asks: the roles of the institution and the rows each of them may see."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a token's bearer is to the institution."""

    CUSTOMER = "customer"
    MANAGER = "manager"
    BRANCH = "branch"
    HQ = "hq"
    RISK = "risk"
    AUDITOR = "auditor"
    INTEGRATOR = "integrator"


class Scope(StrEnum):
    """The kind of row visibility a role has; each kind is one predicate and one database role."""

    CUSTOMER = "customer"  # the customer's own rows
    MANAGER = "manager"  # the rows of the customers in the manager's portfolio
    BRANCH = "branch"  # the rows of the branch's customers
    ALL = "all"  # every row of the institution
    NONE = "none"  # reference data only, no customer's row


SCOPE_OF: dict[Role, Scope] = {
    Role.CUSTOMER: Scope.CUSTOMER,
    Role.MANAGER: Scope.MANAGER,
    Role.BRANCH: Scope.BRANCH,
    Role.HQ: Scope.ALL,
    Role.RISK: Scope.ALL,
    Role.AUDITOR: Scope.ALL,
    Role.INTEGRATOR: Scope.NONE,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """An authenticated caller.

    `subject` is the public number the token names (customer number, manager number, branch code;
    for the other roles a free label). `scope_id` is the database's key for that subject, 0 for
    scopes that need none. `channel` says where the call came from.
    """

    role: Role
    subject: str
    scope_id: int
    channel: str = "api"

    @property
    def principal(self) -> str:
        """Role and subject in one, as records name who did something."""
        return f"{self.role}:{self.subject}"

    @property
    def scope(self) -> Scope:
        """The rows this actor may see."""
        return SCOPE_OF[self.role]
