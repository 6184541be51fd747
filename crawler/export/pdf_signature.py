"""Signing a PDF inside, by an organisation's certificate: PAdES B-B, and B-T with a timestamp (ETSI EN 319 142-1).

The signature is appended (an incremental update): the paper as it was made is a prefix of the signed one. Its field
is invisible: the signature places of the papers are for people, who sign by hand or with their own certificates; a
stamp in print would prove nothing and look as if it did. It is an approval, no certification: others may sign after.

pyHanko writes it. No HTTP client of its asks for the timestamp, but crawler.evidence.timestamp does, over the
signature value and through the sender that is handed over: a token counts only under the configured roots.
"""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms, keys, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign.attributes import CMSAttributeProvider, UnsignedAttributeProviderSpec
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from crawler import clock
from crawler.errors import ConfigError, FormatError, TimestampError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.organisation import Identity, require_valid
from crawler.evidence.seal import authority
from crawler.evidence.timestamp import Send, VerifiedToken, ask

FIELD = "OrganisationSignature"
REASON = "由本机构制作并随证据包提交"
NOBODY = "没有配置时间戳机构"
_DIGEST = "sha256"  # what every reader of PDF knows
_TOKEN_BYTES = 24 << 10  # room kept for a token; those with a chain of 4096-bit RSA have some 9 kB
_SIGNATURE_BYTES = 4 << 10  # the signature value (512 for RSA of 4096 bits) and the attributes about it
_HEX = 2  # digits for a byte: a signature stands in a PDF as hexadecimal text


@dataclass(frozen=True, slots=True)
class Stamping:
    """Who stamped the signature of a PDF, and who was asked and did not; `gen_time` is UTC."""

    authority: str | None
    gen_time: datetime | None
    missing: dict[str, str]  # authority → reason

    def to_json(self) -> dict[str, Any]:
        """For `--json`; `stamped_at` is None where nobody stamped."""
        stamped = None if self.gen_time is None else clock.stamp(self.gen_time)
        return {"authority": self.authority, "stamped_at": stamped, "missing": self.missing}


@dataclass(frozen=True, slots=True)
class SignedPdf:
    """A signed PDF and what became of its timestamp."""

    content: bytes
    stamping: Stamping


class Signatory:
    """Signs PDFs with one certificate; asks the archive's authorities in their order until one stamps.

    An authority that failed is not asked again: the next paper would wait for it as long as the first. Raises
    UsageError for a certificate that is not valid today.
    """

    def __init__(self, identity: Identity, archive: Archive, send: Send) -> None:
        require_valid(identity.certificate, datetime.now(UTC))
        self._signer = _signer(identity)
        self._room = (
            sum(len(one.dump()) for one in self._signer.cert_registry) + _SIGNATURE_BYTES + _TOKEN_BYTES
        )
        self._archive = archive
        self._send = send
        self._missing: dict[str, str] = {}

    def sign(self, content: bytes) -> SignedPdf:
        """The PDF with a signature behind it. Raises UsageError for what is no PDF, or is encrypted or damaged."""
        stamp = _Stamp(self)
        self._signer.unsigned_attr_prov_spec = stamp
        metadata = PdfSignatureMetadata(
            field_name=FIELD, md_algorithm=_DIGEST, subfilter=SigSeedSubFilter.PADES, reason=REASON
        )
        try:
            written = IncrementalPdfFileWriter(io.BytesIO(content))
            signed = PdfSigner(metadata, self._signer).sign_pdf(written, bytes_reserved=self._room * _HEX)
        except (PdfError, SigningError) as error:
            raise UsageError(f"the PDF cannot be signed: {error}") from error
        name, token = stamp.got
        missing = {} if name is not None else self._missing or {"-": NOBODY}
        gen_time = None if token is None else token.gen_time
        return SignedPdf(signed.getvalue(), Stamping(name, gen_time, dict(missing)))

    def stamped(self, signature: bytes) -> tuple[str, VerifiedToken, cms.ContentInfo] | None:
        """The first token over the signature value that verifies and fits; None, with the reasons kept."""
        for config in self._archive.config.asked():
            if config.name in self._missing:
                continue
            if config.imprint != _DIGEST:
                self._missing[config.name] = f"stamps {config.imprint} only, which readers of PDF do not know"
                continue
            try:
                token = ask(signature, authority(self._archive.path, config), self._send)
            except (TimestampError, ConfigError, FormatError) as error:
                self._missing[config.name] = str(error)
                continue
            if token.verified is None:
                self._missing[config.name] = token.unjudged
            elif len(token.tsr) > _TOKEN_BYTES:
                self._missing[config.name] = f"its token has {len(token.tsr)} bytes; {_TOKEN_BYTES} have room"
            else:
                return config.name, token.verified, tsp.TimeStampResp.load(token.tsr)["time_stamp_token"]
        return None


class _Stamp(UnsignedAttributeProviderSpec, CMSAttributeProvider):
    """Has one signature value stamped, as pyHanko's own TSTProvider has, but by our client."""

    attribute_type = "signature_time_stamp_token"

    def __init__(self, signatory: Signatory) -> None:
        self._signatory = signatory
        self._signature = b""
        self.got: tuple[str | None, VerifiedToken | None] = (None, None)

    def unsigned_attr_providers(
        self, signature: bytes, signed_attrs: cms.CMSAttributes, digest_algorithm: str
    ) -> Iterable[CMSAttributeProvider]:
        """Itself, once the signature is there."""
        del signed_attrs, digest_algorithm
        self._signature = signature
        return (self,)

    async def build_attr_value(self, dry_run: bool = False) -> cms.ContentInfo | None:
        """The token; None where there is none, and the signature goes without."""
        found = None if dry_run else self._signatory.stamped(self._signature)
        if found is None:
            return None
        self.got = found[:2]
        return found[2]


def _signer(identity: Identity) -> SimpleSigner:
    der = identity.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = [
        x509.Certificate.load(one.public_bytes(Encoding.DER))
        for one in (identity.certificate, *identity.above)
    ]
    registry = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    registry.register_multiple(chain)
    return SimpleSigner(chain[0], keys.PrivateKeyInfo.load(der), registry)
