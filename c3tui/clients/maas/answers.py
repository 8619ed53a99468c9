"""Turns MAAS's refusals into errors a person can act on; MAAS has no common shape for them."""

import json
import re
from collections.abc import Iterable, Mapping

from c3tui.engine.errors import BadAnswer, PeerError, Refused, Unauthorised, Unreachable

_LONGEST = 500
"""Characters of MAAS's own words that are kept."""
_SHORTEST_SECRET = 4
"""Shorter ones are not looked for in error text: they would blot out half of it."""

KEY_REMEDY = (
    "Put an administrator's API key into the site's secrets "
    "(MAAS: your user name, then API keys, or: maas apikey --username NAME)."
)
_CLOCK_REMEDY = (
    "Set the clocks of this host and of the MAAS region by NTP: they may differ by 5 minutes at most."
)
_OWNER_REMEDY = "The machine is locked or belongs to another MAAS user: unlock or release it in MAAS."
_STATE_REMEDY = "Look at the machine's state in MAAS; it may have been changed there."
_POWER_REMEDY = (
    "Check the address and the login of the machine's BMC, and that the rack controller reaches it."
)
_SERVER_REMEDY = "Read the region's log on the MAAS host (journalctl -u snap.maas.pebble, or /var/log/maas)."


class Denied(Refused):
    """MAAS said no.

    Args:
        status: the HTTP status.
        retry_after: seconds after which MAAS wants to be asked again, or None.
    """

    def __init__(
        self, what: str, *, where: str, remedy: str, status: int, retry_after: float | None = None
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.status = status
        self.retry_after = retry_after

    @property
    def doubtful(self) -> bool:
        """Whether the request may have been carried out, wholly or in part, all the same."""
        return self.status >= 500 or self.retry_after is not None


class NoAnswer(Unreachable):
    """MAAS did not answer, or said that it cannot just now.

    Args:
        status: the HTTP status, 0 when there was no answer at all.
        sent: whether the request may have reached it.
        timed_out: whether the time limit ran out.
        retry_after: seconds after which MAAS wants to be asked again, or None.
    """

    def __init__(
        self,
        what: str,
        *,
        where: str,
        remedy: str,
        status: int = 0,
        sent: bool = False,
        timed_out: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.status = status
        self.sent = sent
        self.timed_out = timed_out
        self.retry_after = retry_after

    @property
    def doubtful(self) -> bool:
        """Whether the request may have been carried out, wholly or in part, all the same."""
        return self.sent


def refusal(
    status: int, headers: Mapping[str, str], body: bytes, *, where: str, secrets: Iterable[str] = ()
) -> PeerError:
    """The error that an answer with this HTTP status means.

    The body of a 401 is never shown: it can hold the right token secret (piston's signature error).
    """
    if status == 401:
        return _unauthorised(body, where)
    if 300 <= status < 400:
        target = headers.get("Location", "another address")
        return BadAnswer(
            f"MAAS sends its callers to {redact(target, secrets)}",
            where=where,
            remedy="Enter the URL at which MAAS itself answers in the plan, endpoints.maas.url.",
        )
    words = redact(_words(headers.get("Content-Type", ""), body), secrets)
    after = _retry_after(headers.get("Retry-After"))
    if status in (502, 503, 504):
        return NoAnswer(
            words or f"MAAS cannot answer just now (HTTP {status})",
            where=where,
            remedy="See in MAAS whether region and rack controllers are connected.",
            status=status,
            sent=True,
            retry_after=after,
        )
    what = words or _SILENT.get(status, f"MAAS refused (HTTP {status})")
    return Denied(what, where=where, remedy=_remedy(status, what), status=status, retry_after=after)


_SILENT = {
    403: "MAAS does not permit this",
    404: "MAAS does not know it",
    405: "MAAS does not offer this",
    409: "MAAS says that this is not possible now",
    500: "MAAS failed inside (HTTP 500)",
}


def _unauthorised(body: bytes, where: str) -> Unauthorised:
    if b"Expired timestamp" in body:
        return Unauthorised(
            "MAAS refuses the request as too old or too new", where=where, remedy=_CLOCK_REMEDY
        )
    return Unauthorised("MAAS does not accept the API key", where=where, remedy=KEY_REMEDY)


def _remedy(status: int, what: str) -> str:
    lower = what.lower()
    if status == 403:
        return KEY_REMEDY if "admin" in lower else _OWNER_REMEDY
    if "already in use" in lower:
        return "Free the address in MAAS, or choose another in the plan."
    if status == 409 and "conflict error" in lower:
        return "Look in MAAS for another machine with the same BMC address and login, then try again."
    if status == 409 or "current state" in lower:
        return _STATE_REMEDY
    if any(sign in lower for sign in ("bmc", "power", "password", "rackcontroller")):
        return _POWER_REMEDY
    return _SERVER_REMEDY if status >= 500 else ""


def _words(content_type: str, body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if "json" in content_type:
        text = _form_errors(text)
    elif "html" in content_type or text.startswith("<"):
        inner = re.search(r"<h2[^>]*>(.*?)</h2>", text, re.S) or re.search(
            r"<title>(.*?)</title>", text, re.S
        )
        text = re.sub(r"<[^>]*>", " ", inner.group(1) if inner else text)
    text = " ".join(text.split()).rstrip(".")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _form_errors(text: str) -> str:
    """``{"field": ["message"]}`` as one sentence; ``__all__`` is about the whole form."""
    try:
        errors = json.loads(text)
    except ValueError:
        return text
    if not isinstance(errors, dict):
        return str(errors)
    parts = []
    for field, messages in errors.items():
        said = " ".join(map(str, messages)) if isinstance(messages, list) else str(messages)
        parts.append(said if field == "__all__" else f"{field}: {said}")
    return "; ".join(part.rstrip(".") for part in parts)


def _retry_after(value: str | None) -> float | None:
    # MAAS only ever sends seconds; the other form of the header, a date, is taken for "soon".
    if value is None:
        return None
    return float(value) if value.isdigit() else 1.0


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets."""
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text
