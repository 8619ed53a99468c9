"""The MAAS client against the lab's MAAS: a server's way from enlistment to a running system."""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.resources import as_file, files
from ipaddress import ip_network

import pytest
from pydantic import SecretStr

from c3tui.clients.maas import Limits, Maas, Machine, MachineWatch, RowStatus, Status
from c3tui.engine.errors import InputError, Refused, Unauthorised
from c3tui.lab.chassis import BMC_PASSWORD, BMC_USER, Chassis
from c3tui.lab.maas import MaasLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, FaultKind, Scenario

FAST = Limits(pause=0.02, longest_pause=0.05)
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f c3@test"


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    scenario = Scenario(
        servers=2,
        bays=4,
        speed=2000,
        octet=70,
        faults=[Fault(kind=FaultKind.DEAD_DRIVE, server=1, bay=2), Fault(kind=FaultKind.DEAD_BMC, server=2)],
    )
    room = Room(scenario)
    yield room
    await room.close()


@pytest.fixture
async def lab(room: Room) -> AsyncIterator[MaasLab]:
    lab = MaasLab(room)
    await lab.start(0)
    yield lab
    await lab.close()


@pytest.fixture
async def maas(lab: MaasLab) -> AsyncIterator[Maas]:
    async with await Maas.connect(lab.url, SecretStr(lab.api_key), FAST) as client:
        yield client


async def enlisted(room: Room, maas: Maas, box: Chassis) -> Machine:
    """Boot a server from the network and wait for MAAS to have it."""
    off = asyncio.Event()
    room.listen(lambda event, which: off.set() if which is box and not box.powered else None)
    box.bmc.boot_device = "pxe"
    room.power_on(box)
    async with asyncio.timeout(10):
        await off.wait()
    found = await maas.find_by_mac(box.pxe_mac)
    assert found is not None and found.status == Status.NEW
    return found


async def done(maas: Maas, system_id: str) -> Machine:
    """The machine when MAAS is no longer busy with it."""
    watch = MachineWatch(maas, poll=0.02)
    try:
        ended = await watch.wait(system_id, lambda one: not one.busy, limit=10)
    finally:
        await watch.close()
    assert ended and not ended.busy, ended
    return ended


async def upload(maas: Maas) -> list[bool]:
    """Bring C3's own scripts into MAAS."""
    changed = []
    for name in ("c3-bays", "c3-smart"):
        with as_file(files("assets") / "maas-scripts" / name) as path:
            changed.append(await maas.ensure_script(path))
    return changed


async def commissioned(room: Room, maas: Maas, box: Chassis, password: str = BMC_PASSWORD) -> Machine:
    """Bring a server to Ready."""
    machine = await enlisted(room, maas, box)
    await maas.set_power_ipmi(machine.system_id, box.bmc.address, BMC_USER, SecretStr(password))
    await maas.rename(machine.system_id, box.name, f"rack {box.rack}")
    await upload(maas)
    await maas.commission(machine.system_id, commissioning_scripts=["c3-bays"], skip_bmc_config=True)
    return await done(maas, machine.system_id)


async def test_connecting(lab: MaasLab, maas: Maas) -> None:
    assert maas.username and maas.version.startswith("3.")
    consumer, token, secret = lab.api_key.split(":")
    for key in (
        f"{consumer}:{token}:wrongsecret",
        f"{consumer}:wrongtoken:{secret}",
        f"wrong:{token}:{secret}",
    ):
        with pytest.raises(Unauthorised) as caught:
            await Maas.connect(lab.url, SecretStr(key), FAST)
        assert secret not in str(caught.value)


async def test_the_place(maas: Maas, room: Room) -> None:
    assert "ubuntu/noble" in {image.name for image in await maas.boot_images()}
    assert len(await maas.rack_controllers()) == 1
    assert await maas.config("node_timeout") == 30
    with pytest.raises(Refused, match="nosuchsetting"):
        await maas.config("nosuchsetting")
    cluster = await maas.subnet(str(room.scenario.cluster))
    assert cluster is not None and cluster.vlan.vid == 30 and cluster.gateway in cluster.cidr
    assert cluster.vlan in await maas.vlans()
    assert await maas.subnet("10.1.2.0/24") is None
    pxe = next(one for one in await maas.subnets() if one.cidr == ip_network(room.scenario.pxe))
    assert pxe.vlan.dhcp_on and any(
        one.kind == "dynamic" and one.subnet_id == pxe.id for one in await maas.ranges()
    )
    changed = await maas.update_subnet(cluster.id, dns=["127.72.0.2", "127.72.0.3"])
    assert changed.dns == ("127.72.0.2", "127.72.0.3")
    assert (await maas.update_vlan(cluster.vlan, mtu=9000)).mtu == 9000


