"""Reading what a timestamp token says (RFC 3161, RFC 5652). Nothing is verified here but its form.

asn1crypto reads BER as well as DER. What the tools that verify signatures leave unchecked is checked here: one
signer, who is the one that ESSCertID names (RFC 5035), with a certificate for timestamping only and not a CA.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from asn1crypto import cms, core, tsp, x509

from crawler.errors import NotJudged, TimestampError
from crawler.evidence.certificates import MOST_CERTIFICATES, armor, certificates_in, reading

IMPRINT_ALGORITHMS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "1.2.156.10197.1.401": "sm3",
}
_SHA1 = "1.3.14.3.2.26"  # only in ESSCertID of version 1, which has no other (RFC 2634 section 5.4)
_ESS_ALGORITHMS = {_SHA1: "sha1", **IMPRINT_ALGORITHMS}
_SM2 = ("1.2.156.10197.1.501", "1.2.156.10197.1.301")  # sm2-with-sm3; the curve, and .1 .2 .3 below it
_GM_SIGNED = "1.2.156.10197.6.1.4.2."  # GM/T 0010: the same structures as PKCS #7 under other names

# asn1crypto's own TimeStampResp demands a token, which a refusal does not have (RFC 3161 section 2.4.2).
_Response: Any = type(
    "TimeStampResp",
    (core.Sequence,),
    {
        "_fields": [
            ("status", tsp.PKIStatusInfo),
            ("time_stamp_token", cms.ContentInfo, {"optional": True}),
        ]
    },
)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says. Nothing in it is verified."""

    gen_time: datetime  # UTC
    policy: str  # OID
    serial: int
    imprint_algorithm: str  # sha256, sha384, sha512, sm3
    imprint: bytes
    nonce: int | None
    tsa_name: str  # subject of the signer's certificate
    valid_until: datetime  # end of the signer's certificate; stamp again before
    granted_with_mods: bool
    beyond_tools: str | None  # why no tool here can judge the signature (SM2); None for usual algorithms


def read_token(tsr: bytes) -> Claims:
    """What a TimeStampResp says, if it is well formed by RFC 3161 sections 2.3 and 2.4. Nothing is verified.

    Raises TimestampError: refused by the TSA, unreadable, not exactly one signer, signer's certificate
    missing or not fit for timestamping, ESSCertID naming another certificate, unknown imprint algorithm.
    """
    return _read(tsr)[0]


def certificates(tsr: bytes) -> list[bytes]:
    """All certificates in a token as PEM, the signer's first. Raises TimestampError as `read_token` does."""
    return [armor(der) for der in _read(tsr)[1]]


