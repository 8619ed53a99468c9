"""What the engineer orders on the network screen: write, take, export, import, release, sweep."""

from typing import TYPE_CHECKING, Any

from textual import work

from c3tui.engine.errors import C3Error
from c3tui.model.plan import Plan
from screens.dialogs import Choose, Confirm, Failure, Reason, TypedConfirm
from screens.fields import Field
from screens.network import sweeping
from screens.network.files import (
    EXPORTS,
    ask_path,
    import_lines,
    lacks_bmcs,
    read_table,
    target,
    write_table,
)
from screens.network.judging import changes_of
from screens.network.sizing import SizingPage
from screens.stepscreen import StepScreen
from screens.words import counted

if TYPE_CHECKING:
    from screens.network.form import Form
    from screens.network.hosts import HostRow
    from screens.network.judging import Judged
    from screens.widgets.table import FleetTable


class Orders(StepScreen):
    """The keys that change something, here or in the plan."""

    page: str
    judged: "Judged"

    @property
    def form(self) -> "Form":
        """The form."""
        raise NotImplementedError

    @property
    def host_table(self) -> "FleetTable[HostRow]":
        """The table of hosts."""
        raise NotImplementedError

    async def make_page(self, page: str) -> None:
        """Make a page that nobody has turned to yet."""
        raise NotImplementedError

    def go_to_page(self, id: str) -> None:
        """Turn to a page that is made."""
        raise NotImplementedError

    def action_undo(self) -> None:
        """Put the plan's values back into the fields."""
        self.form.undo()
        self.catch_up(None)

    @work(exit_on_error=False, exclusive=True, group="save")
    async def action_save(self) -> None:
        """Write the edited values into site.yaml; a refused plan leaves file and fields as they are."""
        plan, texts = self.session.site.plan, self.form.texts
        if not texts:
            self.say("The plan is as you see it; nothing to write")
            return
        if bad := next(
            ((each, wrong) for each, text in texts.items() if (wrong := self._refusal(each, text))), None
        ):
            self.say(f"Not written: {bad[0].label} {bad[1]}", "bad")
            self.form.go_to(bad[0].path)
            return
        if not await self.may_act():
            return
        changes = changes_of(plan, texts, self.form.residents)
        if await self.ask(f"write {', '.join(changes)} into the plan", "edit", changes=changes) is None:
            return
        self.session.reload_plan()
        for field in texts:
            self.session.drafts.pop(field.draft, None)
        self.catch_up(None)
        self.look()

    def _refusal(self, field: Field, text: str) -> str:
        """Why a text cannot be written: it is no such value, or no plan would have it."""
        if wrong := field.complaint(text):
            return wrong
        if field in self.judged.unreadable:
            return self.judged.under[field.path][0].message
        return ""

    def action_take(self) -> None:
        """Take the proposal of the sizing page into the form; nothing is written."""
        proposal = self.query_one(SizingPage).proposal
        if proposal is None:
            self.say("There is no proposal to take: ask for fewer nodes or pods", "warn")
            return
        values = {path: str(value) for path, value in proposal.changes().items()}
        start, end = (values.pop(f"networks.cluster.nodes.{key}") for key in ("start", "end"))
        self.form.put({**values, "networks.cluster.nodes": f"{start}-{end}"})
        self.go_to_page("form")
        self.say("The proposal is in the form, not written: look at it, then w writes it, u undoes")

    @work(exit_on_error=False, exclusive=True, group="file")
    async def action_export(self) -> None:
        """Write a table for others, where nothing is overwritten unasked."""
        answers = [("", "Nothing"), *((each.key, each.title) for each in EXPORTS)]
        lines = ["Of the plan as written; edits not written yet are not in it."] if self.form.texts else []
        key = await self.app.push_screen_wait(Choose("Write which table?", answers, lines))
        chosen = next((each for each in EXPORTS if each.key == key), None)
        if chosen is None:
            return
        files = self.session.site.files
        dialog = ask_path(
            chosen.title, self.session.drafts, f"export:{chosen.key}", chosen.file, files.directory
        )
        answer = await self.app.push_screen_wait(dialog)
        if not answer:
            return
        plan = self.session.site.plan
        text = chosen.text(plan, self.session.fleet.planned_addresses(plan))
        try:
            path = target(files, answer)
            replace = path.exists() or path.is_symlink()
            if replace and not await self._may_replace(str(path)):
                self.say("Nothing was written; the file is as it was")
                return
            write_table(path, text, chosen.mode, replace=replace)
        except C3Error as error:
            await self.app.push_screen_wait(Failure(error, "write the table"))
            return
        self.say(f"Written: {path}, {counted(text.count(chr(10)), 'line')}, mode {chosen.mode:04o}", "good")

    async def _may_replace(self, path: str) -> bool:
        asked = Confirm(f"{path} exists.", "Yes, write over it", "No, leave it as it is")
        return await self.app.push_screen_wait(asked) == "yes"

    @work(exit_on_error=False, exclusive=True, group="file")
    async def action_import(self) -> None:
        """Read expected servers from a CSV file, show what it holds, and take the good lines in."""
        files, drafts = self.session.site.files, self.session.drafts
        dialog = ask_path(
            "Import servers from CSV: name, rack, unit, serial, bmc, mac, profile",
            drafts,
            "import:path",
            "servers.csv",
            files.directory,
        )
        answer = await self.app.push_screen_wait(dialog)
        if not answer:
            return
        drafts["import:path"] = answer
        try:
            text = read_table(files, answer)
        except C3Error as error:
            await self.app.push_screen_wait(Failure(error, "import servers"))
            return
        if await self.may_act():
            await self._import(answer, text)

    async def _import(self, name: str, text: str) -> None:
        sweep = False
        while True:
            told = await self.ask(f"read {name}", "import", said=None, text=text, sweep=sweep, preview=True)
            if told is None:
                return
            answer = await self._agreed(name, told, asked=sweep)
            if answer != "sweep":
                break
            sweep = True
        if answer != "yes":
            self.say("Nothing was imported; the plan is as it was")
            return
        told = await self.ask(f"import {name}", "import", said=None, text=text, sweep=sweep)
        if told is None:
            return
        if self.session.reload_plan():
            self.catch_up(None)
        racks = f", racks {', '.join(told['racks'])} added" if told.get("racks") else ""
        self.say(f"{len(told['added'])} servers added, {len(told['changed'])} changed{racks}", "good")
        self.look()

    async def _agreed(self, name: str, told: dict[str, Any], *, asked: bool) -> str | None:
        """What to do with a file's good lines."""
        good = len(told.get("added") or []) + len(told.get("changed") or [])
        answers = [("no", "Leave the plan as it is")]
        if good:
            answers.append(("yes", f"Take {counted(good, 'server')} into the plan"))
        if lacks_bmcs(told) and not asked:
            answers.append(("sweep", "First ask the IPMI network who has those MACs (up to minutes)"))
        return await self.app.push_screen_wait(Choose(f"Import {name}?", answers, import_lines(told)))

    @work(exit_on_error=False, exclusive=True, group="release")
    async def action_release(self) -> None:
        """Confirm that a server which left the plan is gone for good; its addresses are free then."""
        row = self.host_table.row
        if row is None or not row.gone:
            self.say("Only a server that left the plan can be released; these keep their addresses", "warn")
            return
        if not await self.may_act():
            return
        title = "Frees these for another server. If the old one comes back to life, two have one address."
        victims = [f"{row.name}: node {row.address or '-'}, pods {row.pods or '-'}"]
        if not await self.app.push_screen_wait(TypedConfirm(title, victims, row.name)):
            self.say(f"{row.name} keeps its addresses")
            return
        key = f"reason:release:{row.name}"
        prompt = "How do you know that it is gone? (journaled with your name)"
        reason = await self.app.push_screen_wait(
            Reason(f"Release {row.name}", self.session.drafts, key, (), prompt)
        )
        if not reason:
            self.say(f"{row.name} keeps its addresses; what you typed is kept")
            return
        await self.ask(f"release {row.name}", "release", server=row.name, reason=reason)

    async def action_sweep(self) -> None:
        """Turn to the sweep; there, start it, or stop the one under way."""
        if self.page != "sweep":
            await self.make_page("sweep")
            self.go_to_page("sweep")
        elif sweeping.progress(self.session.fleet).get("running"):
            self._stop_sweep()
        else:
            self._start_sweep(self.session.site.plan)

    @work(exit_on_error=False, exclusive=True, group="sweep")
    async def _start_sweep(self, plan: Plan) -> None:
        if not await self.may_act():
            return
        lines = ["Asks from where the engine runs, by ARP where it is on the segment, else by ping."]
        answer = await self.app.push_screen_wait(
            Choose("Ask who has the plan's addresses?", sweeping.choices(plan), lines)
        )
        if not answer:
            return
        told = await self.ask("sweep", "sweep", said=None, parts=answer.split())
        if told is None:
            return
        untested = (
            f"; {counted(len(told['untested']), 'range')} could not be asked" if told.get("untested") else ""
        )
        state = "Stopped: " if told.get("stopped") else ""
        self.say(f"{state}{told.get('asked', 0)} questions, {told.get('found', 0)} answers{untested}")

    @work(exit_on_error=False, exclusive=True, group="stop-sweep")
    async def _stop_sweep(self) -> None:
        if await self.may_act():
            await self.ask("stop the sweep", "stop-sweep")
