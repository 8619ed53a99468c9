"""How the API server misbehaves: set by whoever rehearses an outage."""

from dataclasses import dataclass
from typing import Literal

from c3tui.lab.kube.status import ApiError, initializing, unavailable

Trouble = Literal["", "unavailable", "initializing", "forbidden", "hang", "close"]


@dataclass
class Outage:
    """What goes wrong now; all of it off at first."""

    trouble: Trouble = ""
    """How requests are answered: 503 or 429 for custom resources, 403 for anyone but system:masters,
    never at all, or by closing the connection."""
    times: int = -1
    """How many requests the trouble still meets; -1 for all."""
    silent: bool = False
    """Open watches stay open and say nothing, as after SIGTERM or behind a moved address."""
    fresh_429: bool = False
    """Whether the first request to each new custom resource is answered 429, as real servers do."""

    def meets(self, *, custom: bool, master: bool) -> Trouble:
        """The trouble that a request runs into, counted down."""
        concerned = {
            "unavailable": custom,
            "initializing": custom,
            "forbidden": not master,
        }.get(self.trouble, True)
        if not self.trouble or not concerned or self.times == 0:
            return ""
        self.times = max(-1, self.times - 1) if self.times > 0 else self.times
        return self.trouble


def error_of(trouble: Trouble) -> ApiError | None:
    """The answer that a trouble gives, when it gives one by itself."""
    return {"unavailable": unavailable, "initializing": initializing}.get(trouble, lambda: None)()
