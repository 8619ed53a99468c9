"""A site on disk with a record as an engine would leave it, and a link that writes down what it is asked."""

from collections.abc import Callable
from contextvars import Context
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from c3tui.engine.errors import C3Error, ControlError
from c3tui.engine.site import Site
from c3tui.engine.store import Reader, Store
from c3tui.model.base import Document, utc_now
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.fleet import Bay, BmcReading, BmcState, Drive, Power, Server, Stage, TestState, Use
from c3tui.model.replacement import Decision, Part, Replacement, Verdict
from c3tui.model.run import Outcome, Run, StepInfo, StepStatus, Victim
from tests.support.plans import SITE, write_site

IDS = ("network", "discovery", "hardware", "deploy", "kubernetes", "storage", "handover")
TITLES = ("Network plan", "Discovery", "Hardware tests", "OS deployment", "Kubernetes", "Storage", "Handover")
STEPS = [
    StepInfo(id, title, (IDS[n - 1],) if n else ())
    for n, (id, title) in enumerate(zip(IDS, TITLES, strict=True))
]


class ScriptedLink:
    """An engine's end that answers what the test says, and remembers every command."""

    def __init__(self, holder: str = "", in_control: bool = True) -> None:
        self.holder = holder
        self.in_control = in_control
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[str, dict[str, Any] | C3Error] = {}
        self.hints: list[Callable[[int], None]] = []
        self.controls: list[Callable[[str], None]] = []
        self.losses: list[Callable[[], None]] = []

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        self.sent.append((name, arguments))
        if not self.in_control and name not in ("check", "destroys", "watch"):
            raise ControlError(f"{self.holder} holds control")
        answer = self.answers.get(name, {})
        if isinstance(answer, C3Error):
            raise answer
        return answer

    def told(self, name: str) -> list[dict[str, Any]]:
        """The arguments of every command of that name."""
        return [arguments for sent, arguments in self.sent if sent == name]

    def on_hint(self, callback: Callable[[int], None]) -> None:
        self.hints.append(callback)

    def on_control(self, callback: Callable[[str], None]) -> None:
        self.controls.append(callback)

    def on_lost(self, callback: Callable[[], None]) -> None:
        self.losses.append(callback)

    async def take_control(self) -> None:
        self.sent.append(("take", {}))
        self.holder, self.in_control = "me", True
        for callback in self.controls:
            callback("me")

    async def close(self) -> None:
        self.sent.append(("close", {}))


