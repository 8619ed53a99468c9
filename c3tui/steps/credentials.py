"""The command that takes BMC logins: into ``secrets.yaml``, into force, and tried at once."""

import os
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.logins import write_logins
from c3tui.engine.site import load_secrets
from c3tui.model.logins import login_fault
from c3tui.model.secrets import BmcCredentials
from c3tui.steps import peers


async def credentials(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Take ``logins`` (user and password by server), and ``default`` for those without their own.

    They are written into secrets.yaml and tried at once, also while a step runs; the journal says whose
    login was given, and neither user nor password. Without arguments secrets.yaml is only read again.
    """
    plan, files = engine.site.plan, engine.site.files
    given = arguments.get("logins") or {}
    if not isinstance(given, Mapping):
        raise InputError("logins are given by server")
    logins = {str(name): checked_login(str(name), each) for name, each in given.items()}
    default = checked_login("default", arguments["default"]) if arguments.get("default") else None
    names = {server.name for server in plan.servers}
    if unknown := sorted(logins.keys() - names):
        raise InputError(f"no server {', '.join(unknown)} in the plan")
    if logins or default:
        write_logins(files.secrets, logins, default, os.environ)
    before = engine.site.secrets.bmc
    # A step under way keeps its MAAS: only the BMCs' logins come into force.
    engine.site.secrets.bmc = load_secrets(files.secrets, os.environ).bmc
    now = engine.site.secrets.bmc
    changed = [server.name for server in plan.servers if now.of(server.name) != before.of(server.name)]
    with engine.store.transaction(who) as transaction:
        transaction.note("BMC logins given", "site", servers=sorted(logins), all_others=default is not None)
    tried = sorted({*changed, *logins})
    fleet = await peers.bmcs(engine.site, engine.resources)
    fleet.retry(tried)
    return {"servers": tried}


def checked_login(name: str, given: object) -> BmcCredentials:
    """A login as it came over the wire.

    Raises:
        InputError: no BMC has such a login; never says the password.
    """
    login = given if isinstance(given, Mapping) else {}
    user, password = str(login.get("user") or ""), str(login.get("password") or "")
    if fault := login_fault(user, password):
        raise InputError(fault, where=str(name))
    return BmcCredentials(user=user, password=SecretStr(password))
