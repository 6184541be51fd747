"""Timestamp tokens (RFC 3161): ask a TSA through an injected sender, and verify what it answered.

Three readers look at every token, because none of them checks everything:

* this module (asn1crypto reads BER as well as DER): status, imprint, nonce, one signer who is the one that
  ESSCertID names (RFC 5035), a certificate for timestamping only and not a CA. It verifies no signature.
* rfc3161-client: signature, certificate path at genTime. It reads strict DER only and therefore cannot judge
  some genuine tokens, e.g. of OpenSSL with two or more certificates in the token.
* the `openssl ts -verify` command: all of it, on its own code.

Whoever of the last two *can* judge must say yes; a token that neither can judge is refused. Who said yes
is part of the verdict (`VerifiedToken.verified_by`). Trust ends only at roots that the caller configured.
"""

import contextlib
import hashlib
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc3161_client
from asn1crypto import algos, cms, core, pem, tsp, x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import DuplicateExtension, load_der_x509_certificate

from crawler.errors import TimestampError

MEDIA_QUERY = "application/timestamp-query"
MEDIA_REPLY = "application/timestamp-reply"
NONCE_BITS = 64
IMPRINT_ALGORITHMS = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "1.2.156.10197.1.401": "sm3",
}
BY_LIBRARY, BY_OPENSSL = "rfc3161-client", "openssl"
_OPENSSL_SECONDS = 60
_LACKING = "unsupported"  # in the reason of either tool: an algorithm it does not have, so no verdict

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

Send = Callable[[str, bytes], bytes]
"""Posts a query to a URL and returns the reply's body; raises OSError when there is none."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A configured TSA. `roots` and `intermediates` are PEM; `policy` is the OID it must stamp under."""

    name: str
    url: str
    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    policy: str | None = None

    @classmethod
    def from_pem(cls, name: str, url: str, trust: bytes, policy: str | None = None) -> "Authority":
        """From one file of certificates: the self-signed ones are the roots. Raises TimestampError."""
        roots, intermediates = split_trust(trust)
        return cls(name, url, roots, intermediates, policy)


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """A TimeStampReq: its DER bytes and the nonce in it."""

    tsq: bytes
    nonce: int


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


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token says, verified by the tools in `verified_by`."""

    gen_time: datetime
    policy: str
    serial: int
    tsa_name: str
    valid_until: datetime
    verified_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one tool says: True, False, or None where it cannot judge; and why, unless True."""

    tool: str
    says: bool | None
    why: str = ""

    def __str__(self) -> str:
        word = {True: "accepts", False: "refuses", None: "cannot judge"}[self.says]
        return f"{self.tool} {word}: {self.why}" if self.why else f"{self.tool} {word} it"


@dataclass(frozen=True, slots=True)
class Token:
    """A stamp worth keeping: query, full response, every certificate needed to verify it, and the verdict."""

    tsq: bytes
    tsr: bytes
    chain_pem: bytes
    verified: VerifiedToken


def make_request(content: bytes) -> TimestampRequest:
    """A query for the SHA-256 of `content`, with a nonce of 64 bits and the signer's certificate asked for."""
    nonce = secrets.randbits(NONCE_BITS)
    query = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                # NULL parameters: what `openssl ts -query` sends, and so what every TSA is used to
                "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256", "parameters": core.Null()}),
                "hashed_message": hashlib.sha256(content).digest(),
            },
            "nonce": nonce,
            "cert_req": True,
        }
    )
    return TimestampRequest(query.dump(), nonce)


