"""A root, an intermediate and server certificates, made anew for each test that needs them."""

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Key = ec.EllipticCurvePrivateKey
_NOW = datetime.datetime.now(datetime.UTC)
_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)


def authority(name: str, issuer: Issued | None = None) -> Issued:
    """A CA, self-signed without an issuer."""
    return _issue(name, issuer, x509.BasicConstraints(ca=True, path_length=None), ())


def server_certificate(
    issuer: Issued | None, *names: str, ends: datetime.timedelta = datetime.timedelta(days=30)
) -> Issued:
    """A certificate for host names and addresses, self-signed without an issuer."""
    return _issue(names[0], issuer, x509.BasicConstraints(ca=False, path_length=None), names, ends)


def server_context(folder: Path, leaf: Issued, *intermediates: Issued) -> ssl.SSLContext:
    """What a server speaks TLS with; it sends the leaf and then the intermediates."""
    key = leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(leaf.pem + b"".join(ca.pem for ca in intermediates))
    (folder / "server.key").write_bytes(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


def _issue(
    name: str,
    issuer: Issued | None,
    constraints: x509.BasicConstraints,
    names: tuple[str, ...],
    ends: datetime.timedelta = datetime.timedelta(days=30),
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - 10 * _DAY)
        .not_valid_after(_NOW + ends)
        .add_extension(constraints, critical=True)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([_general_name(entry) for entry in names])
        builder = builder.add_extension(alternatives, critical=False)
    signer = issuer.key if issuer else key
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def _general_name(name: str) -> x509.GeneralName:
    if name[0].isdigit():
        return x509.IPAddress(ipaddress.ip_address(name))
    return x509.DNSName(name)
