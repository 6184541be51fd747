"""A signer of WACZ files by domain, like an authsign server: a small PKI of its own and a real TSA on openssl."""

import base64
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crawler.demo.tsa import DemoAuthority

DOMAIN = "sign.example"
Key = ec.EllipticCurvePrivateKey


class DomainSigner:
    """Signs for `DOMAIN` under `root`; the token comes without certificates, as authsign's do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tsa = DemoAuthority(folder / "tsa", "tsa")
        self._root_key = ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate("Test Root", self._root_key, None, ca=True)
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())

    @staticmethod
    def another_root() -> x509.Certificate:
        """A root of the same name with another key."""
        return _certificate("Test Root", ec.generate_private_key(ec.SECP256R1()), None, ca=True)

    def trust(self, folder: Path, *, domain: bool = True, tsa: bool = True) -> Path:
        """A folder with the roots of this signer, for `--trust`."""
        (folder / "domain").mkdir(parents=True)
        if domain:
            (folder / "domain/root.pem").write_text(_pem(self.root))
        if tsa:
            (folder / "tsa.pem").write_bytes(self.tsa.trust_pem)
        return folder

    def sign(
        self,
        label: str,
        *,
        created: datetime | None = None,
        domain: str = DOMAIN,
        usage: bool = True,
        client: bool = False,
        purpose: bool = True,
        ca: bool = True,
        length: int | None = None,
        flawed_root: bool = False,
        days: int = 90,
    ) -> dict[str, str]:
        """`signedData`; the flaws are those of the chain: name, key usage, purpose, CA flag, path length, root."""
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = (self.another_root(), key) if flawed_root else (self.root, self._root_key)
        chain = [_certificate("Test CA", key, issuer, ca=ca, usage=usage, length=length)]
        if length is not None:  # one CA more than the first one allows
            chain.insert(0, _certificate("Test CA 2", key, (chain[0], key), ca=True))
        chain.insert(
            0, _leaf(DOMAIN, self._leaf_key, (chain[0], key), client=client, days=days, purposed=purpose)
        )
        der = self._leaf_key.sign(label.encode(), ec.ECDSA(hashes.SHA256()))
        signature = base64.b64encode(der).decode()
        moment = created or datetime.now(UTC)
        return {
            "hash": label,
            "created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "software": "authsigner 0.3.0",
            "version": "0.1.0",
            "signature": signature,
            "domain": domain,
            "domainCert": "\n".join(_pem(certificate) for certificate in chain),
            "timeSignature": base64.b64encode(self.stamp(signature.encode())).decode(),
            "timestampCert": "".join(
                (self.tsa.folder / name).read_text() for name in ("tsa.pem", "root.pem")
            ),
        }

    def cross_signed(self, fields: dict[str, str]) -> str:
        """Another chain for the leaf's key of `fields`, under this signer's root."""
        key = ec.generate_private_key(ec.SECP256R1())
        middle = _certificate("Test Cross CA", key, (self.root, self._root_key), ca=True)
        leaf = _leaf(fields["domain"], self._leaf_key, (middle, key), client=False, days=90)
        return _pem(leaf) + "\n" + _pem(middle)

    def stamp(self, content: bytes) -> bytes:
        """A token over `content`, asked for without certificates and nonce."""
        (self.folder / "content").write_bytes(content)
        command = "openssl ts -query -data content -sha256 -no_nonce -out q.tsq"
        subprocess.run(command.split(), cwd=self.folder, check=True, capture_output=True)
        return self.tsa.reply((self.folder / "q.tsq").read_bytes())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _start(
    name: str, key: Key, issuer: tuple[x509.Certificate, Key] | None, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    signer = (issuer[1] if issuer else key).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer[0].subject if issuer else _name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _certificate(
    name: str,
    key: Key,
    issuer: tuple[x509.Certificate, Key] | None,
    *,
    ca: bool,
    usage: bool = True,
    length: int | None = None,
) -> x509.Certificate:
    builder = _start(name, key, issuer, 365).add_extension(x509.BasicConstraints(ca, length), critical=True)
    builder = builder.add_extension(_usage(certificates=usage), critical=True)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def _leaf(
    name: str,
    key: Key,
    issuer: tuple[x509.Certificate, Key],
    *,
    client: bool,
    days: int,
    purposed: bool = True,
) -> x509.Certificate:
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
    builder = (
        _start(name, key, issuer, days)
        .add_extension(x509.BasicConstraints(False, None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    )
    if purposed:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    return builder.sign(issuer[1], hashes.SHA256())


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )
