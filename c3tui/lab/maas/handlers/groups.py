"""Tags, resource pools, zones and the domain: what machines are grouped by."""

import re
from typing import Any

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Named
from c3tui.lab.maas.shapes.machine import domain_json, machine_json, pool_json, zone_json
from c3tui.lab.maas.wire import NO_CONTENT, Answer, ApiError, Call, Resource, invalid, not_found

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_tags = Resource("TagsHandler", "tags/", "Manage tags.")
_tag = Resource("TagHandler", "tags/{name}/", "Manage a tag.")
_pools = Resource("ResourcePoolsHandler", "resourcepools/", "Manage resource pools.")
_pool = Resource("ResourcePoolHandler", "resourcepool/{id}/", "Manage a resource pool.")
_zones = Resource("ZonesHandler", "zones/", "Manage physical zones.")
_zone = Resource("ZoneHandler", "zones/{name}/", "Manage a physical zone.")
_domains = Resource("DomainsHandler", "domains/", "List domains.")
_domain = Resource("DomainHandler", "domains/{id}/", "Read a domain.")


def _checked_name(call: Call, taken: list[str], kind: str) -> str:
    name = call.form.get("name")
    if not name:
        raise invalid("name", "This field is required.")
    if not _NAME.fullmatch(name):
        raise invalid("name", "Enter a valid value.")
    if name in taken:
        raise invalid("name", f"{kind} with this Name already exists.")
    return name


def _tag_json(tag: Named) -> dict[str, Any]:
    return {
        "name": tag.name,
        "definition": tag.definition,
        "comment": tag.description,
        "kernel_opts": tag.kernel_opts,
        "resource_uri": f"{BASE}tags/{tag.name}/",
    }


def _find_tag(call: Call) -> Named:
    tag = call.region.db.tags.get(call.path["name"])
    if tag is None:
        raise not_found("Tag")
    return tag


@_tags.on("GET", "read")
def read_tags(call: Call) -> list[dict[str, Any]]:
    """List tags."""
    return [_tag_json(tag) for tag in call.region.db.tags.values()]


@_tags.on("POST", "create", admin="silent")
def create_tag(call: Call) -> dict[str, Any]:
    """Create a tag."""
    db = call.region.db
    name = _checked_name(call, list(db.tags), "Tag")
    tag = Named(id=db.next_id("tags"), name=name, description=call.form.get("comment"))
    tag.definition, tag.kernel_opts = call.form.get("definition"), call.form.get("kernel_opts")
    db.tags[name] = tag
    return _tag_json(tag)


@_tag.on("GET", "read")
def read_tag(call: Call) -> dict[str, Any]:
    """Read a tag."""
    return _tag_json(_find_tag(call))


@_tag.on("PUT", "update", admin="silent")
def update_tag(call: Call) -> dict[str, Any]:
    """Change name, comment or kernel options."""
    tag, db = _find_tag(call), call.region.db
    if "name" in call.form and call.form.get("name") != tag.name:
        new = _checked_name(call, list(db.tags), "Tag")
        for machine in db.machines.values():
            machine.tags = [new if each == tag.name else each for each in machine.tags]
        db.tags[new] = db.tags.pop(tag.name)
        tag.name = new
    tag.description = call.form.get("comment", tag.description)
    tag.kernel_opts = call.form.get("kernel_opts", tag.kernel_opts)
    return _tag_json(tag)


@_tag.on("DELETE", "delete", admin="silent")
def delete_tag(call: Call) -> Answer:
    """Delete a tag."""
    tag = _find_tag(call)
    for machine in call.region.db.machines.values():
        machine.tags = [each for each in machine.tags if each != tag.name]
    del call.region.db.tags[tag.name]
    return NO_CONTENT


@_tag.on("GET", "machines", op=True)
def tag_machines(call: Call) -> list[dict[str, Any]]:
    """Machines that have the tag."""
    tag, db = _find_tag(call), call.region.db
    return [machine_json(db, machine) for machine in db.machines.values() if tag.name in machine.tags]


