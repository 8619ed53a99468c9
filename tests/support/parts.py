"""A small fleet on record, and judgements on its drives."""

from pathlib import Path
from typing import Any

from c3tui.engine.site import Site
from c3tui.engine.store import Store
from c3tui.model.evidence.judgement import Judgement, Klass, Reason, conclude
from c3tui.model.fleet import Bay, Drive, Server, Stage, TestState, Use
from c3tui.model.judged import Judged, judged
from tests.support.plans import write_site

BYTES = 16_000_900_661_248


def server(n: int, *, rack: str = "r01", bays: int = 4, **more: Any) -> Server:
    """A tested server; its first drive is the system's."""
    name = f"c3-{n:03d}"
    drives = [
        Drive(
            serial=f"ZL2{n:03d}{slot:02d}",
            model="ST16000NM001G" if slot else "INTEL SSD",
            size=BYTES if slot else 480_103_981_056,
            rotational=slot > 0,
            use=Use.DATA if slot else Use.SYSTEM,
            test=TestState.PASSED,
        )
        for slot in range(bays)
    ]
    here = [
        Bay(slot=slot, path=f"/dev/disk/by-path/phy{slot}", drive=each) for slot, each in enumerate(drives)
    ]
    values = {"unit": 2 * n - 1, "serial": f"SRV{n:04d}", "stage": Stage.TESTED, "bays": here} | more
    return Server(id=name, name=name, rack=rack, **values)


def fleet(directory: Path, servers: int = 4, **more: Any) -> tuple[Site, Store]:
    """A site with so many servers on record."""
    site = Site.load(write_site(directory), {})
    store = Store.open(site.files.database)
    put(store, *(server(n, rack="r01" if n < 3 else "r02", **more) for n in range(1, servers + 1)))
    return site, store


def put(store: Store, *documents: Any) -> None:
    """Put documents on record."""
    with store.transaction("test") as transaction:
        for document in documents:
            transaction.put(document)


def judgement(klass: Klass, *rules: str) -> Judgement:
    """A judgement for such reasons."""
    return conclude([Reason(rule=rule, klass=klass, text=f"{rule} says so") for rule in rules], "sound")


def judged_as(bay: str, serial: str, klass: Klass, *rules: str, **known: Any) -> Judged:
    """What was made of the drive in a bay."""
    name, _, slot = bay.partition("/bay")
    return judged(bay, name, int(slot), serial, judgement(klass, *rules), **known)
