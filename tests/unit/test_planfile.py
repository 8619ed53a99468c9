from pathlib import Path

import pytest

from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site, load_secrets
from c3tui.model.plan import Plan
from tests.support.plans import SITE, write_site

LAUGHS = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n" + "\n".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)
)


def refusal(tmp_path: Path, text: str) -> str:
    path = tmp_path / "site.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        planfile.load(Plan, path)
    return str(error.value)


def test_an_unknown_key_is_refused_with_its_line_and_a_suggestion(tmp_path: Path) -> None:
    said = refusal(tmp_path, SITE.replace("vip: 10.20.0.5", "vpi: 10.20.0.5"))
    assert "line 12: networks.cluster.vpi: unknown key; did you mean 'vip'?" in said


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    said = refusal(tmp_path, SITE.replace("unit: 3", "unit: high").replace("10.233.0.0/18", "elsewhere"))
    assert "line 19: servers.1.unit" in said and "networks.cluster.services" in said


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("site: [", "site.yaml:1"),
        ("- a list", "mapping"),
        ("", "mapping"),
        ("a: &x\n  b: *x", "unknown key"),
        (LAUGHS, "aliases"),
        ("a: {b: \x01}", "site.yaml"),
    ],
)
def test_what_is_no_plan_is_refused_plainly(tmp_path: Path, text: str, word: str) -> None:
    assert word in refusal(tmp_path, text)


def test_an_edit_keeps_comments_and_layout(tmp_path: Path) -> None:
    path = write_site(tmp_path) / "site.yaml"
    plan = planfile.edit(Plan, path, {"networks.cluster.vip": "10.20.0.6", "servers.1.unit": 5})
    text = path.read_text()
    assert str(plan.networks.cluster.vip) == "10.20.0.6" and plan.servers[1].unit == 5
    assert "# the smallest site" in text and "# nobody listens there" in text
    changed = [new for old, new in zip(SITE.splitlines(), text.splitlines(), strict=True) if old != new]
    assert len(changed) == 2


def test_a_bad_edit_changes_nothing(tmp_path: Path) -> None:
    path = write_site(tmp_path) / "site.yaml"
    with pytest.raises(InputError, match="vip"):
        planfile.edit(Plan, path, {"networks.cluster.vip": "here"})
    assert path.read_text() == SITE


def test_secrets_that_others_may_read_are_refused(tmp_path: Path) -> None:
    write_site(tmp_path)
    (tmp_path / "secrets.yaml").chmod(0o640)
    with pytest.raises(InputError, match="0640"):
        Site.load(tmp_path)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    write_site(tmp_path)
    secrets = load_secrets(
        tmp_path / "secrets.yaml",
        {"C3_MAAS_API_KEY": "a:b:c", "C3_BMC_USER": "root", "C3_BMC_PASSWORD": "other"},
    )
    login = secrets.bmc.of("c3-001")
    assert secrets.maas_api_key.get_secret_value() == "a:b:c"
    assert login and login.password.get_secret_value() == "other"
    assert "other" not in repr(secrets) and "other" not in secrets.model_dump_json()


def test_a_directory_without_a_site_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="c3tui init"):
        Site.load(tmp_path)
