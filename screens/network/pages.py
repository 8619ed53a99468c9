"""The pages of the network screen, and the line that names them with their keys."""

from collections.abc import Sequence
from dataclasses import dataclass

from screens.signs import Span
from screens.widgets.paint import Painted, clip


@dataclass(frozen=True)
class Page:
    """One page: its key, its name, and the widget the focus goes to."""

    id: str
    key: str
    title: str
    focus: str


PAGES: tuple[Page, ...] = (
    Page("form", "e", "Form", "#wrong"),
    Page("drawing", "d", "Drawing", "#map"),
    Page("hosts", "a", "Hosts", "#hosttable"),
    Page("maas", "m", "MAAS", "#maas"),
    Page("sizing", "z", "Sizing", "#sizing-growth"),
    Page("sweep", "p", "Sweep", "#answers"),
)


class PageLine(Painted):
    """The pages with their keys, and how much there is on each."""

    def __init__(self) -> None:
        super().__init__(id="pages")
        self._here = ""
        self._counts: dict[str, str] = {}

    def show(self, here: str, counts: dict[str, str]) -> None:
        """Take what is shown now."""
        if (here, counts) != (self._here, self._counts):
            self._here, self._counts = here, counts
            self.refresh()

    def spans(self, y: int) -> Sequence[Span]:
        """The one line."""
        line: list[Span] = []
        for page in PAGES:
            count = self._counts.get(page.id, "")
            title = f"{page.title} {count}" if count else page.title
            here = page.id == self._here
            # The brackets say on a terminal without colours which page it is.
            line += [
                (" ", ""),
                (page.key, "key"),
                (f"[{title}]" if here else f" {title} ", "strong" if here else ""),
            ]
        return clip(line, self.size.width)
