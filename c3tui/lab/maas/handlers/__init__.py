"""The operations of the API, one module per group of resources; importing them fills the table."""

from c3tui.lab.maas.handlers import (
    accounts,
    blockdevices,
    events,
    groups,
    images,
    interfaces,
    ipranges,
    machine,
    machines,
    marks,
    networks,
    operations,
    results,
    scripts,
    settings,
    subnets,
)

__all__ = [
    "accounts",
    "blockdevices",
    "events",
    "groups",
    "images",
    "interfaces",
    "ipranges",
    "machine",
    "machines",
    "marks",
    "networks",
    "operations",
    "results",
    "scripts",
    "settings",
    "subnets",
]
