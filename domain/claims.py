"""What a credential says of its bearer, once it was found to be genuine."""

from dataclasses import dataclass

from domain.actors import SCOPE_OF, Actor, Channel, Grant, Role, Scope

NEVER = 253_402_300_800
"""The end of the year 9999, in seconds since 1970."""

_NAME_A_ROW = frozenset({Scope.CUSTOMER, Scope.MANAGER, Scope.BRANCH})


def names_a_row(role: Role) -> bool:
    """Whether the bearer of this role must be named: a customer, manager or branch."""
    return SCOPE_OF[role] in _NAME_A_ROW


class NotAdmitted(Exception):
    """A credential that admits nobody; the message is one safe line without the credential."""


class NobodyKnows(Exception):
    """Whom to admit cannot be told at the moment: neither yes nor no."""


@dataclass(frozen=True, slots=True)
class Claims:
    """A role and whom it is claimed for. Times are whole seconds since 1970.

    `branch` is the code of the branch that a risk controller is bound to. `person` is whose token
    it is where the subject does not tell, as of a branch. `token_id` is the token's own name
    (`jti`), by which it can be revoked; `key` the prefix of the API key it was.
    """

    role: Role
    subject: str
    channel: Channel = Channel.API
    branch: str = ""
    person: str = ""
    grants: frozenset[Grant] = frozenset()
    token_id: str = ""
    key: str = ""
    issued_at: int = 0
    expires_at: int = NEVER

    def actor(self, scope_id: int) -> Actor:
        """Who it is, with the database's key of the subject or branch."""
        return Actor(
            self.role,
            self.subject,
            scope_id,
            self.channel,
            self.branch,
            self.grants,
            person="" if self.person == self.subject else self.person,
        )
