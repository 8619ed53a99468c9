"""One server's page: everything that is known about it, in one text."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.fleet import bay_id
from screens.actions import identify, power
from screens.base import C3Screen
from screens.differences import make_golden
from screens.journal import Journal, journal_line
from screens.model import Key, ServerRow
from screens.signs import Span, bmc_word, class_word, finding_tone, stage_word, verdict_word
from screens.victims import trouble
from screens.widgets.text import TextPane
from screens.words import ago, counted, fit, lasting, moment, place, size

Lines = list[list[Span]]


class ServerScreen(C3Screen):
    """Who it is, what its BMC says, its drives, what is wrong with it and what happened to it."""

    ID = "server"
    PLACE = "Server"

    BINDINGS = [
        Binding("i", "identify", "Light"),
        Binding("p", "power", "Power"),
        Binding("n", "next(1)", "Next server"),
        Binding("G", "golden", "Golden"),
        Binding("N", "next(-1)", "Server before", show=False),
    ]

    def body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="page")

    @property
    def row(self) -> ServerRow | None:
        """The server whose page this is."""
        return self.session.fleet.server_rows.get(self.session.server)

    def show(self, touched: set[Key] | None) -> None:
        """Write the page."""
        self._write()

    def tick(self) -> None:
        """Readings grow older."""
        self._write()

    def _write(self) -> None:
        row = self.row
        pane = self.query_one("#page", TextPane)
        if row is None:
            name = self.session.server or "This server"
            bmc = f"; the plan has its BMC at {self._bmc_address}" if self._bmc_address else ""
            pane.show([f"{name} was not looked for yet{bmc}."])
            return
        lines = [*_identity(row), *_bmc(row, self._bmc_address), *self._drives(row), *self._findings(row)]
        entries = Journal(self.session.reader, keep=30, subject=row.server.name).catch_up()
        lines += [[], [("What happened, newest first", "key")]]
        lines += [journal_line(entry) for entry in reversed(entries)]
        pane.show(lines)

    @property
    def _bmc_address(self) -> str:
        for expected in self.session.site.plan.servers:
            if expected.name == self.session.server:
                return str(expected.bmc.address)
        return ""

    def _drives(self, row: ServerRow) -> Lines:
        if not row.server.bays:
            return [[], [("Drives: none known; discovery reads them", "key")]]
        drives = counted(len(row.server.drives()), "drive")
        head = f"Drives: {drives} in {counted(len(row.server.bays), 'bay')}"
        lines: Lines = [[], [(head, "key")]]
        for bay in row.server.bays:
            drive_row = self.session.fleet.drive_rows.get(bay_id(row.server.name, bay.slot))
            if bay.drive is None or drive_row is None:
                lines.append([(f"  bay{bay.slot:02d}  empty", "dim")])
                continue
            drive = bay.drive
            verdict, tone = verdict_word(drive_row.verdict, drive_row.replacement)
            word, test_tone = class_word(drive, drive_row.judged.klass if drive_row.judged else None)
            text = f"  bay{bay.slot:02d} {drive.serial:<15} {fit(drive.model, 16):<16} {size(drive.size):>8} "
            verdicts: list[Span] = [(f"{word:<10} ", test_tone), (f"{verdict:<9}", tone)]
            lines.append([(text, ""), *verdicts, (f" {drive.use.value}", "dim")])
            if drive_row.troubled and drive_row.says:
                lines.append([(f"        {drive_row.says}", test_tone)])
        return lines

    def _findings(self, row: ServerRow) -> Lines:
        found = self.session.fleet.open_findings(subject=row.server.name)
        lines: Lines = [[], [(f"Open findings: {len(found)}", "key")]]
        for finding in found:
            tone = finding_tone(finding.state, finding.severity)
            lines.append([(f"  {finding.severity.value}: {finding.message}", tone)])
            lines.append([(f"    {finding.remedy}", "")])
        return lines

    def servers_in_view(self) -> list[str]:
        """This one."""
        return [self.session.server] if self.row else []

    def action_next(self, by: int) -> None:
        """The page of the server after, in the order of racks."""
        names = list(self.session.fleet.server_rows)
        if self.session.server in names:
            self.session.server = names[(names.index(self.session.server) + by) % len(names)]
            self.query_one("#page", TextPane).go_to(0)
            self.catch_up(None)

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch its light."""
        await identify(self, [self.session.server] if self.row else [])

    @work(exit_on_error=False, exclusive=True, group="power")
    async def action_power(self) -> None:
        """Switch it on or off, after asking."""
        await power(self, [self.session.server] if self.row else [])

    @work(exit_on_error=False, exclusive=True, group="golden")
    async def action_golden(self) -> None:
        """Make it the measure of its kind, after asking."""
        await make_golden(self, self.session.server)


def _identity(row: ServerRow) -> Lines:
    server = row.server
    word, tone = stage_word(server)
    lines: Lines = [
        [
            (f"{server.name}", "strong"),
            (f"  {place(server)}  serial {server.serial or '-'}  ", ""),
            (word, tone),
        ]
    ]
    if server.trouble:
        lines.append([(trouble(server), "bad")])
    if row.progress and row.progress.phase and not row.progress.ended:
        text = f"{row.progress.phase} {row.progress.detail}".strip()
        long = f", for {lasting(row.progress.since)}" if row.progress.since else ""
        lines.append([(f"Now: {text}{long}", "busy")])
    memory = f"{server.memory_mib / 1024:.0f} GiB" if server.memory_mib else "-"
    lines.append([("Hardware  ", "key"), (f"{server.cpus or '-'} CPUs, {memory} memory", "")])
    lines.append([("MAAS      ", "key"), (f"{server.system_id or 'not known'} {server.maas_status}", "")])
    lines.append([("Addresses ", "key"), (f"{server.address or '-'}, pods {server.pod_range or '-'}", "")])
    lines.append([("MACs      ", "key"), (", ".join(server.macs) or "-", "")])
    if server.in_production:
        lines.append([("In production: build-time actions must not touch it", "warn")])
    return lines


def _bmc(row: ServerRow, address: str) -> Lines:
    word, tone = bmc_word(row.bmc)
    lines: Lines = [[], [("BMC       ", "key"), (f"{address}  ", ""), (word, tone)]]
    reading = row.bmc
    if reading is None:
        return lines
    if at := moment(reading.at):
        lines[-1].append((f"  read {ago(at)}", "dim"))
    if reading.detail:
        lines.append([(f"          {reading.detail}", "warn")])
    parts = []
    if reading.inlet_c is not None:
        parts.append(f"{reading.inlet_c:.0f} C inlet")
    if reading.fans_rpm:
        parts.append(f"{counted(len(reading.fans_rpm), 'fan')} {min(reading.fans_rpm):.0f} rpm or more")
    if reading.fans_failed:
        parts.append(f"{counted(reading.fans_failed, 'fan')} failed")
    if reading.psus:
        parts.append(f"{reading.psus - reading.psus_failed} of {reading.psus} power supplies")
    if reading.identify is not None:
        parts.append(f"identify light {'on' if reading.identify else 'off'}")
    if reading.fault:
        parts.append("chassis fault")
    if parts:
        lines.append([("          ", ""), (", ".join(parts), "")])
    if reading.sel_entries is not None:
        lines.append(
            [
                ("          ", ""),
                (f"{reading.sel_entries} events in the SEL; last: {reading.sel_last or '-'}", ""),
            ]
        )
    return lines
