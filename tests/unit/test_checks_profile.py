from c3tui.checks.profile import lacks
from c3tui.model.fleet import Bay, Drive, Server, Use
from c3tui.model.plan import HardwareProfile

SERVER = Server(
    id="c3-001",
    name="c3-001",
    rack="r01",
    unit=1,
    cpus=32,
    memory_mib=65536,
    macs=["3c:ec:ef:00:00:01"],
    bays=[
        Bay(slot=0, drive=Drive(serial="A", use=Use.SYSTEM)),
        Bay(slot=1, drive=Drive(serial="B")),
        Bay(slot=2),
    ],
)


def test_a_server_that_has_all_lacks_nothing() -> None:
    assert lacks(SERVER, HardwareProfile(cpus=32, memory_gib=64, data_drives=1, nics=1)) == []


def test_every_figure_below_the_profile_is_named() -> None:
    profile = HardwareProfile(cpus=64, memory_gib=128, data_drives=2, nics=2)
    assert lacks(SERVER, profile) == [
        "32 of 64 CPUs",
        "64 of 128 GiB of memory",
        "1 of 2 data drives",
        "1 of 2 network ports",
    ]
