"""Who signed a WACZ, and when: datapackage-digest.json, the signature in it, its certificate and its token.

Anchors come from the verifier's folder only, one place for each purpose, because whom one trusts to tell the
time one does not thereby trust to name a domain:

    TRUST/*.pem           roots of timestamp authorities, and public keys of anonymous signers
    TRUST/domain/*.pem    roots that TLS certificates of signing domains lead to
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crawler import clock
from crawler.errors import FormatError, NotJudged, TimestampError
from crawler.evidence.bundle import DATAPACKAGE, DATAPACKAGE_DIGEST
from crawler.evidence.checks.json_text import parse_object
from crawler.evidence.checks.reading import read_small
from crawler.evidence.checks.wacz_listing import Listing
from crawler.evidence.checks.zip_members import Package
from crawler.evidence.digest import digest
from crawler.evidence.report import Check, KeyFacts, Words, failed, not_checked, passed
from crawler.evidence.timestamp import VerifiedToken, read_token, split_trust, verify_token
from crawler.evidence.wacz_auth import (
    Anonymous,
    Domain,
    certificate_fingerprint,
    read_signed,
    verify_anonymous,
    verify_domain,
    verify_path,
    whole_token,
)

DIGEST_FILE_LIMIT = 1 << 20
_STAMPED_WITHIN = timedelta(minutes=10)  # wacz-auth 0.1.0: between `created` and the token's time
# What asn1crypto raises on malformed input; a token may be hostile.
_MALFORMED = (ValueError, TypeError, LookupError, AttributeError, OverflowError)
_NO_SIGNATURE = Words(
    "没有签名，任何人都可以改动后重新计算摘要",
    "there is no signature: whoever changed it could digest it again",
)
_COMPARE_KEY = Words(
    "向制作人核对公钥指纹，再将其公钥（PEM）放入 --trust 目录",
    "compare the fingerprint with the signer's own words, then put the key (PEM) into the --trust folder",
)
_ADD_DOMAIN_ROOT = Words(
    "将该根证书放入 --trust 目录的 domain/", "put that root into the folder domain/ of the --trust folder"
)
_ADD_TSA_ROOT = Words("将该根证书放入 --trust 目录", "put that root into the --trust folder")


@dataclass(frozen=True, slots=True)
class Anchors:
    """What the verifier trusts. `signers` are fingerprints of keys for anonymous signatures."""

    tsa_roots: tuple[bytes, ...] = ()  # PEM
    tsa_intermediates: tuple[bytes, ...] = ()
    domain_roots: tuple[x509.Certificate, ...] = ()
    signers: frozenset[str] = frozenset()

    @classmethod
    def read(cls, trust: Path | None, signer: str | None = None) -> "Anchors":
        """From the verifier's folder; `signer` is one more fingerprint. Raises FormatError for unreadable files."""
        signers = {signer} if signer is not None else set()
        if trust is None:
            return cls(signers=frozenset(signers))
        # organisation*.pem are roots of those who sign bundles; they vouch for no time.
        paths = (path for path in sorted(trust.glob("*.pem")) if not path.name.startswith("organisation"))
        pems = [read_small(path) for path in paths]
        try:
            roots, intermediates = split_trust(b"\n".join(pem for pem in pems if b"BEGIN CERT" in pem))
        except TimestampError:
            roots, intermediates = (), ()
        domain = b"\n".join(read_small(path) for path in sorted((trust / "domain").glob("*.pem")))
        try:
            domain_roots = tuple(x509.load_pem_x509_certificates(domain)) if domain.strip() else ()
        except ValueError as error:
            raise FormatError(f"{trust / 'domain'} holds an unreadable certificate: {error}") from error
        signers |= {name for pem in pems if (name := _fingerprint_of_key(pem))}
        return cls(roots, intermediates, domain_roots, frozenset(signers))


@dataclass(frozen=True, slots=True)
class Judgement:
    """The checks of the signature, in order, and the keys that were used."""

    checks: tuple[Check, ...]
    keys: tuple[KeyFacts, ...] = ()


