"""The API server on the wire: HTTPS, identity, discovery, verbs, watches and logs."""

import asyncio
import contextlib
import json
import logging
import ssl

from aiohttp import web

from c3tui.lab.kube import access, discovery, selectors, table
from c3tui.lab.kube.access import User
from c3tui.lab.kube.api import Api
from c3tui.lab.kube.dispatch import Call, Reply, answer
from c3tui.lab.kube.kinds import PODS, Kind
from c3tui.lab.kube.logs import Logs, container_of, unreachable
from c3tui.lab.kube.objects import Object, dig, is_true
from c3tui.lab.kube.outage import Outage, error_of
from c3tui.lab.kube.requests import BODY_LIMIT, Target, target
from c3tui.lab.kube.status import ApiError, PlainError, initializing
from c3tui.lab.kube.watch import Watch

_log = logging.getLogger(__name__)


class Server:
    """Serves one ``Api``."""

    def __init__(self, api: Api, logs: Logs) -> None:
        self.api = api
        self.logs = logs
        self.outage = Outage()
        self.tokens: dict[str, User] = {}
        """Bearer tokens that are known."""
        self._address = ""
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._where: tuple[str, int, ssl.SSLContext] | None = None
        self._watching: set[asyncio.Transport] = set()
        self._asked: set[str] = set()

    async def start(self, host: str, port: int, tls: ssl.SSLContext) -> None:
        """Listen.

        Raises:
            OSError: the address is not to be had.
        """
        app = web.Application(client_max_size=4 * BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        self._where, self._address = (host, port, tls), f"{host}:{port}"
        await self.accept()

    async def accept(self) -> None:
        """Take connections, again after ``refuse``."""
        if self._site is None and self._runner is not None and self._where is not None:
            host, port, tls = self._where
            self._site = web.TCPSite(self._runner, host, port, ssl_context=tls)
            await self._site.start()

    async def refuse(self) -> None:
        """Refuse new connections; those that are open stay."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    def cut(self) -> None:
        """Break off every open watch, without an end to its stream."""
        for transport in list(self._watching):
            transport.abort()

    async def close(self) -> None:
        """Stop serving."""
        self.cut()
        await self.refuse()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._answer(request)
        except PlainError as error:
            return web.Response(status=error.code, text=error.text)
        except ApiError as error:
            headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
            return _json(Reply(error.code, error.body()), headers)
        except Exception as error:
            _log.exception("%s %s failed", request.method, request.path)
            text = f"Internal error occurred: {type(error).__name__}: {error}"
            return _json(Reply(500, ApiError(500, text, "InternalError", {}).body()))

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        certificate = request.transport.get_extra_info("peercert") if request.transport else None
        user = access.identify(certificate, request.headers.get("Authorization", ""), self.tokens)
        at = target(request.path)
        await self._suffer(request, user, custom=at is not None and self._is_custom(at))
        if at is None:
            access.check_path(user, request.path)
            return self._about(request)
        query = {key: request.query[key] for key in request.query}
        headers = {key.lower(): value for key, value in request.headers.items()}
        call = Call(request.method, at, query, headers, await request.read(), user)
        access.check(self.api.store, user, call.wants())
        self._first_use(at)
        if call.watches:
            return await self._watch(request, call, at.kind(self.api.kinds))
        if at.sub == "log" and request.method == "GET":
            return await self._log(request, call)
        reply = answer(self.api, call)
        return _json(reply)

    async def _suffer(self, request: web.Request, user: User, *, custom: bool) -> None:
        trouble = self.outage.meets(custom=custom, master=user.is_master)
        if error := error_of(trouble):
            raise error
        if trouble == "forbidden":
            at = target(request.path)
            what = (
                access.Attributes("get", at.group, at.plural, at.sub, at.namespace, at.name) if at else None
            )
            if what:
                access.check(type(self.api.store)(), user, what)
        elif trouble == "close" and request.transport:
            request.transport.abort()
            raise asyncio.CancelledError
        elif trouble == "hang":
            await asyncio.Event().wait()

    def _is_custom(self, at: Target) -> bool:
        found = self.api.kinds.find(at.group, at.version, at.plural)
        return found is not None and found.custom

    def _first_use(self, at: Target) -> None:
        """A new custom resource answers its first request with 429 while its cache fills."""
        key = f"{at.plural}.{at.group}"
        if self.outage.fresh_429 and self._is_custom(at) and key not in self._asked:
            self._asked.add(key)
            raise initializing()

    def _about(self, request: web.Request) -> web.StreamResponse:
        path = request.path.rstrip("/")
        if path in ("/livez", "/readyz", "/healthz"):
            return web.Response(
                text="[+]ping ok\nreadyz check passed\n" if "verbose" in request.query else "ok"
            )
        steps = path.split("/")[1:]
        if steps == ["openapi", "v2"] and "protobuf" in request.headers.get("Accept", ""):
            return web.Response(body=discovery.OPENAPI_V2, content_type=discovery.OPENAPI_V2_MEDIA)
        document = self._document(
            steps, aggregated="as=APIGroupDiscoveryList" in request.headers.get("Accept", "")
        )
        headers = {"Vary": "Accept"}
        if document.get("kind") == "APIGroupDiscoveryList" or steps[0] == "openapi":
            headers["ETag"] = discovery.etag(document)
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return web.Response(status=304, headers=headers)
        media = "application/json"
        if document.get("kind") == "APIGroupDiscoveryList":
            media = discovery.AGGREGATED
        elif steps == ["openapi", "v3"]:
            media = "text/plain; charset=utf-8"
        return _json(Reply(200, document), headers | {"Content-Type": media})

    def _document(self, steps: list[str], *, aggregated: bool) -> Object:
        kinds = self.api.kinds
        match steps:
            case ["version"]:
                return discovery.VERSION
            case ["api"]:
                return (
                    discovery.aggregated(kinds, core=True)
                    if aggregated
                    else discovery.core_versions(self._address)
                )
            case ["apis"]:
                return discovery.aggregated(kinds, core=False) if aggregated else discovery.group_list(kinds)
            case ["api", version]:
                return discovery.resource_list(kinds, "", version)
            case ["apis", group]:
                return discovery.group(kinds, group)
            case ["apis", group, version]:
                return discovery.resource_list(kinds, group, version)
            case ["openapi", "v2"]:
                return {"swagger": "2.0", "info": {"title": "Kubernetes", "version": "1.35"}, "paths": {}}
            case ["openapi", "v3"]:
                return discovery.openapi_index(kinds)
            case ["openapi", "v3", "api", version]:
                return discovery.openapi(kinds, "", version)
            case ["openapi", "v3", "apis", group, version]:
                return discovery.openapi(kinds, group, version)
        raise PlainError

    async def _watch(self, request: web.Request, call: Call, kind: Kind) -> web.StreamResponse:
        query = call.query
        chosen = selectors.parse(kind, query.get("labelSelector", ""), query.get("fieldSelector", ""))
        tabular = table.wanted(call.accept) == "Table"
        watch = Watch(
            self.api.store, kind, call.target.namespace, chosen, query, tabular, lambda: self.outage.silent
        )
        watch.check()
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        transport = request.transport
        if transport is None:
            return response
        self._watching.add(transport)
        try:
            with contextlib.suppress(ConnectionError):
                async for line in watch.lines():
                    await response.write(line)
                await response.write_eof()
        finally:
            self._watching.discard(transport)
        return response

    async def _log(self, request: web.Request, call: Call) -> web.StreamResponse:
        at = call.target
        pod = self.api.get(PODS, at.namespace, at.name)
        container = container_of(pod, call.query.get("container", ""))
        if not dig(pod, "spec", "nodeName"):
            return web.Response(status=204)
        node = self.api.store.get("/nodes", "", pod["spec"]["nodeName"])
        if node is None or not is_true(node, "Ready"):
            raise unreachable(pod, container)
        lines = list(self.logs.lines(at.namespace, at.name, container))
        if call.query.get("follow") == "true":
            return await self._follow(request, at, container)
        tail = call.query.get("tailLines", "")
        shown = lines[len(lines) - min(int(tail), len(lines)) :] if tail.isdigit() else lines
        return web.Response(text="".join(f"{line}\n" for line in shown))

    async def _follow(self, request: web.Request, at: Target, container: str) -> web.StreamResponse:
        """Send lines as they come until the container has ended."""
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        sent, seen = 0, 0
        with contextlib.suppress(ConnectionError):
            while True:
                seen = self.api.store.revision
                pod = self.api.store.get(PODS.key, at.namespace, at.name)
                lines = self.logs.lines(at.namespace, at.name, container)
                for line in lines[sent:]:
                    await response.write(f"{line}\n".encode())
                sent = len(lines)
                if pod is None or dig(pod, "status", "phase") in ("Succeeded", "Failed"):
                    break
                await self.api.store.wait(seen, 0.2)
            await response.write_eof()
        return response


def _json(reply: Reply, headers: dict[str, str] | None = None) -> web.Response:
    response = web.Response(status=reply.code, body=json.dumps(reply.body, separators=(",", ":")).encode())
    response.headers["Cache-Control"] = "no-cache, private"
    response.headers["Content-Type"] = "application/json"
    for key, value in (headers or {}).items():
        response.headers[key] = value
    for warning in reply.warnings:
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response
