"""What a request wants besides its data: the `extensions` it may send along."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.actors import Actor, Role
from schema.errors import BAD_USER_INPUT, FORBIDDEN, refusal

_ADMINISTRATORS = frozenset({Role.HQ})


@dataclass(frozen=True, slots=True)
class Wanted:
    """`cost` asks for `extensions.cost`, `explain` for the plan and how the database runs it."""

    cost: bool = False
    explain: bool = False


NOTHING_MORE = Wanted()
_MEMBERS = ("cost", "explain")


def wanted(extensions: Mapping[str, object] | None, actor: Actor) -> Wanted:
    """What the request's extensions say; raises RequestError for a value that means nothing.

    Members of other names are other software's (`persistedQuery`, for example) and let be.
    """
    if not extensions:
        return NOTHING_MORE
    for name in _MEMBERS:
        if not isinstance(extensions.get(name, False), bool):
            raise refusal(f"extensions.{name} takes true or false", BAD_USER_INPUT)
    if extensions.get("explain") and actor.role not in _ADMINISTRATORS:
        raise refusal("extensions.explain is for administrators", FORBIDDEN, status=403)
    asked = Wanted(bool(extensions.get("cost")), bool(extensions.get("explain")))
    return NOTHING_MORE if asked == NOTHING_MORE else asked
