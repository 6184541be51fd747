"""wacz-auth 0.1.0: sign a WACZ anonymously, and read and verify anybody's `signedData`.

What is signed is the ASCII text ``sha256:<hex>`` of datapackage.json, and nothing else: `created`, `software`
and `version` stand beside the signature, not under it.

anonymous   ECDSA P-384 with SHA-256, raw r‖s (IEEE P1363), the key as DER SubjectPublicKeyInfo; both base64.
            What WebCrypto writes and wabac.js (ReplayWeb.page) verifies. It says that whoever holds the key
            signed; whose key it is, must come from elsewhere.
domain      authsign: ECDSA with SHA-256 as DER, by the key of a TLS certificate; the path to a root the
            verifier configured; and a timestamp token (RFC 3161) over the *base64 text* of the signature.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from crawler.errors import ArchiveError, FormatError
from crawler.evidence.bundle import DATAPACKAGE
from crawler.evidence.digest import digest, parse_digest
from crawler.evidence.durable import durable_create
from crawler.evidence.note import decode_base64

VERSION = "0.1.0"
KEY_FILE = "keys/wacz.key"
ANONYMOUS_FIELDS = ("hash", "created", "software", "version", "signature", "publicKey")
DOMAIN_FIELDS = (
    "hash", "created", "software", "version", "signature",
    "domain", "domainCert", "timeSignature", "timestampCert",
)  # fmt: skip
CROSS_SIGNED = "crossSignedCert"
_COORDINATE = 48  # bytes of r and of s on P-384
_DOMAIN_CURVES = (ec.SECP256R1, ec.SECP384R1)
_MOST_CERTIFICATES = 12
_PEM_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
# What asn1crypto raises on malformed input, wherever it happens to stumble.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
# What cryptography raises on a certificate that is malformed or lacks something.
_BAD_CERTIFICATE = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension,
    x509.ExtensionNotFound, x509.UnsupportedGeneralNameType,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What both kinds have. `digest` is the text that is signed; `signature` is in base64, as it stands there."""

    digest: str
    created: str
    software: str
    version: str | None  # ArchiveWeb.page leaves it out
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Anonymous(Signed):
    """An anonymous signature; `public_key` is DER SubjectPublicKeyInfo."""

    public_key: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain(Signed):
    """A domain signature. Certificates leaf first; `token` is the DER TimeStampResp, as it came."""

    domain: str
    certificates: tuple[x509.Certificate, ...]
    cross_signed: tuple[x509.Certificate, ...]
    token: bytes
    tsa_certificates: tuple[x509.Certificate, ...]


def make_key() -> ec.EllipticCurvePrivateKey:
    """A new key for anonymous signatures (P-384, the curve that wabac.js expects)."""
    return ec.generate_private_key(ec.SECP384R1())