@_tag.on("POST", "update_nodes", op=True, admin="silent")
def update_nodes(call: Call) -> dict[str, int]:
    """Add machines to the tag and remove others; unknown ones are ignored."""
    tag, machines = _find_tag(call), call.region.db.machines
    counts = {"added": 0, "removed": 0}
    for system_id in call.form.csv("add"):
        if system_id in machines:
            counts["added"] += 1
            if tag.name not in machines[system_id].tags:
                machines[system_id].tags.append(tag.name)
    for system_id in call.form.csv("remove"):
        if system_id in machines and tag.name in machines[system_id].tags:
            machines[system_id].tags.remove(tag.name)
            counts["removed"] += 1
    return counts


@_pools.on("GET", "read")
def read_pools(call: Call) -> list[dict[str, Any]]:
    """List resource pools."""
    return [pool_json(pool) for pool in call.region.db.pools.values()]


@_pools.on("POST", "create", admin="text")
def create_pool(call: Call) -> dict[str, Any]:
    """Create a resource pool."""
    db = call.region.db
    name = _checked_name(call, [pool.name for pool in db.pools.values()], "Resource pool")
    pool = Named(id=db.next_id("pools"), name=name, description=call.form.get("description"))
    db.pools[pool.id] = pool
    return pool_json(pool)


def _find_pool(call: Call) -> Named:
    number = call.path["id"]
    pool = call.region.db.pools.get(int(number)) if number.isdigit() else None
    if pool is None:
        raise not_found("ResourcePool")
    return pool


@_pool.on("GET", "read")
def read_pool(call: Call) -> dict[str, Any]:
    """Read a resource pool."""
    return pool_json(_find_pool(call))


@_pool.on("DELETE", "delete", admin="text")
def delete_pool(call: Call) -> Answer:
    """Delete an empty resource pool."""
    pool = _find_pool(call)
    if pool.id == 0:
        raise ApiError(400, "This is the default pool, it cannot be deleted.")
    if any(machine.pool_id == pool.id for machine in call.region.db.machines.values()):
        raise ApiError(400, "Pool has machines in it, it cannot be deleted.")
    del call.region.db.pools[pool.id]
    return NO_CONTENT


@_zones.on("GET", "read")
def read_zones(call: Call) -> list[dict[str, Any]]:
    """List zones."""
    return [zone_json(zone) for zone in call.region.db.zones.values()]


@_zones.on("POST", "create", admin="text")
def create_zone(call: Call) -> dict[str, Any]:
    """Create a zone."""
    db = call.region.db
    name = _checked_name(call, [zone.name for zone in db.zones.values()], "Physical zone")
    zone = Named(id=db.next_id("zones"), name=name, description=call.form.get("description"))
    db.zones[zone.id] = zone
    return zone_json(zone)


def _find_zone(call: Call) -> Named:
    for zone in call.region.db.zones.values():
        if zone.name == call.path["name"]:
            return zone
    raise not_found("Zone")


@_zone.on("GET", "read")
def read_zone(call: Call) -> dict[str, Any]:
    """Read a zone."""
    return zone_json(_find_zone(call))


@_zone.on("DELETE", "delete", admin="text")
def delete_zone(call: Call) -> Answer:
    """Delete a zone; its machines move to the default one."""
    zone = _find_zone(call)
    if zone.id == 1:
        raise ApiError(400, "This zone is the default zone, it cannot be deleted.")
    for machine in call.region.db.machines.values():
        if machine.zone_id == zone.id:
            machine.zone_id = 1
    del call.region.db.zones[zone.id]
    return NO_CONTENT


@_domains.on("GET", "read")
def read_domains(call: Call) -> list[dict[str, Any]]:
    """List domains."""
    return [domain_json()]


@_domain.on("GET", "read")
def read_domain(call: Call) -> dict[str, Any]:
    """Read a domain."""
    if call.path["id"] not in ("0", "maas"):
        raise not_found("Domain")
    return domain_json()
