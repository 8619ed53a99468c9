"""The vendor client out of a kubeconfig. Its keys are never left in files, its text never in an error."""

import base64
import binascii
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from c3tui.engine.errors import InputError

_FILES = ("certificate-authority", "client-certificate", "client-key")
_REMEDY = "Run the kubernetes step again: it fetches the kubeconfig from the control plane"


async def open_client(path: Path) -> Any:
    """The vendor's ``ApiClient`` for the current context of a kubeconfig.

    Raises:
        InputError: there is no kubeconfig, or it cannot be used.
    """
    from kubernetes.aio import config
    from kubernetes.aio.config import ConfigException

    loaded = _read(path)
    # TLS reads keys from files only. The vendor would leave its copies behind until the process ends.
    with tempfile.TemporaryDirectory(prefix="c3-") as directory:
        for place, entry in enumerate([*_entries(loaded, "cluster"), *_entries(loaded, "user")]):
            _to_files(entry, Path(directory) / str(place), path)
        # The vendor would take http://localhost for a server that is not named.
        if not all(_has_server(entry) for entry in _entries(loaded, "cluster")):
            raise _unusable(path, "it names no server")
        try:
            client = await config.new_client_from_config_dict(loaded)  # type: ignore[no-untyped-call]
        except ConfigException as error:
            raise _unusable(path, str(error)) from None
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            raise _unusable(path, "its certificates or keys cannot be loaded") from None
    # The API is on the cluster's own network: a proxy of the environment would not find it.
    client.configuration.client_session_kwargs = {"trust_env": False}
    return client


def _read(path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        loaded = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(
            "no kubeconfig yet", where=str(path), remedy="Run the kubernetes step first"
        ) from None
    except OSError as error:
        raise _unusable(path, f"it cannot be read ({error.strerror})") from error
    except (YAMLError, UnicodeDecodeError) as error:
        # The error's own text shows the line, and the line may be a key.
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        raise _unusable(path, f"line {mark.line + 1} is no YAML" if mark else "it is no YAML") from None
    if not isinstance(loaded, dict):
        raise _unusable(path, "it is no kubeconfig")
    return loaded


def _entries(loaded: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """What is said of every cluster, or of every user."""
    section = loaded.get(f"{kind}s")
    for named in section if isinstance(section, list) else []:
        if isinstance(named, dict) and isinstance(named.get(kind), dict):
            yield named[kind]


def _has_server(entry: dict[str, Any]) -> bool:
    return str(entry.get("server", "")).startswith(("https://", "http://"))


def _to_files(entry: dict[str, Any], prefix: Path, kubeconfig: Path) -> None:
    """Put embedded certificates and keys into files; find the others from where the kubeconfig lies."""
    for key in _FILES:
        if embedded := entry.pop(f"{key}-data", None):
            target = prefix.with_suffix(f".{key}")
            target.touch(mode=0o600)
            try:
                target.write_bytes(base64.standard_b64decode(str(embedded)))
            except (binascii.Error, ValueError):
                raise _unusable(kubeconfig, f"its {key}-data is no base64") from None
            entry[key] = str(target)
        elif entry.get(key):
            entry[key] = str(kubeconfig.resolve().parent / str(entry[key]))


def _unusable(path: Path, why: str) -> InputError:
    return InputError(f"the kubeconfig cannot be used: {why}", where=str(path), remedy=_REMEDY)
