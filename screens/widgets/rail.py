"""StepRail: where each step stands; on top in a narrow terminal, at the left in a wide one."""

from collections.abc import Sequence

from screens.session import Session
from screens.signs import Span, step_sign
from screens.widgets.paint import Painted, clip


class StepRail(Painted):
    """The seven steps with their number keys and signs."""

    def __init__(self, session: Session, here: str) -> None:
        super().__init__()
        self._session = session
        self._here = here

    def _sign(self, step: str) -> tuple[str, str, str]:
        fleet = self._session.fleet
        return step_sign(fleet.statuses.get(step), fleet.active_run(step) is not None)

    def spans(self, y: int) -> Sequence[Span]:
        """One line with every step, or a line for each."""
        return self._across() if self.size.height < 3 else self._down(y)

    def _across(self) -> list[Span]:
        line: list[Span] = []
        for number, step in enumerate(self._session.steps, 1):
            sign, tone, _ = self._sign(step.id)
            if number > 1:
                line.append((" ", ""))
            # Ids are the short names: all seven fit into 80 columns.
            line += [(f"{number}", "key"), (sign, tone)]
            line.append((step.id.capitalize(), "cursor" if step.id == self._here else ""))
        return clip(line, self.size.width)

    def _down(self, y: int) -> list[Span]:
        steps = self._session.steps
        if y == 0:
            return [("h", "key"), (" Home", "cursor" if self._here == "home" else "")]
        index, part = divmod(y - 2, 2)
        if y < 2 or index >= len(steps):
            return []
        step = steps[index]
        sign, tone, words = self._sign(step.id)
        if part == 0:
            title = (f" {step.title} ", "cursor" if step.id == self._here else "strong")
            return [(f"{index + 1}", "key"), (f" {sign}", tone), title]
        return clip([(f"    {words.split(':')[0]}", tone)], self.size.width)