def ask(content: bytes, authority: Authority, send: Send) -> Token:
    """Have `content` stamped. Returns only a token that `verify_token` accepts; TimestampError otherwise."""
    query = make_request(content).tsq
    try:
        tsr = send(authority.url, query)
    except OSError as error:
        raise TimestampError(f"TSA {authority.name} ({authority.url}) did not answer: {error}") from error
    try:
        verified = verify_token(
            tsr, content, tsq=query, roots=authority.roots, intermediates=authority.intermediates
        )
    except TimestampError as error:
        raise TimestampError(f"TSA {authority.name} ({authority.url}): {error}") from error
    if authority.policy not in (None, verified.policy):
        raise TimestampError(
            f"TSA {authority.name} stamped under policy {verified.policy}, not under {authority.policy}; "
            f"compare its practice statement with the configuration"
        )
    return Token(query, tsr, chain(tsr, authority.roots, authority.intermediates), verified)


def verify_token(
    tsr: bytes,
    content: bytes,
    *,
    tsq: bytes | None = None,
    roots: Sequence[bytes],
    intermediates: Sequence[bytes] = (),
    at: datetime | None = None,
) -> VerifiedToken:
    """Verify a TimeStampResp over `content`; with `tsq` also that it answers this query (nonce).

    The certificate path is judged at genTime; with `at` (timezone-aware) it must hold at that later time as
    well, which only `openssl` can tell. Raises TimestampError naming who refuses and why.
    """
    claims = read_token(tsr)
    _check_imprint(claims, content)
    _check_query(claims, tsq)
    anchors = [der for group in roots for der in _certificates_in(group)]
    if not anchors:
        raise TimestampError("no root certificate is configured for this TSA; add it to trust/")
    helpers = [der for group in intermediates for der in _certificates_in(group) if not _is_self_issued(der)]
    verdicts = [
        _ask_library(tsr, claims, anchors, helpers),
        _ask_openssl(tsr, content, tsq, anchors, helpers, claims.gen_time),
    ]
    _require_yes(verdicts)
    if at is not None:
        _require_yes([_ask_openssl(tsr, content, None, anchors, helpers, at)], f" at {at:%Y-%m-%d}")
    return VerifiedToken(
        gen_time=claims.gen_time,
        policy=claims.policy,
        serial=claims.serial,
        tsa_name=claims.tsa_name,
        valid_until=claims.valid_until,
        verified_by=tuple(verdict.tool for verdict in verdicts if verdict.says),
    )


def read_token(tsr: bytes) -> Claims:
    """What a TimeStampResp says, if it is well formed by RFC 3161 sections 2.3 and 2.4. Nothing is verified.

    Raises TimestampError: refused by the TSA, unreadable, not exactly one signer, signer's certificate
    missing or not fit for timestamping, ESSCertID naming another certificate, unknown imprint algorithm.
    """
    with _reading(f"TimeStampResp ({len(tsr)} bytes)"):
        response, signed, facts = _open(tsr)
        signer = _signer(signed)
        _check_fitness(signer)
        _check_ess_cert_id(signed["signer_infos"][0], signer)
        return Claims(
            gen_time=facts["gen_time"].native.astimezone(UTC),
            policy=facts["policy"].dotted,
            serial=facts["serial_number"].native,
            imprint_algorithm=_imprint_algorithm(facts["message_imprint"]),
            imprint=facts["message_imprint"]["hashed_message"].native,
            nonce=facts["nonce"].native,
            tsa_name=signer.subject.human_friendly,
            valid_until=signer.not_valid_after.astimezone(UTC),
            granted_with_mods=response["status"]["status"].native == "granted_with_mods",
        )


def certificates(tsr: bytes) -> list[bytes]:
    """All certificates in a token as PEM, the signer's first. Raises TimestampError as `read_token` does."""
    with _reading(f"TimeStampResp ({len(tsr)} bytes)"):
        _, signed, _ = _open(tsr)
        signer = _signer(signed).dump()
        ders = [choice.chosen.dump() for choice in signed["certificates"] if choice.name == "certificate"]
    return [_armor(der) for der in [signer, *(der for der in ders if der != signer)]]


