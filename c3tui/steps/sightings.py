"""What was seen in marked bays, held against their marks: gone, back again, another, in the wrong place."""

from collections.abc import Collection

from c3tui.engine import decisions
from c3tui.engine.step import Context
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.fleet import Drive, Server, TestState, Use, bay_id
from c3tui.model.replacement import Decision, Kind, Part, Phase, Replacement

SMALLER = "replacement.smaller"
SAME = "replacement.same-drive"
OTHER = "replacement.not-announced"
WRONG_BAY = "replacement.wrong-bay"
OF_THE_MARK = (SMALLER, SAME)
"""Over as soon as a drive that fits is in the bay."""


class Sightings:
    """Brings marks as far as what was seen allows; each move is one transaction with its journal line."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def compare(self, mark: Replacement, drive: Drive | None) -> Replacement:
        """Take note of what sits in a marked bay now."""
        if drive is None:
            if mark.phase in (Phase.MARKED, Phase.LOCATED):
                return self.move(mark, Phase.PULLED, f"{mark.old.serial} is gone, the bay is empty")
            return mark
        if drive.serial == mark.old.serial:
            self._same(mark)
            return mark
        if drive.serial in mark.beside.values() or not self._large_enough(mark, drive):
            # One from another bay of this server is no new drive: that is a mix-up.
            return mark
        for check in OF_THE_MARK:
            self._ctx.fixed(check, mark.bay)
        self._as_announced(mark, drive)
        if mark.new and mark.new.serial == drive.serial:
            return mark
        new = Part(serial=drive.serial, model=drive.model, size=drive.size)
        return self.move(mark, Phase.REPLACED, f"{mark.old.serial} out, {drive.serial} in", new)

    def _same(self, mark: Replacement) -> None:
        """Still there or there again: which, only a bay that was seen empty or a scanned label tells."""
        new = mark.announced or (mark.new.serial if mark.new else "")
        if mark.gone or new:
            scanned = f", not {new}" if new else ""
            message = f"the marked drive {mark.old.serial} is back in the bay{scanned}"
            severity, remedy = Severity.WARNING, "Pull it again and put a new one in; or withdraw the mark"
        else:
            message = f"the marked drive {mark.old.serial} is still in the bay, or was put back"
            severity, remedy = Severity.INFO, "Swap it: see the walk list"
        self._ctx.find(finding(SAME, mark.bay, "hardware", severity, message, remedy))

    def _large_enough(self, mark: Replacement, drive: Drive) -> bool:
        if drive.use is Use.SYSTEM or drive.size >= mark.old.size:
            return True
        self._ctx.fixed(SAME, mark.bay)
        message = f"new drive {drive.serial} has {drive.size} bytes, the old one had {mark.old.size}"
        remedy = "Put in one at least as large"
        self._ctx.find(finding(SMALLER, mark.bay, "hardware", Severity.CRITICAL, message, remedy))
        return False

    def _as_announced(self, mark: Replacement, drive: Drive) -> None:
        if not mark.announced or mark.announced.casefold() == drive.serial.casefold():
            self._ctx.fixed(OTHER, mark.bay)
            return
        message = f"{mark.announced} was scanned for this bay, and {drive.serial} sits in it"
        remedy = (
            f"See where {mark.announced} went: two drives may have been mixed up. Then scan again, or waive"
        )
        self._ctx.find(finding(OTHER, mark.bay, "hardware", Severity.WARNING, message, remedy))

    def mixed_up(self, server: Server) -> list[str]:
        """Bays from which a drive was taken that nobody marked, while the marked one is still in its own.

        They are told by what sat beside the marked drive when it was marked, so a crash loses none.
        """
        marks = self._marks(server.name)
        waiting = [each for each in marks if each.open and _still_here(server, each)]
        out = {(each.slot, each.old.serial) for each in marks if each.phase is not Phase.WITHDRAWN}
        found: dict[str, Finding] = {}
        for mark in waiting:
            for slot, serial in mark.beside.items():
                now = bay.drive if (bay := server.bay(slot)) else None
                if (now and now.serial == serial) or (slot, serial) in out:
                    continue
                name = bay_id(server.name, slot)
                found[name] = _wrong_bay(server, mark, slot, serial, now)
        for each in found.values():
            self._ctx.find(each)
        self._over(server, found)
        return sorted(found)

    def _over(self, server: Server, still: Collection[str]) -> None:
        """Mix-ups that are put right: nothing marked is left in its bay, or the right drive is back."""
        for known in self._ctx.store.all(Finding):
            here = known.subject.partition("/")[0] == server.name
            if known.check == WRONG_BAY and here and known.subject not in still:
                if known.state is not FindingState.FIXED:
                    self._ctx.fixed(WRONG_BAY, known.subject)

    def close(self, server: Server) -> None:
        """End the marks whose new drive was tested: it is in use, or goes out again."""
        for mark in self._marks(server.name):
            bay = server.bay(mark.slot) if mark.slot is not None else None
            if not (mark.open and mark.new and bay and bay.drive and bay.drive.serial == mark.new.serial):
                continue
            if bay.drive.test is TestState.PASSED:
                retested = self.move(mark, Phase.RETESTED, bay.drive.test_detail)
                self.move(retested, Phase.CLOSED, f"{mark.new.serial} is in use")
            elif bay.drive.test is TestState.FAILED:
                self._failed_too(mark, bay.drive)

    def _failed_too(self, mark: Replacement, drive: Drive) -> None:
        why = f"{drive.serial} failed too: {drive.test_detail}"
        self._ctx.say(f"{mark.bay} closed: {why}", mark.server, "error")
        # A verdict on the new drive ends the mark on the old one, in the same transaction.
        decisions.decide(self._ctx.store, mark.bay, Decision.REPLACE, why, self._ctx.who)

    def move(self, mark: Replacement, phase: Phase, detail: str, new: Part | None = None) -> Replacement:
        """A mark in its next phase, said and recorded."""
        moved = decisions.advanced(mark, phase, detail, new)
        self._ctx.save(moved, note=f"drive {phase}", subject=mark.bay, detail=detail)
        self._ctx.say(f"{mark.bay} {phase}: {detail}", mark.server)
        return moved

    def _marks(self, server: str) -> list[Replacement]:
        return [
            each
            for each in self._ctx.store.all(Replacement)
            if each.server == server and each.part is Kind.DRIVE
        ]


def _still_here(server: Server, mark: Replacement) -> bool:
    """Whether the marked drive is in its server, be it in another bay."""
    return any(drive.serial == mark.old.serial for _, drive in server.drives())


def _wrong_bay(server: Server, mark: Replacement, slot: int, serial: str, now: Drive | None) -> Finding:
    name = bay_id(server.name, slot)
    instead = f"{now.serial} sits there" if now else "that bay is empty"
    moved = _where(server, serial)
    there = next(
        (bay_id(server.name, bay.slot) for bay, each in server.drives() if each.serial == mark.old.serial),
        mark.bay,
    )
    message = (
        f"{serial} was taken out of {name} and {instead}, while the marked drive {mark.old.serial} "
        f"is still in {there}{moved}"
    )
    remedy = (
        f"Put {serial} back into bay {slot:02d}, then pull {mark.old.serial} out of bay {mark.slot:02d} "
        "and put the new drive there"
    )
    return finding(WRONG_BAY, name, "hardware", Severity.CRITICAL, message, remedy)


def _where(server: Server, serial: str) -> str:
    for bay, drive in server.drives():
        if drive.serial == serial:
            return f"; it is in {bay_id(server.name, bay.slot)} now"
    return ""
