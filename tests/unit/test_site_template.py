"""The commented plan of ``c3tui init``: whatever the answers, it loads and nothing in it disagrees."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import judge
from c3tui.cli import main
from c3tui.cli.init import rendered
from c3tui.cli.questions import EXAMPLES, judged
from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site, load_secrets
from c3tui.model.network import node_addresses
from c3tui.model.plan import Plan
from tests.support.plans import SITE

SHOWN = re.compile(r"^( +)# ([a-z_]+: [^ #].*)$", re.MULTILINE)
OF_OTHERS = ("sha256:", "mac:")


def plan_of(text: str) -> Plan:
    return planfile.validate(Plan, planfile.parse(text, "site.yaml"), "site.yaml")


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"ipmi": "192.168.40.0/28", "pxe": "192.168.41.0/28", "cluster": "192.168.42.0/23"},
        {"ipmi": "172.16.0.0/12", "pxe": "192.168.0.0/16", "cluster": "10.0.0.0/8"},
        {"ipmi": "10.233.0.0/24", "cluster": "172.16.0.0/12"},
        {"maas_url": "https://10.1.200.9/MAAS/", "pxe": "10.1.0.0/16"},
        {"maas_url": "http://maas.example:5240/MAAS"},
    ],
)
def test_any_good_answers_make_a_plan_without_findings(answers: dict[str, str]) -> None:
    said: dict[str, str] = {}
    for key, example in EXAMPLES.items():
        said[key] = judged(key, answers.get(key, example), said)
    plan = plan_of(rendered(said))
    assert [found.message for found in judge(plan, "network")] == []
    assert str(plan.networks.ipmi.cidr) == said["ipmi"] and str(plan.networks.pxe.cidr) == said["pxe"]
    assert str(plan.networks.cluster.cidr) == said["cluster"] and plan.site.name == said["name"]
    last = len(plan.networks.cluster.nodes) - 1
    assert node_addresses(plan.networks.cluster, last).address in plan.networks.cluster.nodes
    host = plan.endpoints.maas.url.host
    assert host not in {str(each) for each in plan.networks.pxe.dynamic.addresses()}


def test_a_commented_value_is_what_holds_without_it() -> None:
    text = rendered(EXAMPLES)
    with_all = SHOWN.sub(lambda line: line[0] if line[2].startswith(OF_OTHERS) else line[1] + line[2], text)
    assert len(with_all.splitlines()) == len(text.splitlines())
    assert sum(a != b for a, b in zip(text.splitlines(), with_all.splitlines(), strict=True)) > 20
    assert plan_of(with_all) == plan_of(text)


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("name", "Site 1", "a-z"),
        ("maas_url", "10.1.0.2", "not a URL of MAAS"),
        ("maas_url", "http://10.1.0.2:5240/", "not a URL of MAAS"),
        ("maas_url", "http://10.1.0.2:x/MAAS/", "not a URL of MAAS"),
        ("maas_url", 'http://h/MAAS/"\nevil: 1', "not a URL of MAAS"),
        ("maas_url", "http://me:secret@10.1.0.2/MAAS/", "API key"),
        ("ipmi", "10.0.0", "not an IPv4 network"),
        ("ipmi", "10.0.0.7/24", "do you mean 10.0.0.0/24"),
        ("ipmi", "10.0.0.0/30", "too small"),
        ("pxe", "10.0.2.0/24", "overlaps 10.0.0.0/22, the network given for ipmi"),
        ("cluster", "10.20.0.0/24", "too small"),
        ("cluster", "0.0.0.0/0", "too large"),
    ],
)
def test_a_bad_answer_is_refused_with_the_reason(
    key: str, text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "new"), f"--{key.replace('_', '-')}={text}"]) == 2
    said = capsys.readouterr().err
    assert says in said and "secret@" not in said.replace(text, "")
    assert list(tmp_path.iterdir()) == []


def test_a_new_site_wants_its_secrets_and_says_where(tmp_path: Path) -> None:
    site = tmp_path / "new"
    assert main(["init", str(site), "--name", "lyon"]) == 0
    assert (site / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    with pytest.raises(InputError, match=r"line \d+: maas_api_key.*line \d+: bmc.default.password"):
        Site.load(site, {})
    secrets = site / "secrets.yaml"
    filled = secrets.read_text().replace("maas_api_key:\n", "maas_api_key: a:b:c\n")
    secrets.write_text(filled.replace("password:\n", "password: x\n"))
    assert Site.load(site, {}).plan.site.name == "lyon"


def test_the_commented_login_of_one_server_is_as_c3_reads_it(tmp_path: Path) -> None:
    text = (files("assets") / "templates" / "secrets.yaml").read_text("utf-8")
    text = text.replace("  # servers:", "  servers:").replace("  #   c3-002:", "    c3-002:")
    path = tmp_path / "secrets.yaml"
    path.touch(0o600)
    path.write_text(text.replace("password:\n", "password: x\n"))
    login = load_secrets(path, {"C3_MAAS_API_KEY": "a:b:c"}).bmc.of("c3-002")
    assert login and login.password.get_secret_value() == "from-its-label"


def test_a_plan_given_is_taken_word_for_word(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(SITE)
    assert main(["init", str(tmp_path / "new"), "--from", str(tmp_path / "plan.yaml")]) == 0
    assert (tmp_path / "new" / "site.yaml").read_text() == SITE


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("vip:", "vpi:"), "line 12: networks.cluster.vpi"),
        (("10.233.0.0/18", "10.20.0.0/18"), "services 10.20.0.0/18 overlap"),
        (("site: {", "site: ["), "plan.yaml:2"),
    ],
)
def test_a_bad_plan_given_is_refused_and_nothing_is_made(
    change: tuple[str, str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plan.yaml").write_text(SITE.replace(*change))
    assert main(["init", str(tmp_path / "new"), "--from", str(tmp_path / "plan.yaml")]) == 2
    assert says in capsys.readouterr().err and not (tmp_path / "new").exists()


def test_what_is_there_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "secrets.yaml").write_text("maas_api_key: mine\n")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "secrets.yaml").read_text() == "maas_api_key: mine\n"
    plan = (tmp_path / "site.yaml").read_text()
    assert main(["init", str(tmp_path), "--name", "other"]) == 2
    assert "already" in capsys.readouterr().err and (tmp_path / "site.yaml").read_text() == plan


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file" / "site")]) == 2
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["site.yaml", "secrets.yaml"])
def test_a_link_to_nowhere_is_not_followed_and_nothing_is_left(name: str, tmp_path: Path) -> None:
    site = tmp_path / "new"
    site.mkdir()
    (site / name).symlink_to(tmp_path / "elsewhere")
    assert main(["init", str(site)]) == 2
    assert not (tmp_path / "elsewhere").exists()
    assert [path.name for path in site.iterdir()] == [name]


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_at_a_terminal_a_bad_answer_is_asked_again(tmp_path: Path, terminal: tuple[int, int]) -> None:
    ours, theirs = terminal
    os.write(ours, b"My Site\nlyon\n\n10.5.0.0/24\n10.5.0.0/16\n10.6.0.0/24\n\n")
    done = subprocess.run(
        [sys.executable, "-m", "c3tui", "init", str(tmp_path / "new")],
        stdin=theirs,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Name of the site") == 2 and done.stdout.count("PXE network") == 2
    assert "overlaps 10.5.0.0/24" in done.stderr
    plan = YAML(typ="safe").load((tmp_path / "new" / "site.yaml").read_text())
    assert plan["site"]["name"] == "lyon" and plan["endpoints"]["maas"]["url"] == EXAMPLES["maas_url"]
    assert plan["networks"]["pxe"]["cidr"] == "10.6.0.0/24"
    assert plan["networks"]["cluster"]["cidr"] == EXAMPLES["cluster"]
