"""Timestamp tokens (RFC 3161): ask a TSA through an injected sender, and verify what it answered.

Three readers look at every token, because none of them checks everything:

* crawler.evidence.token and this module: status, imprint, nonce, one signer who is the one that ESSCertID names
  (RFC 5035), a certificate for timestamping only and not a CA. They verify no signature.
* rfc3161-client: signature, certificate path at genTime. It reads strict DER only and therefore cannot judge
  some genuine tokens, e.g. of OpenSSL with two or more certificates in the token.
* the `openssl ts -verify` command: all of it but the nonce, on its own code.

Whoever of the last two *can* judge must say yes; for a token that neither can judge there is NotJudged. Who
said yes is part of the verdict (`VerifiedToken.verified_by`). Trust ends only at roots that the caller configured.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import algos, core, tsp

from crawler.errors import NotJudged, TimestampError
from crawler.evidence.certificates import (
    certificates_in,
    earliest_end,
    is_self_issued,
    path_until,
    reading,
    split_trust,
)
from crawler.evidence.judges import BY_LIBRARY, BY_OPENSSL, Verdict, ask_library, ask_openssl
from crawler.evidence.token import (
    IMPRINT_ALGORITHMS,
    Claims,
    certificates,
    chain,
    digest_with,
    read_token,
)

__all__ = [
    "BY_LIBRARY",
    "BY_OPENSSL",
    "IMPRINT_ALGORITHMS",
    "Authority",
    "Claims",
    "Send",
    "TimestampRequest",
    "Token",
    "VerifiedToken",
    "ask",
    "certificates",
    "chain",
    "make_request",
    "read_token",
    "split_trust",
    "verify_token",
]

MEDIA_QUERY = "application/timestamp-query"
MEDIA_REPLY = "application/timestamp-reply"
NONCE_BITS = 64
IMPRINTS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sm3": "1.2.156.10197.1.401",
}  # what is asked for, with its OID

Send = Callable[[str, bytes], bytes]
"""Posts a query to a URL and returns the reply's body; raises OSError when there is none."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A configured TSA. `roots` and `intermediates` are PEM; `policy` is the OID it must stamp under.

    `imprint` is the digest that it is asked to stamp: ``sha256`` or ``sm3``.
    """

    name: str
    url: str
    roots: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    policy: str | None = None
    imprint: str = "sha256"

    @classmethod
    def from_pem(
        cls, name: str, url: str, trust: bytes, policy: str | None = None, imprint: str = "sha256"
    ) -> "Authority":
        """From one file of certificates: the self-signed ones are the roots. Raises TimestampError."""
        roots, intermediates = split_trust(trust)
        return cls(name, url, roots, intermediates, policy, imprint)


@dataclass(frozen=True, slots=True)
class TimestampRequest:
    """A TimeStampReq: its DER bytes and the nonce in it."""

    tsq: bytes
    nonce: int


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a token says, verified by the tools in `verified_by`.

    `path_until` is the earliest end of validity among the certificates of its path, signer and root included:
    after it the token holds only if it was renewed before (crawler.evidence.renewal).
    """

    gen_time: datetime
    policy: str
    serial: int
    tsa_name: str
    valid_until: datetime  # end of the signer's certificate alone
    verified_by: tuple[str, ...]
    path_until: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A stamp worth keeping: query, full response, every certificate needed to verify it, and the verdict.

    `verified` is None for a token that nobody here can judge; `unjudged` then tells why. It answers the query
    for this content, and is kept for whoever can judge it.
    """

    tsq: bytes
    tsr: bytes
    chain_pem: bytes
    verified: VerifiedToken | None
    unjudged: str = ""


def make_request(content: bytes, imprint: str = "sha256") -> TimestampRequest:
    """A query for the digest of `content`, with a nonce of 64 bits and the signer's certificate asked for.

    `imprint` is ``sha256`` or ``sm3``. Raises TimestampError where this machine has no SM3.
    """
    nonce = secrets.randbits(NONCE_BITS)
    # NULL parameters: what `openssl ts -query` sends, and so what every TSA is used to
    algorithm = algos.DigestAlgorithm({"algorithm": IMPRINTS[imprint], "parameters": core.Null()})
    query = tsp.TimeStampReq(
        {
            "version": "v1",
            "message_imprint": {
                "hash_algorithm": algorithm,
                "hashed_message": digest_with(imprint, content),
            },
            "nonce": nonce,
            "cert_req": True,
        }
    )
    return TimestampRequest(query.dump(), nonce)


def ask(content: bytes, authority: Authority, send: Send) -> Token:
    """Have `content` stamped. Returns only a token that `verify_token` accepts, or that nobody here can judge.

    TimestampError otherwise.
    """
    query = make_request(content, authority.imprint).tsq
    try:
        tsr = send(authority.url, query)
    except OSError as error:
        raise TimestampError(f"TSA {authority.name} ({authority.url}) did not answer: {error}") from error
    verified, unjudged = None, ""
    try:
        verified = verify_token(
            tsr, content, tsq=query, roots=authority.roots, intermediates=authority.intermediates
        )
        kept = chain(tsr, authority.roots, authority.intermediates)
    except NotJudged as error:
        unjudged = str(error)
        kept = b"".join((*authority.intermediates, *authority.roots))
    except TimestampError as error:
        raise TimestampError(f"TSA {authority.name} ({authority.url}): {error}") from error
    if verified is not None and authority.policy not in (None, verified.policy):
        raise TimestampError(
            f"TSA {authority.name} stamped under policy {verified.policy}, not under {authority.policy}; "
            f"compare its practice statement with the configuration"
        )
    return Token(query, tsr, kept, verified, unjudged)


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
    well, which only `openssl` can tell. Raises TimestampError naming who refuses and why; NotJudged if there is
    nobody who could.
    """
    claims = read_token(tsr)
    _check_imprint(claims, content)
    _check_query(claims, tsq)
    anchors = [der for group in roots for der in certificates_in(group)]
    if not anchors:
        raise TimestampError("no root certificate is configured for this TSA; add it to trust/")
    helpers = [der for group in intermediates for der in certificates_in(group) if not is_self_issued(der)]
    if claims.beyond_tools is not None:
        raise NotJudged(f"nobody here can judge the token: {claims.beyond_tools}")
    verdicts = [
        ask_library(tsr, claims, anchors, helpers),
        ask_openssl(tsr, content, anchors, helpers, claims.gen_time),
    ]
    _require_yes(verdicts)
    if at is not None:
        _require_yes([ask_openssl(tsr, content, anchors, helpers, at)], f" at {at:%Y-%m-%d}")
    return VerifiedToken(
        gen_time=claims.gen_time,
        policy=claims.policy,
        serial=claims.serial,
        tsa_name=claims.tsa_name,
        valid_until=claims.valid_until,
        verified_by=tuple(verdict.tool for verdict in verdicts if verdict.says),
        path_until=_path_until(tsr, claims, anchors, helpers),
    )


