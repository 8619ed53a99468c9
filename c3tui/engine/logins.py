"""Writes BMC logins into ``secrets.yaml``: in one step, mode 0600, everything else kept as it stands."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.site import BMC_PASSWORD_VARIABLE, BMC_USER_VARIABLE, load_secrets
from c3tui.model.secrets import BmcCredentials


def write_logins(
    path: Path,
    logins: Mapping[str, BmcCredentials],
    default: BmcCredentials | None,
    environment: Mapping[str, str],
) -> None:
    """Set the logins of some BMCs, and the one for all others unless None.

    Raises:
        InputError: the file is bad or others may read it, or the environment gives the login for all, which
            wins; the file is then as it was.
    """
    if default and environment.get(BMC_USER_VARIABLE) and environment.get(BMC_PASSWORD_VARIABLE):
        raise InputError(
            "the environment gives the login for all BMCs, and it wins",
            where=BMC_USER_VARIABLE,
            remedy=f"Start the engine without {BMC_USER_VARIABLE} and {BMC_PASSWORD_VARIABLE}",
        )
    load_secrets(path, environment)
    tree = planfile.parse(planfile.read_text(path) if path.exists() else "{}", path.name)
    bmc = _section(tree, "bmc")
    if default:
        bmc["default"] = _plain(default)
    if logins:
        servers = _section(bmc, "servers")
        for name, login in logins.items():
            servers[name] = _plain(login)
    planfile.write(path, planfile.dump(tree), 0o600)


def _section(tree: Any, key: str) -> Any:
    """A mapping inside the tree; made when it is absent or empty."""
    if tree.get(key) is None:
        tree[key] = {}
    return tree[key]


def _plain(login: BmcCredentials) -> dict[str, str]:
    return {"user": login.user, "password": login.password.get_secret_value()}
