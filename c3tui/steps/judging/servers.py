"""Servers as subjects of judgement: their memory, ports, cards, supplies, fans and clocks."""

from collections.abc import Iterator, Mapping, Sequence

from c3tui.checks.server_hardware import ServerHardware
from c3tui.engine.store import Reader
from c3tui.model.campaign import FAILED, PASSED, TestRow, latest
from c3tui.model.evidence import Judgement, TestEvidence, TestOutcome, conclude
from c3tui.model.fleet import Server
from c3tui.steps.judging import inband
from c3tui.steps.judging.drives import Surroundings
from c3tui.steps.judging.evidence import bmc_at
from c3tui.steps.rows import output_of

SOURCES = {
    "the clock": "c3-clock",
    "memory": "c3-ecc",
    "network ports": "c3-nics",
    "PCIe links": "c3-links",
}
"""Which of C3's own tests a section of the judgement is read from, by the section's words."""

OF_GOLDEN = "dimm-layout"
"""What is told by comparing with the golden server, where there is one."""


def hardware_of(
    store: Reader, around: Surroundings, server: Server, rows: Sequence[TestRow]
) -> ServerHardware:
    """What a server's tests and its BMC said of its parts.

    Args:
        rows: every row of the server, the oldest first.
    """
    newest = [row for row in latest(rows) if row.serial is None]
    said = {
        row.script: inband.read(output_of(store, server.name, row)) or {}
        for row in newest
        if row.script in SOURCES.values() and row.code == PASSED
    }
    heard = _heard(store, server.name, rows)
    ports, memory = said.get("c3-nics"), said.get("c3-ecc")
    links, clock = said.get("c3-links"), said.get("c3-clock")
    return ServerHardware(
        server=server.name,
        kind=around.kind(server.name),
        dimms=inband.dimms(memory) if memory else None,
        nics=inband.nics(ports) if ports else None,
        probes=tuple(inband.probes(ports)) if ports else (),
        pci=inband.pci(links) if links else None,
        psus=inband.psus(heard) if heard else None,
        fans=inband.fans(heard) if heard else None,
        clock_s=inband.clock(clock) if clock else None,
        tests=(*_not_run(newest), *_uncounted(memory)),
    )


def _heard(store: Reader, server: str, rows: Sequence[TestRow]) -> dict[str, object] | None:
    """What the BMC said during the latest run of tests that it was heard in."""
    for set_id in sorted({row.order[0] for row in rows}, reverse=True):
        if reading := bmc_at(store, server, set_id):
            return reading
    return None


def _not_run(rows: Sequence[TestRow]) -> Iterator[TestEvidence]:
    """Tests of other parts than drives that said nothing; one that failed stops its server by itself."""
    for row in rows:
        if row.code not in (PASSED, FAILED):
            detail = row.told.removeprefix(f"{row.script} ")
            degraded = detail == "is degraded"
            outcome = TestOutcome.DEGRADED if degraded else TestOutcome.NOT_RUN
            yield TestEvidence(
                name=row.script, part="server", outcome=outcome, detail="" if degraded else detail
            )


def _uncounted(memory: dict[str, object] | None) -> Iterator[TestEvidence]:
    if memory and not inband.counts_errors(memory):
        detail = "its kernel has no driver that counts memory errors"
        yield TestEvidence(name="c3-ecc", part="memory", outcome=TestOutcome.NOT_RUN, detail=detail)


def fitting(
    judgements: Mapping[str, Judgement], around: Surroundings, rows: Mapping[str, Sequence[TestRow]]
) -> dict[str, Judgement]:
    """Judgements without what is told elsewhere, and without parts that nobody asked to be read."""
    found = {}
    for server, judgement in judgements.items():
        asked = {row.script for row in rows.get(server, ()) if row.code == PASSED}
        kept = []
        for each in judgement.reasons:
            words = each.text.removeprefix("not tested: ").removesuffix(" could not be read")
            unasked = each.rule == "unread" and SOURCES.get(words) not in asked
            if unasked or (each.rule == OF_GOLDEN and around.golden(server)):
                continue
            nowhere = each.place.startswith("(")
            kept.append(each.model_copy(update={"place": ""}) if nowhere else each)
        found[server] = conclude(kept, judgement.headline)
    return found
