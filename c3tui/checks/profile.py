"""What a found server lacks against the hardware profile the plan gives it."""

from c3tui.model.fleet import Server, Use
from c3tui.model.plan import HardwareProfile


def lacks(server: Server, profile: HardwareProfile) -> list[str]:
    """Every figure that is below the profile, found against expected."""
    figures = (
        ("CPUs", float(server.cpus), float(profile.cpus)),
        ("GiB of memory", server.memory_mib / 1024, profile.memory_gib),
        ("data drives", float(len(server.drives(Use.DATA))), float(profile.data_drives)),
        ("network ports", float(len(server.macs)), float(profile.nics)),
    )
    return [f"{found:g} of {expected:g} {what}" for what, found, expected in figures if found < expected]
