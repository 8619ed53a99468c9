"""Gathers the stories of bays out of the record; no engine and no peer is needed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from c3tui.engine.store import Reader
from c3tui.model.campaign import TestRow
from c3tui.model.fleet import Server
from c3tui.model.judged import Judged
from c3tui.model.replacement import Kind, Replacement, Verdict
from c3tui.model.story import Line, Sources, Story, story
from c3tui.steps.judging.evidence import KIND
from c3tui.steps.rows import every_row

_PAGE = 10_000


def stories(store: Reader, servers: Iterable[Server]) -> Iterator[Story]:
    """The story of every bay of some servers, in their order."""
    chosen = list(servers)
    known = sources(store, chosen[0].name if len(chosen) == 1 else None)
    for server in chosen:
        for bay in server.bays:
            yield story(server, bay, known)


def sources(store: Reader, server: str | None = None) -> Sources:
    """What the record holds about the bays of a server, or of all."""
    rows: dict[str, list[TestRow]] = defaultdict(list)
    for every in every_row(store, server).values():
        for row in every:
            if row.serial:
                rows[row.serial].append(row)
    replaced: dict[str, list[Replacement]] = defaultdict(list)
    for mark in store.all(Replacement):
        if mark.part is Kind.DRIVE:
            replaced[mark.bay].append(mark)
    return Sources(
        rows=rows,
        evidence=_evidence(store, server),
        judged={each.id: each for each in store.all(Judged)},
        verdicts={(each.bay, each.serial): each for each in store.all(Verdict)},
        replacements=replaced,
        lines=_lines(store, server),
        osds=_osds(store),
    )


def _evidence(store: Reader, server: str | None) -> Mapping[str, list[dict[str, Any]]]:
    """Under what evidence is filed, by serial; a report that was read in two ways counts as read last."""
    found: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for _, name, meta in store.archive_index(KIND, server):
        if serial := meta.get("serial"):
            ref = name.partition("@")[0]
            found[serial][ref] = meta | {"ref": ref}
    return {serial: sorted(refs.values(), key=_order) for serial, refs in found.items()}


def _order(filed: Mapping[str, Any]) -> list[int]:
    """As MAAS numbered the results."""
    return [int(part) for part in str(filed["ref"]).split("/")]


def _lines(store: Reader, server: str | None) -> Mapping[str, list[Line]]:
    found: dict[str, list[Line]] = defaultdict(list)
    last = 0
    while page := store.journal(last, _PAGE, server):
        for each in page:
            if "/bay" in each.subject:
                found[each.subject].append(Line(at=each.at, who=each.who, what=each.what, data=each.data))
        last = page[-1].seq
    return found


def _osds(store: Reader) -> Mapping[str, int]:
    """Ceph's numbers of drives by bay, as the storage step saw them last."""
    known = store.observation("storage", "osds") or {}
    return {str(bay): number for bay, number in known.items() if isinstance(number, int)}
