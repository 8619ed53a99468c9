"""Which tests a site runs: the plan's names against what MAAS has, and C3's own scripts."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import as_file, files

from c3tui.clients.maas import Maas, Script
from c3tui.engine.step import Context
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.plan import Hardware

UNKNOWN = "hardware.unknown-test"
KINDS = {0: "node", 1: "cpu", 2: "memory", 3: "storage", 4: "network", 5: "gpu"}
"""MAAS's hardware types by number; a script may be filed under the plan's word for its own only."""


@dataclass(frozen=True)
class Test:
    """One test of the plan."""

    __test__ = False

    name: str
    per_drive: bool
    destructive: bool
    limit: float | None
    """Seconds on one part; None without a limit."""


@dataclass(frozen=True)
class Choice:
    """The tests of a site, and what is wrong with how the plan names them."""

    tests: tuple[Test, ...]
    problems: tuple[str, ...]

    @property
    def harmless(self) -> list[str]:
        """Tests that run once for each drive and leave it as it is."""
        return [test.name for test in self.tests if test.per_drive and not test.destructive]

    @property
    def destructive(self) -> list[str]:
        """Tests that overwrite the drive they run on."""
        return [test.name for test in self.tests if test.destructive]

    @property
    def others(self) -> list[str]:
        """Tests of other parts than drives."""
        return [test.name for test in self.tests if not test.per_drive and not test.destructive]

    def limit(self, name: str) -> float | None:
        """Seconds that a test may take on one part; None without a limit."""
        return next((test.limit for test in self.tests if test.name == name), None)

    def findings(self) -> list[Finding]:
        """What is wrong, as a finding on the site that holds the step up."""
        if not self.problems:
            return []
        what, remedy = "; ".join(self.problems), "Correct hardware.tests, hardware.select and hardware.limits"
        return [finding(UNKNOWN, "site", "hardware", Severity.CRITICAL, what, remedy)]


async def choose(plan: Hardware, maas: Maas) -> Choice:
    """The plan's tests as MAAS describes them; C3's own count as there, for they are uploaded before.

    Raises:
        PeerError: MAAS refuses or does not answer.
    """
    known = {script.name: script for script in await maas.scripts("testing")}
    own = {name: script for name, script in own_tests().items() if name not in known}
    return chosen(plan, known | own)


def chosen(plan: Hardware, known: dict[str, Script]) -> Choice:
    """The plan's tests out of those that are known."""
    problems = list(_problems(plan, known))
    names = dict.fromkeys([*plan.tests, *(name for _, name in _selected(plan))])
    tests = []
    for name in names:
        if script := known.get(name):
            limit = plan.limits.get(name) or script.timeout or None
            tests.append(Test(name, "storage" in script.parameters, script.destructive, limit))
    return Choice(tuple(tests), tuple(problems))


def _selected(plan: Hardware) -> Iterator[tuple[str, str]]:
    for kind in type(plan.select).model_fields:
        for name in getattr(plan.select, kind):
            yield kind, name


def _problems(plan: Hardware, known: dict[str, Script]) -> Iterator[str]:
    tags = {tag for script in known.values() for tag in script.tags}
    unknown = [name for name in _named(plan) if name not in known]
    for name in unknown:
        what = "is a tag, which can stand for destructive tests" if name in tags else "is unknown to MAAS"
        yield f"test {name} {what}"
    if unknown:
        yield f"MAAS has {', '.join(sorted(known))}"
    for kind, name in _selected(plan):
        if name in known and (real := KINDS.get(known[name].hardware, "node")) != kind:
            yield f"{name} is a test for {real}, and stands under hardware.select.{kind}"
    for name in plan.limits:
        if name in known and not known[name].builtin:
            yield f"{name} carries a limit of its own: hardware.limits is for MAAS's tests"


def _named(plan: Hardware) -> Iterable[str]:
    return dict.fromkeys([*plan.tests, *(name for _, name in _selected(plan)), *plan.limits])


async def prepare(ctx: Context, maas: Maas, choice: Choice) -> None:
    """Upload those of C3's own scripts that MAAS has not as they are here, and set the plan's limits.

    Raises:
        PeerError: MAAS refuses or does not answer.
    """
    wanted = {test.name for test in choice.tests}
    for name in own_tests():
        if name in wanted:
            with as_file(files("assets") / "maas-scripts" / name) as path:
                if await maas.ensure_script(path):
                    _changed(ctx, f"uploaded script {name}")
    for name, seconds in ctx.plan.hardware.limits.items():
        if name in wanted and await maas.limit_test(name, seconds):
            _changed(ctx, f"set the limit of test {name} to {seconds:.0f} s")


def _changed(ctx: Context, did: str) -> None:
    ctx.touched()
    ctx.say(did)
    with ctx.store.transaction(ctx.who) as transaction:
        transaction.note("MAAS changed", "site", did=did)


def own_tests() -> dict[str, Script]:
    """C3's own testing scripts, described by the metadata they carry."""
    folder = files("assets") / "maas-scripts"
    found = [
        _described(entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.is_file()
    ]
    return {script.name: script for script in found if script.kind == _TESTING}


_TESTING = 2


def _described(name: str, text: str) -> Script:
    fields = dict(re.findall(r"^# (\w+): (.+)$", text, re.MULTILINE))
    clock = [int(part) for part in fields.get("timeout", "0:0:0").split(":")]
    return Script(
        name=name,
        title=fields.get("title", ""),
        kind=_TESTING if fields.get("script_type") == "testing" else 0,
        hardware=next((number for number, kind in KINDS.items() if kind == fields.get("hardware_type")), 0),
        tags=(),
        destructive=fields.get("destructive") != "false",
        builtin=False,
        timeout=float(clock[0] * 3600 + clock[1] * 60 + clock[2]),
        parameters=("storage",) if fields.get("hardware_type") == "storage" else (),
    )
