"""A MAAS region for tests: says what it is told to say, and remembers what it was asked."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import MultipartReader, web

HOST = "127.70.0.1"
API = "/MAAS/api/2.0"
KEY = "consumerkey123:tokenkey456:tokensecret789"
TEST_TAG = "c3-test"
ADMIN = {"username": "c3", "is_superuser": True}

_RESOURCES: dict[str, tuple[str, str]] = {
    "Users": ("users/", "read:GET whoami:GET:whoami"),
    "Machines": (
        "machines/",
        "read:GET create:POST allocate:POST:allocate power_parameters:GET:power_parameters",
    ),
    "Machine": (
        "machines/{system_id}/",
        "read:GET update:PUT commission:POST:commission test:POST:test abort:POST:abort deploy:POST:deploy "
        "release:POST:release mark_broken:POST:mark_broken mark_fixed:POST:mark_fixed "
        "override_failed_testing:POST:override_failed_testing query_power_state:GET:query_power_state",
    ),
    "Events": ("events/", "query:GET:query"),
    "NodeScripts": ("scripts/", "read:GET create:POST"),
    "NodeScript": ("scripts/{name}", "read:GET update:PUT download:GET:download"),
    "NodeScriptResults": ("nodes/{system_id}/results/", "read:GET"),
    "NodeScriptResult": ("nodes/{system_id}/results/{id}/", "read:GET"),
    "BlockDevice": (
        "nodes/{system_id}/blockdevices/{id}/",
        "add_tag:POST:add_tag remove_tag:POST:remove_tag",
    ),
    "IPRanges": ("ipranges/", "read:GET create:POST"),
}


def describe(netloc: str) -> dict[str, Any]:
    """A region's description of itself, as built for that host and port."""
    resources = []
    for name, (path, actions) in _RESOURCES.items():
        params = [part[1:-1] for part in path.strip("/").split("/") if part.startswith("{")]
        handler = {
            "name": f"{name}Handler",
            "path": f"{API}/{path}",
            "uri": f"http://{netloc}{API}/{path}",
            "params": params,
            "doc": "",
            "actions": [_action(*one.split(":")) for one in actions.split()],
        }
        resources.append({"name": f"{name}Handler", "anon": None, "auth": handler})
    version = {
        "name": "VersionHandler",
        "path": f"{API}/version/",
        "uri": f"http://{netloc}{API}/version/",
        "params": [],
        "doc": "",
        "actions": [_action("read", "GET")],
    }
    resources.append({"name": "VersionHandler", "anon": version, "auth": None})
    return {"doc": "MAAS API", "hash": "0", "handlers": [], "resources": resources}


def _action(name: str, method: str, op: str | None = None) -> dict[str, Any]:
    return {"name": name, "method": method, "op": op, "restful": op is None, "doc": ""}


@dataclass
class Asked:
    """One request: what was asked, with which fields."""

    method: str
    path: str
    op: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    authorization: str


Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
Answer = web.Response | Behaviour


@dataclass
class Region:
    """Answers in the order they were given for a request; the last one again and again."""

    port: int = 0
    netloc: str = "maas.internal:5240"
    """Where this region believes it is."""
    asked: list[Asked] = field(default_factory=list)
    _answers: dict[tuple[str, str, str], list[Callable[[], Answer]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """As the engineer types it."""
        return f"http://{HOST}:{self.port}/MAAS/"

    def says(
        self, method: str, path: str, body: object, *, status: int = 200, op: str = "", **headers: str
    ) -> None:
        """Answer a request with JSON, or with text when ``body`` is text."""
        plain = isinstance(body, str)
        content = headers.pop("content_type", "text/plain" if plain else "application/json; charset=utf-8")
        raw = str(body) if plain else json.dumps(body)
        sent = {"Content-Type": content, **{key.replace("_", "-"): value for key, value in headers.items()}}
        self.does(method, path, lambda: web.Response(status=status, body=raw.encode(), headers=sent), op=op)

    def does(self, method: str, path: str, answer: Callable[[], Answer], *, op: str = "") -> None:
        """Answer a request with what ``answer`` makes."""
        self._answers.setdefault((method, path, op), []).append(answer)

    def forget(self, method: str, path: str, op: str = "") -> None:
        """Drop what was to be said to a request."""
        self._answers.pop((method, path, op), None)

    def times(self, method: str, path: str, op: str = "") -> int:
        """How often that was asked."""
        return sum((one.method, one.path, one.op) == (method, path, op) for one in self.asked)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Remember and answer."""
        path, op = request.path.removeprefix(API), request.query.get("op", "")
        form = await _form(request)
        query = {key: request.query.getall(key) for key in request.query}
        signed = request.headers.get("Authorization", "")
        self.asked.append(Asked(request.method, path, op, query, form, signed))
        waiting = self._answers.get((request.method, path, op))
        if not waiting:
            return web.Response(status=404, text=f"Unknown API endpoint: {request.path}.")
        answer = (waiting.pop(0) if len(waiting) > 1 else waiting[0])()
        return answer if isinstance(answer, web.Response) else await answer(request)


async def _form(request: web.Request) -> dict[str, list[str]]:
    form: dict[str, list[str]] = {}
    if request.content_type.startswith("multipart/") and request.can_read_body:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            assert not isinstance(part, MultipartReader)
            form.setdefault(part.name or "", []).append((await part.read(decode=True)).decode())
    return form


@asynccontextmanager
async def region() -> AsyncIterator[Region]:
    """A region that lets our key in."""
    made = Region()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    made.port = runner.addresses[0][1]
    made.does("GET", "/describe/", lambda: web.json_response(describe(made.netloc)))
    made.says("GET", "/users/", ADMIN, op="whoami")
    made.says("GET", "/version/", {"version": "3.7.3", "subversion": "", "capabilities": []})
    try:
        yield made
    finally:
        await runner.cleanup()


def machine(status: int = 4, system_id: str = "abc123", **more: Any) -> dict[str, Any]:
    """The JSON of a machine with three disks."""
    disks = [
        {
            "id": number,
            "name": f"sd{letter}",
            "serial": f"SER{number}",
            "model": "M",
            "size": 10,
            "tags": tags,
        }
        for number, letter, tags in ((7, "a", ["ssd"]), (8, "b", ["rotary", TEST_TAG]), (9, "c", ["rotary"]))
    ]
    raw = {
        "system_id": system_id,
        "hostname": "c3-001",
        "status": status,
        "status_name": "Ready",
        "owner": None,
        "osystem": "",
        "current_testing_result_id": 51,
        "physicalblockdevice_set": disks,
        "boot_disk": disks[0],
    }
    return raw | more
