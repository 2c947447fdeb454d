"""A peer for the benchmark of limits: `terrace serve` with a door that counts nothing."""

import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from api.door import Caller, Door
from api.engine import Prepared
from api.errors import Header
from cli import serving
from cli.embedded import servers
from cli.lifeline import end_with_parent
from domain.actors import Actor, Role
from settings import Settings

Found = TypeVar("Found")


class Open(Door):
    """Lets everybody through, and tells nobody what is left."""

    async def identified(
        self, shown: str | None, address: str, identify: Callable[[], Awaitable[Found]]
    ) -> Found:
        """As the token says."""
        return await identify()

    def caller(self, actor: Actor) -> Caller:
        """The same for everybody."""
        found = self.__dict__.get("nobody")
        if found is None:
            found = self.__dict__["nobody"] = super().caller(Actor(Role.HQ, "nobody", 0))
        return found

    def request(self, caller: Caller) -> None:
        """Take nothing."""

    def spend(self, actor: Actor, points: int) -> None:
        """Take nothing."""

    def begin(self, caller: Caller, kind: str) -> None:
        """Count nothing."""

    def end(self, caller: Caller, kind: str) -> None:
        """Count nothing."""

    def admit(self, caller: Caller, prepared: Prepared) -> None:
        """Refuse nothing."""

    def told(self, caller: Caller) -> tuple[Header, ...]:  # type: ignore[override]
        """Nothing."""
        return ()


def main() -> None:
    """Serve on the port that is given."""
    end_with_parent()
    serving.Door = Open  # type: ignore[attr-defined]
    settings = Settings(port=int(sys.argv[1]))
    with servers(settings) as addresses:
        serving.serve(settings, addresses)


if __name__ == "__main__":
    main()
