"""Ansible's settings for a job, by environment and a file of its own: no user's and no tree's have a say."""

import hashlib
import os
import shutil
import stat
import sys
import tempfile
from pathlib import Path

import c3tui
from c3tui.clients.kubespray.job import Job, assets
from c3tui.engine.errors import InputError

_INHERITED = (
    *("HOME", "USER", "LOGNAME", "TZ", "TMPDIR", "SSH_AUTH_SOCK"),
    *("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
)
"""All that a child gets of our environment: the rest may hold secrets, or settings of another Ansible."""

_FIXED = {
    # Ansible refuses to run under anything but UTF-8, and the hints know English messages.
    "LC_ALL": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "False",
    "ANSIBLE_DEPRECATION_WARNINGS": "False",
    "ANSIBLE_PIPELINING": "True",
    "ANSIBLE_TIMEOUT": "60",
    "ANSIBLE_SSH_RETRIES": "2",
    # ansible-runner turns the check off unless it finds this set.
    "ANSIBLE_HOST_KEY_CHECKING": "True",
    # Looking for one costs two commands on each server; this is where the systems Kubespray supports have it.
    "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
    # Pipelined modules never have a terminal. Without one, raw commands keep their errors apart too.
    "ANSIBLE_SSH_USETTY": "False",
    "ANSIBLE_GATHERING": "smart",
    "ANSIBLE_CACHE_PLUGIN_TIMEOUT": "86400",
    "ANSIBLE_TRANSFORM_INVALID_GROUP_CHARS": "ignore",
    # Results above this size, in characters, arrive empty; 300 hosts with large ones would fill the memory.
    "MAX_EVENT_RES": "20000",
}


def environment(job: Job) -> dict[str, str]:
    """The whole environment of a job's child; makes the files and directories that it names.

    Raises:
        InputError: there is no ``ansible-playbook`` where the plan says, or the directory for SSH's
            control sockets belongs to somebody else.
    """
    config = job.directory / "ansible.cfg"
    # Has no variable of its own. Ansible would look for results a thousand times a second.
    config.write_text("[defaults]\ninternal_poll_interval = 0.01\n")
    own = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    return (
        own
        | _FIXED
        | {
            "PATH": os.pathsep.join([str(_ansible_bin(job)), os.environ.get("PATH", os.defpath)]),
            # For the child to find us; it does not hand it on to Kubespray's Python.
            "PYTHONPATH": str(Path(c3tui.__file__).parents[1]),
            "PYTHONPYCACHEPREFIX": str(_compiled()),
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_LOCAL_TEMP": str(job.directory / "tmp"),
            "ANSIBLE_ROLES_PATH": str(job.tree / "roles"),
            "ANSIBLE_LIBRARY": str(job.tree / "library"),
            "ANSIBLE_FORKS": str(job.forks),
            "ANSIBLE_CALLBACK_PLUGINS": str(assets("playbooks") / "callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "c3_stop",
            "C3_STOP_FLAG": str(job.stop_flag),
            "C3_STOPPED_MARK": str(job.stopped_mark),
            "ANSIBLE_PRIVATE_KEY_FILE": str(job.key_file),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(_control_directory(job)),
            "ANSIBLE_SSH_ARGS": _ssh_arguments(job.known_hosts),
            # As a run has it, for listing the tasks; ansible-runner sets the same.
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(job.fact_cache),
        }
    )


def _compiled() -> Path:
    """Where compiled Python goes: Ansible loads its plugins anew for every server and task.

    Apart from the sources, for Kubespray's are checksummed, and Ansible's may not be ours to write.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache).absolute() / "c3" / "python"


def _ansible_bin(job: Job) -> Path:
    directory = Path(job.ansible_bin) if job.ansible_bin else Path(sys.executable).parent
    if shutil.which("ansible-playbook", path=str(directory)) is None:
        raise InputError(
            "there is no ansible-playbook",
            where=str(directory),
            remedy="Name the bin directory of Kubespray's own environment in kubernetes.ansible_bin",
        )
    return directory


def _ssh_arguments(known_hosts: Path) -> str:
    """For the OpenSSH client: it never asks, and an unknown or changed host key is a refusal."""
    options = {
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        "ConnectTimeout": "10",
        "ConnectionAttempts": "2",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        # Kerberos would first look up names, which takes seconds where no DNS answers.
        "GSSAPIAuthentication": "no",
        "PreferredAuthentications": "publickey",
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "GlobalKnownHostsFile": os.devnull,
        # Ansible takes away the outer quotes, ssh the inner ones: the path may hold spaces.
        "UserKnownHostsFile": f"'\"{known_hosts}\"'",
    }
    return " ".join(f"-o {name}={value}" for name, value in options.items())


def _control_directory(job: Job) -> Path:
    """A short private directory: a Unix socket's path ends at 107 characters.

    One for each inventory, so that connections of the run before can be used again.
    """
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    name = hashlib.sha256(os.fsencode(job.inventory)).hexdigest()[:8]
    directory = base / f"c3-{os.getuid()}-{name}"
    directory.mkdir(mode=0o700, exist_ok=True)
    about = directory.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise InputError(
            "the directory for SSH's control sockets is not ours alone",
            where=str(directory),
            remedy="Remove it",
        )
    return directory
