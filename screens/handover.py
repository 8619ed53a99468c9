"""The handover step: what was built, what was decided on the way, and where the report is."""

from textual.app import ComposeResult

from c3tui.model.finding import FindingState
from c3tui.model.fleet import Stage
from c3tui.model.replacement import Decision
from screens.model import Key
from screens.signs import Span, step_sign
from screens.stepscreen import StepScreen
from screens.summary import drive_counts, usable
from screens.widgets.text import TextPane
from screens.words import ago, counted, moment

Lines = list[list[Span]]


class HandoverScreen(StepScreen):
    """One text to read before the site is given away."""

    ID = "handover"
    STEP = "handover"

    def body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="page")

    def show(self, touched: set[Key] | None) -> None:
        """Write the page."""
        pane = self.query_one("#page", TextPane)
        pane.show([*self._report(), *self._built(), *self._open(), *self._decided(), *self._steps()])

    def _report(self) -> Lines:
        told = self.session.fleet.observed.get("handover", {}).get("report")
        if told is None:
            return [[("Report    ", "key"), ("not written yet: r looks once more and writes it", "")]]
        written = f"  report.html and report.json, written {ago(moment(told.get('observed_at')))}"
        return [[("Report    ", "key"), (str(told.get("path", "")), "strong"), (written, "")]]

    def _built(self) -> Lines:
        plan, fleet = self.session.site.plan, self.session.fleet
        nodes = sum(server.stage is Stage.NODE for server in fleet.servers.values())
        kubeconfig = self.session.site.files.resolve(plan.endpoints.kubernetes.kubeconfig)
        return [
            [("Cluster   ", "key"), (f"{nodes} of {counted(len(plan.servers), 'server')} are nodes", "")],
            [
                ("API       ", "key"),
                (f"https://{plan.networks.cluster.vip}:6443 ({plan.kubernetes.api_domain})", ""),
            ],
            [("Access    ", "key"), (f"kubeconfig {kubeconfig}", "")],
            [("Drives    ", "key"), (str(drive_counts(fleet)), "")],
            [("Space     ", "key"), (usable(fleet.placement, plan.storage.pool), "")],
            [("Volumes   ", "key"), (f"storage class {plan.storage.storage_class}", "")],
        ]

    def _steps(self) -> Lines:
        lines: Lines = [[], [("Steps", "key")]]
        for number, step in enumerate(self.session.steps, 1):
            status = self.session.fleet.statuses.get(step.id)
            sign, tone, words = step_sign(status, self.session.fleet.active_run(step.id) is not None)
            text = status.summary if status and status.summary else words
            lines.append([(f"  {number} {sign} {step.title}: ", tone), (text, "")])
        return lines

    def _open(self) -> Lines:
        findings = self.session.fleet.open_findings()
        parts = self.session.fleet.open_replacements()
        head = f"Still open: {counted(len(findings), 'finding')}, {counted(len(parts), 'part')} to replace"
        lines: Lines = [[], [(head, "key")]]
        lines += [
            [(f"  {found.severity.value} {found.subject}: {found.message}", "warn")] for found in findings
        ]
        lines += [
            [(f"  {part.bay} {part.old.serial}: {part.phase.value}, {part.reason}", "warn")] for part in parts
        ]
        return lines

    def _decided(self) -> Lines:
        fleet = self.session.fleet
        waived = [found for found in fleet.findings.values() if found.state is FindingState.WAIVED]
        accepted = [each for each in fleet.verdicts.values() if each.decision is Decision.ACCEPT]
        lines: Lines = [[], [("Decided on the way", "key")]]
        for found in waived:
            lines.append(
                [(f"  {found.subject}: {found.message} Waived by {found.waived_by}: {found.reason}", "")]
            )
        for each in accepted:
            lines.append([(f"  {each.bay} {each.serial} accepted as is by {each.by}: {each.reason}", "")])
        if not waived and not accepted:
            lines.append([("  Nothing was waived or accepted.", "dim")])
        return lines
