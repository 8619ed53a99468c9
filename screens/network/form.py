"""The form: every network value of the plan, what is wrong with it under it, and how to go about in it."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from c3tui.model.finding import Severity
from c3tui.model.plan import Plan
from screens.fields import BOOTING, CLUSTER, FIELDS, RESIDENTS, Field, resident_field, resident_fields
from screens.network.judging import Said
from screens.signs import SEVERITIES, Span
from screens.widgets.paint import Painted
from screens.widgets.text import TextPane


class FieldRow(Input):
    """Where a value is typed; its name is painted before it, and what is wrong with it stands below."""

    def __init__(self, field: Field, text: str) -> None:
        super().__init__(
            text,
            placeholder="-" if field.optional else "needed",
            id=field.id,
            select_on_focus=False,
            # It would be given the latter anyway, with another round of styling once it is there.
            classes="field -valid",
        )
        self.field = field
        self._marked: tuple[bool, tuple[Said, ...]] = (False, ())
        self._said: TextPane | None = None

    @property
    def edited(self) -> bool:
        """Whether it differs from the plan."""
        return self._marked[0]

    def mark(self, edited: bool, said: Sequence[Said]) -> bool:
        """Show whether it differs from the plan, and what is wrong with it; whether that is new."""
        before, self._marked = self._marked, (edited, tuple(said))
        if before == self._marked:
            return False
        self.set_class(any(each.severity is Severity.CRITICAL for each in said), "-wrong")
        if said and self._said is None and isinstance(self.parent, Widget):
            self._said = TextPane(beside=True)
            self._said.add_class("said")
            self.parent.mount(self._said, after=self)
        if self._said:
            self._said.show([said_line(each) for each in said])
            self._said.display = bool(said)
        return True

    def reveal(self, shown: bool) -> None:
        """Show it with what is said of it, or neither."""
        self.display = shown
        if self._said:
            self._said.display = shown and bool(self._marked[1])


class Column(Painted):
    """Fields below each other, their names painted before them, which costs less than a label for each."""

    def __init__(self, *rows: FieldRow, id: str | None = None) -> None:
        super().__init__(id=id, classes="column")
        self._first = rows

    def compose(self) -> ComposeResult:
        """The fields."""
        yield from self._first

    def spans(self, y: int) -> Sequence[Span]:
        """The name of the field in that line; nothing where something is said of the one above."""
        for row in self.children:
            if isinstance(row, FieldRow) and row.display and row.virtual_region.y == y:
                return [(f"{row.field.label}{'*' * row.edited}", "warn" if row.edited else "")]
        return []


def said_line(said: Said) -> list[Span]:
    """What is wrong, with its sign."""
    sign, tone = SEVERITIES[said.severity]
    return [(f"{sign} {said.message}", tone)]


class Form(Horizontal):
    """The values in two columns, or below each other where the drawing stands beside them."""

    def __init__(self, plan: Plan, drafts: MutableMapping[str, str]) -> None:
        super().__init__(id="fields")
        self._plan = plan
        self._drafts = drafts
        self._residents: list[FieldRow] = []

    def compose(self) -> ComposeResult:
        """The networks that servers boot on, and the one they live on."""
        yield Column(*(self._row(field) for field in BOOTING))
        cluster = [self._row(field) for field in CLUSTER]
        yield Column(*cluster, *self._more_residents(self._plan), id="cluster")

    def _row(self, field: Field) -> FieldRow:
        return FieldRow(field, self.draft(field))

    def _more_residents(self, plan: Plan) -> list[FieldRow]:
        """Lines for residents that have none yet."""
        wanted = max(len(resident_fields(plan)), self._drafted_residents())
        more = [self._row(resident_field(nth)) for nth in range(len(self._residents), wanted)]
        self._residents += more
        return more

    def _drafted_residents(self) -> int:
        prefix = f"network:{RESIDENTS.replace('.', '-')}-"
        return max(
            (int(key.removeprefix(prefix)) + 1 for key in self._drafts if key.startswith(prefix)), default=0
        )

    @property
    def rows(self) -> list[FieldRow]:
        """Every line that is shown, in the order in which one walks through them."""
        return [row for row in self.query(FieldRow) if row.display and row.is_mounted]

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every value on the form."""
        return (*FIELDS, *(row.field for row in self._residents if row.display))

    def draft(self, field: Field) -> str:
        """What stands in a field: what was typed, or what the plan has."""
        return self._drafts.get(field.draft, field.read(self._plan))

    def show(self, plan: Plan) -> None:
        """Take a changed plan into the fields that are not being edited."""
        self._plan = plan
        for row in self._residents:
            row.reveal(row.field in resident_fields(plan) or row.field.draft in self._drafts)
        if more := self._more_residents(plan):
            self.query_one("#cluster").mount(*more)
        for row in self.rows:
            if row.value != (text := self.draft(row.field)):
                row.value = text

    @property
    def texts(self) -> dict[Field, str]:
        """Fields whose text differs from the plan."""
        drafted = {field: self._drafts[field.draft] for field in self.fields if field.draft in self._drafts}
        return {field: text.strip() for field, text in drafts_that_differ(drafted, self._plan)}

    @property
    def residents(self) -> tuple[str, ...]:
        """The text of every resident's line."""
        return tuple(self.draft(row.field).strip() for row in self._residents)

    def keep(self, field: Field, text: str) -> None:
        """Keep what is typed, as long as it differs from the plan."""
        if text.strip() == field.read(self._plan):
            self._drafts.pop(field.draft, None)
        else:
            self._drafts[field.draft] = text

    def put(self, texts: Mapping[str, str]) -> None:
        """Write texts into fields, by path, as if they had been typed."""
        for row in self.rows:
            if row.field.path in texts:
                self.keep(row.field, texts[row.field.path])
                row.value = texts[row.field.path]

    def undo(self) -> None:
        """Put the plan's values back."""
        for field in self.fields:
            self._drafts.pop(field.draft, None)
        self.show(self._plan)

    def mark(self, under: Mapping[str, Sequence[Said]]) -> None:
        """Show what is edited and what is wrong, at each field."""
        edited = self.texts
        marked = [row.mark(row.field in edited, under.get(row.field.path, ())) for row in self.rows]
        if any(marked):
            self.call_after_refresh(self._name_fields)
        if here := self.field:
            # What is said under a field must not fall below the edge while one types in it.
            self.call_after_refresh(self._keep_in_view, here)

    def _name_fields(self) -> None:
        """Paint the names where their fields are by now."""
        for column in self.query(Column):
            column.repaint()

    def _keep_in_view(self, field: Field) -> None:
        for row in self.rows:
            if row.field is field:
                row.scroll_visible(animate=False)

    @property
    def field(self) -> Field | None:
        """The field somebody stands in."""
        focused = self.screen.focused
        return focused.field if isinstance(focused, FieldRow) else None

    def go_to(self, path: str) -> None:
        """Stand in the field of a path."""
        for row in self.rows:
            if row.field.path == path:
                row.focus()

    def go_by(self, by: int) -> None:
        """Stand in the field above or below."""
        here, rows = self.field, self.rows
        paths = [row.field.path for row in rows]
        if here and here.path in paths:
            nth = min(max(0, paths.index(here.path) + by), len(rows) - 1)
            rows[nth].focus()

    def field_of(self, box: Input) -> Field | None:
        """The field an input belongs to."""
        return box.field if isinstance(box, FieldRow) else None


def drafts_that_differ(drafted: Mapping[Field, str], plan: Plan) -> Iterable[tuple[Field, str]]:
    """Drafts that the plan does not say by now, be it that somebody wrote the same."""
    return [(field, text) for field, text in drafted.items() if text.strip() != field.read(plan)]
