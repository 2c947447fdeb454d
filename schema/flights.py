"""Reads that are under way: whoever wants the very same one shares its answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """What is being read now, by what it is; nothing is kept of a read that has ended."""

    def __init__(self) -> None:
        """Describe that nothing is under way."""
        self._under_way: dict[Hashable, asyncio.Future[T]] = {}

    def __len__(self) -> int:
        """How many reads are under way."""
        return len(self._under_way)

    async def share(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """The answer of the read that is under way under this key, or of one that begins now.

        The key must hold all that the answer depends on, and how new it has to be. When whoever
        began a read is cancelled, another of those who share it begins it anew.
        """
        while (flight := self._under_way.get(key)) is not None:
            await asyncio.wait([flight])
            if not flight.cancelled():
                return flight.result()
        flight = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            answer = await read()
        except asyncio.CancelledError:
            flight.cancel()
            raise
        except Exception as error:
            flight.set_exception(error)
            flight.exception()  # seen, though nobody may share it
            raise
        else:
            flight.set_result(answer)
            return answer
        finally:
            del self._under_way[key]
