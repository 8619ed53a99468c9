"""The network step: the addresses chosen in the plan, editable, and what MAAS still lacks of them."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from screens.fields import FIELDS, Field
from screens.model import Key
from screens.signs import SEVERITIES, Span
from screens.stepscreen import StepScreen
from screens.widgets.text import TextPane
from screens.words import counted


class NetworkScreen(StepScreen):
    """Plan values on top, findings and what is missing under them."""

    ID = "network"
    STEP = "network"

    BINDINGS = [
        Binding("e", "edit", "Edit"),
        Binding("w", "save", "Write the plan"),
        Binding("u", "undo", "Undo edits", show=False),
        Binding("down", "field(1)", show=False),
        Binding("up", "field(-1)", show=False),
    ]

    def body(self) -> ComposeResult:
        """A line for each value, then what is wrong and what is missing."""
        with Vertical(id="fields"):
            for field in FIELDS:
                with Horizontal(classes="field"):
                    yield Label(field.label, classes="label", id=f"label-{field.id}", markup=False)
                    yield Input(
                        self._draft(field), id=field.id, compact=True, select_on_focus=False, classes="value"
                    )
                    yield Label(field.note, classes="note", markup=False)
        yield TextPane(id="wrong")

    def _draft(self, field: Field) -> str:
        return self.session.drafts.get(f"network:{field.id}", field.read(self.session.site.plan))

    @property
    def edited(self) -> dict[Field, str]:
        """Fields whose text differs from the plan."""
        plan = self.session.site.plan
        texts = {field: self.query_one(f"#{field.id}", Input).value.strip() for field in FIELDS}
        return {field: text for field, text in texts.items() if text != field.read(plan)}

    def show(self, touched: set[Key] | None) -> None:
        """Take a changed plan into the fields that are not being edited; list what is wrong."""
        if touched is None or any(kind == "plan" for kind, _ in touched):
            for field in FIELDS:
                box = self.query_one(f"#{field.id}", Input)
                if box.value != self._draft(field):
                    box.value = self._draft(field)
            self._mark_edited()
        self.query_one("#wrong", TextPane).show(self._wrong())

    def _wrong(self) -> list[list[Span]]:
        lines: list[list[Span]] = []
        if edited := self.edited:
            text = f"{counted(len(edited), 'value')} edited and not written yet: Enter or w writes, u undoes"
            lines.append([(text, "warn")])
        for finding in self.session.fleet.open_findings(self.STEP):
            sign, tone = SEVERITIES[finding.severity]
            lines.append([(f"{sign} {finding.subject}: {finding.message}", tone)])
            lines.append([(f"  {finding.remedy}", "")])
        checked = self.session.checks.get(self.STEP)
        if checked and checked.missing:
            lines.append([("MAAS lacks, and a run makes:", "key")])
            lines += [[(f"- {line}", "")] for line in checked.missing]
        elif checked and checked.done:
            lines.append([("MAAS has these networks as planned.", "good")])
        return lines or [[("Nothing is known to be wrong. c looks at MAAS, r makes what it lacks.", "dim")]]

    def on_input_changed(self, message: Input.Changed) -> None:
        """Keep what is typed, and say what differs from the plan."""
        super().on_input_changed(message)
        for field in FIELDS:
            if field.id == message.input.id:
                self._keep(field, message.value)
        self._mark_edited()
        self.query_one("#wrong", TextPane).show(self._wrong())

    def _keep(self, field: Field, value: str) -> None:
        if value.strip() == field.read(self.session.site.plan):
            self.session.drafts.pop(f"network:{field.id}", None)
        else:
            self.session.drafts[f"network:{field.id}"] = value

    def _mark_edited(self) -> None:
        edited = self.edited
        for field in FIELDS:
            label = self.query_one(f"#label-{field.id}", Label)
            label.update(f"{field.label}*" if field in edited else field.label, layout=False)
            label.set_class(field in edited, "-edited")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field writes the plan."""
        message.stop()
        self.action_save()

    def action_edit(self) -> None:
        """Go to the first field."""
        self.query_one(f"#{FIELDS[0].id}", Input).focus()
        self.say("Arrows and Tab move, Enter writes the plan, Esc leaves; what you typed stays")

    def action_field(self, by: int) -> None:
        """Go to the field above or below; where the terminal is low, two fields share a line."""
        by *= 1 if self.has_class("-high") else 2
        ids = [field.id for field in FIELDS]
        if isinstance(self.focused, Input) and self.focused.id in ids:
            nth = ids.index(self.focused.id) + by
            if 0 <= nth < len(ids):
                self.query_one(f"#{ids[nth]}", Input).focus()

    def action_undo(self) -> None:
        """Put the plan's values back into the fields."""
        for field in FIELDS:
            self.session.drafts.pop(f"network:{field.id}", None)
            self.query_one(f"#{field.id}", Input).value = field.read(self.session.site.plan)

    @work(exit_on_error=False, exclusive=True, group="save")
    async def action_save(self) -> None:
        """Write the edited values into site.yaml; a refused plan leaves file and fields as they are."""
        edited = self.edited
        if not edited:
            self.say("The plan is as you see it; nothing to write")
            return
        if not await self.may_act():
            return
        changes: dict[str, object] = {}
        for field, text in edited.items():
            changes |= field.changes(text)
        if await self.ask(f"write {', '.join(changes)} into the plan", "edit", changes=changes) is None:
            return
        self.session.reload_plan()
        for field in edited:
            self.session.drafts.pop(f"network:{field.id}", None)
        self.catch_up(None)
        self.look()
