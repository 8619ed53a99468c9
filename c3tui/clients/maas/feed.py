"""MAAS's event log as a feed: which machines something happened to since the last look."""

from c3tui.clients.maas.inventory import PAGE, Inventory
from c3tui.clients.maas.records import Event

MOST_PAGES = 10
"""Pages of the log that are caught up with; after a longer silence everything is looked at instead."""


class Feed:
    """Follows the event log from the moment of its first look on.

    Not everything about a machine makes an event (a deletion makes none), so a feed says what to read
    again at once, never what may be left unread for ever.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._cursor: int | None = None

    async def news(self) -> list[Event] | None:
        """Events since the last look, oldest first; None when anything may have happened.

        Raises:
            PeerError: MAAS refuses or does not answer; nothing is lost for the next look.
        """
        if self._cursor is None:
            self._cursor = await self._inventory.last_event()
            return None
        found: list[Event] = []
        for _ in range(MOST_PAGES):
            page = await self._inventory.events(self._cursor)
            found += page
            self._cursor = max((event.id for event in page), default=self._cursor)
            if len(page) < PAGE:
                return found
        self._cursor = await self._inventory.last_event()
        return None