def chain(tsr: bytes, roots: Sequence[bytes], intermediates: Sequence[bytes] = ()) -> bytes:
    """What to keep beside a token: its certificates (signer first), configured intermediates, roots; PEM."""
    configured = [_armor(der) for group in (*intermediates, *roots) for der in _certificates_in(group)]
    return b"".join(dict.fromkeys([*certificates(tsr), *configured]))


def split_trust(trust: bytes) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Roots (self-issued) and intermediates of a configured PEM (or single DER) file, one PEM each."""
    ders = _certificates_in(trust)
    roots = tuple(_armor(der) for der in ders if _is_self_issued(der))
    if not roots:
        raise TimestampError("the trust file holds no self-signed root certificate; add the TSA's root")
    return roots, tuple(_armor(der) for der in ders if not _is_self_issued(der))


@contextlib.contextmanager
def _reading(what: str) -> Iterator[None]:
    """asn1crypto meets malformed input with any of these, wherever it happens to stumble."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise TimestampError(f"not a readable {what}: {error}") from error


def _open(tsr: bytes) -> tuple[Any, Any, Any]:
    """The TimeStampResp, the SignedData in its token, and the TSTInfo in that."""
    response = _Response.load(tsr, strict=True)
    status = response["status"]["status"].native
    if status not in ("granted", "granted_with_mods"):
        raise TimestampError(f"the TSA refused: status {status}, {_reason(response['status'])}")
    token = response["time_stamp_token"]
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
        algorithm = "sha1" if kind == "signing_certificate" else first["hash_algorithm"]["algorithm"].native
        if algorithm not in ("sha1", "sha256", "sha384", "sha512"):
            raise TimestampError(f"ESSCertID uses unknown digest algorithm {algorithm}")
        if hashlib.new(algorithm, signer.dump()).digest() != first["cert_hash"].native:
            raise TimestampError("ESSCertID names another certificate than the signer's")
        named = True
    if not named:
        raise TimestampError("the token has no ESSCertID: the signer's certificate could be exchanged")


def _check_imprint(claims: Claims, content: bytes) -> None:
    actual = hashlib.new(claims.imprint_algorithm, content).digest()
    if claims.imprint != actual:
        raise TimestampError(
            f"the token is for other content: it stamps {claims.imprint_algorithm}:{claims.imprint.hex()}, "
            f"the content has {claims.imprint_algorithm}:{actual.hex()}"
        )


def _check_query(claims: Claims, tsq: bytes | None) -> None:
    if tsq is None:
        return
    with _reading(f"TimeStampReq ({len(tsq)} bytes)"):
        query = tsp.TimeStampReq.load(tsq, strict=True)
        wanted = query["nonce"].native
        imprint = query["message_imprint"]["hashed_message"].native
    if imprint != claims.imprint:
        raise TimestampError("the query is for other content than the token")
    if wanted is not None and wanted != claims.nonce:
        raise TimestampError(f"the token answers another query: nonce {claims.nonce}, asked with {wanted}")


def _require_yes(verdicts: Sequence[_Verdict], when: str = "") -> None:
    """Nobody refuses, and at least one accepts; otherwise TimestampError with every verdict in it."""
    told = "; ".join(str(verdict) for verdict in verdicts)
    if any(verdict.says is False for verdict in verdicts):
        raise TimestampError(f"the token does not verify{when}: {told}")
    if not any(verdict.says for verdict in verdicts):
        raise TimestampError(f"nobody here can judge the token{when}: {told}")


