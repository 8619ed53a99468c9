"""The plan: everything the engineer chose for a site, one slice per step. Kept in ``site.yaml``."""

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import AnyHttpUrl, Field, StringConstraints, field_validator

from c3tui.model.base import Chosen
from c3tui.model.network import Networks
from c3tui.model.thresholds import Threshold, unfit

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
"""A DNS-1123 label: Kubernetes and Kubespray refuse anything else as a host name."""

Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class SiteInfo(Chosen):
    """Who this site is."""

    name: Name


class MaasEndpoint(Chosen):
    """Where the MAAS region answers."""

    url: AnyHttpUrl
    """As typed in a browser, ending in ``/MAAS/``; C3 never follows another host that MAAS names."""
    poll: Seconds = 5.0
    """Seconds between looks at MAAS while waiting for servers."""


class BmcEndpoint(Chosen):
    """How BMCs are spoken to."""

    port: Port = 623
    poll: Seconds = 5.0


class SshEndpoint(Chosen):
    """How deployed servers are reached."""

    user: str = "ubuntu"
    port: Port = 22
    key_file: str = "ssh/id_ed25519"
    """Private key, relative to the site directory; made at first use when absent."""


class KubernetesEndpoint(Chosen):
    """How the new cluster is reached."""

    kubeconfig: str = "kubeconfig"
    """Relative to the site directory; written by the kubernetes step."""


class Endpoints(Chosen):
    """The other end of every protocol C3 speaks."""

    maas: MaasEndpoint
    bmc: BmcEndpoint = BmcEndpoint()
    ssh: SshEndpoint = SshEndpoint()
    kubernetes: KubernetesEndpoint = KubernetesEndpoint()


class Rack(Chosen):
    """A rack and its height in units."""

    name: Name
    units: Annotated[int, Field(ge=1, le=60)] = 42


class BmcAddress(Chosen):
    """Where a server's BMC answers; an address, never a name."""

    address: IPv4Address
    mac: str | None = None


class ExpectedServer(Chosen):
    """A server the engineer expects at one place."""

    name: Name
    rack: Name
    unit: Annotated[int, Field(ge=1, le=60)]
    serial: str | None = None
    bmc: BmcAddress
    profile: str = "standard"


class Discovery(Chosen):
    """How bare servers are brought into MAAS."""

    wave: Annotated[int, Field(ge=1)] = 20
    """Servers powered on at once."""
    brake: Annotated[float, Field(gt=0, le=1)] = 0.5
    """When more than this share of a wave fails (three servers at least), no further one is powered on."""
    enlist_timeout: Seconds = 1800.0
    """From power-on to MAAS knowing the server: firmware, PXE and the ephemeral system take minutes."""
    commission_timeout: Seconds = 3600.0


class HardwareProfile(Chosen):
    """What a server of this kind must at least have."""

    cpus: Annotated[int, Field(ge=1)] = 1
    memory_gib: Annotated[float, Field(gt=0)] = 1
    data_drives: Annotated[int, Field(ge=0)] = 0
    nics: Annotated[int, Field(ge=1)] = 1


class TestSelection(Chosen):
    """Tests by the kind of part they look at, each by its name in MAAS."""

    __test__ = False

    storage: list[str] = ["c3-smart"]
    memory: list[str] = ["stress-ng-memory-short", "c3-ecc"]
    cpu: list[str] = ["stress-ng-cpu-short"]
    network: list[str] = ["c3-nics"]
    node: list[str] = ["c3-links", "c3-clock"]


