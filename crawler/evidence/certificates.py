"""Certificates of time-stamping authorities: reading files of them, telling roots, and how long a path holds.

What decides whether a path is *valid* are the tools in crawler.evidence.timestamp. This file only tells until
when: RFC 5280 section 6.1.3 wants every certificate of a path inside its dates, so a path ends with the first.
"""

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from asn1crypto import pem, x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import Certificate, load_der_x509_certificate

from crawler.errors import TimestampError

MOST_CERTIFICATES = 50  # in one file or token: real chains have two to five; a bound for hostile ones
MOST_BYTES = 64 << 10  # in one certificate, DER: real ones have one to two kilobytes
_LONGEST_PATH = 8


@contextlib.contextmanager
def reading(what: str) -> Iterator[None]:
    """Raises TimestampError for what asn1crypto meets in malformed input, wherever it happens to stumble."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise TimestampError(f"not a readable {what}: {error}") from error


def certificates_in(content: bytes) -> list[bytes]:
    """DER of every certificate in a PEM file, or in a single DER one. Raises TimestampError."""
    return list(_certificates_in(content))


@lru_cache(maxsize=16)  # tokens of one authority come with the same files
def _certificates_in(content: bytes) -> tuple[bytes, ...]:
    with reading(f"certificate file, PEM or DER ({len(content)} bytes)"):
        blocks = [content]
        if pem.detect(content):
            blocks = [der for kind, _, der in pem.unarmor(content, multiple=True) if kind == "CERTIFICATE"]
        if len(blocks) > MOST_CERTIFICATES:
            raise TimestampError(
                f"{len(blocks)} certificates in one file; at most {MOST_CERTIFICATES} are read"
            )
        if max(map(len, blocks), default=0) > MOST_BYTES:
            raise TimestampError(f"a certificate of more than {MOST_BYTES} bytes is not read")
        loaded = [x509.Certificate.load(der, strict=True) for der in blocks]
        return tuple(certificate.dump() for certificate in loaded if certificate.native)


def split_trust(trust: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Roots (self-issued) and intermediates of a configured PEM (or single DER) file, one PEM each.

    Raises TimestampError if it is unreadable or holds no root.
    """
    ders = certificates_in(trust)
    roots = tuple(armor(der) for der in ders if is_self_issued(der))
    if not roots:
        raise TimestampError("the trust file holds no self-signed root certificate; add the TSA's root")
    return roots, tuple(armor(der) for der in ders if not is_self_issued(der))


@lru_cache(maxsize=256)
def is_self_issued(der: bytes) -> bool:
    """Whether subject and issuer are the same name (RFC 5280 section 3.2). Raises TimestampError."""
    with reading("certificate"):
        certificate = x509.Certificate.load(der)
        return bool(certificate.subject == certificate.issuer)


def armor(der: bytes) -> bytes:
    """One certificate as PEM with LF line ends, as openssl writes it."""
    armored: bytes = pem.armor("CERTIFICATE", der)
    return armored.replace(b"\r\n", b"\n")


def path_until(
    signer: bytes, roots: Sequence[bytes], intermediates: Sequence[bytes], moment: datetime
) -> datetime | None:
    """Until when (UTC) a path from `signer` to one of `roots` holds that holds at `moment`; all are DER.

    With several paths (cross certificates) the one that holds longest counts. None where no path is found, e.g.
    because it is signed with an algorithm that `cryptography` lacks.
    """
    anchors = [der for der in dict.fromkeys(roots) if _end_at(der, moment)]
    others = [der for der in dict.fromkeys([signer, *intermediates]) if _end_at(der, moment)]
    if signer not in others:
        return None
    # The widest path: each round may lengthen the paths by one certificate, so hostile knots of cross
    # certificates cost a square, never an exponential.
    best = {der: _end(der) for der in anchors}
    for _ in range(_LONGEST_PATH):
        before = dict(best)
        for der in others:
            ends = [min(_end(der), until) for issuer, until in before.items() if _issued(der, issuer)]
            if ends:
                best[der] = max([*ends, best[der]] if der in best else ends)
        if best == before:
            break
    return best.get(signer)


def earliest_end(ders: Sequence[bytes], after: datetime) -> datetime | None:
    """The earliest end of validity (UTC) after that moment among these certificates; None if there is none."""
    with reading("certificate"):
        ends = [x509.Certificate.load(der).not_valid_after.astimezone(UTC) for der in ders]
    return min((end for end in ends if end > after), default=None)


@lru_cache(maxsize=256)
def _load(der: bytes) -> Certificate | None:
    try:
        return load_der_x509_certificate(der)
    except ValueError:
        return None  # its strict reader; such a certificate is on no path that this file can tell


def _end_at(der: bytes, moment: datetime) -> bool:
    """Whether the certificate can be read and is inside its dates."""
    certificate = _load(der)
    if certificate is None:
        return False
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc


def _end(der: bytes) -> datetime:
    certificate = _load(der)
    return datetime.min.replace(tzinfo=UTC) if certificate is None else certificate.not_valid_after_utc


@lru_cache(maxsize=512)
def _issued(der: bytes, issuer: bytes) -> bool:
    """Whether `issuer`, a CA, signed `der`. Cached: an archive's tokens share a handful of certificates."""
    child, parent = _load(der), _load(issuer)
    if child is None or parent is None or der == issuer or not _may_issue(issuer):
        return False
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _may_issue(der: bytes) -> bool:
    """A CA by its basic constraints; or a root of version 1, which has none."""
    with reading("certificate"):
        certificate = x509.Certificate.load(der)
        constraints = certificate.basic_constraints_value
        if constraints is None:
            return bool(certificate.subject == certificate.issuer)
        return bool(constraints["ca"].native)


def fingerprint(pem_certificate: bytes) -> str:
    """SHA-256 of a certificate's DER, lower-case hex. Raises TimestampError if it is none."""
    ders = certificates_in(pem_certificate)
    if not ders:
        raise TimestampError("no certificate in this file")
    return hashlib.sha256(ders[0]).hexdigest()
