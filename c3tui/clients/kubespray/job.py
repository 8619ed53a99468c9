"""A job: one run of one playbook, as a directory that the engine and the child both read."""

import importlib.resources
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from c3tui.clients.kubespray.inventory import Inventory
from c3tui.engine.errors import BadAnswer, InputError
from c3tui.engine.process import save_json
from c3tui.model.plan import Plan

WRAPPERS = frozenset({"cluster", "scale"})
"""Playbooks of Kubespray that C3's own plays come before."""


@dataclass(frozen=True)
class Job:
    """What to run on whom. One job is one run: a repetition is a new job in a new directory."""

    directory: Path
    """Of this job alone."""
    playbook: Path
    tree: Path
    """The checked Kubespray."""
    inventory: Path
    extra_vars: Path
    fact_cache: Path
    key_file: Path
    known_hosts: Path
    hosts: tuple[str, ...]
    """Hosts that must have taken part for the run to be a success."""
    ansible_bin: str = ""
    """Directory of ``ansible-playbook``; empty for the one beside this Python."""
    forks: int = 20
    limit: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    """For this run only, such as the ``node`` to remove. Never secrets."""

    @classmethod
    def of(
        cls,
        directory: Path,
        plan: Plan,
        inventory: Inventory,
        tree: Path,
        site: Path,
        *,
        playbook: str = "cluster",
        hosts: tuple[str, ...] | None = None,
        limit: tuple[str, ...] = (),
        tags: tuple[str, ...] = (),
        variables: Mapping[str, object] | None = None,
    ) -> Self:
        """A job on the cluster of a site.

        Args:
            site: the site's directory, which paths in the plan start from.
            playbook: ``cluster`` or ``scale``, which bring C3's own plays, or another of Kubespray's
                root playbooks, such as ``reset``.
            hosts: who must take part; all of the inventory unless given, or those of ``limit``.

        Raises:
            InputError: Kubespray has no playbook of that name.
        """
        chosen = plan.kubernetes
        if not (tree / f"{playbook}.yml").is_file():
            raise InputError(f"Kubespray has no playbook {playbook}.yml", where=str(tree))
        return cls(
            directory=directory.absolute(),
            playbook=_wrapper(playbook) if playbook in WRAPPERS else tree / f"{playbook}.yml",
            tree=tree,
            inventory=inventory.hosts_file.absolute(),
            extra_vars=inventory.extra_vars.absolute(),
            fact_cache=inventory.facts.absolute(),
            key_file=(site / plan.endpoints.ssh.key_file).absolute(),
            known_hosts=site.absolute() / "ssh" / "known_hosts",
            hosts=hosts if hosts is not None else limit or inventory.hosts,
            ansible_bin=str(site.absolute() / chosen.ansible_bin) if chosen.ansible_bin else "",
            forks=chosen.forks,
            limit=limit,
            tags=tags,
            variables=variables or {},
        )

    @property
    def events(self) -> Path:
        """The records of the run, one JSON object a line."""
        return self.directory / "events.jsonl"

    @property
    def job_vars(self) -> Path:
        """The variables of this run, as Ansible reads them."""
        return self.directory / "job-vars.json"

    @property
    def stop_flag(self) -> Path:
        """Present when the run shall end after the task under way."""
        return self.directory / "stop"

    @property
    def stopped_mark(self) -> Path:
        """Present when the run did end for the stop flag's sake."""
        return self.directory / "stopped"

    @property
    def kill_flag(self) -> Path:
        """Present when the run shall end at once."""
        return self.directory / "kill"

    def save(self) -> None:
        """Write the job into its directory, for the child to read.

        Raises:
            OSError: the directory cannot be written.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(self).items()}
        save_json(self.directory / "job.json", data)
        save_json(self.job_vars, {**self.variables, "c3_kubespray_tree": str(self.tree)})


def load(directory: Path) -> Job:
    """The job that was saved in a directory.

    Raises:
        InputError: there is none.
        BadAnswer: it makes no sense.
    """
    path = directory / "job.json"
    try:
        data: dict[str, Any] = json.loads(path.read_text())
        values = {one.name: _typed(one.type, data[one.name]) for one in fields(Job)}
    except FileNotFoundError as error:
        raise InputError("there is no job here", where=str(directory)) from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadAnswer("the job makes no sense", where=str(path)) from error
    return Job(**values)


def _typed(kind: object, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    return tuple(value) if isinstance(value, list) else value


def assets(name: str) -> Path:
    """A directory of the files that are shipped with C3."""
    return Path(str(importlib.resources.files("assets"))) / name


def _wrapper(playbook: str) -> Path:
    return assets("playbooks") / f"c3-{playbook}.yml"
