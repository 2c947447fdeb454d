"""Telling of something that is away for a while: once when it goes, once when it is back."""

import logging
import time

from telemetry.logs import described


class Outage:
    """What cannot be reached for now; `what` is the work it keeps from being done."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        """Describe it: nothing is away yet."""
        self._log = log
        self._what = what
        self._since: float | None = None

    def lasts(self, error: BaseException, *, unexpected: bool = False) -> None:
        """It cannot be reached; told only the first time, with a traceback if unexpected."""
        if self._since is None:
            self._since = time.monotonic()
            self._log.warning(
                "%s: not possible for now, tried again: %s",
                self._what,
                described(error),
                exc_info=unexpected,
            )

    def is_over(self) -> None:
        """It has been reached; told only if it was away."""
        if self._since is not None:
            seconds = time.monotonic() - self._since
            self._log.warning("%s: possible again after %.0f s", self._what, seconds)
            self._since = None
