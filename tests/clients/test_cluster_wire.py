"""What the Kubernetes client repeats, endures and refuses, against a server that misbehaves."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from c3tui.clients.cluster import Cluster, OsdState
from c3tui.clients.cluster.kubeconfig import open_client
from c3tui.clients.cluster.lists import items
from c3tui.clients.cluster.nodes import Nodes
from c3tui.clients.cluster.refusals import ApiError
from c3tui.clients.cluster.wire import Wire
from c3tui.engine.errors import BadAnswer, Unauthorised, Unreachable

HOST, PORT = "127.90.0.2", 16492
KUBECONFIG = f"""\
current-context: stub
contexts: [{{name: stub, context: {{cluster: stub, user: stub}}}}]
clusters: [{{name: stub, cluster: {{server: "http://{HOST}:{PORT}"}}}}]
users: [{{name: stub, user: {{token: top-secret-token}}}}]
"""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Stub:
    """Answers with the next handler of its script, the last one for ever."""

    def __init__(self) -> None:
        self.script: list[Handler] = []
        self.asked: list[web.Request] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return await self.script[min(len(self.asked), len(self.script)) - 1](request)


def says(status: int, body: object, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return web.Response(status=status, text=json.dumps(body), headers=named)

    return answer


def status(code: int, message: str = "no") -> dict[str, object]:
    return {"kind": "Status", "status": "Failure", "message": message, "code": code}


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport
    request.transport.abort()
    return web.Response()


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    found = Stub()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.serve)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, PORT).start()
    yield found
    await runner.cleanup()


@pytest.fixture
async def wire(stub: Stub, tmp_path: Path) -> AsyncIterator[Wire]:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG)
    found = Wire(await open_client(file), patience=3.0)
    yield found
    await found.close()


GOOD = says(200, {"items": []})


async def test_the_token_is_sent_and_told_to_nobody(stub: Stub, wire: Wire) -> None:
    stub.script = [says(401, status(401, "Unauthorized"))]
    with pytest.raises(Unauthorised) as caught:
        await wire.request("GET", "/api/v1/nodes")
    assert stub.asked[0].headers["Authorization"] == "Bearer top-secret-token"
    assert "top-secret" not in str(caught.value) and f"{HOST}:{PORT}" in str(caught.value)


@pytest.mark.parametrize("code", [429, 503, 504])
async def test_a_server_that_asks_for_patience_gets_it(stub: Stub, wire: Wire, code: int) -> None:
    stub.script = [says(code, status(code)), says(code, status(code)), GOOD]
    assert await wire.request("GET", "/api/v1/nodes") == {"items": []}
    assert len(stub.asked) == 3


async def test_retry_after_is_waited_for(stub: Stub, wire: Wire) -> None:
    stub.script = [says(429, status(429), Retry_After="1"), GOOD]
    began = time.monotonic()
    await wire.request("GET", "/api/v1/nodes")
    assert time.monotonic() - began >= 1.0


async def test_a_server_that_never_gets_ready_is_unreachable(stub: Stub, wire: Wire) -> None:
    stub.script = [says(503, status(503, "all known HTTP paths"), Retry_After="5")]
    with pytest.raises(Unreachable, match="not ready: all known HTTP paths"):
        await wire.request("GET", "/apis/ceph.rook.io/v1")
    assert len(stub.asked) == 1, "five seconds are more than it was given"


@pytest.mark.parametrize("code", [400, 404, 409, 422, 500])
async def test_a_refusal_is_not_repeated(stub: Stub, wire: Wire, code: int) -> None:
    stub.script = [says(code, status(code, "because")), GOOD]
    with pytest.raises(ApiError, match="because"):
        await wire.request("PATCH", "/api/v1/nodes/a", body={"a": 1})
    assert len(stub.asked) == 1


@pytest.mark.parametrize("first", [hang_up, says(503, status(503)), says(429, status(429))])
async def test_a_post_is_never_repeated(stub: Stub, wire: Wire, first: Handler) -> None:
    stub.script = [first, GOOD]
    with pytest.raises(Unreachable):
        await wire.request("POST", "/api/v1/namespaces", body={"a": 1})
    assert len(stub.asked) == 1


async def test_a_broken_connection_is_made_again(stub: Stub, wire: Wire) -> None:
    stub.script = [hang_up, hang_up, GOOD]
    assert await wire.request("PATCH", "/api/v1/nodes/a", body={"a": 1}) == {"items": []}


async def test_a_403_of_a_starting_server_is_no_verdict(stub: Stub, wire: Wire) -> None:
    stub.script = [says(403, status(403)), says(403, status(403)), GOOD]
    assert await wire.request("GET", "/api/v1/nodes") == {"items": []}


async def test_an_answer_of_another_kind_of_server_is_no_answer(stub: Stub, wire: Wire) -> None:
    stub.script = [says(200, ["a list"])]
    with pytest.raises(BadAnswer, match="no JSON object"):
        await wire.request("GET", "/api/v1/nodes")


async def test_plain_text_errors_are_readable(stub: Stub, wire: Wire) -> None:
    async def plain(request: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="404 page not found\n")

    stub.script = [plain]
    with pytest.raises(ApiError, match="page not found") as caught:
        await wire.request("GET", "/apis/nosuch")
    assert caught.value.what == "404 page not found"


async def test_https_to_a_server_that_speaks_http_is_told(stub: Stub, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(KUBECONFIG.replace("http://", "https://"))
    wire = Wire(await open_client(file), patience=0.2)
    with pytest.raises((Unauthorised, Unreachable)) as caught:
        await wire.request("GET", "/version")
    assert f"https://{HOST}:{PORT}" in str(caught.value)
    await wire.close()


async def test_pages_are_put_together_and_begun_again_when_they_expire(stub: Stub, wire: Wire) -> None:
    one, two = {"a": 1}, {"a": 2}
    page = says(200, {"metadata": {"resourceVersion": "5", "continue": "x"}, "items": [one]})
    end = says(200, {"metadata": {"resourceVersion": "5"}, "items": [two]})
    stub.script = [page, says(410, status(410, "too old")), page, end]
    assert await items(wire, "/api/v1/nodes") == ([one, two], "5")
    assert [request.query.get("continue") for request in stub.asked] == [None, "x", None, "x"]


def node(name: str, ready: bool) -> dict[str, object]:
    conditions = [{"type": "Ready", "status": str(ready), "message": "kubelet says so"}]
    return {"metadata": {"name": name}, "status": {"conditions": conditions}}


def listed(*nodes: object, version: str = "5") -> Handler:
    return says(200, {"metadata": {"resourceVersion": version}, "items": nodes})


def watch(*lines: bytes, pause: float = 0.0) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for line in lines:
            await response.write(line)
        await asyncio.sleep(pause)
        return response

    return answer


def event(kind: str, item: object) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


async def test_events_larger_than_a_line_buffer_come_whole(stub: Stub, wire: Wire) -> None:
    big = event("MODIFIED", {"text": "x" * 5_000_000})
    stub.script = [watch(big[:100], big[100:], event("DELETED", {}))]
    seen = [each async for each in wire.lines("/x", [("watch", "true")], 2.0)]
    assert [each["type"] for each in seen] == ["MODIFIED", "DELETED"]


async def test_an_event_without_end_is_refused(
    stub: Stub, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c3tui.clients.cluster.wire.LINE_LIMIT", 1000)
    stub.script = [watch(b"x" * 5000)]
    with pytest.raises(BadAnswer, match="more than 1000 bytes"):
        [each async for each in wire.lines("/x", [], 2.0)]


async def test_a_dead_connection_is_noticed_by_its_silence(stub: Stub, wire: Wire) -> None:
    stub.script = [watch(event("ADDED", {}), pause=30)]
    with pytest.raises(Unreachable, match="does not answer"):
        [each async for each in wire.lines("/x", [], 0.2)]


async def test_a_watch_that_is_too_old_lists_again(stub: Stub, wire: Wire) -> None:
    told: list[list[str]] = []
    stub.script = [
        listed(node("a", False)),
        watch(event("ERROR", status(410, "too old resource version: 1 (389)"))),
        listed(node("a", True)),
    ]
    assert await Nodes(wire).wait_ready(["a"], limit=5, on_change=told.append) == {}
    assert told == [["a"], []] and len(stub.asked) == 3


async def test_nodes_are_followed_through_one_watch(stub: Stub, wire: Wire) -> None:
    told: list[list[str]] = []
    changes = [
        event("ADDED", node("b", True)),
        event("DELETED", node("b", True)),
        event("MODIFIED", node("a", True)),
        event("BOOKMARK", {"metadata": {"resourceVersion": "9"}}),
        event("ADDED", node("b", True)),
    ]
    stub.script = [listed(node("a", False), version="7"), watch(*changes, pause=30)]
    assert await Nodes(wire).wait_ready(["a", "b"], limit=5, on_change=told.append) == {}
    assert told == [["a", "b"], ["a"], ["a", "b"], ["b"], []]
    assert stub.asked[1].query["resourceVersion"] == "7" and len(stub.asked) == 2


async def test_a_cut_watch_is_taken_up_again(stub: Stub, wire: Wire) -> None:
    troubles: list[str] = []

    async def cut(request: web.Request) -> web.StreamResponse:
        await watch(event("MODIFIED", node("a", False)))(request)
        return await hang_up(request)

    stub.script = [listed(node("a", False)), cut, listed(node("a", True))]
    ready = await Nodes(wire).wait_ready(
        ["a"], limit=5, on_change=lambda names: None, on_trouble=troubles.append
    )
    assert ready == {} and len(stub.asked) == 3 and len(troubles) == 1


async def test_who_may_not_see_nodes_is_told_at_once(stub: Stub, wire: Wire) -> None:
    stub.script = [says(400, status(400, "not so"))]
    with pytest.raises(ApiError, match="not so"):
        await Nodes(wire).wait_ready(["a"], limit=5, on_change=lambda names: None)


async def test_what_a_controller_writes_meanwhile_is_no_change_of_ours(stub: Stub, wire: Wire) -> None:
    kinds = {"resources": [{"name": "namespaces", "kind": "Namespace", "namespaced": False}]}
    before = {"metadata": {"name": "a", "resourceVersion": "5"}, "status": {}}
    after = {"metadata": {"name": "a", "resourceVersion": "6"}, "status": {"phase": "Active"}}
    stub.script = [says(200, kinds), says(200, before), says(200, after)]
    wanted = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
    assert await Cluster(wire).apply(wanted) is False
    assert stub.asked[2].headers["Content-Type"] == "application/apply-patch+yaml"
    assert dict(stub.asked[2].query) == {"fieldManager": "c3", "force": "false"}


async def test_a_definition_counts_when_discovery_has_followed(stub: Stub, wire: Wire) -> None:
    crds = {"resources": [{"name": "crds", "kind": "CustomResourceDefinition", "namespaced": False}]}
    pools = {"resources": [{"name": "pools", "kind": "Pool", "namespaced": True}]}
    spec = {"group": "x.io", "names": {"kind": "Pool"}, "versions": [{"name": "v1", "served": True}]}
    conditions = [{"type": "Established", "status": "True"}]
    early, ready = {"spec": spec, "status": {}}, {"spec": spec, "status": {"conditions": conditions}}
    absent, empty = says(404, status(404)), says(200, {"resources": []})
    shown = says(200, ready)
    stub.script = [says(200, crds), says(200, early), shown, absent, shown, empty, shown, says(200, pools)]
    await Cluster(wire).established("pools.x.io", 5.0)
    assert len(stub.asked) == len(stub.script)


def table(columns: str, *rows: list[object]) -> Handler:
    named = [{"name": name} for name in columns.split()]
    return says(200, {"kind": "Table", "columnDefinitions": named, "rows": [{"cells": row} for row in rows]})


async def test_osds_cost_two_tables_whatever_their_number(stub: Stub, wire: Wire) -> None:
    stub.script = [
        table("Name Available", ["rook-ceph-osd-0", 1], ["rook-ceph-osd-10", 0], ["rook-ceph-osd-11", None]),
        table(
            "Name Node",
            ["rook-ceph-osd-0-6787cb99fd-nqmtq", "c3-001"],
            ["rook-ceph-osd-10-99549856f-gbz4c", "c3-002"],
            ["rook-ceph-osd-10-99549856f-abcde", "<none>"],
            ["rook-ceph-osd-11-99549856f-abcde", "c3-003"],
        ),
    ]
    assert await Cluster(wire).osds("rook-ceph") == [
        OsdState(0, "c3-001", True),
        OsdState(10, "c3-002", False),
        OsdState(11, "c3-003", False),
    ]
    assert [request.query["includeObject"] for request in stub.asked] == ["None", "None"]
    assert all("as=Table" in request.headers["Accept"] for request in stub.asked)


async def test_several_owners_of_a_conflict_are_all_named(stub: Stub, wire: Wire) -> None:
    causes = [
        {"reason": "FieldManagerConflict", "message": 'conflict with "helm"', "field": ".spec.mgr.count"},
        {"message": 'conflict with "kubectl-edit" using v1', "field": ".spec.storage.nodes"},
    ]
    stub.script = [says(409, status(409) | {"details": {"causes": causes}})]
    with pytest.raises(ApiError) as caught:
        await wire.request("PATCH", "/x", body={})
    assert caught.value.what == (
        "others own fields that C3 sets: .spec.mgr.count (helm), .spec.storage.nodes (kubectl-edit)"
    )


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (500, "etcdserver: request is too large"),
        (500, "rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)"),
        (413, "Request entity too large: limit is 3145728"),
    ],
)
async def test_a_large_object_is_told_as_large(stub: Stub, wire: Wire, code: int, message: str) -> None:
    stub.script = [says(code, status(code, message))]
    with pytest.raises(ApiError, match="too large") as caught:
        await wire.request("PATCH", "/x", body={})
    assert "1.5 MB" in caught.value.remedy


def recorded() -> list[tuple[int, dict[str, object]]]:
    """Errors of a real API server: status and body."""
    directory = Path(__file__).resolve().parents[2] / "../shared/kubernetes/transcripts"
    found = []
    for file in sorted(directory.glob("0[2-9]-*.json")):
        for entry in json.loads(file.read_text()):
            answer = entry.get("response") or {}
            if answer.get("status", 0) >= 400 and isinstance(answer.get("json"), dict):
                found.append((answer["status"], answer["json"]))
    return found


def test_what_real_servers_refuse_with_becomes_one_sentence() -> None:
    errors = recorded()
    if not errors:
        pytest.skip("no recorded answers of a real API server beside the checkout")
    for code, body in errors:
        error = ApiError(code, body, "there")
        assert (
            error.what and "\n" not in error.what and not error.what.endswith(".") and len(error.what) <= 600
        )
        assert "<nil>" not in error.what
    said = [ApiError(code, body, "there").what for code, body in errors]
    assert "others own fields that C3 sets: .spec.storage.nodes (kubectl-edit)" in said
    assert any(".spec.mgr.count (c3), .spec.mon.count (c3), .spec.storage.nodes" in each for each in said)
    assert any("does not fit its schema: .spec.storage.nodes: expected list" in each for each in said)
