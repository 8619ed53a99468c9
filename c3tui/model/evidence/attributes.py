"""ATA attributes: raw values as their vendors pack them, and wear out of normalised values."""

import re
from collections.abc import Iterable

from c3tui.model.evidence.terms import Attribute
from c3tui.model.evidence.wire import Picker, Tree

LARGEST_COUNT = 2**32 - 1
"""A plain raw value beyond this is several numbers packed into 48 bits."""

COUNTS: dict[int, str] = {
    4: "start_stops",
    5: "reallocated",
    10: "spin_retries",
    12: "cycles",
    184: "end_to_end",
    187: "reported_uncorrectable",
    188: "command_timeouts",
    196: "reallocation_events",
    197: "pending",
    198: "offline_uncorrectable",
    199: "crc_errors",
}
"""Attributes that mean one thing with every vendor that has them."""

_NAMED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Unsafe_Shutdown|Unexpect_Power_Loss", re.I), "unsafe_shutdowns"),
    (re.compile(r"^Program_Fail", re.I), "program_fails"),
    (re.compile(r"^Erase_Fail", re.I), "erase_fails"),
    (re.compile(r"^Helium_Level", re.I), "helium"),
)
_SHARED_NUMBERS = {
    5: re.compile(r"Realloc|Retired|Bad_Bl|Unknown", re.I),
    184: re.compile(r"End-?_?to-?_?End|Unknown", re.I),
    188: re.compile(r"Command_Time|Unknown", re.I),
    196: re.compile(r"Realloc|Unknown", re.I),
}
"""Numbers that some solid state drives use for other things, told by the name of smartctl's database."""

_WEAR = re.compile(
    r"(SSD|Drive|Rated|Percent)?_?(Life(time)?|PCT_Life)_?(Left|Remain|Used)|Remaining_Life|Life_Remain"
    r"|Media_Wearout|^Wear_?Level",
    re.I,
)
_SPARE = re.compile(r"Available_Reservd|Avail_Resrvd|Reserved_Block_P", re.I)
_WEAR_IDS = (169, 173, 177, 202, 231, 232, 233, 245, 248, 249)

_FIRST_NUMBER = re.compile(r"\d+")
_WORDS = re.compile(r"\d+(?: \d+){2,5}")
_CLOCK = re.compile(r"(\d+)\s*h", re.I)


def read_attributes(picker: Picker, report: Tree) -> tuple[Attribute, ...]:
    """The table of a report."""
    rows = picker.rows(report, "ata_smart_attributes", "table")
    return tuple(each for row in rows if (each := _attribute(picker, row)))


def _attribute(picker: Picker, row: Tree) -> Attribute | None:
    number, value = picker.whole(row, "id", most=255), picker.whole(row, "value", most=255)
    raw = picker.node(row, "raw")
    counted, failed = picker.whole(raw, "value"), picker.text(row, "when_failed")
    made = Attribute(
        id=number or 0,
        name=picker.text(row, "name"),
        value=value or 0,
        worst=picker.whole(row, "worst", most=255),
        threshold=picker.whole(row, "thresh", most=255),
        prefail=picker.flag(row, "flags", "prefailure") or False,
        failed="now" if failed == "now" else "past" if failed == "past" else "",
        raw=counted,
        raw_text=picker.text(raw, "string"),
    )
    if number is None or value is None or counted is None:
        picker.damaged.append("a row of ata_smart_attributes lacks its id, value or raw value")
        return None
    return made


def count(picker: Picker, attribute: Attribute) -> int | None:
    """The number that an attribute counts, out of the vendor's raw format (smartctl(8), ``-v``).

    Where value and text of a plain count disagree, the worse of the two holds.
    """
    text, raw = attribute.raw_text, attribute.raw or 0
    if text.startswith("0x"):
        return _plain(picker, attribute, raw)
    if _WORDS.fullmatch(text):
        return raw & 0xFFFF
    if text.isdecimal() or not text:
        shown = int(text) if text and len(text) < 21 else raw
        return _plain(picker, attribute, raw if shown == raw or shown < raw <= 0xFFFFFF else shown)
    first = _FIRST_NUMBER.match(text)
    return int(first.group()) if first and len(first.group()) < 11 else _plain(picker, attribute, raw)


def _plain(picker: Picker, attribute: Attribute, raw: int) -> int | None:
    if raw <= LARGEST_COUNT:
        return raw
    if attribute.id == 188:
        # Seagate packs three 16-bit counts; the lowest is all timeouts, the others the slower ones of them.
        return raw & 0xFFFF
    picker.doubt(f"{attribute.id} {attribute.name}", f"{raw} is no count")
    return None


def hours(attribute: Attribute) -> int | None:
    """Power-on hours of attribute 9: plain, packed with minutes, or as ``12345h+23m+08.6s``."""
    text, raw = attribute.raw_text, attribute.raw or 0
    if clock := _CLOCK.match(text):
        return int(clock.group(1)[:10])
    if not text.isdecimal() and (first := _FIRST_NUMBER.match(text)):
        return int(first.group()[:10])
    # Seagate keeps milliseconds or fractions in the upper half.
    return raw if raw <= LARGEST_COUNT else raw & LARGEST_COUNT


def counts(picker: Picker, attributes: Iterable[Attribute]) -> dict[str, int]:
    """What the attributes count, by common term."""
    found: dict[str, int] = {}
    for each in attributes:
        term = _term(each)
        value = count(picker, each) if term else None
        if term and value is not None:
            found[term] = value
    return found


def _term(attribute: Attribute) -> str:
    if term := COUNTS.get(attribute.id):
        named = _SHARED_NUMBERS.get(attribute.id)
        return term if not attribute.name or named is None or named.search(attribute.name) else ""
    if attribute.id == 22 or attribute.id > 169:
        return next((term for pattern, term in _NAMED if pattern.search(attribute.name)), "")
    return ""


def wear(attributes: Iterable[Attribute]) -> int | None:
    """Percent of endurance used, out of the normalised values that fall from 100 to 0.

    The name decides, since one number means different things with different vendors: 233 is Intel's wear and
    others' writes, 202 Micron's wear and others' address marks, 231 a life left or a temperature. Of several
    the most worn holds.
    """
    used = [
        100 - each.value
        for each in attributes
        if each.id in _WEAR_IDS and each.value <= 100 and _WEAR.search(each.name)
    ]
    return max(used, default=None)


def spare(attributes: Iterable[Attribute]) -> tuple[int, int | None] | None:
    """Percent of spare blocks left and the drive's threshold, where an attribute keeps them normalised."""
    found = [
        (each.value, each.threshold or None)
        for each in attributes
        if each.id in (170, 180, 232) and each.value <= 100 and _SPARE.search(each.name)
    ]
    return min(found, key=lambda each: each[0], default=None)


def temperature(attributes: Iterable[Attribute]) -> int | None:
    """Celsius of attribute 194 or 190; the raw value packs extremes above its lowest byte."""
    known = {each.id: each for each in attributes if each.id in (194, 190) and "emp" in each.name}
    for number in (194, 190):
        if (found := known.get(number)) and (first := _FIRST_NUMBER.match(found.raw_text)):
            return int(first.group()[:4])
    return None