async def test_ranges(maas: Maas, room: Room) -> None:
    cluster = await maas.subnet(str(room.scenario.cluster))
    assert cluster is not None
    first = cluster.cidr.network_address + 256
    made = await maas.create_range("reserved", str(first), str(first + 9), cluster.id, "C3: pods")
    again = await maas.create_range("reserved", str(first), str(first + 9), cluster.id, "C3: pods")
    assert made == again and made in await maas.ranges() and made.comment == "C3: pods"
    with pytest.raises(Refused, match="conflicts"):
        await maas.create_range("reserved", str(first + 5), str(first + 20), cluster.id)


async def test_scripts_are_uploaded_once(maas: Maas) -> None:
    assert await upload(maas) == [True, True]
    assert await upload(maas) == [False, False]
    scripts = {script.name: script for script in await maas.scripts()}
    assert scripts["c3-bays"].kind == 0 and scripts["c3-smart"].kind == 2
    smart = scripts["c3-smart"]
    assert not smart.destructive and smart.hardware == 3 and smart.parameters == ("storage",)
    assert {"c3-smart", "smartctl-validate"} <= {script.name for script in await maas.scripts("testing")}


async def test_from_enlistment_to_a_running_system(room: Room, maas: Maas) -> None:
    box = room.chassis[0]
    machine = await commissioned(room, maas, box)
    system_id = machine.system_id
    assert (machine.status, machine.hostname, machine.serial) == (Status.READY, box.name, box.serial)
    assert await maas.bmc_addresses() == {system_id: box.bmc.address}
    assert (machine.cpus, machine.memory_mib, len(machine.disks)) == (box.cpus, box.memory_mib, 4)
    assert machine.boot_mac == box.pxe_mac and set(machine.macs) == {nic.mac for nic in box.nics}
    bays = await maas.bays(system_id)
    assert bays is not None
    assert [(bay.slot, bay.serial, bay.by_path) for bay in bays] == [
        (bay.slot, bay.drive.serial if bay.drive else None, bay.by_path) for bay in box.bays
    ]

    dead = bays[2].serial
    assert dead is not None
    set_id = await maas.test(system_id, ["smartctl-validate", "c3-smart"])
    failed = await done(maas, system_id)
    assert failed.status == Status.FAILED_TESTING and failed.owner == maas.username
    results = await maas.results(system_id, set_id)
    assert results == await maas.results(system_id, "current-testing") and results is not None
    assert len(results.rows) == 8 and {row.serial for row in results.rows if row.failed} == {dead}
    assert all(row.passed for row in results.rows if row.serial != dead)
    row = next(row for row in results.rows if row.name == "c3-smart" and row.serial == dead)
    report = json.loads(await maas.output(system_id, set_id, row.id))
    assert report["smart_status"]["passed"] is False and report["serial_number"] == dead

    await maas.tag_disk(system_id, dead, "c3-replace")
    assert (box.name, 2) in room.marks
    await maas.override_failed_testing(system_id, "the drive is replaced")
    fresh = room.swap(box, 2)
    await maas.commission(system_id, commissioning_scripts=["c3-bays"], skip_bmc_config=True)
    machine = await done(maas, system_id)
    assert machine.disk(dead) is None and machine.disk(fresh.serial) is not None
    with pytest.raises(InputError, match=dead):
        await maas.untag_disk(system_id, dead, "c3-replace")
    set_id = await maas.test(system_id, ["c3-smart"], storage=[fresh.serial])
    assert (await done(maas, system_id)).status == Status.READY
    results = await maas.results(system_id, set_id)
    assert results is not None and [row.serial for row in results.rows] == [fresh.serial]
    assert results.rows[0].status == RowStatus.PASSED
    assert [one.id for one in await maas.history(system_id, "testing")][-1] == set_id

    await deploy(room, maas, box, system_id)


