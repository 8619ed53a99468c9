"""A site whose servers were tested: results in the archive as the tests leave them, nothing judged yet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from c3tui.engine.core import Engine
from c3tui.engine.site import Site
from c3tui.engine.step import Context
from c3tui.model.campaign import ARCHIVE, Campaign
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Bay, Drive, Server, Stage, bay_id
from c3tui.model.judged import Judged
from c3tui.steps.actions import COMMANDS
from c3tui.steps.hardware import Hardware
from tests.support.plans import SITE, write_site
from tests.support.reports import Report, hdd

SIZE = 4_000_787_030_016
PER_RACK = 20
_CODES = {"Passed": 2, "Failed": 3, "Timed out": 4, "Aborted": 5, "Failed installing": 8, "Skipped": 9}


@dataclass
class Fleet:
    """Servers ``c3-001`` and on with some bays each, and what their tests said."""

    engine: Engine
    directory: Path
    servers: int
    bays: int
    set_id: int = 1
    _rows: dict[str, int] = field(default_factory=dict)

    @property
    def ctx(self) -> Context:
        """A context to judge with."""
        return self.engine.context(self.engine.step("hardware"), "ann")

    def names(self) -> list[str]:
        """Of all servers."""
        return [f"c3-{n:03d}" for n in range(1, self.servers + 1)]

    def report(self, name: str, slot: int, report: Report | None = None, **more: Any) -> None:
        """A SMART report on the drive of a bay; a sound one by default."""
        server = self.server(name)
        bay = server.bay(slot)
        assert bay and bay.drive
        made = {**(report or hdd()), "serial_number": bay.drive.serial}
        self.row(name, "c3-smart", bay.drive.serial, json.dumps(made).encode(), **more)

    def row(
        self,
        name: str,
        script: str,
        serial: str | None,
        output: bytes = b"",
        status: str = "Passed",
        **more: Any,
    ) -> None:
        """One result of a test."""
        self._rows[name] = self._rows.get(name, 0) + 1
        meta = {"script": script, "serial": serial, "status": status, "code": _CODES[status], "exit": 0,
                "runtime": 60.0, "limit": 600.0, "ended": "2026-11-23 10:00:00+00:00"}  # fmt: skip
        with self.engine.store.transaction("ann") as transaction:
            ref = f"{self.set_id}/{self._rows[name]}"
            transaction.archive(ARCHIVE, name, ref, output, **(meta | more))

    def bmc(self, name: str, **reading: Any) -> None:
        """What the BMC said while the tests ran."""
        said = {"state": "ok", "power": "on", "inlet_c": 22.0, **reading}
        with self.engine.store.transaction("ann") as transaction:
            transaction.archive("evidence", name, f"{self.set_id}/bmc", json.dumps(said).encode())

    def server(self, name: str) -> Server:
        """As the record has it."""
        found = self.engine.store.get(Server, name)
        assert found
        return found

    def change(self, name: str, **values: Any) -> None:
        """Change a server."""
        self.put(self.server(name).model_copy(update=values))

    def put(self, *documents: Any) -> None:
        """Write documents."""
        with self.engine.store.transaction("ann") as transaction:
            for each in documents:
                transaction.put(each)

    def judged(self, name: str, slot: int) -> Judged:
        """What was made of a bay."""
        found = self.engine.store.get(Judged, bay_id(name, slot))
        assert found
        return found

    def opened(self) -> Mapping[str, Finding]:
        """Open findings by id."""
        found = self.engine.store.all(Finding)
        return {each.id: each for each in found if each.state is FindingState.OPEN}

    def limits(self, **thresholds: Any) -> None:
        """Change the site's thresholds."""
        self.engine.edit({"hardware.thresholds": thresholds}, "ann")


def place(nth: int) -> dict[str, Any]:
    """Where the nth server stands."""
    rack, unit = divmod(nth - 1, PER_RACK)
    return {"rack": f"r{rack + 1:02d}", "unit": 2 * unit + 1}


async def fleet(directory: Path, servers: int = 10, bays: int = 2) -> Fleet:
    """A fleet of sound drives, each with its report; whoever asks for it closes its engine."""
    yaml = YAML()
    tree = yaml.load(SITE)
    tree["racks"] = [{"name": f"r{n:02d}"} for n in range(1, max(3, servers // PER_RACK + 2))]
    tree["servers"] = [
        {"name": f"c3-{n:03d}", **place(n), "bmc": {"address": str(IPv4Address("10.0.0.10") + n)}}
        for n in range(1, servers + 1)
    ]
    write_site(directory)
    with (directory / "site.yaml").open("w") as file:
        yaml.dump(tree, file)
    engine = Engine(Site.load(directory), [Hardware()], COMMANDS)
    await engine.start()
    made = Fleet(engine, directory, servers, bays)
    for n, name in enumerate(made.names(), 1):
        slots = [
            Bay(
                slot=slot,
                path=f"/dev/disk/by-path/phy{slot}",
                drive=Drive(serial=f"ZX{n:03d}{slot:03d}", model="ACME ATA", size=SIZE, rotational=True),
            )
            for slot in range(bays)
        ]
        server = Server(id=name, name=name, **place(n), stage=Stage.TESTED, bays=slots)
        asked = {bay.drive.serial: ["c3-smart"] for bay in slots if bay.drive}
        made.put(server, Campaign(id=name, since=0, asked=asked))
        for slot in range(bays):
            made.report(name, slot)
    return made
