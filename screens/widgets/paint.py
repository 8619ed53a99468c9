"""Painting by the line: spans of text in named tones, turned into the strips that Textual draws."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from screens.signs import Span

Drawn = tuple[str, list[Span]]
"""A line as it was painted: the tone over it, and its spans."""

TONES = ("good", "warn", "bad", "busy", "dim", "strong", "head", "cursor", "key", "band")
"""What a span may be toned as; the style sheet says how each looks in each profile."""


SOLID = ("head", "cursor", "band")
"""Tones that show on blanks too."""


class Painted(Widget):
    """A widget that draws itself line by line and repaints only the lines it is told to.

    A line is a list of spans. Neighbours of one tone become one segment: fewer bytes on a slow wire.
    """

    COMPONENT_CLASSES = {f"tone--{tone}" for tone in TONES}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._tones: dict[str, Style] = {}
        self._seen: dict[int, Drawn] = {}

    def spans(self, y: int) -> Sequence[Span]:
        """The content of one line of the widget, from the top."""
        raise NotImplementedError

    def over(self, y: int) -> str:
        """A tone laid over a whole line, or empty."""
        return ""

    def render_line(self, y: int) -> Strip:
        """One line, filled or cut to the width of the widget."""
        over, spans = self._seen[y] = self._draw(y)
        base = self.rich_style + self.tone(over) if over else self.rich_style
        segments: list[Segment] = []
        text, tone = "", ""
        for part, its_tone in spans:
            if part.isspace() and its_tone not in SOLID:
                # A blank shows no tone: it goes with what is before it, and costs no codes of its own.
                its_tone = "" if tone in SOLID else tone
            if its_tone != tone and text:
                segments.append(Segment(text, self._style(base, tone, over)))
                text = ""
            text, tone = text + part, its_tone
        if text:
            segments.append(Segment(text, self._style(base, tone, over)))
        return Strip(segments).adjust_cell_length(self.size.width, base).simplify()

    def _style(self, base: Style, tone: str, over: str) -> Style:
        if not tone:
            return base
        # On the cursor line the reversed colours carry the mark; a tone's own colour would fight it.
        return base if over == "cursor" else base + self.tone(tone)

    def tone(self, name: str) -> Style:
        """The style of a tone, as the style sheet has it now."""
        if name not in self._tones:
            self._tones[name] = self.get_component_rich_style(f"tone--{name}", partial=True)
        return self._tones[name]

    def notify_style_update(self) -> None:
        """The style sheet or theme changed: forget the styles kept."""
        self._tones.clear()
        super().notify_style_update()

    def repaint(self) -> None:
        """Repaint what differs from what was painted last, and nothing else."""
        width, height = self.size
        for y in range(height):
            was, now = self._seen.get(y), self._draw(y)
            if was == now:
                continue
            start, stop = 0, width
            if was is not None and was[0] == now[0]:
                start, stop = changed(was[1], now[1], width)
            if start < stop:
                self.refresh(Region(start, y, stop - start, 1))

    def _draw(self, y: int) -> Drawn:
        return self.over(y), list(self.spans(y))


def changed(was: Sequence[Span], now: Sequence[Span], width: int) -> tuple[int, int]:
    """From which cell up to which two lines of that width differ, by whole spans."""
    start, stop = 0, width
    for old, new in zip(was, now, strict=False):
        if old != new:
            break
        start += len(new[0])
    if width_of(was) == width_of(now):
        stop = width_of(now)
        for old, new in zip(reversed(was), reversed(now), strict=False):
            if old != new or stop <= start:
                break
            stop -= len(new[0])
    return min(start, width), min(stop, width)


def width_of(spans: Sequence[Span]) -> int:
    """How wide some spans are; text of ours is one cell a character."""
    return sum(len(text) for text, _ in spans)


def clip(spans: Sequence[Span], width: int) -> list[Span]:
    """Spans cut to a width, the cut marked with ``~``."""
    if width_of(spans) <= width:
        return list(spans)
    kept: list[Span] = []
    room = max(0, width - 1)
    for text, tone in spans:
        if len(text) > room:
            kept.append((text[:room] + "~", tone))
            break
        kept.append((text, tone))
        room -= len(text)
    return kept
