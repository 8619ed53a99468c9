"""All BMCs of the room: one loopback address each, one port for all."""

import asyncio
import random
import resource
from ipaddress import ip_address

from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.endpoint import Endpoint
from c3tui.lab.bmc.sensors import catalogue
from c3tui.lab.chassis import Chassis
from c3tui.lab.room import Event, Room

_OTHER_FILES = 256
"""Open files that the rest of the lab may need."""


class BmcLab:
    """The BMCs of a room on the wire.

    Lighting or darkening an identify light emits ``identify`` in the room; power goes through the
    room's own power. All state that lasts is in ``chassis.bmc``.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._endpoints: dict[str, Endpoint] = {}
        room.listen(self._hear)

    async def start(self, port: int) -> None:
        """Answer at each chassis' BMC address and ``port``.

        Raises:
            ValueError: an address is not on the loopback network.
            OSError: a socket cannot be opened, such as when the port is taken.
        """
        for box in self._room.chassis:
            if not ip_address(box.bmc.address).is_loopback:
                raise ValueError(f"{box.name}: BMC address {box.bmc.address} is not a loopback address")
        _allow_files(len(self._room.chassis) + _OTHER_FILES)
        try:
            for box in self._room.chassis:
                await self._open(box, port)
        except OSError:
            await self.close()
            raise

    async def close(self) -> None:
        """Fall silent."""
        for endpoint in self._endpoints.values():
            endpoint.bmc.close()
            endpoint.close()
        self._endpoints.clear()
        # A datagram transport lets go of its socket in the loop's next turn.
        await asyncio.sleep(0)

    def sessions(self) -> dict[str, int]:
        """How many sessions each BMC has open, by the name of its chassis."""
        return {name: len(endpoint.bmc.sessions.active()) for name, endpoint in self._endpoints.items()}

    async def _open(self, box: Chassis, port: int) -> None:
        bmc = Controller(self._room, box)
        bmc.log.seed()
        bmc.failed_drives()
        knobs = self._room.scenario.bmc
        rng = random.Random(f"{self._room.scenario.seed}/{box.bmc.address}")
        _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Endpoint(bmc, knobs, rng), local_addr=(box.bmc.address, port)
        )
        self._endpoints[box.name] = endpoint

    def _hear(self, event: Event, box: Chassis) -> None:
        endpoint = self._endpoints.get(box.name)
        if endpoint is None:
            return
        if event == "power" and box.powered:
            endpoint.bmc.record(catalogue.BOOT, catalogue.POWERED_UP)
        endpoint.bmc.failed_drives()


def _allow_files(wanted: int) -> None:
    """Raise the soft limit of open files as far as it must and may go."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
