"""The constraints that ``machines/`` may be listed and allocated by."""

from collections.abc import Callable

from c3tui.lab.maas.database import Database
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.maas.wire import ApiError, Fields, choice_error, invalid

Test = Callable[[Machine, list[str]], bool]


def matching(db: Database, fields: Fields) -> list[Machine]:
    """Machines that every constraint admits, by age.

    Raises:
        ApiError: 400, an unknown constraint, or one that names what does not exist.
    """
    tests = _tests(db)
    unknown = [name for name in fields.names() if name not in tests]
    if unknown:
        raise ApiError(400, {name: ["No such constraint."] for name in unknown})
    _check(db, fields)
    wanted = [(tests[name], _values(fields, name)) for name in fields.names()]
    machines = db.machines.values()
    return [each for each in machines if all(test(each, values) for test, values in wanted)]


def _values(fields: Fields, name: str) -> list[str]:
    values = fields.all(name) if name == "status" else fields.csv(name)
    return [value.lower() for value in values] if name == "mac_address" else values


def _check(db: Database, fields: Fields) -> None:
    known = {
        "zone": ("zone(s): {}", {zone.name for zone in db.zones.values()}),
        "pool": ("pool(s): {}", {pool.name for pool in db.pools.values()}),
        "tags": ("tag(s): '{}'", set(db.tags)),
        "not_tags": ("tag(s): '{}'", set(db.tags)),
    }
    for name, (text, names) in known.items():
        if missing := [value for value in fields.csv(name) if value not in names]:
            raise invalid(name, f"No such {text.format(', '.join(missing))}.")
    statuses = {status.constraint for status in NodeStatus}
    for value in fields.all("status"):
        if value not in statuses:
            raise invalid("status", choice_error(value))
    for name in ("mem", "cpu_count"):
        for value in fields.csv(name):
            if not value.replace(".", "", 1).isdigit():
                raise invalid(name, "Invalid memory: number of MiB required." if name == "mem" else "Invalid")


def _tests(db: Database) -> dict[str, Test]:
    def vlans(machine: Machine) -> set[int | None]:
        return {nic.vlan_id for nic in machine.interfaces}

    def fabrics(machine: Machine) -> set[str]:
        found = [db.vlans[vlan].fabric_id for vlan in vlans(machine) if vlan in db.vlans]
        return {db.fabrics[number].name for number in found}

    def subnets(machine: Machine) -> set[str]:
        found = [subnet for subnet in db.subnets.values() if subnet.vlan_id in vlans(machine)]
        return {text for subnet in found for text in (str(subnet.id), subnet.name, subnet.cidr)}

    return {
        "id": lambda machine, values: machine.system_id in values,
        "hostname": lambda machine, values: machine.hostname in values,
        "mac_address": lambda machine, values: any(nic.mac in values for nic in machine.interfaces),
        "domain": lambda machine, values: "maas" in values,
        "agent_name": lambda machine, values: machine.agent_name in values,
        "zone": lambda machine, values: db.zones[machine.zone_id].name in values,
        "not_in_zone": lambda machine, values: db.zones[machine.zone_id].name not in values,
        "pool": lambda machine, values: db.pools[machine.pool_id].name in values,
        "not_in_pool": lambda machine, values: db.pools[machine.pool_id].name not in values,
        "tags": lambda machine, values: set(values) <= set(machine.tags),
        "not_tags": lambda machine, values: not set(values) & set(machine.tags),
        "status": lambda machine, values: machine.status.constraint in values,
        "arch": lambda machine, values: machine.architecture in values or "amd64" in values,
        "cpu_count": lambda machine, values: machine.cpu_count >= max(map(float, values)),
        "mem": lambda machine, values: machine.memory >= max(map(float, values)),
        "vlans": lambda machine, values: bool({str(each) for each in vlans(machine)} & set(values)),
        "fabrics": lambda machine, values: bool(fabrics(machine) & set(values)),
        "not_fabrics": lambda machine, values: not fabrics(machine) & set(values),
        "subnets": lambda machine, values: bool(subnets(machine) & set(values)),
    }
