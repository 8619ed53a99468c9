"""Kubespray's own files: found, unpacked, checked to be Kubespray of the planned version."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from c3tui.engine.errors import InputError
from c3tui.engine.software import locate
from c3tui.model.plan import Software

_WHERE = "kubernetes.kubespray"


def tree(software: Software, base: Path, cache: Path) -> Path:
    """The directory of a checked Kubespray.

    Args:
        base: directory that a relative path in the plan starts from.
        cache: where tarballs are unpacked, each below the checksum of its content.

    Raises:
        InputError: it is absent, not Kubespray, of another version, or its checksum differs.
    """
    directory = locate(software, base, cache, name="Kubespray", where=_WHERE)
    try:
        about = YAML(typ="safe", pure=True).load((directory / "galaxy.yml").read_text())
        version = str(about["version"])
    except (OSError, YAMLError, KeyError, TypeError) as error:
        raise InputError(
            "this is no Kubespray: its galaxy.yml gives no version",
            where=str(directory),
            remedy=f"Correct {_WHERE}.path",
        ) from error
    if not _is_version(version, software.version.removeprefix("v")):
        raise InputError(
            f"this is Kubespray {version}, the plan says {software.version}",
            where=str(directory),
            remedy=f"Put the planned version there, or correct {_WHERE}.version",
        )
    return directory


def _is_version(version: str, wanted: str) -> bool:
    """Whether it is that version or a more precise one: 2.31 takes 2.31.0 and not 2.310."""
    return version.startswith(wanted) and not version[len(wanted) : len(wanted) + 1].isdigit()
