"""Lists in pages, so that no answer is larger than the wire's time limit allows."""

from c3tui.clients.cluster.refusals import ApiError
from c3tui.clients.cluster.wire import JsonDict, Query, Wire

EXPIRED = 410


async def items(wire: Wire, path: str, query: Query = (), page: int = 100) -> tuple[list[JsonDict], str]:
    """All objects of a collection, and the resourceVersion they are of.

    Raises:
        PeerError: the API server does not answer, or refuses.
    """
    try:
        return await _pages(wire, path, query, page)
    except ApiError as error:
        if error.status != EXPIRED:
            raise
    # The later pages are of a version that the server has forgotten: begin again.
    return await _pages(wire, path, query, page)


async def _pages(wire: Wire, path: str, query: Query, page: int) -> tuple[list[JsonDict], str]:
    found: list[JsonDict] = []
    more = ""
    while True:
        asked = [*query, ("limit", str(page)), *([("continue", more)] if more else [])]
        answer = await wire.request("GET", path, asked)
        found += answer.get("items") or []
        meta = answer.get("metadata") or {}
        more = meta.get("continue") or ""
        if not more:
            return found, str(meta.get("resourceVersion", ""))


async def table(wire: Wire, path: str, selector: str) -> list[dict[str, str]]:
    """A collection as the rows that ``kubectl get -o wide`` prints: thousands of objects in one megabyte.

    Raises:
        PeerError: the API server does not answer, or refuses.
    """
    answer = await wire.request(
        "GET",
        path,
        [("labelSelector", selector), ("includeObject", "None")],
        headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
    )
    names = [column["name"] for column in answer.get("columnDefinitions") or []]
    # Whole numbers stay numbers in cells whose column is said to hold text.
    return [dict(zip(names, map(_text, row["cells"]), strict=False)) for row in answer.get("rows") or []]


def _text(cell: object) -> str:
    return "" if cell in (None, "<none>", "<unset>") else str(cell)