def judge(package: Package, listing: Listing, anchors: Anchors, at: datetime | None) -> Judgement:
    """datapackage-digest.json and all that it holds. Never raises for what is in the package."""
    if DATAPACKAGE_DIGEST not in package.names():
        absent = Words("没有 datapackage-digest.json", f"there is no {DATAPACKAGE_DIGEST}")
        return Judgement((not_checked("binding", absent), not_checked("wacz-signature", _NO_SIGNATURE)))
    try:
        fields = read_digest_file(package)
    except FormatError as error:
        unread = Words("无法读取", f"{DATAPACKAGE_DIGEST} could not be read")
        return Judgement((failed("binding", str(error)), not_checked("wacz-signature", unread)))
    binding = _binding(fields, listing)
    if "signedData" not in fields:
        return Judgement((binding, not_checked("wacz-signature", _NO_SIGNATURE)))
    try:
        signed = read_signed(fields["signedData"])
        key = verify_anonymous(signed) if isinstance(signed, Anonymous) else verify_domain(signed)
    except FormatError as error:
        return Judgement((binding, failed("wacz-signature", str(error))))
    if isinstance(signed, Anonymous):
        signer = _signer(key, anchors)
        return Judgement(
            (binding, _signature_words(signed, key), signer), (KeyFacts("wacz", "anonymous", "", key),)
        )
    vouched = _DomainChecks(signed, anchors, at).checks()
    keys = (KeyFacts("wacz", signed.domain, "", key, "certificate", "证书"),)
    return Judgement((binding, _signature_words(signed, key), *vouched), keys)


def read_digest_file(package: Package) -> dict[str, object]:
    """datapackage-digest.json: path and hash, perhaps signedData, and nothing else. Raises FormatError."""
    fields = parse_object(package.read(DATAPACKAGE_DIGEST, DIGEST_FILE_LIMIT), DATAPACKAGE_DIGEST)
    if set(fields) - {"signedData"} != {"path", "hash"}:
        names = ", ".join(sorted(fields))[:120]
        raise FormatError(f"{DATAPACKAGE_DIGEST} does not hold exactly path, hash and signedData: {names}")
    return fields


def _binding(fields: dict[str, object], listing: Listing) -> Check:
    """Three digests are one: recomputed, in the digest file, and under the signature (evidence-formats §11.1)."""
    signed = fields.get("signedData", {})
    told = {"hash": fields["hash"]}
    if isinstance(signed, dict) and "signedData" in fields:
        told["signedData.hash"] = signed.get("hash")
    if fields["path"] != DATAPACKAGE:
        return failed("binding", f"{DATAPACKAGE_DIGEST} is about {str(fields['path'])[:80]!r}")
    wrong = [f"{name} is {str(value)[:80]}" for name, value in told.items() if value != listing.digest]
    if wrong:
        return failed("binding", f"{DATAPACKAGE} has {listing.digest}, but {' and '.join(wrong)}")
    return passed("binding", Words("与所签摘要一致", f"{DATAPACKAGE} is what {' and '.join(told)} say"))


def _signature_words(signed: Anonymous | Domain, key: str) -> Check:
    remark = "" if signed.version is not None else "; without a version, as ArchiveWeb.page signs"
    if isinstance(signed, Domain):
        words = Words(
            f"由 {signed.domain} 的证书密钥签名", f"signed by the certificate {key} of {signed.domain}"
        )
    else:
        words = Words(f"匿名签名，公钥 {key}", f"signed anonymously by the key {key}")
    return passed("wacz-signature", Words(words.zh, words.en + remark))


def _signer(key: str, anchors: Anchors) -> Check:
    if key in anchors.signers:
        return passed("anchor", Words("公钥是您自行取得的", "the key is one that you gave"))
    if anchors.signers:
        return failed("anchor", f"{key} is none of the keys that you gave", _COMPARE_KEY)
    words = Words("签名人未知，只能说明签名后没有改动", f"whose key {key} is, is not known here")
    return not_checked("anchor", words, _COMPARE_KEY)