class Hardware(Chosen):
    """How servers are tested."""

    profiles: dict[str, HardwareProfile] = {"standard": HardwareProfile()}
    tests: list[str] = []
    """More MAAS testing scripts by name. Never a tag: MAAS's ``storage`` tag includes destructive ones."""
    select: TestSelection = TestSelection()
    limits: dict[str, Annotated[float, Field(ge=60)]] = {}
    """Seconds that a test of MAAS's own may take on one part, by its name; else MAAS's own limit holds.

    A test that runs on five minutes longer costs the whole server its run.
    """
    wave: Annotated[int, Field(ge=1)] = 50
    brake: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of a wave that may fail before no further wave begins; fewer than three never stop it."""
    wipe: list[str] = []
    """Serials of drives that hold data and may lose it to a destructive test."""
    timeout: Seconds = 86400.0
    """Longest a server's tests may take before it is left behind; long SMART tests take a day."""
    swap_wait: Seconds = 0.0
    """How long the hardware step waits for marked drives to be swapped before it goes on without them."""
    swap_recheck: Seconds = 60.0
    """Seconds between inventories of a server whose drive is being swapped."""
    thresholds: dict[str, Threshold] = {}
    """The site's own limits for judging drives and servers; ``c3tui judge --rules`` lists the rules' own."""

    @field_validator("thresholds")
    @classmethod
    def _fit(cls, thresholds: dict[str, Threshold]) -> dict[str, Threshold]:
        if why := unfit(thresholds):
            raise ValueError(why)
        return thresholds


class OperatingSystem(Chosen):
    """What MAAS installs."""

    osystem: str = "ubuntu"
    distro_series: str = "noble"
    kernel: str = ""
    wave: Annotated[int, Field(ge=1)] = 10
    """Servers deployed at once; image serving saturates near 15."""
    timeout: Seconds = 3600.0


class Software(Chosen):
    """Software of others that a step needs: named, versioned and checksummed, never embedded."""

    path: str
    """A directory or a tarball, relative to the site directory or absolute."""
    version: str
    sha256: Sha256 | None = None
    """Of the tarball, or of the directory's files in sorted order."""


class Kubernetes(Chosen):
    """How Kubernetes is installed."""

    kubespray: Software
    ansible_bin: str = ""
    """Directory of Kubespray's own ``ansible-playbook``; empty for the one C3 runs in."""
    version: str
    control_plane: Annotated[list[Name], Field(min_length=1)]
    max_pods: Annotated[int, Field(ge=8)] = 60
    proxy_mode: Literal["iptables", "nftables"] = "nftables"
    api_domain: str = "api.c3.local"
    forks: Annotated[int, Field(ge=1)] = 20
    extra_vars: dict[str, object] = {}
    """Kubespray variables of the engineer's own; they win over C3's."""
    ready_timeout: Seconds = 600.0


class Pool(Chosen):
    """The replicated pool behind persistent volumes."""

    name: Name = "rbd"
    size: Annotated[int, Field(ge=2, le=6)] = 3
    failure_domain: Literal["host", "rack"] = "host"


class Storage(Chosen):
    """How Ceph is installed."""

    rook: Software
    """Directory with Rook's crds.yaml, common.yaml, csi-operator.yaml and operator.yaml."""
    ceph_image: str
    namespace: Name = "rook-ceph"
    mons: Annotated[int, Field(ge=1, le=9)] = 3
    pool: Pool = Pool()
    storage_class: Name = "rbd"
    timeout: Seconds = 7200.0
    """For every planned OSD to exist; Rook makes about one in ten seconds."""
    health_wait: Seconds = 900.0
    """For Ceph to become healthy once all OSDs are up."""


class Plan(Chosen):
    """Everything chosen for one site."""

    site: SiteInfo
    endpoints: Endpoints
    networks: Networks
    racks: Annotated[list[Rack], Field(min_length=1)]
    servers: Annotated[list[ExpectedServer], Field(min_length=1)]
    discovery: Discovery = Discovery()
    hardware: Hardware = Hardware()
    os: OperatingSystem = OperatingSystem()
    kubernetes: Kubernetes
    storage: Storage

    def expected(self, name: str) -> ExpectedServer:
        """The expected server of that name.

        Raises:
            KeyError: no server of the plan has it.
        """
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)

    def index(self, name: str) -> int:
        """The position of a server in the plan; `c3tui.model.addresses` says which addresses it has.

        Raises:
            KeyError: no server of the plan has that name.
        """
        for index, server in enumerate(self.servers):
            if server.name == name:
                return index
        raise KeyError(name)
