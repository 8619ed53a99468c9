"""A site: its directory, its plan and its secrets."""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.model.plan import Plan
from c3tui.model.secrets import BmcCredentials, Secrets

MAAS_KEY_VARIABLE = "C3_MAAS_API_KEY"
BMC_USER_VARIABLE = "C3_BMC_USER"
BMC_PASSWORD_VARIABLE = "C3_BMC_PASSWORD"


@dataclass(frozen=True)
class SiteFiles:
    """Where a site keeps what."""

    directory: Path

    @property
    def plan(self) -> Path:
        """What the engineer chose."""
        return self.directory / "site.yaml"

    @property
    def secrets(self) -> Path:
        """Keys and passwords, mode 0600."""
        return self.directory / "secrets.yaml"

    @property
    def database(self) -> Path:
        """The record of the truth."""
        return self.directory / "c3.db"

    @property
    def socket(self) -> Path:
        """Where the engine listens."""
        return self.directory / "engine.sock"

    @property
    def lock(self) -> Path:
        """Held by the engine while it lives."""
        return self.directory / "engine.lock"

    @property
    def engine_log(self) -> Path:
        """What the engine process says of itself."""
        return self.directory / "engine.log"

    @property
    def known_hosts(self) -> Path:
        """SSH host keys of this site's servers."""
        return self.directory / "ssh" / "known_hosts"

    def resolve(self, path: str) -> Path:
        """A path of the plan: relative ones start at the site directory."""
        return self.directory / Path(path).expanduser()


@dataclass
class Site:
    """A site as loaded; the plan may be reloaded while the engine runs."""

    files: SiteFiles
    plan: Plan
    secrets: Secrets

    @classmethod
    def load(cls, directory: Path, environment: Mapping[str, str] = os.environ) -> "Site":
        """Read a site directory.

        Raises:
            InputError: no site is there, or its plan or secrets are bad; says where and what.
        """
        files = SiteFiles(directory.resolve())
        if not files.plan.exists():
            raise InputError(
                "no site here: site.yaml is missing",
                where=str(directory),
                remedy="Make one with `c3tui init`, or try `c3tui rehearse`",
            )
        return cls(files, planfile.load(Plan, files.plan), load_secrets(files.secrets, environment))

    def digest(self, sections: Iterable[str]) -> str:
        """A short digest of some sections of the plan, to tell when a step's ground has changed."""
        text = self.plan.model_dump_json(include=set(sections))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_secrets(path: Path, environment: Mapping[str, str]) -> Secrets:
    """The secrets from their file; environment variables win.

    Raises:
        InputError: others may read the file, it is bad, or the MAAS key is nowhere.
    """
    tree: dict[str, Any] = {}
    if path.exists():
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise InputError(
                f"others may read it (mode {mode:04o})",
                where=path.name,
                remedy=f"chmod 600 {path}, then try again",
            )
        tree = planfile.parse(planfile.read_text(path), path.name)
    elif MAAS_KEY_VARIABLE not in environment:
        raise InputError(
            "no secrets: the file is missing",
            where=str(path),
            remedy=f"Write maas_api_key into it (mode 0600), or set {MAAS_KEY_VARIABLE}",
        )
    if key := environment.get(MAAS_KEY_VARIABLE):
        tree["maas_api_key"] = key
    secrets = planfile.validate(Secrets, tree, path.name)
    user, password = environment.get(BMC_USER_VARIABLE), environment.get(BMC_PASSWORD_VARIABLE)
    if user and password:
        secrets.bmc.default = BmcCredentials(user=user, password=SecretStr(password))
    return secrets
