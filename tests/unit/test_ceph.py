"""The Ceph objects made of a plan: right for Rook's schema, small enough, and safe for old kernels."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from c3tui.clients.nodes.devices import BlockDevice
from c3tui.model import ceph
from c3tui.model.placement import Osd, Placement
from c3tui.model.plan import Plan
from c3tui.steps.cephstate import Health, missing, read_health
from tests.support.cluster import plan

ROOK = Path(__file__).resolve().parents[2] / "../shared/rook"
BUDGET = 256 << 10
"""Bytes of a CephCluster: beyond it a status write, one per OSD, takes a third of a second."""
EXPANDER = "/dev/disk/by-path/pci-0000:3b:00.0-sas-exp0x500304801f2a3b7f-phy{}-lun-0"
DIRECT = "/dev/disk/by-path/pci-0000:3b:00.0-sas-phy{}-lun-0"


def osd(server: str, slot: int, path: str = DIRECT, device_class: str = "hdd") -> Osd:
    return Osd(server, "r1", slot, path.format(slot), f"{server}-{slot}", 16 * 10**12, device_class)


def placement(servers: int, bays: int, path: str = DIRECT) -> Placement:
    return Placement(
        tuple(osd(f"c3-{n:03d}", slot, path) for n in range(1, servers + 1) for slot in range(bays)), ()
    )


def site(rook: str = "v1.20.6", **storage: Any) -> Plan:
    chosen = plan(3)
    software = chosen.storage.rook.model_copy(update={"version": rook})
    return chosen.model_copy(
        update={"storage": chosen.storage.model_copy(update={"rook": software, **storage})}
    )


def problems(schema: dict[str, Any], value: Any, path: str = "") -> list[str]:
    """Where a value does not fit an OpenAPI schema, in the part of it that Rook's definitions use."""
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "number": float}
    if schema.get("x-kubernetes-int-or-string"):
        return [] if isinstance(value, int | str) else [f"{path}: neither number nor text"]
    kind = schema.get("type", "")
    if kind in kinds and not isinstance(value, kinds[kind]):
        return [f"{path}: no {kind}"]
    found = [f"{path}.{name}: missing" for name in schema.get("required", []) if name not in value]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: {value} is none of {schema['enum']}")
    if (
        not schema.get("minimum", value) <= value <= schema.get("maximum", value)
        if kind == "integer"
        else False
    ):
        found.append(f"{path}: {value} out of range")
    if kind == "array":
        return found + [
            p for n, each in enumerate(value) for p in problems(schema["items"], each, f"{path}[{n}]")
        ]
    if kind == "object":
        for name, each in value.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if inner:
                found += problems(inner, each, f"{path}.{name}")
            elif not schema.get("x-kubernetes-preserve-unknown-fields"):
                found.append(f"{path}.{name}: not declared")
    return found


def schema(plural: str) -> dict[str, Any]:
    file = ROOK / f"crd-{plural}.ceph.rook.io.yaml"
    if not file.exists():
        pytest.skip(f"Rook's definitions are not beside the checkout ({file.name})")
    document = YAML(typ="safe", pure=True).load(file.read_text())
    found: dict[str, Any] = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return found


def test_the_cluster_fits_rooks_schema() -> None:
    mixed = Placement((osd("c3-001", 0), osd("c3-001", 1), osd("c3-001", 2, device_class="ssd")), ())
    for kernels in (["6.8.0-31-generic"], ["7.1.0"]):
        assert problems(schema("cephclusters"), ceph.cluster(site("v1.20.7"), mixed, kernels)["spec"]) == []


def test_the_schema_check_sees_what_is_wrong() -> None:
    spec = ceph.cluster(site(), placement(1, 1), ["6.8"])["spec"] | {"mon": {"count": 10}, "nosuch": 1}
    spec["security"]["cephx"]["csi"]["keyType"] = "des"
    found = problems(schema("cephclusters"), spec)
    assert len(found) == 3 and any("nosuch" in each for each in found)


def test_the_pool_fits_rooks_schema() -> None:
    pool = ceph.pool(site())
    assert problems(schema("cephblockpools"), pool["spec"]) == []
    assert pool["spec"]["replicated"]["size"] == 3 and pool["spec"]["parameters"] == {"bulk": "true"}


def test_the_storage_class_is_the_one_rook_shows() -> None:
    file = ROOK / "example-rbd-storageclass.yaml"
    if not file.exists():
        pytest.skip("Rook's examples are not beside the checkout")
    example = list(YAML(typ="safe", pure=True).load_all(file.read_text()))[-1]
    made = ceph.storage_class(site())
    assert made["provisioner"] == example["provisioner"]
    ours = {"pool", "imageFeatures"}
    assert set(made["parameters"]) == set(example["parameters"])
    for key in set(made["parameters"]) - ours:
        assert made["parameters"][key] == example["parameters"][key], key


def test_drivers_and_secrets_follow_the_namespace() -> None:
    made = ceph.storage_class(site(namespace="storage"))
    assert made["provisioner"] == "storage.rbd.csi.ceph.com"
    assert made["parameters"]["csi.storage.k8s.io/node-stage-secret-namespace"] == "storage"


