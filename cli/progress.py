"""A progress bar on a terminal, and silence elsewhere."""

import sys
import time
from types import TracebackType
from typing import Any

from click.termui import progressbar


def time_left(seconds: float, done: int, left: int) -> str:
    """How long it will take to do what is `left` at the pace of what was done in these seconds."""
    if done <= 0 or left <= 0:
        return ""
    minutes, rest = divmod(round(seconds / done * left), 60)
    return f"{minutes}:{rest:02} left"


class Progress:
    """How far a long piece of work has come. Use as `with`; `show` as often as you like.

    The time that is left follows from what is done after the first `show`: work that is taken up
    again was partly done by somebody else, at some other time.
    """

    def __init__(self, label: str, total: int) -> None:
        """Describe the bar; `total` may grow while it is shown."""
        self._bar: Any = None
        self._begun: tuple[float, int] | None = None
        if sys.stderr.isatty():
            self._bar = progressbar(
                length=max(total, 1),
                label=label,
                file=sys.stderr,
                show_pos=True,
                show_eta=False,
                item_show_func=lambda left: left,
            )

    def __enter__(self) -> "Progress":
        """Draw it."""
        if self._bar is not None:
            self._bar.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.__exit__(kind, error, trace)

    def show(self, done: int, total: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            now = time.monotonic()
            since, first = self._begun = self._begun or (now, done)
            left = time_left(now - since, done - first, total - done)
            self._bar.length = max(total, 1)
            self._bar.update(done - self._bar.pos, left)
