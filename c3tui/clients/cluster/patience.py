"""Which failed requests are worth repeating, and after which pause."""

import random
import time

RETRYABLE = frozenset({429, 503, 504})
"""Never 500: a failed validation of server-side apply is a 500, and stays one."""
FORBIDDEN_SECONDS = 3.0
"""A server that has just started refuses everybody until its roles are loaded; later a 403 is a verdict."""
_LONGEST = 5.0
_SHORTEST = 0.1


class Patience:
    """How often one request is sent again.

    Args:
        method: a POST is never repeated, since nobody can tell whether it was done.
        seconds: how long a server may be away.
    """

    def __init__(self, method: str, seconds: float) -> None:
        self._repeats = method != "POST"
        self._seconds = seconds
        self._start = time.monotonic()
        self._failures = 0

    def after_break(self) -> float | None:
        """The pause after a broken connection; None when it is time to give up.

        The first break is always forgiven: it may be a kept connection to a server that is gone.
        """
        self._failures += 1
        return self._pause("") if self._repeats and (self._failures == 1 or self._left() > 0) else None

    def after(self, status: int, retry_after: str) -> float | None:
        """The pause after an answer, as long as the server asked for; None when the answer is final."""
        if not self._repeats:
            return None
        if status == 403:
            spent = time.monotonic() - self._start
            return 0.5 if spent < min(FORBIDDEN_SECONDS, self._seconds) else None
        if status not in RETRYABLE:
            return None
        self._failures += 1
        pause = self._pause(retry_after)
        return pause if pause <= self._left() else None

    def _left(self) -> float:
        return self._seconds - (time.monotonic() - self._start)

    def _pause(self, asked: str) -> float:
        """Seconds: what the server asked for, else growing, and never the same for two clients."""
        if asked.isdigit():
            return float(asked)
        return min(_LONGEST, _SHORTEST * 2.0**self._failures) * random.uniform(0.5, 1.0)
