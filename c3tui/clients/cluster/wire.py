"""One request to the Kubernetes API: time limits, repetitions, and errors in C3's words."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any

from c3tui.clients.cluster.patience import RETRYABLE, Patience
from c3tui.clients.cluster.refusals import ApiError
from c3tui.engine.errors import BadAnswer, PeerError, Unauthorised, Unreachable

CONNECT, READ = 10.0, 40.0
"""Seconds; the vendor client has no time limit of its own. Without etcd an answer takes the server 34 s."""
PATIENCE = 30.0
"""Seconds a server may be away before a request fails: a restart takes 5 to 20."""
LINE_LIMIT = 16 << 20
"""Bytes of one watch event. Objects are stored up to 1.5 MB; JSON escapes can make more of it."""

JsonDict = dict[str, Any]
Query = Sequence[tuple[str, str]]


class Wire:
    """The connection to one API server. ``where`` is its address, for people."""

    def __init__(self, client: Any, patience: float = PATIENCE) -> None:
        self._client = client
        self._patience = patience
        self.where = str(client.configuration.host)

    async def close(self) -> None:
        """Give the connection up."""
        await self._client.close()

    async def request(
        self,
        method: str,
        path: str,
        query: Query = (),
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonDict:
        """One request and its JSON answer; repeated while the server asks for patience.

        Raises:
            ApiError: the server refused.
            Unauthorised: the credentials, or the server's certificate, are not accepted.
            Unreachable: no answer, or still not ready after the last try.
            BadAnswer: the answer is no JSON.
        """
        said = await self._exchange(method, path, query, body, headers or {})
        try:
            answer = json.loads(said)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise BadAnswer("the answer is no JSON object", where=f"{self.where} {method} {path}")
        return answer

    async def text(self, path: str, query: Query = ()) -> str:
        """A plain text answer, such as a pod's log.

        Raises:
            PeerError: as ``request`` does.
        """
        said = await self._exchange("GET", path, query, None, {"Accept": "text/plain, */*"})
        return said.decode(errors="replace")

    async def lines(self, path: str, query: Query, silence: float) -> AsyncGenerator[JsonDict, None]:
        """The events of a watch, until the server ends it. Close the generator when done with it.

        Raises:
            ApiError: the watch was refused, or the server ended it with an error (410: too old).
            Unreachable: the stream broke, or said nothing for ``silence`` seconds: a connection can be
                dead without anybody noticing, and a server that is going down keeps watches open, mute.
        """
        response = None
        try:
            async with asyncio.timeout(CONNECT + READ):
                response = await self._send("GET", path, query, None, {}, None)
                if response.status != 200:
                    raise self._refusal(response.status, await response.read(), f"watch {path}")
            async for line in _split(response.response.content, silence):
                yield self._event(line, f"watch {path}")
        except _broken() as error:
            raise self._lost(error) from error
        except ValueError as error:
            raise BadAnswer(f"a watch sent {error}", where=f"{self.where} watch {path}") from None
        finally:
            if response is not None:
                response.response.close()

    async def _exchange(
        self, method: str, path: str, query: Query, body: object, headers: Mapping[str, str]
    ) -> bytes:
        patience = Patience(method, self._patience)
        while True:
            try:
                async with asyncio.timeout(CONNECT + READ):
                    response = await self._send(method, path, query, body, headers, READ)
                    said: bytes = await response.read()
            except _broken() as error:
                pause = None if _is_stranger(error) else patience.after_break()
                if pause is None:
                    raise self._lost(error) from error
            else:
                if response.status < 400:
                    return said
                pause = patience.after(response.status, response.headers.get("Retry-After", ""))
                if pause is None:
                    raise self._refusal(response.status, said, f"{method} {path}")
            await asyncio.sleep(pause)

    async def _send(
        self,
        method: str,
        path: str,
        query: Query,
        body: object,
        headers: Mapping[str, str],
        read: float | None,
    ) -> Any:
        import aiohttp

        method, url, sent, _, _ = await self._client.param_serialize(
            method,
            path,
            query_params=list(query),
            header_params={"Accept": "application/json", **headers},
            auth_settings=["BearerToken"],
        )
        limits = aiohttp.ClientTimeout(sock_connect=CONNECT, sock_read=read)
        return await self._client.call_api(method, url, sent, body, _request_timeout=limits)

    def _refusal(self, status: int, said: bytes, what: str) -> PeerError:
        """The error that an answer of 400 and above is."""
        if status == 401:
            return Unauthorised(
                "the API server does not accept the kubeconfig",
                where=self.where,
                remedy="Run the kubernetes step again: it fetches a fresh one",
            )
        body = _status(said)
        if status in RETRYABLE:
            message = str(body.get("message") or f"HTTP {status}").strip()
            return Unreachable(
                f"the Kubernetes API is not ready: {message}",
                where=self.where,
                remedy="It may be starting; look at etcd and the control plane servers if it stays so",
            )
        return ApiError(status, body, f"{self.where} {what}")

    def _event(self, line: bytes, what: str) -> JsonDict:
        try:
            event: JsonDict = json.loads(line)
            kind, item = event["type"], event["object"]
        except (ValueError, KeyError, TypeError):
            raise ValueError("a line that is no event") from None
        if kind == "ERROR":
            raise ApiError(int(item.get("code") or 500), item, f"{self.where} {what}")
        return event

    def _lost(self, error: BaseException) -> PeerError:
        """The error that a broken connection is."""
        if _is_stranger(error):
            reason = getattr(_tls(error), "verify_message", "") or "it does not accept the client certificate"
            return Unauthorised(
                f"the API server and the kubeconfig do not belong together: {reason}",
                where=self.where,
                remedy="Run the kubernetes step again, or see which cluster answers at that address",
            )
        return Unreachable(
            f"the Kubernetes API does not answer ({str(error) or type(error).__name__})",
            where=self.where,
            remedy="Is the API address up? Look at the control plane servers",
        )


def _status(said: bytes) -> JsonDict:
    """The Status object of an error; plain text becomes its message."""
    try:
        body = json.loads(said)
    except ValueError:
        body = None
    return body if isinstance(body, dict) else {"message": said.decode(errors="replace").strip()}


async def _split(content: Any, silence: float) -> AsyncIterator[bytes]:
    """Lines of a stream. The library's own ``readline`` gives up on long ones."""
    held = bytearray()
    while chunk := await asyncio.wait_for(content.readany(), silence):
        held += chunk
        if b"\n" in chunk:
            *lines, held = held.split(b"\n")
            for line in lines:
                yield bytes(line)
        if len(held) > LINE_LIMIT:
            raise ValueError(f"an event of more than {LINE_LIMIT} bytes")


def _tls(error: BaseException) -> ssl.SSLError | None:
    """The TLS error in what the library raised."""
    found = (error, error.__cause__, getattr(error, "os_error", None))
    return next((each for each in found if isinstance(each, ssl.SSLError)), None)


def _is_stranger(error: BaseException) -> bool:
    """Whether one side does not accept the other's certificate: that stays so, however often one asks.

    Other TLS errors are broken connections: a server that is going down ends a handshake anywhere.
    """
    found = _tls(error)
    reason = getattr(found, "reason", None) or ""
    alerted = "ALERT" in reason and ("CERT" in reason or "UNKNOWN_CA" in reason)
    return isinstance(found, ssl.SSLCertVerificationError) or alerted


def _broken() -> tuple[type[Exception], ...]:
    """What the vendor client raises when the wire breaks."""
    import aiohttp

    return (OSError, TimeoutError, aiohttp.ClientError)
