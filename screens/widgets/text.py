"""TextPane: text that is read, folded to the width, with headings and tones."""

import re
import textwrap
from collections.abc import Sequence

from textual.geometry import Size

from screens.signs import Span
from screens.widgets.lines import LineView

Line = Sequence[Span]
HANG = 4
"""Indent of a folded line's second row."""


class TextPane(LineView):
    """Lines of spans; long ones are folded at words, with the indent of their first line."""

    HAS_CURSOR = False

    def __init__(self, *, id: str | None = None, beside: bool = False) -> None:
        """A pane ``beside`` something else is read along with it, and never has the focus."""
        super().__init__(id=id)
        self.can_focus = not beside
        self._source: list[Line] = []
        self._folded: list[Line] = []
        self._width = 0

    @property
    def lines(self) -> list[Line]:
        """The text as folded to the width it has now."""
        if self.size.width != self._width:
            self._width = self.size.width
            self._folded = self._fold(self._width)
        return self._folded

    @property
    def count(self) -> int:
        """Lines after folding."""
        return len(self.lines)

    def show(self, lines: Sequence[Line | str]) -> None:
        """Take the text as it is now; repaint only the lines that differ."""
        source: list[Line] = [[(line, "")] if isinstance(line, str) else line for line in lines]
        if source == self._source:
            return
        old, self._source = self.lines, source
        self._folded = new = self._fold(self.size.width)
        if len(old) != len(new):
            self.settle()
            self.refresh(layout=self.styles.is_auto_height)
            return
        self.repaint()

    def _fold(self, width: int) -> list[Line]:
        return [folded for line in self._source for folded in fold(line, max(10, width))]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the text folds into, where the style sheet leaves the height to the text."""
        return len(self._fold(width))

    def spans(self, y: int) -> Line:
        """A line of the text; the last one tells when there is more below."""
        index = self.top + y
        if y == self.size.height - 1 and index < self.count - 1:
            hint = ", Down" if self.can_focus else ""
            return [(f"-- {self.count - index} more lines{hint} --", "dim")]
        return self.lines[index] if index < self.count else []


def fold(line: Line, width: int) -> list[Line]:
    """One line as lines no wider than ``width``; a line of several tones is kept whole."""
    text = "".join(part for part, _ in line)
    if len(text) <= width:
        return [line]
    if len(line) != 1:
        return _fold_spans(line, width)
    indent = len(text) - len(text.lstrip(" -"))
    rows = textwrap.wrap(text, width, subsequent_indent=" " * indent, drop_whitespace=True)
    return [[(row, line[0][1])] for row in rows]


def _fold_spans(line: Line, width: int) -> list[Line]:
    rows: list[list[Span]] = [[]]
    room = width
    for text, tone in line:
        for word in _words(text, width - HANG):
            if len(word.rstrip()) > room:
                rows.append([(" " * HANG, "")])
                room = width - HANG
                word = word.lstrip()
            rows[-1].append((word, tone))
            room -= len(word)
    return list(rows)


def _words(text: str, most: int) -> list[str]:
    """The text in pieces that may stand on a line each: words with the blanks around, long ones cut."""
    found: list[str] = re.findall(r"\s*\S+\s*$|\s*\S+", text) or [text]
    return [word[at : at + most] for word in found for at in range(0, len(word), most)]
