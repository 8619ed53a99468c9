"""The life of machines: what a network boot leads to, and what goes on between requests."""

import asyncio

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.lifecycle.deploying import (
    deployed,
    erasing_boot,
    installed,
    installing_boot,
    release,
)
from c3tui.lab.maas.lifecycle.enlist import PXE_BOOT, enlist
from c3tui.lab.maas.lifecycle.power import PowerError, boot_from_network
from c3tui.lab.maas.lifecycle.testing import (
    EPHEMERAL_SECONDS,
    commissioning_boot,
    leave,
    testing_boot,
)
from c3tui.lab.maas.lifecycle.watch import give_up, look_at_power
from c3tui.lab.maas.marks import restore_marks
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.room import Event, settle

_PENDING = {
    NodeStatus.COMMISSIONING: commissioning_boot,
    NodeStatus.TESTING: testing_boot,
    NodeStatus.DEPLOYING: installing_boot,
    NodeStatus.DISK_ERASING: erasing_boot,
}
"""What waits for a machine that boots from the network."""
_LOOK_SECONDS = 5.0
_SHORTEST_LOOK = 0.05
"""Real seconds."""


class Lifecycle:
    """Serves network boots and watches over the machines of a region."""

    def __init__(self, region: Region) -> None:
        self._region = region
        self._active: set[str] = set()
        self._watch: asyncio.Task[None] | None = None
        self._restored = False

    async def netboot(self, box: Chassis) -> bool:
        """What a server gets that boots from the network; True sends it on to its own disk."""
        machine = self._region.machine_in(box)
        if machine is None:
            await self._region.room.clock.sleep(EPHEMERAL_SECONDS)
            return leave(self._region, enlist(self._region, box), box)
        self._region.event(machine, PXE_BOOT)
        if machine.status is NodeStatus.DEPLOYED:
            return True
        if machine.status not in _PENDING:
            return leave(self._region, machine, box)
        self._active.add(machine.system_id)
        machine.waiting_since = self._region.now()
        try:
            return await _PENDING[machine.status](self._region, machine, box)
        finally:
            self._active.discard(machine.system_id)

    def heard(self, event: Event, box: Chassis) -> None:
        """Listen to the room: an installed system that came up reports to MAAS."""
        machine = self._region.machine_in(box) if event == "os-up" else None
        if machine and machine.status is NodeStatus.DEPLOYING and installed(self._region, machine):
            deployed(self._region, machine)

    def restore(self) -> None:
        """After a restart: servers with work waiting boot from the network again."""
        self._restored = True
        restore_marks(self._region)
        for machine in self._region.db.machines.values():
            box = self._region.box_of(machine)
            if box and machine.status in _PENDING:
                done = machine.status is NodeStatus.DEPLOYING and installed(self._region, machine)
                box.bmc.boot_device = "" if done else "pxe"
                machine.waiting_since = self._region.now()

    def start(self) -> None:
        """Begin to watch; machines that were on their way go on."""
        self._watch = asyncio.get_running_loop().create_task(self._look())
        if self._restored:
            for machine in list(self._region.db.machines.values()):
                self._go_on(machine)

    async def close(self) -> None:
        """Stop watching."""
        if self._watch:
            await settle(self._watch)
            self._watch = None

    def _go_on(self, machine: Machine) -> None:
        box = self._region.box_of(machine)
        if machine.status is NodeStatus.RELEASING:
            release(self._region, machine)
        elif machine.status in _PENDING and box and not box.powered:
            self._region.room.spawn(self._power(machine))

    async def _power(self, machine: Machine) -> None:
        try:
            await boot_from_network(self._region, machine)
        except PowerError as error:
            self._region.event(machine, "Failed to power on node", str(error), level="ERROR")

    async def _look(self) -> None:
        speed = self._region.room.clock.speed
        pause = max(_LOOK_SECONDS / speed, _SHORTEST_LOOK)
        while True:
            before = self._region.now()
            await asyncio.sleep(pause)
            look_at_power(self._region)
            stood_still = self._region.now() - before - pause * speed
            give_up(self._region, self._active, max(0.0, stood_still))
