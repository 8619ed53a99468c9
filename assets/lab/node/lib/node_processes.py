"""Stand-in of the rehearsal lab: the processes that belong to this node."""

import os


def listing():
    """Each process whose environment carries this node's home, as pid, ppid, pgid, comm and arguments."""
    mark = b"\0HOME=" + os.environb[b"HOME"] + b"\0"
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if mark not in b"\0" + file.read() + b"\0":
                    continue
            with open(f"/proc/{name}/cmdline", "rb") as file:
                arguments = file.read().rstrip(b"\0").replace(b"\0", b" ").decode(errors="replace")
            with open(f"/proc/{name}/stat") as file:
                before, after = file.read().rsplit(")", 1)
        except OSError:
            continue
        fields = after.split()
        comm = before.split("(", 1)[1]
        entry = {"pid": int(name), "ppid": int(fields[1]), "pgid": int(fields[2]), "stat": fields[0]}
        found.append({**entry, "comm": comm, "args": arguments or f"[{comm}]"})
    return sorted(found, key=lambda entry: entry["pid"])
