"""Boot images, and the one rack controller that serves them."""

from typing import Any

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.seed import RACK_ID
from c3tui.lab.maas.status import ScriptStatus
from c3tui.lab.maas.wire import Call, Resource, not_found

IMAGES = {1: ("ubuntu/noble", "hwe-24.04"), 2: ("ubuntu/jammy", "hwe-22.04")}
"""Imported for amd64: number, name and newest kernel."""
KERNELS = {"noble": ("ga-24.04", "hwe-24.04"), "jammy": ("ga-22.04", "hwe-22.04")}
_resources = Resource("BootResourcesHandler", "boot-resources/", "Manage boot resources.")
_resource = Resource("BootResourceHandler", "boot-resources/{id}/", "Manage a boot resource.")
_racks = Resource("RackControllersHandler", "rackcontrollers/", "Manage all rack controllers.")
_rack = Resource("RackControllerHandler", "rackcontrollers/{system_id}/", "Manage a rack controller.")
_SERVICES = ("dhcpd", "http", "ntp_rack", "proxy_rack", "rackd", "syslog_rack", "tftp")


def _image_json(number: int) -> dict[str, Any]:
    name, kernel = IMAGES[number]
    return {
        "id": number,
        "type": "Synced",
        "name": name,
        "architecture": f"amd64/{kernel}",
        "resource_uri": f"{BASE}boot-resources/{number}/",
        "last_deployed": None,
        "platform": "generic",
        "supported_platforms": "generic",
        "subarches": f"generic,{kernel}",
        "title": name.removeprefix("ubuntu/"),
    }


@_resources.on("GET", "read")
def read_images(call: Call) -> list[dict[str, Any]]:
    """List boot resources."""
    return [_image_json(number) for number in IMAGES]


@_resources.on("GET", "is_importing", op=True)
def is_importing(call: Call) -> bool:
    """Whether images are being imported."""
    return False


@_resource.on("GET", "read")
def read_image(call: Call) -> dict[str, Any]:
    """Read a boot resource."""
    number = call.path["id"]
    if not number.isdigit() or int(number) not in IMAGES:
        raise not_found("BootResource")
    return _image_json(int(number)) | {"sets": {}}


def _rack_json() -> dict[str, Any]:
    unknown = ScriptStatus.UNKNOWN
    kinds = ["cpu", "memory", "storage", "network", "interface", "other"]
    statuses = [f"{kind}_test_status" for kind in kinds] + ["commissioning_status", "testing_status"]
    return (
        {name: int(unknown) for name in statuses}
        | {f"{name}_name": unknown.label for name in statuses}
        | {f"current_{kind}_result_id": None for kind in ("commissioning", "testing", "installation")}
        | {
            "system_id": RACK_ID,
            "hostname": "rack1",
            "fqdn": "rack1.maas",
            "node_type": 4,
            "node_type_name": "Region and rack controller",
            "version": "3.7.3",
            "architecture": "amd64/generic",
            "hardware_uuid": None,
            "osystem": "ubuntu",
            "distro_series": "noble",
            "power_state": "unknown",
            "power_type": "",
            "status_action": None,
            "ip_addresses": ["127.0.0.1"],
            "description": "",
            "tag_names": [],
            "swap_size": None,
            "memory": 16384,
            "cpu_count": 8,
            "cpu_speed": 2100,
            "service_set": [{"name": name, "status": "running", "status_info": ""} for name in _SERVICES],
            "resource_uri": f"{BASE}rackcontrollers/{RACK_ID}/",
        }
    )


@_racks.on("GET", "read")
def read_racks(call: Call) -> list[dict[str, Any]]:
    """List rack controllers."""
    return [_rack_json()]


def _check(call: Call) -> None:
    if call.path["system_id"] != RACK_ID:
        raise not_found("RackController")


@_rack.on("GET", "read")
def read_rack(call: Call) -> dict[str, Any]:
    """Read a rack controller."""
    _check(call)
    return _rack_json()


@_rack.on("GET", "list_boot_images", op=True)
def list_boot_images(call: Call) -> dict[str, Any]:
    """The images that the rack controller has."""
    _check(call)
    images = [
        {"name": name, "architecture": "amd64", "subarches": [kernel]} for name, kernel in IMAGES.values()
    ]
    return {"images": images, "connected": True, "status": "synced"}