def _ask_library(tsr: bytes, claims: Claims, roots: Sequence[bytes], helpers: Sequence[bytes]) -> _Verdict:
    """Signature and certificate path at genTime, by rfc3161-client."""
    if claims.granted_with_mods:
        return _Verdict(BY_LIBRARY, None, "it does not accept the status grantedWithMods")
    try:
        response = rfc3161_client.decode_timestamp_response(tsr)
        verifier = rfc3161_client.VerifierBuilder(
            roots=[load_der_x509_certificate(der) for der in dict.fromkeys(roots)],
            intermediates=[load_der_x509_certificate(der) for der in dict.fromkeys(helpers)],
            nonce=claims.nonce,
        ).build()
        verifier.verify(response, claims.imprint)
    except rfc3161_client.VerificationError as error:
        stack = re.findall(r'reason: "([^"]*)"(?:[^{}]*data: "([^"]*)")?', str(error))
        why = "; ".join(": ".join(part for part in step if part) for step in stack) or str(error)
        return _Verdict(BY_LIBRARY, None if _LACKING in why else False, why)
    except (ValueError, UnsupportedAlgorithm, DuplicateExtension) as error:
        # Its strict DER reader, not its verifier: a verdict always comes as VerificationError.
        return _Verdict(BY_LIBRARY, None, f"it cannot parse the token: {error}")
    return _Verdict(BY_LIBRARY, True)


def _ask_openssl(
    tsr: bytes,
    content: bytes,
    tsq: bytes | None,
    roots: Sequence[bytes],
    helpers: Sequence[bytes],
    moment: datetime,
) -> _Verdict:
    """Everything, by `openssl ts -verify`, over the content and (if given) against the query."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return _Verdict(BY_OPENSSL, None, "the command is not installed")
    files = {"r.tsr": tsr, "content": content, "roots.pem": b"".join(_armor(der) for der in roots)}
    command = [openssl, "ts", "-verify", "-in", "r.tsr", "-CAfile", "roots.pem"]
    command += ["-attime", str(int(moment.timestamp()))]
    if helpers:
        files["helpers.pem"] = b"".join(_armor(der) for der in helpers)
        command += ["-untrusted", "helpers.pem"]
    commands = [[*command, "-data", "content"]]
    if tsq is not None:
        files["q.tsq"] = tsq
        commands.append([*command, "-queryfile", "q.tsq"])
    with tempfile.TemporaryDirectory() as folder:
        for name, inside in files.items():
            (Path(folder) / name).write_bytes(inside)
        verdicts = [_run_openssl(line, folder) for line in commands]
    return next((verdict for verdict in verdicts if not verdict.says), verdicts[0])


def _run_openssl(command: Sequence[str], folder: str) -> _Verdict:
    try:
        answer = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=_OPENSSL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return _Verdict(BY_OPENSSL, None, f"it did not run: {error}")
    if answer.returncode == 0:
        return _Verdict(BY_OPENSSL, True)
    complaint = answer.stderr.decode(errors="replace")
    # thread:error:code:library:function:reason:file:line:further words
    errors = [line.split(":") for line in complaint.splitlines() if ":error:" in line]
    why = "; ".join(": ".join(part for part in (e[5], ":".join(e[8:])) if part) for e in errors if len(e) > 5)
    # Its verdicts come from the routines that compare and verify. An error of its parser alone, or an
    # algorithm it lacks, is no verdict on the token.
    judged = any(e[3] in ("time stamp routines", "PKCS7 routines") for e in errors if len(e) > 5)
    says = False if judged and _LACKING not in why else None
    return _Verdict(BY_OPENSSL, says, why or complaint[-200:])


def _certificates_in(content: bytes) -> list[bytes]:
    """DER of every certificate in a PEM file, or in a single DER one."""
    with _reading(f"certificate file, PEM or DER ({len(content)} bytes)"):
        blocks = [content]
        if pem.detect(content):
            blocks = [der for kind, _, der in pem.unarmor(content, multiple=True) if kind == "CERTIFICATE"]
        loaded = [x509.Certificate.load(der, strict=True) for der in blocks]
        return [certificate.dump() for certificate in loaded if certificate.native]


def _is_self_issued(der: bytes) -> bool:
    certificate = x509.Certificate.load(der)
    return bool(certificate.subject == certificate.issuer)


def _armor(der: bytes) -> bytes:
    armored: bytes = pem.armor("CERTIFICATE", der)
    return armored.replace(b"\r\n", b"\n")
