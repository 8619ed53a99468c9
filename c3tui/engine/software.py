"""Software of others that the plan names: found, checked by its checksum, unpacked when it is a tarball."""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

from c3tui.engine.errors import InputError
from c3tui.model.plan import Software

_NOT_CONTENT = frozenset({".git", "__pycache__"})


def locate(software: Software, base: Path, cache: Path, *, name: str, where: str) -> Path:
    """The directory of a checked piece of software.

    Args:
        base: directory that a relative path in the plan starts from.
        cache: where tarballs are unpacked, each below the checksum of its content.
        name: what people call it.
        where: its section of the plan.

    Raises:
        InputError: it is absent, or its checksum differs.
    """
    source = base / software.path
    if not source.exists():
        raise InputError(
            f"{name} is not there",
            where=str(source),
            remedy=f"Put {name} {software.version} there, or correct {where}.path",
        )
    checksum = digest(source) if software.sha256 or source.is_file() else ""
    if software.sha256 and checksum != software.sha256:
        raise InputError(
            f"the checksum is {checksum}, the plan says {software.sha256}",
            where=str(source),
            remedy=f"Fetch it again from its publisher, or correct {where}.sha256",
        )
    return (source if source.is_dir() else _unpack(source, cache / checksum)).resolve()


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a directory: of its lines ``<sha256>  <path>`` in sorted order.

    A symbolic link counts as its target's name. Version control and compiled Python do not count.
    """
    if path.is_file():
        return _digest_file(path)
    total = hashlib.sha256()
    for file in sorted(_content(path), key=lambda file: file.relative_to(path).as_posix()):
        if file.is_symlink():
            one = hashlib.sha256(os.fsencode(file.readlink())).hexdigest()
        else:
            one = _digest_file(file)
        total.update(f"{one}  {file.relative_to(path).as_posix()}\n".encode())
    return total.hexdigest()


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content(directory: Path) -> Iterator[Path]:
    for parent, directories, files in os.walk(directory):
        links = [name for name in directories if (Path(parent) / name).is_symlink()]
        directories[:] = [name for name in directories if name not in _NOT_CONTENT]
        for name in [*files, *links]:
            yield Path(parent) / name


def _unpack(tarball: Path, target: Path) -> Path:
    """Unpack beside ``target`` and rename: an interrupted unpacking is never taken for a tree."""
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix="unpacking-", dir=target.parent))
        try:
            with tarfile.open(tarball) as archive:
                archive.extractall(draft, filter="data")
            draft.rename(target)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise InputError(f"the tarball cannot be unpacked: {error}", where=str(tarball)) from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    inside = list(target.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else target
