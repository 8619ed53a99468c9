"""The HTTP server of the lab's MAAS: finds the handler of a request and writes its answer."""

import json
from typing import Any

from aiohttp import web

from c3tui.lab.maas.body import form_of
from c3tui.lab.maas.describe import BASE, api_hash, describe
from c3tui.lab.maas.handlers import accounts
from c3tui.lab.maas.lifecycle import Lifecycle
from c3tui.lab.maas.oauth import Authenticator, Unauthorised
from c3tui.lab.maas.records import User
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.seed import ADMIN
from c3tui.lab.maas.wire import (
    JSON_TYPE,
    RESOURCES,
    TEXT_TYPE,
    Answer,
    ApiError,
    Call,
    Fields,
    Resource,
    settled,
)
from c3tui.lab.room import Room

_LARGEST_BODY = 64 * 1024 * 1024


class MaasLab:
    """A MAAS 2.0 API server over the room; it also serves the room's network boots."""

    def __init__(self, room: Room, state: dict[str, Any] | None = None) -> None:
        """``state`` is what ``dump`` gave; without it the region starts fresh.

        Raises:
            pydantic.ValidationError: the state is not one of this version.
        """
        self.region = Region(room, state)
        self._lifecycle = Lifecycle(self.region)
        self._authenticator = Authenticator(self.region.db)
        self._runner: web.AppRunner | None = None
        self.url = ""
        room.netboot = self._lifecycle.netboot
        room.listen(self._lifecycle.heard)
        if state is not None:
            self._lifecycle.restore()

    @property
    def api_key(self) -> str:
        """The administrator's key: consumer:token:secret."""
        token = next(token for token in self.region.db.tokens if token.username == ADMIN)
        return f"{token.consumer}:{token.key}:{token.secret}"

    @property
    def slow_ms(self) -> float:
        """What a list of machines takes per machine; a real region needs 30 to 50 ms."""
        return self.region.slow_ms

    @slow_ms.setter
    def slow_ms(self, value: float) -> None:
        self.region.slow_ms = value

    async def start(self, port: int) -> None:
        """Listen on loopback; 0 takes any free port.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/MAAS/"
        self._lifecycle.start()

    async def close(self) -> None:
        """Stop listening; what runs in the room goes on until the room closes."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        await self._lifecycle.close()

    def dump(self) -> dict[str, Any]:
        """The whole database, for JSON."""
        self.region.db.epoch = self.region.now()
        return self.region.db.model_dump(mode="json")

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            answer = await self._answer(request)
        except ApiError as error:
            answer = _refusal(error)
        except Unauthorised as error:
            body = f"Authorization Error: {error}".encode()
            answer = Answer(401, body, "text/html; charset=utf-8", hashed=False)
        headers = {"Content-Type": answer.content_type, **answer.headers}
        if answer.hashed:
            headers["X-MAAS-API-Hash"] = api_hash()
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _answer(self, request: web.Request) -> Answer:
        path = request.path
        if path.startswith("/MAAS/api/1.0/"):
            text = b"The 1.0 API is no longer available. Please use API version 2.0."
            return Answer(410, text, hashed=False)
        if path == "/MAAS/accounts/authenticate/" and request.method == "POST":
            return as_json(accounts.authenticate(self.region, await form_of(request)))
        if path == f"{BASE}describe/" and request.method == "GET":
            return as_json(describe(_origin(request)))
        found = _find(path.removeprefix(BASE)) if path.startswith(BASE) else None
        if found is None:
            raise ApiError(404, f"Unknown API endpoint: {path}.")
        user = self._authenticator.user(request.headers.get("Authorization", ""))
        return await self._run(request, *found, user)

    async def _run(
        self, request: web.Request, resource: Resource, path: dict[str, str], user: User | None
    ) -> Answer:
        method, op = request.method, request.query.get("op")
        open_to_all = any(action.anonymous for action in resource.actions)
        if user is None and not open_to_all:
            return Answer(401, b"Forbidden")
        if not any(action.method == method for action in resource.actions):
            return Answer(405, b"", "text/html; charset=utf-8")
        action = resource.find(method, op, anonymous=user is None)
        if action is None:
            raise ApiError(400, f"Unrecognised signature: method={method} op={op}")
        if action.admin and not (user and user.is_superuser):
            raise ApiError(403, "This method is reserved for admin users." if action.admin == "text" else "")
        query = Fields((name, value) for name, value in request.query.items() if name != "op")
        call = Call(self.region, user, path, query, await form_of(request))
        return as_json(await settled(action.run(call)))


def as_json(value: Any) -> Answer:
    """An answer as it is, or data as JSON."""
    if isinstance(value, Answer):
        return value
    return Answer(200, json.dumps(value).encode(), JSON_TYPE)


def _refusal(error: ApiError) -> Answer:
    if isinstance(error.body, dict):
        return Answer(error.status, json.dumps(error.body).encode(), JSON_TYPE, error.headers, hashed=False)
    kind = error.headers.pop("Content-Type", "text/plain" if error.missing else TEXT_TYPE)
    return Answer(error.status, error.body.encode(), kind, error.headers, hashed=error.missing)


def _find(path: str) -> tuple[Resource, dict[str, str]] | None:
    for resource in RESOURCES:
        if match := resource.pattern.match(path):
            return resource, match.groupdict()
    return None


def _origin(request: web.Request) -> str:
    host = request.headers.get("X-Forwarded-Host") or request.host
    return f"{request.scheme}://{host}"
