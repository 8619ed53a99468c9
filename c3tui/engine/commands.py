"""The commands every engine understands. Steps add those that reach for the hardware."""

from typing import Any

from c3tui.engine import decisions
from c3tui.engine.core import Command, Engine
from c3tui.engine.errors import InputError
from c3tui.model.replacement import Decision


async def run(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Start a step: ``step``, and ``confirm`` where it destroys something."""
    begun, _ = engine.begin(arguments["step"], who, arguments.get("confirm") or "")
    return {"run": begun.id}


async def stop(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Stop ``run``: after what it is doing, or ``now``."""
    engine.stop(arguments.get("run") or "", bool(arguments.get("now")))
    return {}


async def check(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Look at one ``step``."""
    checked = await engine.check(arguments["step"], who)
    return {
        "done": checked.done,
        "summary": checked.summary,
        "missing": checked.missing,
        "findings": [found.id for found in checked.findings],
    }


async def destroys(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """What running ``step`` would destroy, and the word that confirms it."""
    victims = await engine.destroys(arguments["step"], who)
    return {"victims": victims, "word": engine.site.plan.site.name}


async def verdict(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Decide on the drive in ``bay``: ``decision`` with its ``reason``."""
    decision = Decision(arguments["decision"])
    given = decisions.decide(engine.store, arguments["bay"], decision, arguments.get("reason") or "", who)
    return {"verdict": given.id}


async def note(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Write ``text`` into the journal of ``bays``, beside the drive that sits in each; all or none."""
    text = str(arguments.get("text") or "").strip()
    if not text:
        raise InputError("a note wants words")
    found = [(bay, decisions.find_bay(engine.store, bay)[1].drive) for bay in arguments["bays"]]
    with engine.store.transaction(who) as transaction:
        for bay, drive in found:
            transaction.note("noted", bay, serial=drive.serial if drive else "", text=text)
    return {}


async def waive(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Waive ``finding`` for a ``reason``."""
    decisions.waive(engine.store, arguments["finding"], arguments.get("reason") or "", who)
    return {}


async def withdraw(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Take back ``replacement`` for a ``reason``."""
    decisions.withdraw(engine.store, arguments["replacement"], arguments.get("reason") or "", who)
    return {}


async def edit(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Change the plan: ``changes`` by dotted path."""
    engine.edit(arguments["changes"], who)
    return {}


async def reload(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Read plan and secrets again."""
    engine.reload(who)
    return {}


COMMANDS: dict[str, Command] = {
    "run": run,
    "stop": stop,
    "check": check,
    "destroys": destroys,
    "verdict": verdict,
    "note": note,
    "waive": waive,
    "withdraw": withdraw,
    "edit": edit,
    "reload": reload,
}

READ_ONLY = frozenset({"check", "destroys", "watch", "walk-end", "cost"})
"""Commands that a viewer without control may give."""
