"""The walk list: parts on their way out, in the order one walks past them, as text and as pages of paper."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from textwrap import wrap
from typing import Any

from pydantic import BaseModel

from c3tui.model.fleet import Server
from c3tui.model.light import Light
from c3tui.model.replacement import Kind, Phase, Replacement

WIDTH = 80
PAGE_LINES = 60
"""Of a sheet (A4 and Letter alike) as plain text is printed on it."""
FORM_FEED = "\f"
COLUMNS = (
    "rack", "unit", "server", "place", "part", "serial", "model", "tb", "led", "phase", "reason", "new",
)  # fmt: skip
_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"))


class Errand(BaseModel):
    """One line of the list: where to go and what to do there."""

    id: str
    bay: str
    rack: str
    unit: int
    server: str
    place: str
    """Within the server; empty for the whole of it."""
    part: Kind
    serial: str
    model: str
    size: int
    """Bytes; 0 when it is not known, or means nothing."""
    led: str
    """What shines: ``bay``, ``server``, ``may be lit`` or ``off``."""
    phase: Phase
    reason: str
    new: str
    """Serial that was seen in its place, or that somebody scanned."""
    note: str = ""
    """What else one must know before the part is touched."""

    @property
    def row(self) -> dict[str, Any]:
        """Every field, and the size in TB, for scripts."""
        return {**self.model_dump(mode="json"), "tb": round(self.size / 1e12, 2) if self.size else None}


IN_PRODUCTION = "in production: drain its OSD first; C3 touches nothing there"
DRIVES_MOVE = "its drives move into the new server, each into the same bay"
DRIVES_GO = "its drives go with it"


def walk_list(
    replacements: Iterable[Replacement], servers: Mapping[str, Server], lights: Iterable[Light] = ()
) -> list[Errand]:
    """The list by rack, unit and bay.

    Args:
        servers: by name; a part of one that is not on record comes first, without a rack.
        lights: what C3 has lit, by its own record.
    """
    shining: dict[str, list[Light]] = {}
    for light in lights:
        shining.setdefault(light.led, []).append(light)
    ordered = sorted(replacements, key=lambda each: (*_where(each, servers), each.server, each.order))
    return [_errand(each, servers, shining) for each in ordered]


def _where(replacement: Replacement, servers: Mapping[str, Server]) -> tuple[str, int]:
    server = servers.get(replacement.server)
    return (server.rack, server.unit) if server else ("", 0)


def _errand(
    each: Replacement, servers: Mapping[str, Server], shining: Mapping[str, Sequence[Light]]
) -> Errand:
    server = servers.get(each.server)
    rack, unit = _where(each, servers)
    note = ""
    if each.drives_move is not None:
        note = DRIVES_MOVE if each.drives_move else DRIVES_GO
    elif server and server.in_production and each.part is Kind.DRIVE:
        note = IN_PRODUCTION
    return Errand(
        id=each.id,
        bay=each.bay,
        rack=_plain(rack),
        unit=unit,
        server=each.server,
        place=_plain(each.place),
        part=each.part,
        serial=_plain(each.old.serial),
        model=_plain(each.old.model),
        size=each.old.size,
        led=_led(each, shining),
        phase=each.phase,
        reason=_plain(each.reason),
        new=_plain(each.new.serial if each.new else each.announced),
        note=note,
    )


def _led(each: Replacement, shining: Mapping[str, Sequence[Light]]) -> str:
    for word, led in (("bay", each.led if each.slot is not None else ""), ("server", each.server)):
        if lights := shining.get(led):
            return word if any(not light.going for light in lights) else "may be lit"
    return "off"


def _plain(text: str) -> str:
    """What came off a label or out of MAAS, as far as every printer has it."""
    return "".join(char if char.isprintable() and ord(char) < 0x100 else "?" for char in text)


def size(count: int) -> str:
    """Bytes in the decimal units that drives are sold in; empty when not known."""
    for factor, unit in _UNITS:
        if count >= factor:
            value = count / factor
            return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"
    return ""


def text(errands: Sequence[Errand], title: str = "") -> str:
    """The list as text of 80 columns, rack by rack."""
    lines = [title, ""] if title else []
    for rack, found in groupby(errands, key=lambda each: each.rack):
        some = list(found)
        lines.append(f"Rack {rack or '?'}: {_counted(len(some))}")
        for each in some:
            lines += _entry(each)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n" if lines else ""


def _entry(each: Errand) -> Iterator[str]:
    place = f"{each.server} {each.place}".rstrip()
    what = " ".join(part for part in (each.part.value, each.model, size(each.size)) if part)
    head = f"  u{each.unit:02d} {place:<18} {each.serial or '(no serial)':<20}"
    yield f"{head} {each.phase:<9} LED {each.led}"[:WIDTH].rstrip()
    yield from _folded(f"{what}: {each.reason}", "      ")
    if each.new:
        yield from _folded(f"new: {each.new}", "      ")
    if each.note:
        yield from _folded(each.note, "      ")


def pages(errands: Sequence[Errand], title: str = "", lines: int = PAGE_LINES) -> str:
    """The list for the clipboard: a page for each rack, boxes to tick, room for the new serials.

    Pages end with a form feed; a rack that is too long for one goes on on the next.
    """
    sheets: list[str] = []
    for rack, found in groupby(errands, key=lambda each: each.rack):
        some = list(found)
        blocks = [list(_block(each)) for each in some]
        split = list(_fill(blocks, lines - len(_head("", "", 1, 1)) - 2))
        for number, part in enumerate(split, 1):
            head = _head(title, f"Rack {rack or '?'}: {_counted(len(some))}", number, len(split))
            sheets.append("\n".join([*head, *(line for block in part for line in block), *_foot()]))
    return FORM_FEED.join(sheets) + "\n" if sheets else ""


def _fill(blocks: Sequence[list[str]], room: int) -> Iterator[list[list[str]]]:
    """Blocks on pages, none cut in two."""
    page: list[list[str]] = []
    for block in blocks:
        if page and sum(map(len, page)) + len(block) > room:
            yield page
            page = []
        page.append(block)
    if page:
        yield page


def _head(title: str, rack: str, number: int, count: int) -> list[str]:
    page = f"page {number} of {count}" if count > 1 else ""
    return [f"{rack:<{WIDTH - 14}}{page:>14}".rstrip(), _plain(title)[:WIDTH], "=" * WIDTH]


def _foot() -> list[str]:
    return ["Name _______________________   Date ____________   all LEDs of this rack off [ ]"]


def _block(each: Errand) -> Iterator[str]:
    place = f"u{each.unit:02d}  {each.server}  {each.place or 'the whole server'}"
    yield f"[ ] {place:<44} LED {each.led:<11} {each.phase}"[:WIDTH].rstrip()
    what = " ".join(part for part in (each.part.value, each.model, size(each.size)) if part)
    yield f"    out  {each.serial or '(no serial known)':<24} {what}"[:WIDTH]
    yield from _folded(each.reason, "    why  ", "         ")
    if each.note:
        yield from _folded(each.note, "    !    ", "         ")
    yield f"    in   {each.new or '_' * 30:<32} serials compared [ ]   seated [ ]"
    yield ""


def _folded(words: str, first: str, rest: str = "") -> list[str]:
    return wrap(
        words, WIDTH, initial_indent=first, subsequent_indent=rest or first, max_lines=3, placeholder=" ..."
    )


def _counted(count: int) -> str:
    return f"{count} part{'' if count == 1 else 's'}"