class _DomainChecks:
    """Certificate, token and the token's validity; the token's time is the time at which the path is judged."""

    def __init__(self, signed: Domain, anchors: Anchors, at: datetime | None) -> None:
        self._signed = signed
        self._anchors = anchors
        self._at = at
        self._now = at or datetime.now(UTC)
        self._token: VerifiedToken | None = None

    def checks(self) -> Sequence[Check]:
        """In the order of the report."""
        stamped = self._stamped()
        checks = [self._certificate(stamped), stamped]
        return [*checks, self._validity()] if self._token is not None else checks

    def _stamped(self) -> Check:
        signed = self._signed
        if not self._anchors.tsa_roots:
            return not_checked("timestamps", _wanted(signed.tsa_certificates[-1]), _ADD_TSA_ROOT)
        try:
            token = self._verify(None)
            if read_token(whole_token(signed)).imprint_algorithm != "sha256":
                raise FormatError("the token's imprint is not SHA-256")
            _require_created(signed, token.gen_time)
        except NotJudged as error:
            return not_checked("timestamps", Words("本机无法判断该时间戳", str(error)))
        except (FormatError, TimestampError, *_MALFORMED) as error:
            return failed("timestamps", f"timeSignature: {error}")
        self._token = token
        time = clock.stamp(token.gen_time)
        words = Words(f"不晚于 {clock.beijing(time)}", f"signed before {time}, says {token.tsa_name}")
        return passed("timestamps", words)

    def _verify(self, at: datetime | None) -> VerifiedToken:
        signed = self._signed
        carried = [cert.public_bytes(serialization.Encoding.PEM) for cert in signed.tsa_certificates]
        return verify_token(
            whole_token(signed),
            signed.signature.encode("ascii"),
            roots=self._anchors.tsa_roots,
            intermediates=(*self._anchors.tsa_intermediates, *carried),
            at=at,
        )

    def _certificate(self, stamped: Check) -> Check:
        signed = self._signed
        if not self._anchors.domain_roots:
            return not_checked("certificate", _wanted(signed.certificates[-1]), _ADD_DOMAIN_ROOT)
        moment = self._token.gen_time if self._token is not None else self._now
        try:
            root = verify_path(signed, self._anchors.domain_roots, moment)
        except FormatError as error:
            problem = f"no valid path at {clock.stamp(moment)} to a root that you gave: {error}"
            if stamped.status == "not-checked" and signed.certificates[0].not_valid_after_utc < moment:
                unknown = Words(
                    "证书已过期，而签名时间未核验", f"{problem}; the time of signing is not verified"
                )
                return not_checked("certificate", unknown, _ADD_TSA_ROOT)
            return failed("certificate", problem)
        words = Words(
            f"{signed.domain}，{root}", f"good for {signed.domain} at {clock.stamp(moment)}, under {root}"
        )
        return passed("certificate", words)

    def _validity(self) -> Check:
        when = f"{self._now:%Y-%m-%d}"
        try:
            self._verify(self._now)
        except (FormatError, TimestampError, *_MALFORMED) as error:
            problem = f"on {when} the token verifies no longer by itself: {error}"
            if self._at is not None:
                return failed("validity", problem)
            return not_checked("validity", Words(f"时间戳证书在 {when} 已不在有效期内", problem))
        return passed("validity", Words(f"{when} 仍然有效", f"the token is valid on {when}"))


def _require_created(signed: Domain, stamped: datetime) -> None:
    try:
        created = datetime.fromisoformat(signed.created)
    except ValueError as error:
        raise FormatError(f"created is no RFC 3339 time: {signed.created[:40]!r}") from error
    if created.tzinfo is None or abs(stamped - created) > _STAMPED_WITHIN:
        raise FormatError(f"created {signed.created[:40]} is not within 10 minutes of {clock.stamp(stamped)}")


def _wanted(last: x509.Certificate) -> Words:
    """Which root would end the path: the last certificate carried, or its issuer if that is cross-signed."""
    name, issuer = last.subject.rfc4514_string(), last.issuer.rfc4514_string()
    whose = f"{name} ({certificate_fingerprint(last)})"
    also = "" if name == issuer else f", or {issuer}"
    return Words(f"未给出根证书：{name}", f"no root was given; the path leads to {whose}{also}")


def _fingerprint_of_key(pem: bytes) -> str | None:
    """Of a P-384 public key; None for what is none."""
    if b"BEGIN PUBLIC KEY" not in pem:
        return None
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise FormatError(f"a public key in the --trust folder cannot be read: {error}") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return None  # the log's key, for instance
    return digest(
        key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
