"""BMC logins from a CSV file or typed: into secrets.yaml, into force, and nowhere else."""

import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.cli.compose import engine_of
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site
from c3tui.model.logins import login_fault, read_logins
from c3tui.model.plan import Plan
from tests.support.networks import plan_with
from tests.support.plans import SECRETS, write_site


@pytest.fixture
def plan() -> Plan:
    return plan_with({"servers.0.serial": "S1", "servers.1.serial": "S2"})


def taken(text: str, plan: Plan) -> dict[str, tuple[str, str]]:
    found = read_logins(text, plan).by_server
    return {name: (login.user, login.password.get_secret_value()) for name, login in found.items()}


def faults(text: str, plan: Plan) -> list[str]:
    return [str(each) for each in read_logins(text, plan).faults]


def test_a_server_is_named_by_name_serial_or_bmc(plan: Plan) -> None:
    head = "Server;Serial number;BMC address;Username;Password"
    text = f"{head}\nc3-001;;;ADMIN;a,b\n;s2;;root;two\n;;10.0.0.13;x;y\n"
    assert taken(text, plan) == {"c3-001": ("ADMIN", "a,b"), "c3-002": ("root", "two"), "c3-003": ("x", "y")}
    assert faults(text, plan) == []


def test_faults_are_told_by_line_and_the_good_lines_kept(plan: Plan) -> None:
    text = "\n".join(
        [
            "server,serial,user,password",
            "c3-001,S1,ADMIN,good-one",
            "c3-009,,ADMIN,secret-2",
            "c3-002,S1,ADMIN,secret-3",
            ",,ADMIN,secret-4",
            "c3-003,,,secret-5",
            "c3-003,,ADMIN,",
            f"c3-004,,ADMIN,{'secret-6' * 3}",
            "",
        ]
    )
    assert list(taken(text, plan)) == ["c3-001"]
    said = faults(text, plan)
    assert [line.split(":")[0] for line in said] == [f"line {number}" for number in range(3, 9)]
    for line, words in zip(
        said,
        ("no server", "means two", "names no server", "user is missing", "line 6 already", "20 bytes"),
        strict=True,
    ):
        assert words in line and "secret" not in line


def test_a_server_given_twice_is_taken_from_neither_line(plan: Plan) -> None:
    text = "server,user,password\nc3-001,a,one\nc3-002,a,two\nc3-001,a,three\n"
    assert list(taken(text, plan)) == ["c3-002"]
    assert "neither was taken" in faults(text, plan)[0]


def test_a_file_without_headings_is_refused_without_repeating_it(plan: Plan) -> None:
    for text in ("", "\n \n", "c3-001,ADMIN,top-secret\n"):
        said = faults(text, plan)
        assert len(said) == 1 and "top-secret" not in said[0] and not taken(text, plan)


def test_a_quote_in_a_password_is_a_quote(plan: Plan) -> None:
    assert taken('server,user,password\nc3-001,a,x"y\n', plan) == {"c3-001": ("a", 'x"y')}


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [
        ("", "x", "user"),
        ("a", "", "password"),
        ("a" * 17, "x", "16"),
        ("a", "x" * 21, "20"),
        ("a", "\x1b", "typed"),
    ],
)
def test_what_no_bmc_has_is_refused(user: str, password: str, words: str) -> None:
    assert words in login_fault(user, password)
    assert login_fault("ADMIN", "x" * 20) == ""


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    site = Site.load(write_site(tmp_path / "site", secrets=f"# mine\n{SECRETS}# the end\n"))
    engine = engine_of(site, services=False)
    await engine.start()
    yield engine
    await engine.close()


def everything(engine: Engine) -> bytes:
    """All bytes of the site but those of its secrets."""
    directory = engine.site.files.directory
    files = [file for file in directory.rglob("*") if file.is_file() and file.name != "secrets.yaml"]
    return b"".join(file.read_bytes() for file in files)


async def test_logins_come_into_the_file_and_into_force(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    logins = {"c3-001": {"user": "ADMIN", "password": "12345678"}}
    given = {"logins": logins, "default": {"user": "root", "password": "for: all # of them"}}
    with caplog.at_level("DEBUG"):
        told = await engine.command("credentials", given, "ann")
    assert told == {"servers": ["c3-001", "c3-002"]}
    path = engine.site.files.secrets
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert text.startswith("# mine\n") and text.rstrip().endswith("# the end")
    for site in (engine.site, Site.load(engine.site.files.directory)):
        first, second = site.secrets.bmc.of("c3-001"), site.secrets.bmc.of("c3-002")
        assert first and first.password.get_secret_value() == "12345678"
        assert second and (second.user, second.password.get_secret_value()) == ("root", "for: all # of them")
    noted = [each for each in engine.store.journal(limit=100) if each.what == "BMC logins given"]
    assert noted[0].who == "ann" and noted[0].data == {"servers": ["c3-001"], "all_others": True}
    for secret in ("12345678", "for: all"):
        assert secret.encode() not in everything(engine) and secret not in caplog.text


@pytest.mark.parametrize(
    "given",
    [
        {"logins": {"c3-009": {"user": "a", "password": "secret-1"}}},
        {"logins": {"c3-001": {"user": "a", "password": "secret-1" * 3}}},
        {"logins": {"c3-001": ["secret-1"]}},
        {"default": {"user": "", "password": "secret-1"}},
        {"default": "secret-1"},
        {"logins": "secret-1"},
    ],
)
async def test_a_bad_login_changes_nothing_and_is_not_repeated(
    engine: Engine, given: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    before = engine.site.files.secrets.read_text()
    with pytest.raises(InputError) as caught:
        await engine.command("credentials", given, "ann")
    assert engine.site.files.secrets.read_text() == before
    assert "secret-1" not in str(caught.value) and "secret-1" not in caplog.text


async def test_a_file_others_may_read_is_not_written(engine: Engine) -> None:
    engine.site.files.secrets.chmod(0o644)
    with pytest.raises(InputError, match="others may read"):
        await engine.command("credentials", {"default": {"user": "a", "password": "b"}}, "ann")


async def test_a_default_that_the_environment_overrides_is_refused(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C3_BMC_USER", "env")
    monkeypatch.setenv("C3_BMC_PASSWORD", "env")
    with pytest.raises(InputError, match="environment"):
        await engine.command("credentials", {"default": {"user": "a", "password": "b"}}, "ann")


def command(site: Path, *options: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "c3tui", "credentials", str(site), *options],
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )


def test_the_command_takes_a_file_or_standard_input_and_never_argv(tmp_path: Path) -> None:
    site = write_site(tmp_path / "site")
    (tmp_path / "labels.csv").write_text("server,user,password\nc3-001,ADMIN,from-label\nc3-007,x,y-secret\n")
    done = command(site, "--csv", str(tmp_path / "labels.csv"))
    assert done.returncode == 1 and "labels.csv:3: no server" in done.stdout, done.stderr
    assert "1 BMC" in done.stderr and "y-secret" not in done.stdout + done.stderr
    done = command(site, "--user", "root", "--server", "c3-002", typed="typed-one\n")
    assert done.returncode == 0, done.stderr
    logins = Site.load(site).secrets.bmc.servers
    assert {name: each.password.get_secret_value() for name, each in logins.items()} == {
        "c3-001": "from-label",
        "c3-002": "typed-one",
    }
    for wrong in ([], ["--csv", "x.csv", "--user", "y"], ["--password", "z"]):
        assert command(site, *wrong).returncode == 2