def _path_until(tsr: bytes, claims: Claims, anchors: Sequence[bytes], helpers: Sequence[bytes]) -> datetime:
    """The end of the token's path; the earliest end of all that was given if no path can be told."""
    own = [der for pem in certificates(tsr) for der in certificates_in(pem)]
    found = path_until(own[0], anchors, [*own[1:], *helpers], claims.gen_time)
    if found is not None:
        return found
    return earliest_end([*own, *helpers, *anchors], claims.gen_time) or claims.valid_until


def _check_imprint(claims: Claims, content: bytes) -> None:
    actual = digest_with(claims.imprint_algorithm, content)
    if claims.imprint != actual:
        raise TimestampError(
            f"the token is for other content: it stamps {claims.imprint_algorithm}:{claims.imprint.hex()}, "
            f"the content has {claims.imprint_algorithm}:{actual.hex()}"
        )


def _check_query(claims: Claims, tsq: bytes | None) -> None:
    if tsq is None:
        return
    with reading(f"TimeStampReq ({len(tsq)} bytes)"):
        query = tsp.TimeStampReq.load(tsq, strict=True)
        wanted = query["nonce"].native
        imprint = query["message_imprint"]["hashed_message"].native
    if imprint != claims.imprint:
        raise TimestampError("the query is for other content than the token")
    if wanted is not None and wanted != claims.nonce:
        raise TimestampError(f"the token answers another query: nonce {claims.nonce}, asked with {wanted}")


def _require_yes(verdicts: Sequence[Verdict], when: str = "") -> None:
    """Nobody refuses, and at least one accepts; otherwise TimestampError with every verdict in it."""
    told = "; ".join(str(verdict) for verdict in verdicts)
    if any(verdict.says is False for verdict in verdicts):
        raise TimestampError(f"the token does not verify{when}: {told}")
    if not any(verdict.says for verdict in verdicts):
        raise NotJudged(f"nobody here can judge the token{when}: {told}")
