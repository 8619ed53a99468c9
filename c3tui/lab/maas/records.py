"""What the region's database holds, table by table, as records that go to JSON and back."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from c3tui.lab.maas.status import HardwareType, NodeStatus, ScriptStatus, ScriptType


class Record(BaseModel):
    """A row of a table; unknown fields are refused so that an old state is noticed."""

    model_config = ConfigDict(extra="forbid")


class User(Record):
    """Who may call."""

    username: str
    email: str
    is_superuser: bool
    password: str = ""


class Token(Record):
    """An API key: consumer:key:secret."""

    consumer: str
    key: str
    secret: str
    username: str
    name: str = "MAAS consumer"


class SshKey(Record):
    """A public key that deployed machines accept."""

    id: int
    key: str
    username: str


class Fabric(Record):
    """A set of switches that carry the same VLANs."""

    id: int
    name: str


class Vlan(Record):
    """A layer 2 network; ``vid`` 0 is the untagged one of its fabric."""

    id: int
    vid: int
    name: str
    fabric_id: int
    mtu: int = 1500
    dhcp_on: bool = False
    primary_rack: str | None = None
    secondary_rack: str | None = None


class Subnet(Record):
    """A layer 3 network on a VLAN."""

    id: int
    name: str
    cidr: str
    vlan_id: int
    gateway_ip: str = ""
    dns_servers: list[str] = []
    description: str = ""
    managed: bool = True
    allow_dns: bool = True
    allow_proxy: bool = True
    active_discovery: bool = False


class IpRange(Record):
    """Addresses that MAAS leases (dynamic) or keeps its hands off (reserved)."""

    id: int
    type: str
    start: str
    end: str
    subnet_id: int
    username: str | None
    comment: str = ""


class Link(Record):
    """How an interface gets an address."""

    id: int
    mode: str
    subnet_id: int | None = None
    ip: str = ""


class Interface(Record):
    """A port, or a bridge over one."""

    id: int
    name: str
    type: str = "physical"
    mac: str
    vlan_id: int | None = None
    parents: list[int] = []
    links: list[Link] = []
    tags: list[str] = []
    params: dict[str, Any] = {}
    enabled: bool = True
    link_connected: bool = True
    speed: int = 0
    """Mbit/s of port and link; 0 is unknown."""
    vendor: str | None = None
    product: str | None = None
    firmware: str | None = None
    lease: str = ""
    """Address of the last DHCP lease."""


class Disk(Record):
    """A block device as commissioning found it."""

    id: int
    name: str
    model: str
    serial: str
    firmware: str
    id_path: str
    size: int
    tags: list[str]
    partition_id: int = 0
    """Partition of the root file system; 0 is none."""
    uuid: str = ""
    """Of that partition."""


class Row(Record):
    """The result of one script, for one disk or interface where it has such a parameter."""

    id: int
    name: str
    script_id: int | None
    revision_id: int | None = None
    parameters: dict[str, Any] = {}
    status: ScriptStatus = ScriptStatus.PENDING
    exit_status: int | None = None
    created: float
    updated: float
    started: float | None = None
    ended: float | None = None
    suppressed: bool = False
    output: str = ""
    stderr: str = ""
    result: str = ""


class ScriptSet(Record):
    """One run of scripts on one machine."""

    id: int
    system_id: str
    type: ScriptType
    created: float
    last_ping: float | None = None
    rows: list[Row] = []
    chosen: dict[str, dict[str, str]] = {}
    """Parameters as asked for, by script name."""


class Revision(Record):
    """A stored version of a script."""

    id: int
    comment: str
    created: float
    script: str


class Script(Record):
    """A commissioning, testing or release script."""

    id: int
    name: str
    title: str = ""
    description: str = ""
    tags: list[str] = []
    type: ScriptType = ScriptType.TESTING
    hardware_type: HardwareType = HardwareType.NODE
    parallel: int = 0
    results: dict[str, Any] = {}
    parameters: dict[str, Any] = {}
    packages: dict[str, Any] = {}
    timeout: int = 0
    """Seconds; 0 is unlimited."""
    destructive: bool = False
    default: bool = False
    for_hardware: list[str] = []
    may_reboot: bool = False
    recommission: bool = False
    apply_configured_networking: bool = False
    history: list[Revision] = []


class Machine(Record):
    """A machine as MAAS knows it; what it really is stands in the room."""

    system_id: str
    hostname: str
    status: NodeStatus = NodeStatus.NEW
    previous_status: NodeStatus = NodeStatus.NEW
    owner: str | None = None
    architecture: str = "amd64/generic"
    description: str = ""
    locked: bool = False
    pool_id: int = 0
    zone_id: int = 1
    tags: list[str] = []
    owner_data: dict[str, str] = {}
    agent_name: str = ""
    error_description: str = ""
    status_message: str = ""
    power_type: str = ""
    power_parameters: dict[str, Any] = {}
    power_state: str = "unknown"
    query_due: float = 0.0
    """When MAAS next asks the BMC by itself."""
    waiting_since: float = 0.0
    """When a machine in transit was last heard of."""
    osystem: str = ""
    distro_series: str = ""
    hwe_kernel: str | None = None
    user_data: str = ""
    """Base64, as deploy got it."""
    commissioned: bool = False
    enable_ssh: bool = False
    skip_networking: bool = False
    skip_storage: bool = False
    erase: bool = False
    hardware_uuid: str | None = None
    hardware_info: dict[str, str] = {}
    cpu_count: int = 0
    cpu_speed: int = 0
    memory: int = 0
    interfaces: list[Interface] = []
    disks: list[Disk] = []
    boot_mac: str = ""
    boot_disk_id: int | None = None
    commissioning_set: int | None = None
    testing_set: int | None = None
    installation_set: int | None = None


class Event(Record):
    """A line of the event log."""

    id: int
    system_id: str
    level: int
    created: float
    type: str
    description: str
    username: str


class Named(Record):
    """A tag, pool or zone."""

    id: int
    name: str
    description: str = ""
    definition: str = ""
    kernel_opts: str = ""


class Notification(Record):
    """A message at the top of every page."""

    id: int
    ident: str | None
    message: str
    category: str
    users: bool
    admins: bool
    dismissable: bool = True
