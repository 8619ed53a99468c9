"""The certificates of the API server: one authority, a server certificate, client certificates."""

import base64
import io
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ruamel.yaml import YAML

_LIFE = timedelta(days=3650)


class Pki:
    """Keys and certificates below a directory; what is there already is kept."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (directory / "ca.crt").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            self._save("ca", key, self._build(_name("c3-lab-ca"), key.public_key(), key, None))

    @property
    def authority(self) -> str:
        """The authority's certificate, PEM."""
        return (self.directory / "ca.crt").read_text()

    def client(self, user: str, *groups: str) -> tuple[str, str]:
        """Certificate and key, PEM, of a user in some groups."""
        if not (self.directory / f"{user}.crt").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            self._save(user, key, self._issue(_name(user, *groups), key, ExtendedKeyUsageOID.CLIENT_AUTH))
        return (self.directory / f"{user}.crt").read_text(), (self.directory / f"{user}.key").read_text()

    def server_context(self, host: str) -> ssl.SSLContext:
        """TLS for a server reached as ``host``, 127.0.0.1 or localhost; client certificates are optional."""
        called = f"apiserver-{host}"
        if not (self.directory / f"{called}.crt").exists():
            key = ec.generate_private_key(ec.SECP256R1())
            names = [_general(one) for one in dict.fromkeys((host, "127.0.0.1", "localhost", "kubernetes"))]
            certificate = self._issue(_name("kube-apiserver"), key, ExtendedKeyUsageOID.SERVER_AUTH, names)
            self._save(called, key, certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{called}.crt", self.directory / f"{called}.key")
        context.load_verify_locations(self.directory / "ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def kubeconfig(self, server: str, user: str, *groups: str) -> str:
        """A kubeconfig, YAML, with everything embedded."""
        certificate, key = self.client(user, *groups)
        cluster = {"server": server, "certificate-authority-data": _b64(self.authority)}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster.local", "cluster": cluster}],
            "users": [
                {
                    "name": user,
                    "user": {"client-certificate-data": _b64(certificate), "client-key-data": _b64(key)},
                }
            ],
            "contexts": [
                {"name": f"{user}@cluster.local", "context": {"cluster": "cluster.local", "user": user}}
            ],
            "current-context": f"{user}@cluster.local",
            "preferences": {},
        }
        text = io.StringIO()
        yaml = YAML()
        yaml.width = 1_000_000
        yaml.dump(config, text)
        return text.getvalue()

    def _issue(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        usage: x509.ObjectIdentifier,
        names: list[x509.GeneralName] | None = None,
    ) -> x509.Certificate:
        authority = x509.load_pem_x509_certificate((self.directory / "ca.crt").read_bytes())
        signer = serialization.load_pem_private_key((self.directory / "ca.key").read_bytes(), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{self.directory / 'ca.key'} holds no elliptic curve key")
        return self._build(subject, key.public_key(), signer, authority, usage, names)

    def _build(
        self,
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        signer: ec.EllipticCurvePrivateKey,
        authority: x509.Certificate | None,
        usage: x509.ObjectIdentifier | None = None,
        names: list[x509.GeneralName] | None = None,
    ) -> x509.Certificate:
        start = datetime.now(UTC) - timedelta(hours=1)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(authority.subject if authority else subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + _LIFE)
            .add_extension(x509.BasicConstraints(ca=authority is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
            )
            .add_extension(_key_usage(authority is None), critical=True)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(signer, hashes.SHA256())

    def _save(self, called: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        path = self.directory / f"{called}.key"
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        (self.directory / f"{called}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _name(user: str, *groups: str) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, user)])


def _general(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
