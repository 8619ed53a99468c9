"""One call to MAAS: described and signed by python-libmaas, sent with time limits and retries.

The library's own sending opens no door for a time limit, a retry or a look at the headers, and its
errors carry the signed request, key included; so only its description and signing are used.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from c3tui.clients.maas.answers import Denied, NoAnswer, redact, refusal
from c3tui.clients.maas.description import not_a_maas
from c3tui.engine.errors import BadAnswer, PeerError

if TYPE_CHECKING:
    import aiohttp

Data = Mapping[str, object]
"""Form fields or query: text, numbers, booleans, lists of these, openers of files; None is left out."""
Uri = Mapping[str, object]

_IN_A_THREAD = 1 << 18
"""Bytes above which JSON is decoded beside the event loop: a full list is tens of megabytes."""
_REACH_REMEDY = "Check the URL in the plan, and that the MAAS host is up and reachable from here."
_TRUST_REMEDY = (
    "Check http or https in the URL; for a certificate of your own authority, name a file with that "
    "authority's certificate in the environment variable SSL_CERT_FILE."
)
_MASKED = "pass"
"""Form fields whose name ends so are secrets."""


@dataclass(frozen=True)
class Limits:
    """How patient the client is; the defaults suit a region with 500 machines."""

    call: float = 60.0
    """Seconds for one answer."""
    full_list: float = 300.0
    """Seconds for the list of all machines: a region needs about 50 ms for each."""
    at_once: int = 6
    """Calls under way; a region has four workers."""
    tries: int = 4
    """Of a call that may be repeated, the first included; at least 1."""
    pause: float = 0.5
    """Seconds before the first repetition, doubled for each one more."""
    longest_pause: float = 20.0
    """Seconds; a longer Retry-After is cut to this."""

    def before_again(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait after the attempt of that number, counted from 0."""
        wait = self.pause * 2**attempt if retry_after is None else retry_after
        return min(wait, self.longest_pause)


@dataclass(frozen=True)
class _Request:
    method: str
    url: str
    body: bytes | None
    headers: Mapping[str, str]
    where: str
    limit: float
    hidden: tuple[str, ...]


@dataclass
class Wire:
    """The connection to one region."""

    base: str
    """The API's address, with a slash at its end."""
    http: "aiohttp.ClientSession"
    limits: Limits
    secrets: tuple[str, ...] = field(repr=False)
    """What must never show up in an error."""
    api: Any = field(default=None, repr=False)
    """python-libmaas's ``SessionAPI``, once MAAS has described itself."""

    def __post_init__(self) -> None:
        self._gate = asyncio.Semaphore(self.limits.at_once)

    async def describe(self) -> object:
        """What MAAS says of itself, asked without a signature.

        Raises:
            Unreachable: nothing answers there.
            BadAnswer: something answers that is no MAAS region.
        """
        url = f"{self.base}describe/"
        request = _Request("GET", url, None, {}, self.base, self.limits.call, self.secrets)
        try:
            return await self._repeated(lambda: request)
        except Denied:
            raise not_a_maas(self.base) from None

    async def get(
        self,
        action: str,
        query: Data | None = None,
        *,
        uri: Uri | None = None,
        where: str = "",
        limit: float | None = None,
    ) -> Any:
        """Read something; repeated when MAAS cannot be reached or is overloaded.

        Args:
            action: handler and action as MAAS names them, ``Machines.read``.
            query: lists repeat their key.
            uri: what goes into the path, by name.
            where: what an error is about; MAAS's address when empty.
            limit: seconds for the answer; `Limits.call` when None.

        Raises:
            PeerError: MAAS refuses, does not answer, or answers nonsense.
        """
        # Signed anew for each attempt: MAAS refuses a nonce that it has seen.
        return await self._repeated(self._signed(action, uri, query, where, limit))

    async def send(
        self, action: str, form: Data | None = None, *, uri: Uri | None = None, where: str = ""
    ) -> Any:
        """Change something, once: whether to repeat it is for those who can look at what it did.

        Raises:
            PeerError: as `get`.
        """
        return await self._once(self._signed(action, uri, form, where, None)())

    def _signed(
        self, action: str, uri: Uri | None, data: Data | None, where: str, limit: float | None
    ) -> Callable[[], _Request]:
        call = self._offered(action).bind(
            **{key: quote(str(value), safe="") for key, value in (uri or {}).items()}
        )
        plain = {key: _plain(value) for key, value in (data or {}).items() if value is not None}
        masked = [value for key, value in plain.items() if key.endswith(_MASKED) and isinstance(value, str)]

        def sign() -> _Request:
            url, body, headers = call.prepare(plain)
            return _Request(
                call.action.method,
                url,
                body,
                {"Accept": "application/json,*/*;q=0.9", **headers},
                where or self.base,
                limit or self.limits.call,
                (*self.secrets, *masked),
            )

        return sign

    def _offered(self, action: str) -> Any:
        handler, name = action.split(".")
        offered = getattr(getattr(self.api, handler, None), name, None)
        if offered is None:
            raise BadAnswer(
                f"this MAAS does not offer {action}", where=self.base, remedy="C3 needs MAAS 2.9 or newer."
            )
        return offered

    async def _repeated(self, sign: Callable[[], _Request]) -> Any:
        attempt = 0
        while True:
            try:
                return await self._once(sign())
            except NoAnswer as error:
                attempt += 1
                if error.timed_out or attempt >= self.limits.tries:
                    raise
                await asyncio.sleep(self.limits.before_again(attempt - 1, error.retry_after))

    async def _once(self, request: _Request) -> Any:
        import aiohttp
        from yarl import URL

        url = URL(request.url, encoded=True)
        try:
            async with (
                self._gate,
                asyncio.timeout(request.limit),
                self.http.request(
                    request.method, url, data=request.body, headers=request.headers, allow_redirects=False
                ) as answer,
            ):
                content = await answer.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # The chain is cut: the library's errors can hold the request, and the request the key.
            raise self._unanswered(error, request) from None
        if answer.status // 100 != 2:
            raise refusal(answer.status, answer.headers, content, where=request.where, secrets=request.hidden)
        return await _decoded(answer.content_type, content, request.where)

    def _unanswered(self, error: Exception, request: _Request) -> PeerError:
        import aiohttp

        if isinstance(error, aiohttp.ClientConnectorError):
            said = redact(str(error), request.hidden)
            remedy = _TRUST_REMEDY if isinstance(error, aiohttp.ClientSSLError) else _REACH_REMEDY
            return NoAnswer(f"MAAS cannot be reached: {said}", where=self.base, remedy=remedy)
        if isinstance(error, TimeoutError):
            what = f"MAAS did not answer within {request.limit:g} s"
            return NoAnswer(what, where=request.where, remedy=_REACH_REMEDY, sent=True, timed_out=True)
        if isinstance(error, aiohttp.ClientPayloadError):
            return BadAnswer("MAAS's answer broke off", where=request.where, remedy="Try again.")
        what = f"MAAS closed the connection ({type(error).__name__})"
        return NoAnswer(what, where=request.where, remedy=_REACH_REMEDY, sent=True)


def _plain(value: object) -> object:
    # python-libmaas takes only strings in a query, and MAAS takes any word but "false" for true.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value


async def _decoded(content_type: str, content: bytes, where: str) -> Any:
    if not content_type.endswith("/json"):
        return content
    try:
        if len(content) > _IN_A_THREAD:
            return await asyncio.to_thread(json.loads, content)
        return json.loads(content)
    except ValueError:
        raise BadAnswer("MAAS answered broken JSON", where=where, remedy="Try again.") from None