@pytest.mark.parametrize("path", [DIRECT, "/dev/disk/by-path/pci-0000:3b:00.0-scsi-0:0:{}:0"])
def test_three_hundred_servers_stay_within_the_budget(path: str) -> None:
    wanted = ceph.cluster(site(), placement(300, 12, path), ["6.8.0"])
    assert len(json.dumps(wanted, separators=(",", ":"))) <= BUDGET


def test_the_longest_paths_stay_far_below_what_etcd_stores() -> None:
    wanted = ceph.cluster(site(), placement(300, 12, EXPANDER), ["6.8.0"])
    assert len(json.dumps(wanted, separators=(",", ":"))) <= 400_000


def test_every_node_says_its_class_once_and_the_exceptions_apart() -> None:
    mixed = Placement((osd("a", 0), osd("a", 1, device_class="ssd"), osd("a", 2), osd("b", 0)), ())
    nodes = ceph.cluster(site(), mixed, ["6.8"])["spec"]["storage"]["nodes"]
    assert [node["name"] for node in nodes] == ["a", "b"]
    assert nodes[0]["config"] == {"deviceClass": "hdd"}
    assert nodes[0]["devices"] == [
        {"name": DIRECT.format(0)},
        {"name": DIRECT.format(1), "config": {"deviceClass": "ssd"}},
        {"name": DIRECT.format(2)},
    ]


def test_nothing_is_left_to_discovery() -> None:
    storage = ceph.cluster(site(), placement(2, 2), ["6.8"])["spec"]["storage"]
    assert storage["useAllNodes"] is False and storage["useAllDevices"] is False
    assert not {"deviceFilter", "devicePathFilter"} & set(storage)


@pytest.mark.parametrize(
    ("rook", "kernels", "old_keys"),
    [
        ("v1.20.6", ["6.8.0-31-generic"], True),
        ("v1.20.7", ["7.0.0-10-generic", "6.17.0"], True),
        ("v1.20.7", ["7.0.0-10-generic", "7.2"], False),
        ("1.21.0", ["10.1"], False),
        ("v1.20.6", ["7.0.0"], True),
        ("v1.20.7", [], True),
        ("v1.20.7", ["unreadable"], True),
        ("main", ["7.0.0"], True),
    ],
)
def test_one_old_kernel_or_an_old_driver_decides_for_old_keys(
    rook: str, kernels: list[str], old_keys: bool
) -> None:
    spec = ceph.cluster(site(rook), placement(1, 1), kernels)["spec"]
    if not old_keys:
        assert "security" not in spec and "healthCheck" not in spec
        return
    assert spec["security"]["cephx"]["csi"]["keyType"] == "aes"
    assert spec["healthCheck"]["muteHealthWarning"] == {
        "AUTH_INSECURE_ROTATING_SERVICE_KEY_TYPE": {"policy": "mute"},
        "AUTH_INSECURE_CLIENT_KEY_TYPE": {"policy": "mute"},
        "AUTH_INSECURE_KEYS_ALLOWED": {"policy": "mute"},
        "AUTH_INSECURE_KEYS_CREATABLE": {"policy": "mute"},
    }


def health(status: dict[str, Any], generation: int = 2) -> Health:
    made = ceph.cluster(site(), placement(1, 1), ["6.8"])
    return read_health(made | {"metadata": {"generation": generation}, "status": status})


def warnings(*codes: str) -> dict[str, Any]:
    details = {code: {"severity": "HEALTH_WARN", "message": code} for code in codes}
    return {"ceph": {"health": "HEALTH_WARN", "details": details}}


def test_muted_warnings_are_sound_and_others_are_not() -> None:
    assert health(warnings("AUTH_INSECURE_KEYS_ALLOWED")).sound
    seen = health(warnings("AUTH_INSECURE_KEYS_ALLOWED", "OSD_DOWN"))
    assert not seen.sound and seen.word == "HEALTH_WARN (OSD_DOWN)"
    assert not health(warnings("AUTH_INSECURE_SERVICE_KEY_TYPE")).sound
    assert not health({}).sound and read_health(None).word == "no Ceph yet"


def test_ready_counts_for_the_generation_that_rook_has_seen() -> None:
    ready = {"phase": "Ready", "state": "Created", "observedGeneration": 1}
    assert not health(ready).finished
    assert health(ready | {"observedGeneration": 2}).finished


def test_a_failed_attempt_is_told_by_its_state() -> None:
    failed = {"phase": "Progressing", "state": "Error", "message": "failed to create cluster"}
    assert health(failed).failed
    assert not health({"phase": "Progressing", "state": "Creating", "message": "failed before"}).failed


def disk(name: str, slot: int, serial: str = "") -> BlockDevice:
    return BlockDevice(name, f"/dev/{name}", "disk", 1, by_path=DIRECT.format(slot), serial=serial)


def test_missing_osds_are_named_by_their_bay() -> None:
    planned = [osd("a", slot) for slot in range(4)]
    volume = BlockDevice("ceph--1--a-osd--block--2--b", "/dev/mapper/x", "lvm", 1, parent="sdc")
    blocks = [disk("sdb", 0), disk("sdc", 1), volume, disk("sdd", 9, serial="a-2"), disk("sde", 3)]
    devices = ["/dev/sdb", "/dev/ceph-1-a/osd-block-2-b", "/dev/sdd", "/dev/gone"]
    assert [each.slot for each in missing(planned, devices, blocks)] == [3]
    assert missing(planned, [], blocks) == planned
    assert missing(planned[3:], [DIRECT.format(3)], blocks) == []
