"""Signing by an organisation's X.509 certificate: CMS SignedData (RFC 5652), detached, binary, DER, SHA-256.

    openssl cms -verify -binary -inform DER -in tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt \\
        -CAfile root.pem -purpose any -out /dev/null

The signature names who hands the bundle over; it does not replace the log's own signature or a timestamp. Its
signing time is the signer's word. Revocation is not looked up: a verifier works without a network.

Keys are RSA (2048 bits and more) or EC on the curves of NIST. A certificate for SM2 signs with its vendor's tools;
such a signature is read as far as it goes and reported as *not checked*.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    pkcs7,
    pkcs12,
)

from crawler.errors import FormatError, UsageError

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
MOST_CERTIFICATES = 50  # in one signature; real chains have two to five
MIN_RSA_BITS = 2048

_NATIONAL = "1.2.156.10197."  # the arc of China's algorithms (SM2, SM3 …) and of GM/T 0010's own CMS
_DIGESTS = ("sha256", "sha384", "sha512")
_KINDS = ("rsassa_pkcs1v15", "rsassa_pss", "ecdsa")
_OPENSSL_SECONDS = 20
_SM2 = (
    "it is for SM2 or another algorithm that this software cannot sign with; sign tagmanifest-sha256.txt with the"
    " certificate's own software (detached, DER) and hand the .p7s over beside the bundle; the PDF papers are not"
    " signed inside then"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key, its certificate, and the certificates above it as far as they were given."""

    key: PrivateKey
    certificate: x509.Certificate
    above: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed, as the signature says; nothing here is verified. Times are UTC."""

    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    fingerprint: str  # sha256:<hex> of the certificate's DER
    algorithm: str  # digest and kind, e.g. "sha256, rsassa_pkcs1v15"; a dotted OID where it has no name
    signing_time: datetime | None  # the signer's own word
    judged: bool  # whether the algorithms are ones that are verified here


def read_identity(certificates: bytes, passphrase: bytes | None, key: bytes | None = None) -> Identity:
    """A PKCS#12 file, or PEM certificates with their PEM key in the same file or in `key`.

    Raises UsageError: unreadable, wrong passphrase, no key for any of the certificates, an algorithm that cannot be
    used here.
    """
    if key is None and b"-----BEGIN" not in certificates:
        return _read_pkcs12(certificates, passphrase)
    try:
        chain = x509.load_pem_x509_certificates(certificates)
        private = load_pem_private_key(key if key is not None else certificates, passphrase)
    except UnsupportedAlgorithm as error:
        raise UsageError(f"the certificate or its key cannot be used: {error}; {_SM2}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the certificate or its key cannot be read: {error}; {_hint(passphrase)}"
        ) from error
    return _identity(private, chain)


def sign_cms(content: bytes, identity: Identity, now: datetime | None = None) -> bytes:
    """A detached signature over these bytes, DER, with signing time and the whole chain inside.

    Raises UsageError for a certificate that is not valid today.
    """
    certificate = identity.certificate
    require_valid(certificate, now or datetime.now(UTC))
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    builder = builder.add_signer(certificate, identity.key, SHA256())
    for above in identity.above:
        builder = builder.add_certificate(above)
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.DetachedSignature]
    return builder.sign(Encoding.DER, options)


def require_valid(certificate: x509.Certificate, moment: datetime) -> None:
    """Raises UsageError for a certificate that is not valid at this moment."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not begins <= moment <= ends:
        raise UsageError(
            f"the certificate of {certificate.subject.rfc4514_string()} is valid from {begins:%Y-%m-%d} to"
            f" {ends:%Y-%m-%d}, not today: have it renewed"
        )


def read_signer(signature: bytes) -> Signer:
    """Who signed, from the signature itself. Raises FormatError unless it is CMS, detached, of one signer."""
    with _reading():
        signed = _signed(signature)
        if signed["encap_content_info"]["content"].native is not None:
            raise FormatError("the signature holds content of its own; it must be detached")
        (info,) = signed["signer_infos"]
        certificate = _certificate_of(info, signed["certificates"])
        digest = info["digest_algorithm"]["algorithm"].native
        return Signer(
            subject=_printable(certificate.subject.human_friendly),
            issuer=_printable(certificate.issuer.human_friendly),
            not_before=certificate.not_valid_before,
            not_after=certificate.not_valid_after,
            fingerprint=f"sha256:{hashlib.sha256(certificate.dump()).hexdigest()}",
            algorithm=f"{digest}, {_kind(info)}",
            signing_time=_attribute(info, "signing_time"),
            judged=digest in _DIGESTS and _kind(info) in _KINDS,
        )


def is_national(signature: bytes) -> bool:
    """Whether this is a signature in GM/T 0010's own form of CMS, which has object identifiers of its own."""
    try:
        with _reading():
            content_type = cms.ContentInfo.load(signature, strict=True)["content_type"]
            return bool(content_type.dotted.startswith(_NATIONAL))
    except FormatError:
        return False


def verify_cms(
    signature: bytes, content: bytes, roots: Sequence[bytes], at: datetime | None = None
) -> Signer:
    """Verify with `openssl cms -verify` against roots (PEM, one or more certificates each), at a time (now).

    Raises FormatError with the reason for whatever is not good, and OSError if openssl cannot be run.
    """
    signer = read_signer(signature)
    with _reading():
        (info,) = _signed(signature)["signer_infos"]
        named = _attribute(info, "message_digest")
        algorithm = info["digest_algorithm"]["algorithm"].native
    if named is not None and algorithm in _DIGESTS and hashlib.new(algorithm, content).digest() != named:
        raise FormatError("the signature is over other content than this")
    try:
        trusted = [pem for root in roots for pem in x509.load_pem_x509_certificates(root)]
    except ValueError as error:
        raise FormatError(f"the configured root certificates cannot be read: {error}") from error
    _ask_openssl(signature, content, trusted, at or datetime.now(UTC))
    return signer


