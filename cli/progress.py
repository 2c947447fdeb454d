"""A progress bar on a terminal, and silence elsewhere."""

import sys
from types import TracebackType
from typing import Any

from click.termui import progressbar


class Progress:
    """How far a long piece of work has come. Use as `with`; `show` as often as you like."""

    def __init__(self, label: str, total: int) -> None:
        """Describe the bar; `total` may grow while it is shown."""
        self._bar: Any = None
        if sys.stderr.isatty():
            self._bar = progressbar(length=max(total, 1), label=label, file=sys.stderr)

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
            self._bar.length = max(total, 1)
            self._bar.update(done - self._bar.pos)