async def deploy(room: Room, maas: Maas, box: Chassis, system_id: str) -> None:
    cidr, address = str(room.scenario.cluster), str(room.scenario.cluster.network_address + 777)
    bridge = await maas.ensure_bridge(system_id, box.nics[1].mac, "br0", cidr, address)
    assert bridge.type == "bridge" and [link.address for link in bridge.links] == [address]
    before = await maas.last_event()
    assert await maas.ensure_bridge(system_id, box.nics[1].mac, "br0", cidr, address) == bridge
    assert await maas.last_event() == before
    await maas.ensure_ssh_key(PUBLIC_KEY)
    assert not await maas.ensure_ssh_key(PUBLIC_KEY)
    await maas.deploy(system_id, osystem="ubuntu", distro_series="noble", comment="C3")
    machine = await done(maas, system_id)
    assert machine.status == Status.DEPLOYED and machine.installed and address in machine.addresses
    assert (box.os_name, box.hostname, box.address) == ("ubuntu/noble", box.name, address)
    assert box.authorized_keys == [PUBLIC_KEY]
    for act in (
        maas.mark_broken(system_id, "no"),
        maas.test(system_id, ["c3-smart"]),
        maas.commission(system_id),
        maas.ensure_bridge(system_id, box.nics[0].mac, "br1", cidr, address),
    ):
        with pytest.raises(Refused):
            await act
    assert await maas.query_power(system_id) == "on"
    await maas.release(system_id)
    assert (await done(maas, system_id)).status == Status.READY and box.os_name == ""


async def test_a_bridge_is_put_right(room: Room, maas: Maas) -> None:
    machine = await commissioned(room, maas, room.chassis[0])
    one, other = room.chassis[0].nics
    cidr, first = str(room.scenario.cluster), room.scenario.cluster.network_address + 800
    await maas.ensure_bridge(machine.system_id, one.mac, "br0", cidr, str(first))
    moved = await maas.ensure_bridge(machine.system_id, other.mac, "br0", cidr, str(first))
    assert moved.parents == (other.name,)
    changed = await maas.ensure_bridge(machine.system_id, other.mac, "br0", cidr, str(first + 1))
    assert changed.id == moved.id and [link.address for link in changed.links] == [str(first + 1)]
    assert [nic.name for nic in (await maas.machine(machine.system_id)).nics if nic.type == "bridge"] == [
        "br0"
    ]
    with pytest.raises(InputError, match="no network port"):
        await maas.ensure_bridge(machine.system_id, "00:00:00:00:00:01", "br0", cidr, str(first))
    with pytest.raises(InputError, match="no subnet"):
        await maas.ensure_bridge(machine.system_id, one.mac, "br0", "10.1.0.0/24", "10.1.0.5")


async def test_some_of_the_drives_are_tested(room: Room, maas: Maas) -> None:
    machine = await commissioned(room, maas, room.chassis[0])
    wanted = {machine.disks[0].serial, machine.disks[3].serial}
    set_id = await maas.test(machine.system_id, ["c3-smart"], storage=wanted)
    assert (await done(maas, machine.system_id)).status == Status.READY
    results = await maas.results(machine.system_id, set_id)
    assert results is not None and {row.serial for row in results.rows} == wanted


async def test_a_test_is_aborted(room: Room, maas: Maas) -> None:
    machine = await commissioned(room, maas, room.chassis[0])
    await maas.test(machine.system_id, ["smartctl-long"])
    await maas.abort(machine.system_id)
    assert (await done(maas, machine.system_id)).status == Status.READY
    with pytest.raises(Refused, match="abort"):
        await maas.abort(machine.system_id)


async def test_a_broken_machine_and_back(room: Room, maas: Maas) -> None:
    machine = await commissioned(room, maas, room.chassis[0])
    broken = await maas.mark_broken(machine.system_id, "bad DIMM A3")
    assert (broken.status, broken.error) == (Status.BROKEN, "bad DIMM A3")
    assert (await maas.mark_broken(machine.system_id, "again")).status == Status.BROKEN
    fixed = await maas.mark_fixed(machine.system_id, "replaced")
    assert (fixed.status, fixed.owner) == (Status.READY, "")


async def test_a_bmc_that_refuses_maas_is_named_with_the_server(room: Room, maas: Maas) -> None:
    dead = room.chassis[1]
    machine = await enlisted(room, maas, dead)
    await maas.set_power_ipmi(machine.system_id, dead.bmc.address, BMC_USER, SecretStr(BMC_PASSWORD))
    await maas.rename(machine.system_id, dead.name)
    with pytest.raises(Refused) as caught:
        await maas.commission(machine.system_id)
    assert caught.value.where == dead.name and "BMC" in caught.value.remedy
    with pytest.raises(Refused):
        await maas.query_power(machine.system_id)
    assert (await maas.machine(machine.system_id)).status == Status.NEW


async def test_a_machine_that_is_not_there(maas: Maas) -> None:
    assert await maas.find_by_mac("00:00:00:00:00:01") is None
    assert await maas.machines(ids=["zzzzzz"]) == []
    with pytest.raises(Refused, match="zzzzzz: No Machine matches"):
        await maas.machine("zzzzzz")
