"""The lines that are always there: title on top; findings, status and keys at the bottom."""

import time
from collections.abc import Sequence

from textual.geometry import Size

from c3tui.model.finding import Severity
from screens.session import Session
from screens.signs import SEVERITIES, Span
from screens.widgets.paint import Painted, clip, width_of
from screens.words import counted

SHOWN_KEYS = {
    "question_mark": "?",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "delete": "Del",
}


def key_name(key: str, display: str | None = None) -> str:
    """A key as it is printed on the keyboard."""
    if display:
        return display
    return SHOWN_KEYS.get(key, key.upper() if len(key) > 1 else key)


class TitleBar(Painted):
    """Where am I, on which site, and who holds control."""

    def __init__(self, session: Session, where: str) -> None:
        super().__init__()
        self._session = session
        self.where = where

    def spans(self, y: int) -> Sequence[Span]:
        """The title."""
        site = self._session.site.plan.site.name
        left: list[Span] = [(f" C3 {site}", "strong"), (f"  {self.where}", "")]
        right = self._control()
        gap = self.size.width - width_of(left) - len(right[0]) - 1
        return clip([*left, (" " * max(1, gap), ""), right], self.size.width)

    def _control(self) -> Span:
        link = self._session.link
        if self._session.lost:
            return "ENGINE GONE: record only (t attaches)", "bad"
        if self._session.record_error:
            return self._session.record_error, "bad"
        if link.in_control:
            return "you have control", "good"
        if link.holder:
            return f"watching: {link.holder} has control (t takes it)", "warn"
        return "nobody has control (t takes it)", "warn"


class FindingStrip(Painted):
    """What is wrong here: counts, and the gravest finding in words."""

    def __init__(self, session: Session, step: str = "") -> None:
        super().__init__()
        self._session = session
        self._step = step

    def spans(self, y: int) -> Sequence[Span]:
        """The strip."""
        return clip(self._line(), self.size.width)

    def _line(self) -> list[Span]:
        findings = self._session.fleet.open_findings(self._step)
        if not findings:
            everywhere = len(self._session.fleet.open_findings())
            if self._step and everywhere:
                return [
                    (" + ", "good"),
                    (f"No findings here; {counted(everywhere, 'finding')} elsewhere", "dim"),
                ]
            return [(" + ", "good"), ("No open findings", "dim")]
        line: list[Span] = [(" ", "")]
        for severity in Severity:
            count = sum(finding.severity is severity for finding in findings)
            if count:
                sign, tone = SEVERITIES[severity]
                line.append((f"{sign} {count} {severity.value}  ", tone))
        first = findings[0]
        line.append((f"{first.subject}: {first.message}", ""))
        return line


class StatusLine(Painted):
    """Two lines: what is going on, and whom we wait for or what to do next."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[list[Span], list[Span]] = ([], [])
        self._said: Span | None = None
        self._said_at = 0.0

    SAID_SECONDS = {"good": 4.0, "busy": 4.0}
    """How long an answer to a key stays before the status takes its place again, by tone; else ``STAY``."""
    STAY = 20.0

    def show(self, first: list[Span], second: list[Span]) -> None:
        """Take both lines as they are now."""
        stay = self.SAID_SECONDS.get(self._said[1], self.STAY) if self._said else 0.0
        if self._said and time.monotonic() - self._said_at < stay:
            second = [(" ", ""), self._said]
        if (first, second) != self._lines:
            self._lines = (first, second)
            self.repaint()

    def say(self, text: str, tone: str = "strong") -> None:
        """Answer a key; replaces the second line for a while."""
        self._said, self._said_at = (text, tone), time.monotonic()
        self.show(*self._lines)

    def unsay(self) -> None:
        """What was said of a run that has moved on is old; a complaint stays its time."""
        if self._said and self._said[1] in self.SAID_SECONDS:
            self._said = None

    def spans(self, y: int) -> Sequence[Span]:
        """One of the two lines."""
        return clip(self._lines[y], self.size.width) if y < 2 else []


class KeyBar(Painted):
    """The keys that do something here, as the screen binds them, in as many lines as it takes."""

    MOST = 3

    def __init__(self) -> None:
        super().__init__()
        self._bound: list[tuple[str, str]] = []

    def on_mount(self) -> None:
        """Follow what the screen binds."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.follow())
        self.follow()

    def follow(self) -> None:
        """Take what is bound now; under a dialog the keys stay as they were."""
        if self.screen.is_current and (bound := self._keys()) != self._bound:
            self._bound = bound
            self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the keys need."""
        return len(self._fold(width))

    def spans(self, y: int) -> Sequence[Span]:
        """One line of keys."""
        lines = self._fold(self.size.width)
        return lines[y] if y < len(lines) else []

    def _fold(self, width: int) -> list[list[Span]]:
        lines: list[list[Span]] = [[(" ", "")]]
        for name, text in self._bound:
            item: list[Span] = [(name, "key"), (f" {text}  ", "")]
            if width_of(lines[-1]) + width_of(item) - 2 > width and len(lines) < self.MOST:
                lines.append([(" ", "")])
            lines[-1] += item
        return lines

    def _keys(self) -> list[tuple[str, str]]:
        seen: dict[str, str] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if (
                binding.show
                and not binding.key.startswith("ctrl+")
                and binding.description not in seen.values()
            ):
                seen[key_name(binding.key, binding.key_display)] = binding.description
        return list(seen.items())
