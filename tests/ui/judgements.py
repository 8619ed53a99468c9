"""A record whose drives were judged: one of each class, one asked again, and what is archived of one."""

import json

from c3tui.model.base import utc_now
from c3tui.model.evidence import Klass, Reason, SelfTest, SelfTestResult, SmartEvidence
from c3tui.model.fleet import Server, Stage, TestState
from c3tui.model.judged import Judged
from c3tui.model.replacement import Decision, Part, Phase, Replacement, Verdict
from tests.ui.records import Record

STATES = {
    Klass.GOOD: TestState.PASSED,
    Klass.WATCH: TestState.PASSED,
    Klass.REPLACE: TestState.FAILED,
    Klass.NOT_TESTED: TestState.NOT_TESTED,
}
BAD, WORN, SILENT, AGAIN = "c3-002/bay03", "c3-003/bay04", "c3-004/bay05", "c3-006/bay02"
"""Bays of the drives that are not good, and of one whose verdict was overtaken."""
PENDING = "8 pending sectors: data that cannot be read now"


def judgement(server: Server, slot: int, klass: Klass, headline: str = "", **numbers: float) -> Judged:
    """What is on record of the drive in a bay."""
    bay = server.bay(slot)
    assert bay is not None and bay.drive is not None
    return Judged(
        id=f"{server.name}/bay{slot:02d}",
        server=server.name,
        slot=slot,
        serial=bay.drive.serial,
        model=bay.drive.model,
        firmware="SN03",
        klass=klass,
        headline=headline or "2.9 years in service, nothing reallocated",
        numbers={"hours": 25_000.0 + slot, "reallocated": 0.0, "temperature_c": 31.0, **numbers},
        digest=klass.value,
    )


def judge(record: Record) -> None:
    """Every drive judged: three not good, and one that somebody accepted before it got worse."""
    servers = {n: record.server(n, Stage.TESTED) for n in range(1, record.servers + 1)}
    found = {
        f"{server.name}/bay{bay.slot:02d}": judgement(server, bay.slot, Klass.GOOD)
        for server in servers.values()
        for bay in server.bays
    }
    reasons = (
        Reason(rule="pending", klass=Klass.REPLACE, text=PENDING, value=8, limit=1),
        Reason(rule="hours", klass=Klass.GOOD, text="45000 h of service", value=45_000, limit=43_800),
    )
    bad = judgement(servers[2], 3, Klass.REPLACE, PENDING, pending=8, hours=45_000)
    found[BAD] = bad.model_copy(update={"reasons": reasons, "evidence": ("7/1", "7/2")})
    found[WORN] = judgement(servers[3], 4, Klass.WATCH, "72 % of rated endurance used", wear_percent=72)
    found[SILENT] = judgement(servers[4], 5, Klass.NOT_TESTED, "the device has no SMART")
    found[AGAIN] = judgement(servers[6], 2, Klass.REPLACE, "3 media errors", media_errors=3)
    for id, each in found.items():
        bay = servers[int(id[3:6])].bay(each.slot)
        assert bay is not None and bay.drive is not None
        bay.drive.test, bay.drive.test_detail = STATES[each.klass], each.headline
    stale = Verdict(
        id=f"{AGAIN}:{found[AGAIN].serial}",
        bay=AGAIN,
        serial=found[AGAIN].serial,
        decision=Decision.ACCEPT,
        reason="good enough",
        by="anna",
        stale_since=utc_now(),
        why="now 3 media errors",
    )
    record.put(*servers.values(), *found.values(), stale)


def archive(record: Record) -> None:
    """What stands behind the bad drive: a report, the tests, and the drive that sat there before."""
    bay = "c3-002/bay03"
    serial = "ZL200203"
    old = Replacement(
        id=f"{bay}:OLD00001",
        server="c3-002",
        slot=3,
        bay=bay,
        by="anna",
        reason="it ticked",
        phase=Phase.CLOSED,
        old=Part(serial="OLD00001", model="ST16000NM001G"),
        new=Part(serial=serial, model="ST16000NM001G"),
        history=["2025-01-01 10:00:00 marked: it ticked"],
    )
    record.put(old)
    smart = SmartEvidence(
        model="ST16000NM001G",
        serial=serial,
        self_tests=(
            SelfTest(
                type="Extended offline",
                extended=True,
                result=SelfTestResult.FAILED,
                status="Completed: read failure",
                hours=44_990,
                lba=123456,
            ),
        ),
    )
    row = {"serial": serial, "status": "Passed", "code": 2, "exit": 0, "runtime": 2.0, "limit": None}
    report = {"device": {"protocol": "ATA"}, "serial_number": serial, "note": "\x1b[31mred"}
    told = {"serial": serial, "slot": 3, "model": smart.model}
    with record.store.transaction("anna") as transaction:
        body = json.dumps(report).encode()
        transaction.archive(
            "test", "c3-002", "7/1", body, script="c3-smart", ended="2025-03-01T09:00:02", **row
        )
        failed = {**row, "status": "Failed", "code": 3, "exit": 4, "runtime": 130.0}
        transaction.archive("test", "c3-002", "7/2", b"read failure\n", script="smartctl-short", **failed)
        numbers = {"ended": "2025-02-01T09:00:02", "numbers": {"hours": 44_000.0, "pending": 1.0}}
        transaction.archive("evidence", "c3-002", "5/1@1", b"{}", **told, **numbers)
        numbers = {"ended": "2025-03-01T09:00:02", "numbers": {"hours": 45_000.0, "pending": 8.0}}
        text = smart.model_dump_json(exclude_defaults=True).encode()
        transaction.archive("evidence", "c3-002", "7/1@1", text, **told, **numbers)
        transaction.note("noted", bay, serial=serial, text="it was dropped")