def _ask_openssl(signature: bytes, content: bytes, roots: Sequence[x509.Certificate], at: datetime) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        raise FileNotFoundError("the command openssl is not installed")
    command = [
        openssl,
        "cms",
        "-verify",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "signature",
        "-content",
        "content",
    ]
    # -no-CA…: without them the roots of the operating system would count as well.
    command += ["-CAfile", "roots.pem", "-no-CApath", "-no-CAstore", "-purpose", "any"]
    command += ["-attime", str(int(at.timestamp())), "-out", "verified"]
    files = {"signature": signature, "content": content}
    files["roots.pem"] = b"".join(root.public_bytes(Encoding.PEM) for root in roots)
    with tempfile.TemporaryDirectory() as folder:
        for name, inside in files.items():
            (Path(folder) / name).write_bytes(inside)
        try:
            answer = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=_OPENSSL_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise FormatError(f"openssl did not come to an end in {_OPENSSL_SECONDS} seconds") from error
    if answer.returncode != 0:
        raise FormatError(f"openssl refuses the signature: {_reason(answer.stderr)}")


def _read_pkcs12(content: bytes, passphrase: bytes | None) -> Identity:
    try:
        private, certificate, above = pkcs12.load_key_and_certificates(content, passphrase)
    except UnsupportedAlgorithm as error:
        raise UsageError(f"the PKCS#12 file cannot be used: {error}; {_SM2}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"the PKCS#12 file cannot be opened: {error}; {_hint(passphrase)}") from error
    if private is None or certificate is None:
        raise UsageError("the PKCS#12 file holds no certificate with its private key")
    return _identity(private, [certificate, *above])


def _identity(private: object, chain: Sequence[x509.Certificate]) -> Identity:
    if isinstance(private, rsa.RSAPrivateKey):
        if private.key_size < MIN_RSA_BITS:
            raise UsageError(f"the RSA key has {private.key_size} bits; at least {MIN_RSA_BITS} are needed")
    elif not isinstance(private, ec.EllipticCurvePrivateKey):
        raise UsageError(f"the key is of type {type(private).__name__}; RSA and EC can be used: {_SM2}")
    public = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    own = next((certificate for certificate in chain if _public(certificate) == public), None)
    if own is None:
        raise UsageError("none of the certificates belongs to the private key")
    return Identity(private, own, tuple(certificate for certificate in chain if certificate != own))


def _public(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (UnsupportedAlgorithm, ValueError) as error:
        name = certificate.subject.rfc4514_string()
        raise UsageError(f"the certificate of {name} cannot be used: {error}; {_SM2}") from error


def _hint(passphrase: bytes | None) -> str:
    return "the passphrase may be wrong" if passphrase else "it may need a passphrase"


@contextmanager
def _reading() -> Iterator[None]:
    """What asn1crypto raises on malformed input, wherever it happens to stumble, as FormatError."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise FormatError(f"not a readable CMS signature: {error}") from error


def _signed(signature: bytes) -> Any:
    content = cms.ContentInfo.load(signature, strict=True)
    if content["content_type"].native != "signed_data":
        raise FormatError(f"not a CMS signature but {content['content_type'].native}")
    signed = content["content"]
    if len(signed["signer_infos"]) != 1:
        raise FormatError(f"{len(signed['signer_infos'])} signers; one is expected")
    if len(signed["certificates"]) > MOST_CERTIFICATES:
        raise FormatError(f"{len(signed['certificates'])} certificates; at most {MOST_CERTIFICATES} are read")
    return signed


def _certificate_of(info: Any, certificates: Any) -> asn1_x509.Certificate:
    """The signer's certificate. Two that fit could show one name and be verified by another: refused."""
    found = [choice.chosen for choice in certificates if _is_named(choice.chosen, info["sid"])]
    if len(found) != 1:
        raise FormatError(f"{len(found)} certificates in the signature fit its signer; one is expected")
    return found[0]


def _is_named(certificate: Any, sid: Any) -> bool:
    if not isinstance(certificate, asn1_x509.Certificate):
        return False
    if sid.name == "subject_key_identifier":
        identifier = certificate.key_identifier_value
        return identifier is not None and bool(identifier.native == sid.native)
    named = sid.chosen
    return bool(
        certificate.issuer == named["issuer"] and certificate.serial_number == named["serial_number"].native
    )


def _kind(info: Any) -> str:
    """PKCS#1 v1.5, PSS or ECDSA; the dotted OID for what asn1crypto cannot name."""
    algorithm = info["signature_algorithm"]
    try:
        return str(algorithm.signature_algo)
    except ValueError:
        return str(algorithm["algorithm"].native)


def _attribute(info: Any, name: str) -> Any:
    for attribute in info["signed_attrs"]:
        if attribute["type"].native == name:
            return attribute["values"][0].native
    return None


def _reason(complaint: bytes) -> str:
    """What openssl says, without its numbers: thread:error:code:library:function:reason:file:line:further words."""
    text = complaint.decode(errors="replace")
    errors = [line.split(":") for line in text.splitlines() if ":error:" in line]
    parts = ["; ".join(part for part in (e[5], ":".join(e[8:])) if part) for e in errors if len(e) > 5]
    return "; ".join(parts) or text[-200:]


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)[:300]
