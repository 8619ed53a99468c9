"""The LEDs themselves: one question and one order for a server's, by its BMC, and for a bay's, in band."""

from c3tui.clients.bmc import BmcFleet
from c3tui.clients.nodes import BayLed, bay_lit, bay_locate, find_bay_led
from c3tui.engine.errors import InputError, Refused
from c3tui.engine.resources import Resources
from c3tui.engine.site import Site
from c3tui.engine.store import Reader
from c3tui.model.fleet import Server
from c3tui.model.light import Light, Way, no_bay_led
from c3tui.steps import peers


class Leds:
    """Asks and switches, and remembers nothing."""

    def __init__(self, site: Site, store: Reader, resources: Resources) -> None:
        self._site = site
        self._store = store
        self._resources = resources

    async def lit(self, light: Light) -> bool | None:
        """Whether it shines now; None when nobody can tell.

        Raises:
            C3Error: it cannot be asked, so it could not be switched either.
        """
        if light.way is Way.BAY:
            return await bay_lit(peers.shell(self._site), await self._bay(light))
        return await (await self._fleet(light)).identified(light.server)

    async def switch(self, light: Light, on: bool, *, keep: bool = False) -> None:
        """Switch it, and read it back where that can be.

        Args:
            keep: a server's LED stays lit when the engine ends; otherwise it ends with it.

        Raises:
            Refused: it was understood, and not done.
            C3Error: nobody knows whether it was done.
        """
        if light.way is Way.BAY:
            await bay_locate(peers.shell(self._site), await self._bay(light), on)
            return
        await (await self._fleet(light)).identify(light.server, on, keep=keep)

    async def _fleet(self, light: Light) -> BmcFleet:
        """The BMCs, that of a stray among them when the light is its."""
        if light.server.startswith(peers.GUEST):
            await peers.admit(self._site, self._resources, light.server)
        return await peers.bmcs(self._site, self._resources)

    async def _bay(self, light: Light) -> BayLed:
        server = self._store.get(Server, light.server)
        slot = light.slot
        if server is None or slot is None:
            raise InputError("no such server is on record", where=light.led)
        if reason := no_bay_led(server, slot):
            raise Refused(reason, where=light.led, remedy="Light the server's own LED instead")
        bay = server.bay(slot)
        return await find_bay_led(peers.shell(self._site), server.address, bay.path if bay else "", slot)
