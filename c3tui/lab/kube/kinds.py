"""The resources that are served: the built-in ones C3 and Rook use, and those of applied definitions."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from c3tui.lab.kube.objects import Object, dig, is_true

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, eq=False)
class Kind:
    """A resource of the API."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    fields: frozenset[str] = frozenset()
    """Top-level fields of a built-in type beside apiVersion, kind and metadata."""
    short: tuple[str, ...] = ()
    status: bool = False
    """Whether there is a status subresource."""
    counted: bool = False
    """Whether ``metadata.generation`` is kept."""
    scale: bool = False
    singular: str = ""
    schema: Object | None = None
    """Of a custom resource: its openAPIV3Schema."""
    columns: tuple[Object, ...] = ()
    """Of a custom resource: its additionalPrinterColumns."""
    categories: tuple[str, ...] = ()

    @property
    def custom(self) -> bool:
        """Whether a definition brought this resource."""
        return self.schema is not None

    @property
    def key(self) -> str:
        """``group/plural``: where the store keeps the objects."""
        return f"{self.group}/{self.plural}"

    @property
    def resource(self) -> str:
        """As messages name it: ``nodes``, ``cephclusters.ceph.rook.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """``v1`` or ``group/version``."""
        return f"{self.group}/{self.version}" if self.group else self.version


# group, plural, kind, scope, marks (s: status, g: generation, x: scale), short names, top-level fields
_TABLE = """
- namespaces Namespace C s ns spec status
- nodes Node C s no spec status
- pods Pod N sg po spec status
- configmaps ConfigMap N - cm data binaryData immutable
- secrets Secret N - - data stringData type immutable
- services Service N s svc spec status
- serviceaccounts ServiceAccount N - sa secrets imagePullSecrets automountServiceAccountToken
- persistentvolumes PersistentVolume C s pv spec status
- persistentvolumeclaims PersistentVolumeClaim N s pvc spec status
- events Event N - ev involvedObject reason message source firstTimestamp lastTimestamp count type eventTime \
series action related reportingComponent reportingInstance
apps deployments Deployment N sgx deploy spec status
apps daemonsets DaemonSet N sg ds spec status
apps replicasets ReplicaSet N sgx rs spec status
apps statefulsets StatefulSet N sgx sts spec status
batch jobs Job N sg - spec status
batch cronjobs CronJob N sg cj spec status
rbac.authorization.k8s.io roles Role N - - rules
rbac.authorization.k8s.io rolebindings RoleBinding N - - subjects roleRef
rbac.authorization.k8s.io clusterroles ClusterRole C - - rules aggregationRule
rbac.authorization.k8s.io clusterrolebindings ClusterRoleBinding C - - subjects roleRef
storage.k8s.io storageclasses StorageClass C - sc provisioner parameters reclaimPolicy mountOptions \
allowVolumeExpansion volumeBindingMode allowedTopologies
storage.k8s.io csidrivers CSIDriver C - - spec
storage.k8s.io csinodes CSINode C - - spec
storage.k8s.io volumeattachments VolumeAttachment C s - spec status
apiextensions.k8s.io customresourcedefinitions CustomResourceDefinition C sg crd,crds spec status
coordination.k8s.io leases Lease N - - spec
policy poddisruptionbudgets PodDisruptionBudget N sg pdb spec status
scheduling.k8s.io priorityclasses PriorityClass C g pc value globalDefault description preemptionPolicy
"""

EVERYTHING = frozenset({"daemonsets", "deployments", "replicasets", "statefulsets", "jobs", "cronjobs"})
"""Resources of the category ``all``, beside pods and services."""


def _built_in(line: str) -> Kind:
    group, plural, kind, scope, marks, short, *fields = line.split()
    return Kind(
        group="" if group == "-" else group,
        version="v1",
        plural=plural,
        kind=kind,
        namespaced=scope == "N",
        fields=frozenset(fields),
        short=() if short == "-" else tuple(short.split(",")),
        status="s" in marks,
        counted="g" in marks,
        scale="x" in marks,
        singular=kind.lower(),
        categories=("all",) if plural in EVERYTHING | {"pods", "services"} else (),
    )


BUILT_IN: dict[str, Kind] = {
    made.key: made for made in map(_built_in, _TABLE.replace("\\\n", "").strip().splitlines())
}
NAMESPACES, NODES, PODS = BUILT_IN["/namespaces"], BUILT_IN["/nodes"], BUILT_IN["/pods"]
DEPLOYMENTS, JOBS, EVENTS = BUILT_IN["apps/deployments"], BUILT_IN["batch/jobs"], BUILT_IN["/events"]
DAEMONSETS, STATEFULSETS = BUILT_IN["apps/daemonsets"], BUILT_IN["apps/statefulsets"]
CONFIGMAPS = BUILT_IN["/configmaps"]
CLAIMS, VOLUMES = BUILT_IN["/persistentvolumeclaims"], BUILT_IN["/persistentvolumes"]
CLASSES = BUILT_IN["storage.k8s.io/storageclasses"]
DEFINITIONS = BUILT_IN["apiextensions.k8s.io/customresourcedefinitions"]


def from_definition(crd: Object) -> list[Kind]:
    """The resources of an established CustomResourceDefinition, one per served version."""
    names, spec = crd["spec"]["names"], crd["spec"]
    return [
        Kind(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            kind=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            short=tuple(names.get("shortNames") or ()),
            status="status" in (version.get("subresources") or {}),
            counted=True,
            singular=names.get("singular") or names["kind"].lower(),
            schema=dig(version, "schema", "openAPIV3Schema", default={}),
            columns=tuple(version.get("additionalPrinterColumns") or ()),
            categories=tuple(names.get("categories") or ()),
        )
        for version in spec["versions"]
        if version.get("served", True)
    ]


@dataclass
class Kinds:
    """Every resource that is served now."""

    custom: dict[str, list[Kind]] = field(default_factory=dict)
    """By the name of the definition."""

    def learn(self, crd: Object) -> None:
        """Serve what a definition defines, if it is established."""
        if is_true(crd, "Established"):
            self.custom[crd["metadata"]["name"]] = from_definition(crd)

    def drop(self, definition: str) -> None:
        """Serve it no longer."""
        self.custom.pop(definition, None)

    def all(self) -> Iterable[Kind]:
        """Built-in resources, then custom ones."""
        yield from BUILT_IN.values()
        for made in self.custom.values():
            yield from made

    def find(self, group: str, version: str, plural: str) -> Kind | None:
        """The resource of a path."""
        built_in = BUILT_IN.get(f"{group}/{plural}")
        if built_in:
            return built_in if built_in.version == version else None
        for made in self.custom.get(f"{plural}.{group}", []):
            if made.version == version:
                return made
        return None

    def named(self, group: str, kind: str) -> Kind | None:
        """The resource of an object's kind."""
        return next((made for made in self.all() if made.group == group and made.kind == kind), None)

    def groups(self) -> dict[str, list[str]]:
        """Every API group with its versions, the core group as the empty name."""
        found: dict[str, list[str]] = {}
        for kind in self.all():
            versions = found.setdefault(kind.group, [])
            if kind.version not in versions:
                versions.append(kind.version)
        return found