def save_key(path: Path, key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> None:
    """Write a key as PKCS#8 PEM with mode 0600, durable. Raises FileExistsError: a key is never replaced."""
    protection = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    durable_create(path, pem, mode=0o600)


def open_key(archive: Path, passphrase: bytes | None = None) -> ec.EllipticCurvePrivateKey:
    """The archive's key; made on first use in an archive that was created before WACZ files were signed.

    Raises ArchiveError: wrong passphrase, or not a P-384 key.
    """
    path = archive / KEY_FILE
    if not path.exists():
        save_key(path, make_key(), passphrase)
    pem = path.read_bytes()
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise ArchiveError(
            f"{path} needs the passphrase of the log's key, and none was given: see EVIDENCE_PASSPHRASE"
        )
    try:
        key = serialization.load_pem_private_key(pem, passphrase if encrypted else None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ArchiveError(f"{path} cannot be read: {error}; the passphrase may be wrong") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP384R1):
        raise ArchiveError(f"{path} is not a P-384 key; restore the right one from your backup")
    return key


def sign(label: str, key: ec.EllipticCurvePrivateKey, *, created: str, software: str) -> dict[str, str]:
    """`signedData` for datapackage.json of the digest `label`. Deterministic (RFC 6979): same input, same bytes.

    Raises FormatError if `label` is not ``sha256:<hex>``.
    """
    _require_digest(label)
    der = key.sign(label.encode("ascii"), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    raw = b"".join(part.to_bytes(_COORDINATE, "big") for part in decode_dss_signature(der))
    return {
        "hash": label,
        "created": created,
        "software": software,
        "version": VERSION,
        "signature": base64.b64encode(raw).decode(),
        "publicKey": base64.b64encode(_spki(key.public_key())).decode(),
    }


def digest_file(signed: dict[str, str]) -> bytes:
    """datapackage-digest.json as our exporter writes it, around `signedData`."""
    fields = {"path": DATAPACKAGE, "hash": signed["hash"], "signedData": signed}
    return json.dumps(fields, indent=2).encode()


def read_signed(fields: Any) -> Anonymous | Domain:
    """Read `signedData`: exactly the fields of one of the two formats. Raises FormatError; verifies nothing."""
    if not isinstance(fields, dict):
        raise FormatError("signedData is not an object")
    present = {name: value for name, value in fields.items() if (name, value) != (CROSS_SIGNED, None)}
    wrong = [name for name, value in present.items() if not isinstance(value, str) or not value.isascii()]
    if wrong:
        raise FormatError(f"signedData: {wrong[0][:60]!r} is not ASCII text")
    if "publicKey" in present:
        _require_fields(present, ANONYMOUS_FIELDS, optional=("version",))
        return Anonymous(**_common(present), public_key=decode_base64(present["publicKey"], "publicKey"))
    _require_fields(present, (*DOMAIN_FIELDS, CROSS_SIGNED), optional=(CROSS_SIGNED,))
    return Domain(
        **_common(present),
        domain=present["domain"],
        certificates=_certificates(present["domainCert"], "domainCert"),
        cross_signed=_certificates(present[CROSS_SIGNED], CROSS_SIGNED) if CROSS_SIGNED in present else (),
        token=decode_base64(present["timeSignature"], "timeSignature"),
        tsa_certificates=_certificates(present["timestampCert"], "timestampCert"),
    )


def verify_anonymous(signed: Anonymous) -> str:
    """Verify the signature; returns the key's fingerprint, ``sha256:<hex>`` of its SPKI. Raises FormatError."""
    try:
        key = serialization.load_der_public_key(signed.public_key)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError(f"publicKey is not a readable public key: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise FormatError("publicKey is not a P-384 key, the only kind of anonymous signatures")
    if _spki(key) != signed.public_key:
        raise FormatError("publicKey is not written in the usual form")
    raw = decode_base64(signed.signature, "signature")
    if len(raw) != 2 * _COORDINATE:
        raise FormatError(
            f"signature has {len(raw)} bytes, not {2 * _COORDINATE}: it is not r and s of P-384"
        )
    r, s = (int.from_bytes(part, "big") for part in (raw[:_COORDINATE], raw[_COORDINATE:]))
    _verify(key, encode_dss_signature(r, s), signed.digest, "publicKey")
    return digest(signed.public_key)


def verify_domain(signed: Domain) -> str:
    """Verify the signature by the certificate's key, and by the cross-signed one's if there is one.

    Returns the certificate's fingerprint. Says nothing about the certificate: `verify_path` does.
    Raises FormatError.
    """
    der = decode_base64(signed.signature, "signature")
    for chain, name in ((signed.certificates, "domainCert"), (signed.cross_signed, CROSS_SIGNED)):
        if chain:
            _verify(_domain_key(chain[0], name), _strict_der(der), signed.digest, name)
    return certificate_fingerprint(signed.certificates[0])


def verify_path(signed: Domain, roots: Sequence[x509.Certificate], moment: datetime) -> str:
    """The certificate was good for its domain at `moment`, up to a configured root; returns that root's name.

    By the path validator of `cryptography` (RFC 5280 with the web's profile): signatures, CA flags, path
    lengths, key usage, validity, name in the SAN. The leaf must also be for TLS servers (EKU serverAuth).
    Raises FormatError naming the reason.
    """
    reasons = []
    for chain in (signed.certificates, signed.cross_signed):
        if not chain:
            continue
        try:
            return _path(chain, signed.domain, roots, moment)
        except (verification.VerificationError, *_BAD_CERTIFICATE) as error:
            reasons.append(str(error)[:300])
    raise FormatError("; ".join(reasons))


def whole_token(signed: Domain) -> bytes:
    """The timestamp response with the certificates of `timestampCert` in its token. Raises FormatError.

    authsign asks without certReq, so its tokens carry no certificate and stand beside theirs. The certificates
    of a token are not signed (RFC 5652 §5.1): putting them in changes nothing that is.
    """
    try:
        response = tsp.TimeStampResp.load(signed.token, strict=True)
        token = response["time_stamp_token"]["content"]
        carried = [
            choice.chosen.dump() for choice in token["certificates"] or () if choice.name == "certificate"
        ]
        given = [cert.public_bytes(serialization.Encoding.DER) for cert in signed.tsa_certificates]
        if set(given) <= set(carried):
            return signed.token
        ders = sorted({*carried, *given})  # DER orders a SET by its bytes (X.690 §11.6)
        token["certificates"] = cms.CertificateSet(
            [cms.CertificateChoices("certificate", asn1_x509.Certificate.load(der)) for der in ders]
        )
        return bytes(_rebuilt(response, token).dump())
    except _MALFORMED as error:
        raise FormatError(f"timeSignature is not a readable TimeStampResp: {error}") from error


def certificate_fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER, as ``sha256:<hex>``."""
    return f"sha256:{certificate.fingerprint(hashes.SHA256()).hex()}"


def _rebuilt(response: Any, token: Any) -> Any:
    """asn1crypto keeps the bytes it read until a part is set anew, from the inside out."""
    content = cms.ContentInfo({"content_type": "signed_data", "content": token})
    return tsp.TimeStampResp({"status": response["status"], "time_stamp_token": content})


def _path(
    chain: Sequence[x509.Certificate], domain: str, roots: Sequence[x509.Certificate], moment: datetime
) -> str:
    usage = chain[0].extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.SERVER_AUTH not in usage:
        raise ValueError("the certificate is not for TLS servers (extended key usage)")
    policy = verification.PolicyBuilder().store(verification.Store(list(roots))).time(moment)
    path = policy.build_server_verifier(x509.DNSName(domain)).verify(chain[0], list(chain[1:]))
    return path[-1].subject.rfc4514_string()


def _common(fields: dict[str, str]) -> dict[str, Any]:
    _require_digest(fields["hash"])
    decode_base64(fields["signature"], "signature")
    return {
        "digest": fields["hash"],
        "created": fields["created"],
        "software": fields["software"],
        "version": fields.get("version"),
        "signature": fields["signature"],
    }


def _require_fields(fields: dict[str, str], known: Sequence[str], *, optional: Sequence[str]) -> None:
    unknown = sorted(set(fields) - set(known))
    missing = sorted(set(known) - set(optional) - set(fields))
    if unknown or missing:
        what = f"unknown {', '.join(unknown)[:120]}" if unknown else f"missing {', '.join(missing)}"
        raise FormatError(f"signedData does not have exactly the fields of its format: {what}")
    if fields.get("version", VERSION) != VERSION:
        raise FormatError(f"signedData: version {fields['version'][:20]!r} is not {VERSION}")


def _require_digest(label: str) -> None:
    if parse_digest(label)[0] != "sha256":
        raise FormatError(f"signedData: hash {label[:80]!r} is not sha256")


def _domain_key(certificate: x509.Certificate, name: str) -> ec.EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError(f"{name}: the certificate's key cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, _DOMAIN_CURVES):
        raise FormatError(f"{name}: the certificate's key is not ECDSA on P-256 or P-384")
    return key


def _strict_der(der: bytes) -> bytes:
    try:
        decode_dss_signature(der)
    except ValueError as error:
        raise FormatError(f"signature is not an ECDSA signature in DER: {error}") from error
    return der


def _verify(key: ec.EllipticCurvePublicKey, der: bytes, label: str, whose: str) -> None:
    try:
        key.verify(der, label.encode("ascii"), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise FormatError(f"the signature over {label} is not by the key in {whose}") from error


def _spki(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _certificates(text: str, name: str) -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM text that holds nothing else."""
    blocks = _PEM_BLOCK.findall(text)
    if not 0 < len(blocks) <= _MOST_CERTIFICATES or _PEM_BLOCK.sub("", text).strip():
        raise FormatError(
            f"{name} is not a list of 1 to {_MOST_CERTIFICATES} PEM certificates and nothing else"
        )
    try:
        return tuple(_certificate(block.encode("ascii")) for block in blocks)
    except _BAD_CERTIFICATE as error:
        raise FormatError(f"{name} holds an unreadable certificate: {error}") from error


def _certificate(pem: bytes) -> x509.Certificate:
    """Read to the end: the library looks at most parts only when they are asked for."""
    certificate = x509.load_pem_x509_certificate(pem)
    for part in ("subject", "issuer", "extensions", "not_valid_after_utc"):
        getattr(certificate, part)
    return certificate
