"""Commands on parts: verdicts one by one and in bulk, their cost, marks, moves by hand, serials scanned."""

from collections.abc import Iterable, Mapping
from typing import Any

from c3tui.engine import decisions
from c3tui.engine.core import Engine
from c3tui.engine.errors import C3Error, InputError
from c3tui.engine.store import Reader
from c3tui.model.cost import Cost, cost_of
from c3tui.model.fleet import Server
from c3tui.model.plan import Plan
from c3tui.model.replacement import Decision, Kind, Phase, Replacement, Verdict
from c3tui.steps import lookin, marks, peers


async def verdict(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Decide on the part in ``bay``: ``decision`` with its ``reason``; also on the hardware."""
    given, left = await _decide(engine, [str(arguments["bay"])], arguments, who)
    if left:
        raise InputError(
            f"the decision stands, but its mark is still on the hardware: {left[0]}",
            remedy="Take the tag off in MAAS",
        )
    return {"verdict": given[0].id}


async def verdicts(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Decide on the parts in many ``bays`` alike: all, or none when one is refused.

    ``left`` in the answer are marks that could not be taken off the hardware; the decisions stand.
    """
    given, left = await _decide(engine, [str(bay) for bay in arguments["bays"]], arguments, who)
    return {"verdicts": len(given), "left": left}


async def _decide(
    engine: Engine, bays: list[str], arguments: dict[str, Any], who: str
) -> tuple[list[Verdict], list[str]]:
    before = decisions.open_marks(engine.store)
    decision, reason = Decision(arguments["decision"]), arguments.get("reason") or ""
    given = decisions.decide_many(engine.store, bays, decision, reason, who)
    after = decisions.open_marks(engine.store)
    over = [each for bay, each in before.items() if bay not in after or after[bay].id != each.id]
    return given, await _hide(engine, over, who)


async def withdraw(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Take back ``replacement`` for a ``reason``, on the hardware too."""
    mark = decisions.withdraw(engine.store, arguments["replacement"], arguments.get("reason") or "", who)
    if left := await _hide(engine, [mark], who):
        raise InputError(
            f"the decision stands, but its mark is still on the hardware: {left[0]}",
            remedy="Take the tag off in MAAS",
        )
    return {}


async def cost(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """What it would cost if the parts in ``bays`` and whole ``servers`` went out.

    ``lines`` say it in sentences; ``word`` is what is to be typed before, and empty when nothing is.
    """
    bays = [str(bay) for bay in arguments.get("bays") or []]
    servers = [str(name) for name in arguments.get("servers") or []]
    found = cost_now(engine.store, engine.site.plan, bays, servers)
    return {**found.told(), "word": engine.site.plan.site.name if found.grave else ""}


def cost_now(store: Reader, plan: Plan, bays: Iterable[str], servers: Iterable[str] = ()) -> Cost:
    """The same by the record as it stands."""
    kept = {(each.bay, each.serial) for each in store.all(Verdict) if each.keeps}
    marked = {bay for bay, each in decisions.open_marks(store).items() if each.part is Kind.DRIVE}
    return cost_of(store.all(Server), plan, bays, servers, marked=marked, accepted=kept)


async def mark(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Mark a part of ``server`` for replacement: its ``kind`` and ``place``, and for what ``reason``.

    ``serial`` and ``model`` as far as known. Of a whole server, ``drives`` is ``move`` or ``go``.
    """
    kind, server = Kind(arguments["kind"]), str(arguments["server"])
    place, reason = str(arguments.get("place") or ""), str(arguments.get("reason") or "")
    if kind is Kind.DRIVE:
        slot = place.removeprefix("bay")
        bay = f"{server}/bay{slot.zfill(2)}"
        if bay in decisions.open_marks(engine.store):
            raise InputError("it is on its way out already", where=bay, remedy="See `c3tui replacements`")
        decisions.decide(engine.store, bay, Decision.REPLACE, reason, who)
        return {"replacement": decisions.open_marks(engine.store)[bay].id}
    told = decisions.Mark(
        server,
        kind,
        place,
        reason,
        serial=str(arguments.get("serial") or ""),
        model=str(arguments.get("model") or ""),
        drives_move=_drives(arguments.get("drives")),
    )
    names = {each.name for each in engine.site.plan.servers}
    return {"replacement": decisions.mark(engine.store, told, who, names).id}


def _drives(word: object) -> bool | None:
    if not word:
        return None
    if word not in ("move", "go"):
        raise InputError(f"drives {word!r}: they move or they go")
    return word == "move"


async def part(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Bring ``replacement`` into a later ``phase`` on somebody's word, with a ``note``.

    Replaced wants the ``serial`` of the new drive, and takes its ``model``.
    """
    moved = decisions.move(
        engine.store,
        _id(engine.store, arguments["replacement"]),
        Phase(arguments["phase"]),
        str(arguments.get("note") or ""),
        who,
        serial=str(arguments.get("serial") or ""),
        model=str(arguments.get("model") or ""),
    )
    left = await _hide(engine, [moved], who) if not moved.open else []
    return {"replacement": moved.id, "phase": moved.phase.value, "left": left}


async def scan(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Pair a scanned ``serial`` with ``replacement``, or with the only part that waits for a new one."""
    paired = decisions.announce(
        engine.store, str(arguments["serial"]), who, str(arguments.get("replacement") or "")
    )
    new = paired.new.serial if paired.new else paired.announced
    return {"replacement": paired.id, "bay": paired.bay, "serial": new, "phase": paired.phase.value}


async def look(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Look over SSH what sits in the marked bays of ``servers`` that run, or of all of them."""
    servers = [str(name) for name in arguments.get("servers") or []]
    return await lookin.look(engine, servers, who)


async def note(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Write ``text`` into the journal of ``bays`` or servers."""
    text = str(arguments.get("text") or "").strip()
    if not text:
        raise InputError("an empty note says nothing")
    with engine.store.transaction(who) as transaction:
        for bay in dict.fromkeys(str(each) for each in arguments["bays"]):
            transaction.note("noted", bay, text=text)
    return {}


def _id(store: Reader, name: str) -> str:
    """A replacement's id, when its place was told instead."""
    found = decisions.open_marks(store).get(name)
    return found.id if found else name


async def _hide(engine: Engine, over: Iterable[Replacement], who: str) -> list[str]:
    """Take lights and tags away from marks that are over; what could not be, in words."""
    ctx = engine.context(engine.step("hardware"), who)
    by_server: dict[str, list[str]] = {}
    for each in over:
        by_server.setdefault(each.server, [])
        if each.part is Kind.DRIVE:
            by_server[each.server].append(each.old.serial)
    for server in by_server:
        await marks.darken(ctx, server)
    tagged = _known_to_maas(engine.store, by_server)
    if not tagged:
        return []
    try:
        maas = await peers.maas(ctx)
    except C3Error as error:
        return [f"{', '.join(tagged)}: {error.what}"]
    left = []
    for server, serials in tagged.items():
        if trouble := await marks.untag(ctx, maas, server, serials):
            left.append(f"{server}: {trouble}")
    return left


def _known_to_maas(store: Reader, by_server: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Those that may carry a tag there: MAAS has never heard of the others."""
    found = {}
    for name, serials in by_server.items():
        server = store.get(Server, name)
        if serials and server and server.system_id:
            found[name] = serials
    return found


COMMANDS = {
    "verdict": verdict,
    "verdicts": verdicts,
    "withdraw": withdraw,
    "cost": cost,
    "mark": mark,
    "part": part,
    "scan": scan,
    "look": look,
    "note": note,
}
