"""What servers and drives can be asked for by key, in tables and on the command line alike."""

import time
from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from c3tui.model.evidence.judgement import Klass
from c3tui.model.fleet import Bay, BmcReading, Power, Server, TestState, bay_id
from c3tui.model.query import Facets, Value
from c3tui.model.replacement import Replacement, Verdict

T = TypeVar("T")
R = TypeVar("R")


class SeenServer(Protocol):
    """A server with what its BMC said last."""

    @property
    def server(self) -> Server:
        """The server."""
        ...

    @property
    def bmc(self) -> BmcReading | None:
        """The latest reading, if there is one."""
        ...


class SeenJudgement(Protocol):
    """What was made of a drive."""

    @property
    def klass(self) -> Klass:
        """The class."""
        ...

    @property
    def firmware(self) -> str:
        """Of the drive, as it says itself."""
        ...

    def number(self, term: str) -> float | None:
        """A number of the evidence, by its term; None when it was not said."""
        ...


class SeenBay(Protocol):
    """A bay of a server with what was made of the drive in it, and what was decided on it."""

    @property
    def server(self) -> Server:
        """The server the bay is in."""
        ...

    @property
    def bay(self) -> Bay:
        """The bay, and the drive in it."""
        ...

    @property
    def judged(self) -> SeenJudgement | None:
        """The judgement on this very drive, if there is one."""
        ...

    @property
    def verdict(self) -> Verdict | None:
        """The decision on the drive."""
        ...

    @property
    def replacement(self) -> Replacement | None:
        """How far the drive is on its way out."""
        ...


def through(get: Callable[[T], R], facets: Facets[R]) -> dict[str, Callable[[T], Value]]:
    """The facets of a part, asked of the whole it is in."""

    def bound(ask: Callable[[R], Value]) -> Callable[[T], Value]:
        return lambda whole: ask(get(whole))

    return {key: bound(ask) for key, ask in facets.items()}


def _bmc(row: SeenServer) -> Value:
    if row.bmc and row.bmc.stale(time.time()):
        return "stale"
    return row.bmc.state.value if row.bmc else None


def _power(row: SeenServer) -> Value:
    return row.bmc.power.value if row.bmc and row.bmc.power is not Power.UNKNOWN else None


def _light(row: SeenServer) -> Value:
    if row.bmc is None or row.bmc.identify is None:
        return None
    return "fault" if row.bmc.fault else "on" if row.bmc.identify else "off"


def _inlet(row: SeenServer) -> Value:
    return row.bmc.inlet_c if row.bmc else None


def _fans(row: SeenServer) -> Value:
    return min(row.bmc.fans_rpm) if row.bmc and row.bmc.fans_rpm else None


def _age(row: SeenServer) -> Value:
    """Seconds since the BMC was read."""
    return max(0.0, time.time() - row.bmc.at.timestamp()) if row.bmc and row.bmc.at else None


SERVER: Mapping[str, Callable[[SeenServer], Value]] = {
    "rack": lambda row: row.server.rack,
    "stage": lambda row: row.server.stage.value,
    "state": lambda row: "failed" if row.server.trouble else "ok",
    "bmc": _bmc,
    "power": _power,
    "temp": _inlet,
    "led": _light,
    "server": lambda row: row.server.name,
    "unit": lambda row: float(row.server.unit),
    "serial": lambda row: row.server.serial,
    "fans": _fans,
    "sel": lambda row: row.bmc.sel_entries if row.bmc else None,
    "age": _age,
    "drives": lambda row: float(len(row.server.drives())),
}
"""The keys of servers, those asked for most in front."""


def _test(row: SeenBay) -> Value:
    return row.bay.drive.test.value if row.bay.drive else None


def _state(row: SeenBay) -> Value:
    """Failed, whether the drive is bad or the server it is in; else what the tests say."""
    if row.server.trouble or (row.bay.drive and row.bay.drive.test is TestState.FAILED):
        return "failed"
    return _test(row) or "empty"


def _verdict(row: SeenBay) -> Value:
    if row.replacement and row.replacement.open:
        return row.replacement.phase.value
    if row.verdict is None:
        return None
    return "asked again" if row.verdict.asked_again else row.verdict.decision.value


CLASSES = {
    TestState.PASSED: Klass.GOOD,
    TestState.FAILED: Klass.REPLACE,
    TestState.NOT_TESTED: Klass.NOT_TESTED,
}
"""What a drive counts as while nothing was made of its evidence; one under test counts as nothing."""


def class_of(row: SeenBay) -> Klass | None:
    """The class of the drive in a bay; None for an empty bay, and while a first test runs."""
    if row.bay.drive is None:
        return None
    return row.judged.klass if row.judged else CLASSES.get(row.bay.drive.test)


def _class(row: SeenBay) -> Value:
    klass = class_of(row)
    return klass.value if klass else None


def _number(*terms: str) -> Callable[[SeenBay], Value]:
    """The first of these terms that the evidence has."""

    def get(row: SeenBay) -> Value:
        if row.judged is None:
            return None
        known = (row.judged.number(term) for term in terms)
        return next((value for value in known if value is not None), None)

    return get


def _kind(row: SeenBay) -> Value:
    return ("hdd" if row.bay.drive.rotational else "ssd") if row.bay.drive else None


DRIVE: Mapping[str, Callable[[SeenBay], Value]] = {
    "rack": lambda row: row.server.rack,
    "class": _class,
    "wear": _number("wear_percent"),
    "verdict": _verdict,
    "model": lambda row: row.bay.drive.model if row.bay.drive else None,
    "temp": _number("temperature_c"),
    "size": lambda row: float(row.bay.drive.size) if row.bay.drive else None,
    "hours": _number("hours"),
    "server": lambda row: row.server.name,
    "serial": lambda row: row.bay.drive.serial if row.bay.drive else None,
    "realloc": _number("reallocated", "grown_defects"),
    "pending": _number("pending"),
    "errors": _number("uncorrectable", "media_errors"),
    "crc": _number("crc_errors"),
    "fw": lambda row: row.judged.firmware if row.judged else None,
    "use": lambda row: row.bay.drive.use.value if row.bay.drive else None,
    "state": _state,
    "kind": _kind,
    "test": _test,
    "slot": lambda row: float(row.bay.slot),
    "bay": lambda row: bay_id(row.server.name, row.bay.slot),
    "stage": lambda row: row.server.stage.value,
}
"""The keys of drives, those asked for most in front."""
