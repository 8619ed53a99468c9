"""Destructive tests: which drives they would cost what they hold, and which they are kept from."""

from dataclasses import dataclass

from c3tui.clients.maas import Maas
from c3tui.engine.step import Context
from c3tui.model.campaign import Campaign, Pair
from c3tui.model.fleet import Drive, Server, bay_id
from c3tui.steps.rows import all_rows
from c3tui.steps.testing.choice import Choice
from c3tui.steps.testing.todo import Todo, testable

UNUSED = ("", "Unused")
"""MAAS's words for a drive that holds no partition table, file system or volume."""


@dataclass(frozen=True)
class Victim:
    """A drive that destructive tests would overwrite."""

    server: str
    slot: int
    drive: Drive
    tests: tuple[str, ...]
    holds: str
    """What MAAS says stands on it; empty for nothing."""

    @property
    def key(self) -> Pair:
        """Server and serial."""
        return self.server, self.drive.serial

    @property
    def line(self) -> str:
        """As the engineer reads it before the typed word."""
        size = f"{self.drive.size / 1e12:.1f} TB" if self.drive.size else "size unknown"
        label = f"{bay_id(self.server, self.slot)} {self.drive.model} {self.drive.serial}, {size}"
        return f"{label}: {', '.join(self.tests)}" + (f"; holds {self.holds}" if self.holds else "")


async def victims(ctx: Context, maas: Maas, choice: Choice) -> list[Victim]:
    """Drives that the plan's destructive tests would overwrite in a run that begins now.

    Never one of a server in production or deployed, never one that holds something by MAAS's word and is
    not named in ``hardware.wipe``; what is withheld is noted in the server's campaign.

    Raises:
        PeerError: MAAS refuses or does not answer.
    """
    if not choice.destructive:
        return []
    servers = [server for server in ctx.servers() if testable(server) and server.system_id]
    machines = await maas.machines(ids=[server.system_id for server in servers])
    used = {
        machine.system_id: {disk.serial: disk.used_for for disk in machine.disks}
        for machine in machines
        if not machine.installed and not machine.locked
    }
    rows, todo = all_rows(ctx.store), Todo(ctx.store, choice)
    found = []
    for server in servers:
        if server.system_id not in used:
            continue
        _withhold(ctx, server, used[server.system_id])
        pairs = todo.destructive(server, rows.get(server.name, []))
        found += _of_server(server, pairs, used[server.system_id])
    return found


def _withhold(ctx: Context, server: Server, used: dict[str, str]) -> None:
    """Note which drives hold something, or are unknown to MAAS, and nobody gave away."""
    campaign = ctx.store.get(Campaign, server.name) or Campaign(id=server.name)
    allowed = set(ctx.plan.hardware.wipe)
    serials = [drive.serial for _, drive in server.drives() if drive.serial not in allowed]
    held = {serial: used.get(serial, "it does not know it") for serial in serials}
    campaign.withheld = {serial: what for serial, what in held.items() if what not in UNUSED}
    ctx.save(campaign)


def _of_server(server: Server, pairs: set[Pair], used: dict[str, str]) -> list[Victim]:
    found = []
    for bay, drive in server.drives():
        tests = tuple(sorted(test for test, serial in pairs if serial == drive.serial))
        if tests:
            holds = used.get(drive.serial, "")
            found.append(Victim(server.name, bay.slot, drive, tests, "" if holds in UNUSED else holds))
    return found
