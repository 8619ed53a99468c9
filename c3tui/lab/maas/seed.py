"""The region as a site finds it: an administrator, networks of the scenario, builtin scripts."""

import random
import string

from c3tui.lab.maas.catalogue import builtin
from c3tui.lab.maas.database import Database
from c3tui.lab.maas.records import Fabric, IpRange, Named, Subnet, Token, User, Vlan
from c3tui.lab.scenario import Scenario

ADMIN = "c3"
RACK_ID = "rack4c"
_FIRST_VLAN = 5001
CONFIG = {
    "maas_name": "rehearsal",
    "node_timeout": 30,
    "max_node_testing_results": 10,
    "max_node_commissioning_results": 10,
    "max_node_installation_results": 3,
    "commissioning_distro_series": "noble",
    "default_distro_series": "noble",
    "default_osystem": "ubuntu",
    "default_min_hwe_kernel": "",
    "default_storage_layout": "flat",
    "enable_http_proxy": True,
    "http_proxy": None,
    "kernel_opts": None,
    "maas_auto_ipmi_user": "maas",
    "maas_auto_ipmi_user_privilege_level": "ADMIN",
    "network_discovery": "enabled",
    "ntp_external_only": False,
    "ntp_servers": "ntp.ubuntu.com",
    "upstream_dns": None,
}
"""Settings that ``maas/?op=get_config`` knows."""


def seeded(scenario: Scenario, now: float) -> Database:
    """A new database; the same key for the same seed."""
    db = Database(epoch=now, config=dict(CONFIG))
    db.users[ADMIN] = User(username=ADMIN, email="c3@rehearsal.invalid", is_superuser=True)
    db.tokens.append(new_token(ADMIN, f"{scenario.seed}/{scenario.name}/maas-key"))
    db.pools[0] = Named(id=0, name="default", description="Default pool")
    db.zones[1] = Named(id=1, name="default")
    db.sequences.update(zones=1, pools=0)
    for script in builtin(now):
        db.scripts[script.id] = script
    db.sequences["scripts"] = db.sequences["revisions"] = len(db.scripts)
    _networks(db, scenario)
    return db


def new_token(username: str, seed: str) -> Token:
    """An API key made of a seed."""
    rng = random.Random(seed)
    letters = string.ascii_letters + string.digits
    parts = ["".join(rng.choice(letters) for _ in range(length)) for length in (18, 18, 32)]
    return Token(consumer=parts[0], key=parts[1], secret=parts[2], username=username)


def _networks(db: Database, scenario: Scenario) -> None:
    db.fabrics[0] = Fabric(id=0, name="fabric-0")
    db.sequences.update(fabrics=0, vlans=_FIRST_VLAN - 1)
    plan = [
        ("pxe", "untagged", 0, scenario.pxe),
        ("cluster", "cluster", 30, scenario.cluster),
        ("ipmi", "ipmi", 10, scenario.ipmi),
    ]
    for name, vlan_name, vid, network in plan:
        vlan = Vlan(id=db.next_id("vlans"), vid=vid, name=vlan_name, fabric_id=0)
        db.vlans[vlan.id] = vlan
        subnet = Subnet(id=db.next_id("subnets"), name=name, cidr=str(network), vlan_id=vlan.id)
        if name != "ipmi":
            subnet.gateway_ip = str(network.network_address + 1)
        db.subnets[subnet.id] = subnet
        if name == "pxe":
            vlan.dhcp_on, vlan.primary_rack = True, RACK_ID
            start = network.network_address + (200 << 8) + 1
            end = network.network_address + (250 << 8) + 254
            number = db.next_id("ip_ranges")
            db.ip_ranges[number] = IpRange(
                id=number,
                type="dynamic",
                start=str(start),
                end=str(end),
                subnet_id=subnet.id,
                username=ADMIN,
                comment="leases for PXE",
            )