class Record:
    """A site directory, its store, and a link to go with them."""

    def __init__(self, directory: Path, servers: int = 12) -> None:
        rows = [
            f"  - {{name: c3-{n:03d}, rack: r{(n - 1) // 6 + 1:02d}, unit: {(n - 1) % 6 * 2 + 1}, "
            f"bmc: {{address: 10.0.0.{10 + n}}}}}"
            for n in range(1, servers + 1)
        ]
        head, rest = SITE.split("servers:\n")
        tail = rest[rest.index("kubernetes:") :]
        head = head.replace("- {name: r01}", "- {name: r01}\n  - {name: r02}")
        plan = head + "servers:\n" + "\n".join(rows)
        self.site = Site.load(write_site(directory, f"{plan}\n{tail}"), {})
        self.store = Store.open(self.site.files.database)
        self.reader = Reader.open(self.site.files.database)
        self.link = ScriptedLink()
        self.store.listeners.append(self._hint)
        self.servers = servers

    def _hint(self, cursor: int) -> None:
        self.tell(*(partial(hint, cursor) for hint in self.link.hints))

    def tell(self, *callbacks: Callable[[], None]) -> None:
        """Call as a link does: from a task of its own, which knows nothing of the app."""
        for callback in callbacks:
            Context().run(callback)

    def close(self) -> None:
        self.reader.close()
        self.store.close()

    def put(self, *documents: Document, note: str = "documents put", subject: str = "site") -> None:
        with self.store.transaction("anna") as transaction:
            for document in documents:
                transaction.put(document)
            transaction.note(note, subject)

    def server(self, n: int, stage: Stage, **values: Any) -> Server:
        name = f"c3-{n:03d}"
        bays = [bay(n, slot) for slot in range(8)] if stage.reached(Stage.READY) else []
        return Server(
            id=name,
            name=name,
            rack=f"r{(n - 1) // 6 + 1:02d}",
            unit=(n - 1) % 6 * 2 + 1,
            stage=stage,
            serial=f"SRV{n:05d}",
            cpus=64,
            memory_mib=262144,
            macs=[f"52:54:00:00:00:{n:02x}"],
            **{"bays": bays, **values},
        )

    def busy(self, step: str = "hardware") -> Run:
        """A fleet in the middle of a step, nothing wrong yet."""
        self.put(
            *(
                StepStatus(id=id, outcome=Outcome.DONE, summary=f"{id} is done")
                for id in IDS[: IDS.index(step)]
            )
        )
        stage = Stage.TESTING if IDS.index(step) < 3 else Stage.DEPLOYING
        self.put(*(self.server(n, stage) for n in range(1, self.servers + 1)))
        run = Run(id=f"run-{step}", step=step, by="anna", started=utc_now() - timedelta(minutes=4))
        self.put(run)
        names = [f"c3-{n:03d}" for n in range(1, self.servers + 1)]
        reading = BmcReading(
            state=BmcState.OK,
            power=Power.ON,
            identify=False,
            fault=False,
            inlet_c=24.5,
            at=utc_now(),
            fans_rpm=[5400.0, 5520.0],
            psus=2,
            sel_entries=3,
            sel_last="Power Supply AC lost, PSU2",
        )
        self.store.observe("bmc", {name: reading.model_dump(mode="json") for name in names})
        since = (utc_now() - timedelta(minutes=2)).timestamp()
        doing = {
            "run": run.id,
            "step": step,
            "phase": "smartctl",
            "fraction": 0.4,
            "detail": "",
            "since": since,
        }
        self.store.observe("progress", {name: doing for name in names})
        overall = {"phase": "testing", "fraction": 0.58, "detail": "7 of 12 servers", "since": since}
        self.store.observe("run", {run.id: {**overall, "step": step, "waiting": ["c3-003", "c3-009"]}})
        self.store.write_log(run.id, [("info", "", f"{step} started"), ("error", "c3-003", "drive said no")])
        return run

    def problems(self) -> None:
        """A fleet that was tested and is not well."""
        self.put(*(StepStatus(id=id, outcome=Outcome.DONE, summary=f"{id} is done") for id in IDS[:2]))
        servers = [self.server(n, Stage.TESTED) for n in range(1, self.servers + 1)]
        failed = servers[2].bays[3].drive
        assert failed is not None
        failed.test, failed.test_detail = TestState.FAILED, "smartctl-validate: 12 reallocated sectors"
        servers[4].trouble = "BMC 10.0.0.15 does not answer"
        marked = servers[6].bays[2].drive
        assert marked is not None
        self.put(*servers)
        self.put(*_findings(), _replacement(marked), _verdict(servers[7].bays[1].drive))
        run = Run(
            id="run-1",
            step="hardware",
            by="anna",
            outcome=Outcome.WARNING,
            summary="11 of 12 tested",
            started=utc_now() - timedelta(hours=1),
            ended=utc_now() - timedelta(minutes=5),
            victims=[Victim(server="c3-005", why="BMC 10.0.0.15 does not answer")],
        )
        self.put(run, StepStatus(id="hardware", outcome=Outcome.WARNING, run=run.id, summary=run.summary))
        self.store.write_log(
            run.id, [("info", "c3-001", "tests passed"), ("error", "c3-003", "bay03 failed")]
        )
        reading = BmcReading(state=BmcState.NO_ANSWER, detail="no answer from 10.0.0.15 for 3 min")
        self.store.observe("bmc", {"c3-005": reading.model_dump(mode="json")})

    def done(self) -> None:
        """A finished site."""
        self.put(*(StepStatus(id=id, outcome=Outcome.DONE, summary=f"{id} is done") for id in IDS))
        self.put(*(self.server(n, Stage.NODE, in_production=True) for n in range(1, self.servers + 1)))
        ended = utc_now() - timedelta(minutes=30)
        for n, id in enumerate(IDS):
            started = ended - timedelta(minutes=90 - 10 * n)
            self.put(
                Run(
                    id=f"run-{id}",
                    step=id,
                    by="anna",
                    outcome=Outcome.DONE,
                    started=started,
                    ended=ended,
                    summary=f"{id} is done",
                )
            )


def bay(n: int, slot: int) -> Bay:
    """A bay with a healthy drive: the first two hold the system."""
    system = slot < 2
    return Bay(
        slot=slot,
        path=f"/dev/disk/by-path/pci-0000:3b:00.0-sas-phy{slot}-lun-0",
        drive=Drive(
            serial=f"ZL2{n:03d}{slot:02d}",
            model="Micron_5300_480" if system else "ST16000NM001G",
            wwn=f"0x5000c500{n:04x}{slot:04x}",
            size=480_103_981_056 if system else 16_000_900_661_248,
            rotational=not system,
            by_id=f"/dev/disk/by-id/wwn-0x5000c500{n:04x}{slot:04x}",
            use=Use.SYSTEM if system else Use.DATA,
            test=TestState.PASSED,
            test_detail="smartctl-validate passed",
        ),
    )


def _findings() -> list[Finding]:
    return [
        finding(
            "bmc.no-answer",
            "c3-005",
            "discovery",
            Severity.CRITICAL,
            "BMC 10.0.0.15 does not answer",
            "Check the cable of the BMC port and its address",
        ),
        finding(
            "drive.failed",
            "c3-003/bay03",
            "hardware",
            Severity.CRITICAL,
            "12 reallocated sectors on ZL200303",
            "Replace the drive",
            "smartctl attribute 5 raw 12",
        ),
        finding(
            "drive.model",
            "c3-009/bay05",
            "hardware",
            Severity.WARNING,
            "firmware SN03 differs from its 87 sisters",
            "Update it, or waive it",
        ),
    ]


def _replacement(drive: Drive) -> Replacement:
    return Replacement(
        id=f"c3-007/bay02:{drive.serial}",
        server="c3-007",
        slot=2,
        bay="c3-007/bay02",
        by="anna",
        reason="grows sectors",
        old=Part(serial=drive.serial, model=drive.model, size=drive.size),
        history=["2025-01-01 10:00:00 marked: grows sectors"],
    )


def _verdict(drive: Drive | None) -> Verdict:
    assert drive is not None
    return Verdict(
        id=f"c3-008/bay01:{drive.serial}",
        bay="c3-008/bay01",
        serial=drive.serial,
        decision=Decision.ACCEPT,
        reason="lab only",
        by="anna",
    )
