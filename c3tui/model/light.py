"""Lights that C3 switched on, and walks from one light to the next."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from c3tui.model.base import Document, utc_now
from c3tui.model.fleet import Server, Stage, bay_id


class Way(StrEnum):
    """Which LED it is, and by whom it is switched."""

    CHASSIS = "chassis"
    """The identify LED of a server, by its BMC."""
    BAY = "bay"
    """The locate LED of a bay, in band: IPMI knows none."""


class Why(StrEnum):
    """What a light is for."""

    WALK = "walk"
    HAND = "hand"
    REPLACEMENT = "replacement"


class Light(Document):
    """One reason for which an LED is lit; it goes dark with the last one.

    On record before the LED is lit, and until it was seen dark again, so that no crash loses one.
    """

    kind = "light"

    server: str
    slot: int | None = None
    """The bay, where it is a bay's."""
    way: Way = Way.CHASSIS
    why: Why
    owner: str = ""
    """The walk or the replacement; empty when lit by hand."""
    by: str
    since: datetime = Field(default_factory=utc_now)
    found_lit: bool = False
    """It shone before C3 was asked to: somebody else lit it, and it is left to them."""
    going: bool = False
    """It is to go dark, and could not be switched off so far."""
    trouble: str = ""
    """Why not, in one sentence."""

    @property
    def led(self) -> str:
        """The LED's name across the site: a server's, or a bay's."""
        return led_name(self.server, self.slot)


def new_light(led: str, why: Why, owner: str, by: str) -> Light:
    """A light on an LED named as in :attr:`Light.led`."""
    server, slot = split_led(led)
    way = Way.CHASSIS if slot is None else Way.BAY
    return Light(id=f"{led}#{why}:{owner}", server=server, slot=slot, way=way, why=why, owner=owner, by=by)


def led_name(server: str, slot: int | None) -> str:
    """``c3-001``, or ``c3-001/bay03``."""
    return server if slot is None else bay_id(server, slot)


def split_led(led: str) -> tuple[str, int | None]:
    """The server and the slot of an LED's name.

    Raises:
        ValueError: it is no such name.
    """
    server, found, slot = led.partition("/bay")
    return server, int(slot) if found else None


class Stop(BaseModel):
    """A place that a walk leads to, as one reads it off the labels."""

    server: str
    slot: int | None = None
    rack: str
    unit: int
    serial: str = ""
    drive_serial: str = ""
    drive_model: str = ""
    drive_size: int = 0
    """Bytes."""
    reason: str = ""
    """Why somebody should go there, where that is on record."""

    @property
    def led(self) -> str:
        """The LED that would be the right one."""
        return led_name(self.server, self.slot)


def in_order(stops: Iterable[Stop]) -> list[Stop]:
    """As one walks past them: rack, unit, bay; each once."""
    unique = {stop.led: stop for stop in stops}
    return sorted(
        unique.values(),
        key=lambda stop: (stop.rack, stop.unit, stop.server, -1 if stop.slot is None else stop.slot),
    )


def no_bay_led(server: Server, slot: int) -> str:
    """Why the LED of a bay cannot be lit now; empty when it may be tried."""
    bay = server.bay(slot)
    if not server.stage.reached(Stage.DEPLOYED) or not server.address:
        return f"a bay's LED is lit in band only, and {server.name} is not deployed"
    if bay is None:
        return f"{server.name} has no bay {slot}"
    return ""
