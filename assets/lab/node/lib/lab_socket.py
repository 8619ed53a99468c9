"""Stand-in of the rehearsal lab: how a node's commands ask the lab, one JSON line each way."""

import json
import os
import socket
import sys


def ask(op, **arguments):
    """The lab's answer to one operation; ends the command with exit status 1 when it refuses or is away."""
    answer = request(op, **arguments)
    if "error" in answer:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {answer['error']}")
    return answer


def request(op, **arguments):
    """The lab's answer to one operation, which may be a refusal under ``error``."""
    folder, name = os.path.split(os.environ["C3_LAB_SOCKET"])
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)  # the address of a Unix socket is limited to 107 bytes
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(name)
            peer.sendall(
                json.dumps({"op": op, "node": os.environ["C3_LAB_NODE"], **arguments}).encode() + b"\n"
            )
            line = peer.makefile("rb").readline()
    except OSError as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: the rehearsal lab does not answer: {error}")
    finally:
        os.fchdir(here)
        os.close(here)
    return json.loads(line or b'{"error": "no answer"}')


def task_fails(task):
    """Whether the scenario lets this task fail now on this node."""
    return bool(ask("task-fault", task=task).get("fail"))


def tree(path):
    """Where a path of the node lies: in its own tree, unless it already names it."""
    home = os.environ["HOME"]
    if path == home or path.startswith(home + "/"):
        return path
    return os.path.join(home, path.lstrip("/"))