@lru_cache(maxsize=8)  # one token is read several times in a row, and reading it is what takes the time
def _read(tsr: bytes) -> tuple[Claims, tuple[bytes, ...]]:
    """What a token says, and the DER of its certificates, the signer's first."""
    with reading(f"TimeStampResp ({len(tsr)} bytes)"):
        response, signed, facts = _open(tsr)
        signer = _signer(signed)
        _check_fitness(signer)
        _check_ess_cert_id(signed["signer_infos"][0], signer)
        claims = Claims(
            gen_time=facts["gen_time"].native.astimezone(UTC),
            policy=facts["policy"].dotted,
            serial=facts["serial_number"].native,
            imprint_algorithm=_imprint_algorithm(facts["message_imprint"]),
            imprint=facts["message_imprint"]["hashed_message"].native,
            nonce=facts["nonce"].native,
            tsa_name=signer.subject.human_friendly,
            valid_until=signer.not_valid_after.astimezone(UTC),
            granted_with_mods=response["status"]["status"].native == "granted_with_mods",
            beyond_tools=_unusual_signature(signed["signer_infos"][0], signer),
        )
        own = signer.dump()
        if len(signed["certificates"]) > MOST_CERTIFICATES:
            raise TimestampError(f"the token holds more than {MOST_CERTIFICATES} certificates")
        ders = [choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate"]
        return claims, (own, *(der for der in ders if der != own))


def chain(tsr: bytes, roots: Sequence[bytes], intermediates: Sequence[bytes] = ()) -> bytes:
    """What to keep beside a token: its certificates (signer first), configured intermediates, roots; PEM."""
    configured = [armor(der) for group in (*intermediates, *roots) for der in certificates_in(group)]
    return b"".join(dict.fromkeys([*certificates(tsr), *configured]))


def _open(tsr: bytes) -> tuple[Any, Any, Any]:
    """The TimeStampResp, the SignedData in its token, and the TSTInfo in that."""
    response = _Response.load(tsr, strict=True)
    status = response["status"]["status"].native
    if status not in ("granted", "granted_with_mods"):
        raise TimestampError(f"the TSA refused: status {status}, {_reason(response['status'])}")
    token = response["time_stamp_token"]
    if token["content_type"].dotted.startswith(_GM_SIGNED):
        raise NotJudged("the token is SignedData of GM/T 0010 (SM2): no tool here reads or verifies it")
    if token["content_type"].native != "signed_data":
        raise TimestampError(f"the token is not SignedData but {token['content_type'].native}")
    signed = token["content"]
    if signed["encap_content_info"]["content_type"].native != "tst_info":
        raise TimestampError("the signed content is not a TSTInfo")
    facts = signed["encap_content_info"]["content"].parsed
    for part in (response, facts):
        _ = part.native  # asn1crypto reads lazily: touch everything, so that what is malformed fails here
    if facts["version"].native != "v1":
        raise TimestampError(f"TSTInfo version {facts['version'].native} is not 1")
    return response, signed, facts


def _imprint_algorithm(imprint: Any) -> str:
    oid = imprint["hash_algorithm"]["algorithm"].dotted
    if oid not in IMPRINT_ALGORITHMS:
        raise TimestampError(f"imprint algorithm {oid} is unknown or too weak; ask for SHA-256")
    return IMPRINT_ALGORITHMS[oid]


def _reason(status: Any) -> str:
    texts = status["status_string"].native or []
    return "; ".join([*texts, *sorted(status["fail_info"].native or ())]) or "no reason given"


def _signer(signed: Any) -> x509.Certificate:
    """The certificate that the only SignerInfo names; the order of certificates in a token means nothing."""
    signers = signed["signer_infos"]
    if len(signers) != 1:
        raise TimestampError(f"the token has {len(signers)} signers, not exactly one")
    wanted = signers[0]["sid"]
    for choice in signed["certificates"] or ():
        if choice.name == "certificate" and _is_named(choice.chosen, wanted):
            return choice.chosen
    raise TimestampError("the signer's certificate is not in the token; query with certReq")


def _is_named(certificate: x509.Certificate, sid: Any) -> bool:
    if sid.name == "subject_key_identifier":
        return bool(certificate.key_identifier == sid.chosen.native)
    same_issuer = certificate.issuer == sid.chosen["issuer"]
    return bool(same_issuer and certificate.serial_number == sid.chosen["serial_number"].native)


def _check_fitness(signer: x509.Certificate) -> None:
    """RFC 3161 section 2.3: one key purpose, timestamping, in a critical extension; and never a CA."""
    usage = signer.extended_key_usage_value
    purposes = usage.native if usage is not None else []
    if purposes != ["time_stamping"] or "extended_key_usage" not in signer.critical_extensions:
        raise TimestampError(
            f"{signer.subject.human_friendly}: the certificate is not for timestamping only "
            f"(critical extended key usage {purposes})"
        )
    if signer.ca:
        raise TimestampError(f"{signer.subject.human_friendly}: the token is signed by a CA certificate")


def _check_ess_cert_id(signer_info: Any, signer: x509.Certificate) -> None:
    """RFC 3161 section 2.4.1, RFC 5035: a signed attribute names the signer's certificate by its digest."""
    named = False
    for attribute in signer_info["signed_attrs"] or ():
        kind = attribute["type"].native
        if kind not in ("signing_certificate", "signing_certificate_v2"):
            continue
        first = attribute["values"][0]["certs"][0]
        oid = _SHA1 if kind == "signing_certificate" else first["hash_algorithm"]["algorithm"].dotted
        if oid not in _ESS_ALGORITHMS:
            raise TimestampError(f"ESSCertID uses unknown digest algorithm {oid}")
        if digest_with(_ESS_ALGORITHMS[oid], signer.dump()) != first["cert_hash"].native:
            raise TimestampError("ESSCertID names another certificate than the signer's")
        named = True
    if not named:
        raise TimestampError("the token has no ESSCertID: the signer's certificate could be exchanged")


def digest_with(algorithm: str, content: bytes) -> bytes:
    """The digest of `content`. Raises NotJudged if this Python's OpenSSL lacks the algorithm (SM3 may be)."""
    try:
        return hashlib.new(algorithm, content).digest()
    except ValueError as error:
        raise NotJudged(f"this machine's OpenSSL has no {algorithm}: {error}") from error


def _unusual_signature(signer_info: Any, signer: x509.Certificate) -> str | None:
    """What keeps the tools here from judging the signature: SM2, which none of them has for tokens."""
    used = signer_info["signature_algorithm"]["algorithm"].dotted
    curve = signer.public_key["algorithm"]["parameters"]
    named = curve.chosen.dotted if getattr(curve, "name", "") == "named" else ""
    issuer = signer["signature_algorithm"]["algorithm"].dotted
    for oid in (used, named, issuer):
        if oid.startswith(_SM2):
            return f"it is signed with SM2 ({oid})"
    return None
