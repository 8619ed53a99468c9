"""The lab's MAAS, spoken to as the product does: python-libmaas and plain HTTP."""

import asyncio
import base64
import inspect
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from maas.client import connect
from maas.client.bones import CallError

from c3tui.lab.chassis import BMC_PASSWORD, BMC_USER, Chassis
from c3tui.lab.maas import MaasLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, FaultKind, Scenario
from c3tui.lab.smart import report

SHARED = Path(__file__).resolve().parents[2] / "../shared"
SPEED = 6000.0
BAYS = 4


def scenario(*faults: Fault) -> Scenario:
    return Scenario(speed=SPEED, servers=2, bays=BAYS, octet=20, faults=list(faults))


async def until(probe: Callable[[], Any], limit: float = 6.0) -> Any:
    """The first true answer of ``probe``."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        value = probe()
        value = await value if inspect.isawaitable(value) else value
        if value:
            return value
        await asyncio.sleep(0.005)
    raise AssertionError("did not happen in time")


@dataclass
class Site:
    """A room, its MAAS, and a session of python-libmaas on it."""

    room: Room
    lab: MaasLab
    client: Any

    @property
    def api(self) -> Any:
        return self.client._origin.session

    async def enlist(self, box: Chassis) -> str:
        box.bmc.boot_device = "pxe"
        self.room.power_on(box)
        found = await until(lambda: self.api.Machines.read(mac_address=box.pxe_mac))
        await until(lambda: not box.powered)
        return str(found[0]["system_id"])

    async def ready(self, box: Chassis, **options: str) -> str:
        system_id = await self.enlist(box)
        await self.api.Machine.update(
            system_id=system_id,
            hostname=box.name,
            power_parameters_power_user=BMC_USER,
            power_parameters_power_pass=BMC_PASSWORD,
        )
        await self.api.Machine.commission(system_id=system_id, **({"testing_scripts": "none"} | options))
        await self.state(system_id, "Ready")
        await until(lambda: not box.powered)
        return system_id

    async def state(self, system_id: str, *names: str) -> dict[str, Any]:
        async def probe() -> dict[str, Any] | None:
            machine: dict[str, Any] = await self.api.Machine.read(system_id=system_id)
            return machine if machine["status_name"] in names else None

        found: dict[str, Any] = await until(probe)
        return found

    async def bridge(self, system_id: str, address: str) -> dict[str, Any]:
        nics = await self.api.Interfaces.read(system_id=system_id)
        subnet = next(each for each in await self.api.Subnets.read() if each["name"] == "cluster")
        number = nics[1]["id"]
        await self.api.Interface.update(system_id=system_id, id=number, vlan=str(subnet["vlan"]["id"]))
        bridge = await self.api.Interfaces.create_bridge(system_id=system_id, name="br0", parent=str(number))
        linked: dict[str, Any] = await self.api.Interface.link_subnet(
            system_id=system_id,
            id=bridge["id"],
            mode="STATIC",
            subnet=str(subnet["id"]),
            ip_address=address,
        )
        return linked


async def open_site(room: Room, state: dict[str, Any] | None = None) -> Site:
    lab = MaasLab(room, state)
    await lab.start(0)
    return Site(room, lab, await connect(lab.url, apikey=lab.api_key))


@pytest.fixture
async def site(request: pytest.FixtureRequest) -> AsyncIterator[Site]:
    room = Room(scenario(*getattr(request, "param", [])))
    opened = await open_site(room)
    yield opened
    await opened.lab.close()
    await room.close()


async def refusal(call: Any) -> tuple[int, str]:
    with pytest.raises(CallError) as caught:
        await call
    return caught.value.status, caught.value.content.decode()


def shared(name: str) -> Any:
    path = SHARED / "maas" / name
    if not path.exists():
        pytest.skip("the answers of a real region are not here")
    return json.loads(path.read_text())


DEAD_DRIVE = [Fault(kind=FaultKind.DEAD_DRIVE, server=1, bay=2)]


@pytest.mark.parametrize("site", [DEAD_DRIVE], indirect=True)
async def test_a_server_walks_from_the_first_boot_to_an_installed_system(site: Site) -> None:
    api, box = site.api, site.room.chassis[0]
    system_id = await site.enlist(box)
    new = await api.Machine.read(system_id=system_id)
    assert (new["status_name"], new["memory"], new["blockdevice_set"]) == ("New", 0, [])
    assert new["hardware_info"]["system_serial"] == "Unknown"
    power = await api.Machine.power_parameters(system_id=system_id)
    assert (power["power_address"], power["power_user"]) == (box.bmc.address, "")
    await api.Machine.update(
        system_id=system_id,
        hostname="c3-001",
        power_parameters_power_user=BMC_USER,
        power_parameters_power_pass=BMC_PASSWORD,
    )
    order = await api.Machine.commission(system_id=system_id, testing_scripts="smartctl-validate")
    assert (order["status"], order["owner"]) == (1, "c3")
    failed = await site.state(system_id, "Failed testing")
    assert (failed["owner"], failed["hardware_info"]["system_serial"]) == ("c3", box.serial)
    rows = (await api.NodeScriptResult.read(system_id=system_id, id="current-testing"))["results"]
    verdicts = {row["parameters"]["storage"]["value"]["name"]: row["status_name"] for row in rows}
    assert verdicts == {"sda": "Passed", "sdb": "Passed", "sdc": "Failed", "sdd": "Passed"}

    over = await api.Machine.override_failed_testing(system_id=system_id, comment="spare on its way")
    assert (over["status_name"], over["testing_status_name"], over["owner"]) == ("Ready", "Failed", None)
    old = next(disk for disk in over["blockdevice_set"] if disk["name"] == "sdc")
    fresh = site.room.swap(box, 2)
    still = await api.BlockDevices.read(system_id=system_id)
    assert old["serial"] in {disk["serial"] for disk in still}
    await api.Machine.commission(system_id=system_id)
    await site.state(system_id, "Ready")
    disk = next(each for each in await api.BlockDevices.read(system_id=system_id) if each["name"] == "sdc")
    assert disk["serial"] == fresh.serial and disk["id"] != old["id"]

    await site.bridge(system_id, "127.22.1.11")
    await api.SSHKeys.create(key="ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV me")
    data = base64.b64encode(b"#cloud-config\nssh_authorized_keys: [ssh-ed25519 BBBB run]\n").decode()
    deploying = await api.Machine.deploy(system_id=system_id, distro_series="noble", user_data=data)
    assert (deploying["status_name"], deploying["osystem"]) == ("Deploying", "ubuntu")
    deployed = await site.state(system_id, "Deployed", "Failed deployment")
    assert deployed["status_name"] == "Deployed"
    assert (box.os_running, box.os_name, box.hostname) == (True, "ubuntu/noble", "c3-001")
    assert box.address == "127.22.1.11"
    assert box.authorized_keys == ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGV me", "ssh-ed25519 BBBB run"]
    assert box.bays[0].drive and box.bays[0].drive.contents == "os"

    assert (await api.Machine.release(system_id=system_id))["status_name"] == "Releasing"
    free = await site.state(system_id, "Ready")
    assert (free["owner"], free["osystem"], box.os_name, box.powered) == (None, "", "", False)


async def test_viscera_lists_machines(site: Site) -> None:
    await site.ready(site.room.chassis[0])
    machines = await site.client.machines.list()
    assert [machine.hostname for machine in machines] == ["c3-001"]
    assert machines[0].status_name == "Ready" and machines[0].cpus == 32
    assert {subnet.cidr for subnet in await site.client.subnets.list()} >= {"127.21.0.0/16"}


def header(key: str, **changes: str) -> dict[str, str]:
    consumer, token, secret = key.split(":")
    fields = {
        "oauth_consumer_key": consumer,
        "oauth_token": token,
        "oauth_signature": f"%26{secret}",
        "oauth_nonce": uuid4().hex,
        "oauth_timestamp": str(int(time.time())),
        "oauth_signature_method": "PLAINTEXT",
        "oauth_version": "1.0",
    } | changes
    return {"Authorization": 'OAuth realm="OAuth", ' + ", ".join(f'{k}="{v}"' for k, v in fields.items())}


async def test_wrong_credentials_are_refused_in_the_words_of_maas(site: Site) -> None:
    key, url = site.lab.api_key, f"{site.lab.url}api/2.0/"
    used = header(key, oauth_nonce="once")
    cases = [
        (header(key), 200, '"username": "c3"'),
        (used, 200, '"username": "c3"'),
        (used, 401, "Nonce already used"),
        (header(key, oauth_signature="%26wrong"), 401, "Invalid signature"),
        (header(key, oauth_token="nobody"), 401, "Invalid access token: nobody"),
        (header(key, oauth_consumer_key="nobody"), 401, "Authorization Error: Invalid API key."),
        (header(key, oauth_timestamp=str(int(time.time()) - 400)), 401, "Expired timestamp"),
        ({}, 401, "Forbidden"),
        ({"Authorization": "Bearer abc"}, 401, "Forbidden"),
    ]
    async with aiohttp.ClientSession() as http:
        for headers, status, text in cases:
            async with http.get(f"{url}users/?op=whoami", headers=headers) as answer:
                assert (answer.status, text in await answer.text()) == (status, True), (status, text)
        async with http.get(f"{url}machines/") as answer:
            assert answer.status == 400
            assert await answer.text() == "Unrecognised signature: method=GET op=None"
        async with http.get(f"{url}version/") as answer:
            assert answer.status == 200 and answer.headers["X-MAAS-API-Hash"]
        async with http.get(f"{url}machines", headers=header(key)) as answer:
            assert answer.status == 404 and "X-MAAS-API-Hash" not in answer.headers


async def test_an_ordinary_user_may_look_and_no_more(site: Site) -> None:
    system_id = await site.ready(site.room.chassis[0])
    await site.api.Users.create(username="guest", email="g@example.com", password="pw", is_superuser="0")
    login = {"username": "guest", "password": "pw"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{site.lab.url}accounts/authenticate/", data=login) as answer,
    ):
        token = await answer.json()
    key = f"{token['consumer_key']}:{token['token_key']}:{token['token_secret']}"
    guest = (await connect(site.lab.url, apikey=key))._origin.session
    assert (await guest.Users.whoami())["is_superuser"] is False
    assert len(await guest.Machines.read()) == 1
    assert await refusal(guest.Machine.commission(system_id=system_id)) == (403, "")
    assert await refusal(guest.Machine.power_off(system_id=system_id)) == (403, "")
    assert (await refusal(guest.Machines.power_parameters()))[1] == (
        "This method is reserved for admin users."
    )


async def test_each_state_refuses_what_it_must(site: Site) -> None:
    api, box = site.api, site.room.chassis[0]
    new = await site.enlist(box)
    assert await refusal(api.Machine.deploy(system_id=new)) == (
        409,
        "Can't deploy a machine that is in the 'New' state",
    )
    assert (await refusal(api.Machine.test(system_id=new)))[1].startswith("Unable to start machine testing")
    assert await refusal(api.Machine.mark_broken(system_id=new)) == (403, "")
    assert await refusal(api.Machine.abort(system_id=new)) == (
        409,
        f"Cannot abort in current state: node {new} is in state New.",
    )
    ready = await site.ready(site.room.chassis[1])
    assert await refusal(api.Machine.mark_broken(system_id=ready)) == (403, "")
    assert await refusal(api.Machine.mark_fixed(system_id=ready)) == (
        409,
        "Can't mark a non-broken node as 'Ready'.",
    )
    unknown = '{"testing_scripts": ["Select a valid choice. nope is not one of the available choices."]}'
    assert await refusal(api.Machine.test(system_id=ready, testing_scripts="nope")) == (400, unknown)
    wrong = api.Machine.test(
        system_id=ready, testing_scripts="smartctl-short", **{"smartctl-short_storage": "sdz"}
    )
    assert "smartctl-short_storage" in (await refusal(wrong))[1]
    assert (await api.Machine.release(system_id=ready))["status_name"] == "Ready"
    await api.Machine.test(system_id=ready, testing_scripts="memtester")
    busy = '{"__all__": ["Commission is not available because of the current state of the node."]}'
    assert await refusal(api.Machine.commission(system_id=ready)) == (400, busy)
    stopping = await api.Machine.abort(system_id=ready)
    assert stopping["status_name"] == "Testing"
    stopped = await site.state(ready, "Ready")
    assert (stopped["owner"], stopped["testing_status_name"]) == (None, "Unknown")
    allocated = await api.Machines.allocate(system_id=ready)
    assert (allocated["status_name"], allocated["owner"]) == ("Allocated", "c3")
    assert await refusal(api.Machines.allocate(system_id=ready)) == (
        409,
        f"No machine with system ID {ready} available.",
    )
    broken = await api.Machine.mark_broken(system_id=ready, comment="bad DIMM")
    assert (broken["status_name"], broken["owner"], broken["error_description"]) == (
        "Broken",
        None,
        "bad DIMM",
    )
    assert (await api.Machine.mark_fixed(system_id=ready))["status_name"] == "Ready"
    bad = await refusal(api.Machines.read(foo="1"))
    assert bad == (400, '{"foo": ["No such constraint."]}')
    assert len(await api.Machines.read(status=["new", "ready"])) == 2
    assert (await refusal(api.Machines.read(status="ready,new")))[0] == 400


async def test_a_locked_machine_and_a_deployed_one_are_protected(site: Site) -> None:
    api = site.api
    system_id = await site.ready(site.room.chassis[0])
    await api.Machine.deploy(system_id=system_id)
    await site.state(system_id, "Deployed")
    await api.Machine.lock(system_id=system_id)
    assert await refusal(api.Machine.release(system_id=system_id)) == (403, "")
    assert await refusal(api.Machine.delete(system_id=system_id)) == (403, "")
    assert await api.Machine.query_power_state(system_id=system_id) == {"state": "on"}
    await api.Machine.unlock(system_id=system_id)
    destructive = await refusal(api.Machine.test(system_id=system_id, testing_scripts="fio"))
    assert destructive[0] == 400 and "undeployed" in destructive[1]
    await api.Machine.test(system_id=system_id, testing_scripts="ntp")
    await site.state(system_id, "Deployed")
    await until(lambda: site.room.chassis[0].os_running)
    released = await api.Machine.mark_broken(system_id=system_id, comment="never on day 2")
    assert (released["status_name"], site.room.chassis[0].os_name) == ("Broken", "")
    assert (await api.Machine.mark_fixed(system_id=system_id))["status_name"] == "Deployed"


async def test_a_bmc_that_refuses_leaves_the_machine_ready_but_owned(site: Site) -> None:
    api, box = site.api, site.room.chassis[0]
    system_id = await site.ready(box)
    box.bmc.password = "other"
    status, text = await refusal(api.Machine.test(system_id=system_id, testing_scripts="ntp"))
    assert status == 500 and text.startswith("Incorrect password.")
    after = await api.Machine.read(system_id=system_id)
    assert (after["status_name"], after["owner"]) == ("Ready", "c3")
    aborted = await api.NodeScriptResult.read(system_id=system_id, id="current-testing")
    assert aborted["status_name"] == "Aborted"
    box.bmc.alive = False
    assert (await api.Machine.deploy(system_id=system_id))["status_name"] == "Deploying"
    failed = await site.state(system_id, "Failed deployment")
    assert failed["error_description"].startswith("Power on for the node failed: Connection timed out")
    assert (await refusal(api.Machine.query_power_state(system_id=system_id)))[0] == 500


@pytest.mark.parametrize("site", [[Fault(kind=FaultKind.DEPLOY_FAILS, server=1)]], indirect=True)
async def test_an_installation_fails_once_and_then_works(site: Site) -> None:
    api = site.api
    system_id = await site.ready(site.room.chassis[0])
    await api.Machine.deploy(system_id=system_id)
    failed = await site.state(system_id, "Failed deployment")
    assert failed["error_description"].startswith("Installation failed")
    log = await api.NodeScriptResult.download(system_id=system_id, id="current-installation")
    assert b"Installation failed" in log
    await api.Machine.release(system_id=system_id)
    await site.state(system_id, "Ready")
    await api.Machine.deploy(system_id=system_id)
    assert (await site.state(system_id, "Deployed", "Failed deployment"))["status_name"] == "Deployed"


async def test_silence_is_given_up_after_the_node_timeout(site: Site) -> None:
    api, box = site.api, site.room.chassis[0]
    system_id = await site.ready(box)
    await api.MAAS.set_config(name="node_timeout", value="5")
    await api.Machine.test(system_id=system_id, testing_scripts="memtester")
    await until(lambda: _running(site, system_id))
    site.room.power_off(box)
    failed = await site.state(system_id, "Failed testing")
    assert failed["error_description"] == "Node operation 'Testing' timed out after 5 minutes."
    rows = (await api.NodeScriptResult.read(system_id=system_id, id="current-testing"))["results"]
    assert [row["status_name"] for row in rows] == ["Timed out"]


async def _running(site: Site, system_id: str) -> bool:
    each = await site.api.NodeScriptResult.read(system_id=system_id, id="current-testing")
    return bool(each["status_name"] == "Running" and each["results"][0]["status_name"] == "Running")


async def test_a_restart_goes_on_where_it_stopped(site: Site) -> None:
    box = site.room.chassis[0]
    system_id = await site.ready(box)
    await site.api.Tags.create(name="rack-1")
    disks = await site.api.BlockDevices.read(system_id=system_id)
    await site.api.BlockDevice.add_tag(system_id=system_id, id=disks[3]["id"], tag="c3-replace")
    await site.api.Machine.test(system_id=system_id, testing_scripts="memtester,smartctl-validate")
    await until(lambda: _running(site, system_id))
    key, saved = site.lab.api_key, json.loads(json.dumps(site.lab.dump()))
    chassis = [each.model_copy(deep=True) for each in site.room.chassis]
    room = Room(site.room.scenario, chassis)
    second = await open_site(room, saved)
    try:
        assert second.lab.api_key == key
        room.resume()
        assert room.marks == {(box.name, 3)}
        assert [tag["name"] for tag in await second.api.Tags.read()] == ["rack-1"]
        await second.state(system_id, "Ready")
        done = await second.api.NodeScriptResult.read(system_id=system_id, id="current-testing")
        assert {row["status_name"] for row in done["results"]} == {"Passed"}
        again = second.lab.dump()
        assert {**again, "epoch": 0} == {**MaasLab(Room(room.scenario, chassis), again).dump(), "epoch": 0}
    finally:
        await second.lab.close()
        await room.close()


async def test_a_tag_puts_the_drive_on_the_walk_list(site: Site) -> None:
    box, api = site.room.chassis[0], site.api
    system_id = await site.ready(box)
    disk = (await api.BlockDevices.read(system_id=system_id))[1]
    path = {"system_id": system_id, "id": disk["id"]}
    await api.BlockDevice.add_tag(**path, tag="c3-replace")
    assert site.room.marks == {(box.name, 1)}
    await api.BlockDevice.remove_tag(**path, tag="c3-replace")
    assert site.room.marks == set()
    site.room.swap(box, 1)
    await api.BlockDevice.add_tag(**path, tag="c3-replace")
    assert site.room.marks == set(), "the record is of a drive that is gone"
    await api.Machine.test(system_id=system_id, testing_scripts="smartctl-validate", storage="sdb")
    await site.state(system_id, "Failed testing")
    text = await api.NodeScriptResult.download(system_id=system_id, id="current-testing")
    assert f'serial "{disk["serial"]}" has not been found!' in text.decode()


SMART_SCRIPT = b"""#!/bin/sh
# --- Start MAAS 1.0 script metadata ---
# name: c3-smart
# title: SMART report
# script_type: test
# hardware_type: storage
# parallel: instance
# parameters:
#   storage: {type: storage, argument_format: '{path}'}
# packages: {apt: smartmontools}
# timeout: 00:05:00
# --- End MAAS 1.0 script metadata ---
"""
BAYS_SCRIPT = b"""#!/usr/bin/env python3
# --- Start MAAS 1.0 script metadata ---
# name: c3-bays
# script_type: commissioning
# timeout: 60
# --- End MAAS 1.0 script metadata ---
"""


@pytest.mark.parametrize("site", [DEAD_DRIVE], indirect=True)
async def test_uploaded_scripts_see_the_hardware(site: Site) -> None:
    api, box = site.api, site.room.chassis[0]
    made = await api.NodeScripts.create(script=SMART_SCRIPT, comment="one")
    assert (made["type_name"], made["timeout"], made["parallel"]) == ("Testing script", "0:05:00", 1)
    assert (await refusal(api.NodeScripts.create(script=SMART_SCRIPT)))[1] == (
        '{"name": ["Script with this Name already exists."]}'
    )
    assert await api.NodeScript.download(name="c3-smart") == SMART_SCRIPT
    await api.NodeScripts.create(script=BAYS_SCRIPT)
    box.bays[3].drive = None
    system_id = await site.ready(box, commissioning_scripts="c3-bays")
    text = await api.NodeScriptResult.download(
        system_id=system_id, id="current-commissioning", filters="c3-bays", output="stdout"
    )
    bays = json.loads(text)["bays"]
    assert [bay["serial"] for bay in bays] == [bay.drive.serial if bay.drive else None for bay in box.bays]
    await api.Machine.test(system_id=system_id, testing_scripts="c3-smart", **{"c3-smart_storage": "sdb,sdc"})
    # The script reports and does not judge: a dead drive's report is a report.
    await site.state(system_id, "Ready")
    done = await api.NodeScriptResult.read(system_id=system_id, id="current-testing", include_output="1")
    reports = {
        row["parameters"]["storage"]["value"]["name"]: json.loads(base64.b64decode(row["stdout"]))
        for row in done["results"]
    }
    passed = {name: each["smart_status"]["passed"] for name, each in reports.items()}
    assert passed == {"sdb": True, "sdc": False}
    assert reports["sdc"]["smartctl"]["exit_status"] & 0b1000
    both = await api.NodeScriptResult.download(system_id=system_id, id="current-testing")
    assert b" c3-smart - /dev/sdb -" in both


async def test_ranges_are_checked_and_listed(site: Site) -> None:
    api = site.api
    cluster = next(each for each in await api.Subnets.read() if each["name"] == "cluster")
    assert (cluster["gateway_ip"], cluster["vlan"]["vid"]) == ("127.22.0.1", 30)
    spans = {"type": "reserved", "subnet": str(cluster["id"])}
    made = await api.IPRanges.create(**spans, start_ip="127.22.64.0", end_ip="127.22.127.255", comment="pods")
    overlap = api.IPRanges.create(**spans, start_ip="127.22.100.0", end_ip="127.22.200.0")
    conflict = "Requested reserved range conflicts with an existing range."
    assert json.loads((await refusal(overlap))[1]) == {"start_ip": [conflict], "end_ip": [conflict]}
    outside = api.IPRanges.create(**spans, start_ip="127.22.1.0", end_ip="127.30.0.0")
    assert "must be within subnet" in (await refusal(outside))[1]
    taken = await api.Subnet.reserved_ip_ranges(id=cluster["id"])
    assert [(span["start"], span["purpose"]) for span in taken] == [
        ("127.22.0.1", ["gateway-ip"]),
        ("127.22.64.0", ["reserved"]),
    ]
    free = await api.Subnet.unreserved_ip_ranges(id=cluster["id"])
    assert [(span["start"], span["end"]) for span in free] == [
        ("127.22.0.2", "127.22.63.255"),
        ("127.22.128.0", "127.22.255.254"),
    ]
    await api.IPRange.delete(id=made["id"])
    assert [each["type"] for each in await api.IPRanges.read()] == ["dynamic"]


async def test_bridges_and_links_keep_the_rules_of_maas(site: Site) -> None:
    api = site.api
    first, second = await site.ready(site.room.chassis[0]), await site.ready(site.room.chassis[1])
    bridge = await site.bridge(first, "127.22.1.11")
    assert (bridge["parents"], bridge["links"][0]["mode"]) == (["eno2"], "static")
    assert (await refusal(site.bridge(second, "127.22.1.11"))) == (404, "IP address is already in use.")
    parent = next(nic for nic in await api.Interfaces.read(system_id=first) if nic["name"] == "eno2")
    again = api.Interfaces.create_bridge(system_id=first, name="br1", parent=str(parent["id"]))
    assert "already in a bond or a bridge" in (await refusal(again))[1]
    cluster = str(bridge["links"][0]["subnet"]["id"])
    beneath = await api.Interface.link_subnet(
        system_id=first, id=parent["id"], mode="STATIC", subnet=cluster, ip_address="127.22.1.12"
    )
    assert beneath["links"] == []
    link = str(bridge["links"][0]["id"])
    bare = await api.Interface.unlink_subnet(system_id=first, id=bridge["id"], _id=link)
    assert [each["mode"] for each in bare["links"]] == ["link_up"]


async def test_the_event_feed_pages_upwards(site: Site) -> None:
    await site.ready(site.room.chassis[0])
    everything = (await site.api.Events.query(level="DEBUG", limit="1000"))["events"]
    ids = [event["id"] for event in everything]
    assert ids == sorted(ids, reverse=True) and len(set(ids)) == len(ids) > 20
    page = (await site.api.Events.query(level="DEBUG", after=str(ids[-1]), limit="3"))["events"]
    assert [event["id"] for event in page] == ids[-4:-1]
    assert (await refusal(site.api.Events.query(limit="1001")))[0] == 400
    names = {event["type"] for event in everything if event["level"] == "INFO"}
    assert {"Commissioning", "Ready"} <= names


def shape_faults(real: Any, ours: Any, at: str = "$") -> list[str]:
    """Keys that are missing, and values of another JSON type; null fits every type."""
    if real is None or ours is None:
        return []
    if isinstance(real, dict):
        if not isinstance(ours, dict):
            return [f"{at}: no object"]
        missing = [f"{at}.{key}: missing" for key in real if key not in ours]
        return missing + [
            fault
            for key in real
            if key in ours
            for fault in shape_faults(real[key], ours[key], f"{at}.{key}")
        ]
    if isinstance(real, list) and isinstance(ours, list):
        return shape_faults(real[0], ours[0], f"{at}[0]") if real and ours else []
    same = type(real) is type(ours) or {type(real), type(ours)} == {int, float}
    return [] if same else [f"{at}: {type(real).__name__}, not {type(ours).__name__}"]


@pytest.mark.parametrize("site", [DEAD_DRIVE], indirect=True)
async def test_answers_have_the_shape_of_a_real_region(site: Site) -> None:
    api = site.api
    real = {name: shared(f"{name}.json") for name in ("machine", "blockdevices", "interfaces", "events")}
    system_id = await site.ready(site.room.chassis[0])
    await api.Machine.test(system_id=system_id, testing_scripts="smartctl-validate")
    await site.state(system_id, "Failed testing")
    result = await api.NodeScriptResult.read(system_id=system_id, id="current-testing", include_output="1")
    ours = {
        "machine": await api.Machine.read(system_id=system_id),
        "blockdevices": await api.BlockDevices.read(system_id=system_id),
        "interfaces": await api.Interfaces.read(system_id=system_id),
        "events": await api.Events.query(level="DEBUG"),
    }
    for name, answer in ours.items():
        assert shape_faults(real[name], answer) == [], name
    assert shape_faults(shared("result_with_output.json"), result) == []
    sets = await api.NodeScriptResults.read(system_id=system_id, type="testing")
    assert shape_faults(shared("results_testing.json"), sets) == []
    parameters = await api.Machine.power_parameters(system_id=system_id)
    assert shape_faults(shared("power_parameters.json"), parameters) == []
    scripts = {each["name"]: each for each in await api.NodeScripts.read(type="testing")}
    for script in shared("scripts_testing.json"):
        if script["default"]:
            assert shape_faults(script, scripts[script["name"]]) == [], script["name"]
            for key in ("hardware_type", "parallel", "timeout", "destructive", "packages", "tags"):
                assert scripts[script["name"]][key] == script[key], (script["name"], key)


async def test_the_description_promises_nothing_a_real_region_does_not_have(site: Site) -> None:
    real = {resource["name"]: resource for resource in shared("describe.json")["resources"]}
    async with aiohttp.ClientSession() as http, http.get(f"{site.lab.url}api/2.0/describe/") as answer:
        ours = await answer.json()
    assert len(ours["hash"]) == 40
    for resource in ours["resources"]:
        for side in ("anon", "auth"):
            if resource[side] is None:
                continue
            other = real[resource["name"]][side]
            assert resource[side]["path"] == other["path"] and resource[side]["params"] == other["params"]
            keys = ("name", "method", "op", "restful")
            known = {tuple(action[key] for key in keys) for action in other["actions"]}
            assert {tuple(action[key] for key in keys) for action in resource[side]["actions"]} <= known


@pytest.mark.parametrize(
    ("file", "transport", "rotational"),
    [
        ("sat-Seagate_Exos_X16-ST16000NM001G-2KK103-sda.json", "sata", True),
        (
            "sat-Intel_S4510_S4610_S4500_S4600_Series_SSDs-INTEL_SSDSC2KB480G8-sdm.json",
            "sata",
            False,
        ),
        ("nvme-null-SAMSUNG_MZQL23T8HCLS-00A07-nvme9.json", "nvme", False),
    ],
)
def test_smart_reports_have_the_shape_of_real_ones(file: str, transport: str, rotational: bool) -> None:
    path = SHARED / "drives" / file
    if not path.exists():
        pytest.skip("the reports of real drives are not here")
    drive = Room(scenario()).chassis[0].bays[1].drive
    assert drive
    drive = drive.model_copy(update={"transport": transport, "rotational": rotational})
    assert shape_faults(json.loads(path.read_text()), report(drive)) == []
    sound, dead = report(drive), report(drive.model_copy(update={"failed": True}))
    assert sound["smart_status"]["passed"] and sound["smartctl"]["exit_status"] == 0
    assert not dead["smart_status"]["passed"] and dead["smartctl"]["exit_status"] & 0b1000
    assert json.loads(json.dumps(dead)) == dead
