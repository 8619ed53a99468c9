"""The form: every network value of the plan, what is wrong with it under it, and how to go about in it."""

from collections.abc import Iterable, Mapping, MutableMapping, Sequence

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.widgets import Input, Label

from c3tui.model.finding import Severity
from c3tui.model.plan import Plan
from screens.fields import BOOTING, CLUSTER, FIELDS, RESIDENTS, Field, resident_field, resident_fields
from screens.network.judging import Said
from screens.signs import SEVERITIES, Span
from screens.widgets.text import TextPane


class FieldRow(Container):
    """A value with its name, and what is wrong with it below."""

    def __init__(self, field: Field, text: str) -> None:
        super().__init__(classes="field")
        self.field = field
        self._marked: tuple[bool, tuple[Said, ...]] = (False, ())
        self._label = Label(field.label, classes="label", id=f"label-{field.id}", markup=False)
        self.box = Input(
            text,
            placeholder="-" if field.optional else "needed",
            id=field.id,
            compact=True,
            select_on_focus=False,
            classes="value",
        )
        """Where the value is typed."""
        self._said: TextPane | None = None

    def compose(self) -> ComposeResult:
        """Name and value; the lines below are made when there is something to say."""
        yield self._label
        yield self.box

    def mark(self, edited: bool, said: Sequence[Said]) -> None:
        """Show whether it differs from the plan, and what is wrong with it."""
        before, self._marked = self._marked, (edited, tuple(said))
        if before == self._marked:
            return
        if before[0] != edited:
            self._label.update(f"{self.field.label}{'*' * edited}", layout=False)
            self._label.set_class(edited, "-edited")
        self.set_class(any(each.severity is Severity.CRITICAL for each in said), "-wrong")
        if said and self._said is None:
            self._said = TextPane(beside=True)
            self._said.add_class("said")
            self.mount(self._said)
        if self._said:
            self._said.show([said_line(each) for each in said])
            self._said.display = bool(said)


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
        with Vertical(classes="column"):
            yield from (self._row(field) for field in BOOTING)
        with Vertical(classes="column", id="cluster"):
            yield from (self._row(field) for field in CLUSTER)
            yield from self._more_residents(self._plan)

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
            row.display = row.field in resident_fields(plan) or row.field.draft in self._drafts
        if more := self._more_residents(plan):
            self.query_one("#cluster").mount(*more)
        for row in self.rows:
            if row.box.value != (text := self.draft(row.field)):
                row.box.value = text

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
                row.box.value = texts[row.field.path]

    def undo(self) -> None:
        """Put the plan's values back."""
        for field in self.fields:
            self._drafts.pop(field.draft, None)
        self.show(self._plan)

    def mark(self, under: Mapping[str, Sequence[Said]]) -> None:
        """Show what is edited and what is wrong, at each field."""
        edited = self.texts
        for row in self.rows:
            row.mark(row.field in edited, under.get(row.field.path, ()))
        if here := self.field:
            # What is said under a field must not fall below the edge while one types in it.
            self.call_after_refresh(self._keep_in_view, here)

    def _keep_in_view(self, field: Field) -> None:
        for row in self.rows:
            if row.field is field:
                row.scroll_visible(animate=False)

    @property
    def field(self) -> Field | None:
        """The field somebody stands in."""
        focused = self.screen.focused
        parent = focused.parent if isinstance(focused, Input) else None
        return parent.field if isinstance(parent, FieldRow) else None

    def go_to(self, path: str) -> None:
        """Stand in the field of a path."""
        for row in self.rows:
            if row.field.path == path:
                row.box.focus()

    def go_by(self, by: int) -> None:
        """Stand in the field above or below."""
        here, rows = self.field, self.rows
        paths = [row.field.path for row in rows]
        if here and here.path in paths:
            nth = min(max(0, paths.index(here.path) + by), len(rows) - 1)
            rows[nth].box.focus()

    def field_of(self, box: Input) -> Field | None:
        """The field an input belongs to."""
        return box.parent.field if isinstance(box.parent, FieldRow) else None


def drafts_that_differ(drafted: Mapping[Field, str], plan: Plan) -> Iterable[tuple[Field, str]]:
    """Drafts that the plan does not say by now, be it that somebody wrote the same."""
    return [(field, text) for field, text in drafted.items() if text.strip() != field.read(plan)]
