"""Plans for tests: the smallest site, and what to change in it."""

from pathlib import Path

SITE = """\
# the smallest site
site: {name: small}
endpoints:
  maas: {url: "http://127.0.0.1:9/MAAS/"}   # nobody listens there
networks:
  ipmi: {cidr: 10.0.0.0/24}
  pxe: {cidr: 10.1.0.0/24, dynamic: {start: 10.1.0.100, end: 10.1.0.200}}
  cluster:
    cidr: 10.20.0.0/16
    gateway: 10.20.0.1
    nodes: {start: 10.20.0.10, end: 10.20.1.255}
    vip: 10.20.0.5
    pods: {cidr: 10.20.128.0/17, node_prefix: 26}
    services: 10.233.0.0/18
racks:
  - {name: r01}
servers:
  - {name: c3-001, rack: r01, unit: 1, bmc: {address: 10.0.0.11}}
  - {name: c3-002, rack: r01, unit: 3, bmc: {address: 10.0.0.12}}
kubernetes:
  kubespray: {path: kubespray, version: 2.31.0}
  version: 1.35.4
  control_plane: [c3-001]
storage:
  rook: {path: rook, version: v1.20.6}
  ceph_image: quay.io/ceph/ceph:v20.2.4
"""

SECRETS = """\
maas_api_key: consumer:token:top-secret-key
bmc:
  default: {user: ADMIN, password: top-secret-bmc}
"""


def write_site(directory: Path, plan: str = SITE, secrets: str = SECRETS) -> Path:
    """A site directory with a plan and secrets."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "site.yaml").write_text(plan)
    file = directory / "secrets.yaml"
    file.touch(0o600)
    file.write_text(secrets)
    return directory
