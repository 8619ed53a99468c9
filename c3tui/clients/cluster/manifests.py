"""Manifests of others: read from the directory the plan names, checked, in the order they must be applied."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from c3tui.clients.cluster.wire import JsonDict
from c3tui.engine.errors import InputError


def read(directory: Path, names: Sequence[str]) -> list[JsonDict]:
    """All objects of some files of a directory, in order, without null values.

    Server-side apply refuses a null where a client-side apply would take it.

    Raises:
        InputError: a file is missing or is no YAML of Kubernetes objects.
    """
    return [each for name in names for each in _objects(directory / name)]


def _objects(path: Path) -> Iterator[JsonDict]:
    try:
        documents = list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})",
            where=str(path),
            remedy="Point storage.rook.path at Rook's examples",
        ) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"is no YAML: {str(error).splitlines()[0]}", where=str(path)) from error
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
            raise InputError("holds something that is no Kubernetes object", where=str(path))
        yield without_nulls(document)


def without_nulls(value: Any) -> Any:
    """The value with every null key taken out."""
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list):
        return [without_nulls(each) for each in value]
    return value
