"""The form of a bundle and of a receipt: which file is where. Exporters write by it and verifiers read by it.

A bundle:

bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt          BagIt 1.0 (RFC 8493)
tagmanifest-sha256.txt.sig            64 bytes: Ed25519 by the log's newest key over tagmanifest-sha256.txt, and
                                      so over every byte of the bundle
tagmanifest-sha256.txt.p7s            only if an organisation signed: CMS, detached, over the same bytes
data/captures.wacz                    WACZ 1.1.1; its WARC records are stored byte for byte as in the archive
data/log … stamps … trust             the part of the log, see below
data/catalogue.docx, catalogue.csv    证据目录        data/verify-zh.md, verify-zh.html    核验说明
data/index.html, pictures/            what a judge opens: exhibits with pictures, papers, explanations
data/papers/                          the papers of the case (docs/papers.md)
data/verifier.html                    a verifier that runs in a browser, without a network
data/hash-list.csv                    哈希清单: every other file in data/, then every WARC record

A receipt (one capture, a small folder): the part of the log at the top, and

sha256sums.txt, sha256sums.txt.sig    every other file; Ed25519 by the log's newest key
records.warc.gz                       the records of the capture, byte for byte as in the archive
verify-zh.md, verify-zh.html          核验说明

The part of the log:

log/leaves/<n>.json              leaf n of the log: the manifest of a capture, or an event that a verifier needs
log/proofs/<n>.tlog-proof        C2SP tlog-proof@v1 of that leaf, to one of the checkpoints
log/originals/<n>.tlog-proof     likewise of a leaf that is not handed over: a redacted capture was made of it, and
                                 names its digest (`redacted.leaf`)
log/checkpoints/<size>           C2SP tlog-checkpoint; <size>.txt and <size>.sig are the text that is
                                 signed and the 64-byte signature, as `openssl pkeyutl` wants them
log/checkpoint                   the newest of them
log/consistency/<size>           from the checkpoint before it to this one: the body of an add-checkpoint request
                                 of C2SP tlog-witness (old size, consistency path, blank line, checkpoint)
log/cosignatures/<size>/<name>   signature lines of witnesses (C2SP tlog-cosignature)
log/log.vkey                     the log's public keys, one C2SP vkey a line, oldest first
log/log.pem, keys/<key id>.pem   the newest of them as PEM; each of them as PEM
stamps/<size>/<tsa>.tsq .tsr .chain.pem      RFC 3161, over the bytes of checkpoints/<size>
trust/<tsa>.pem                  the TSA's roots as the archive was configured with them
trust/witness-<name>.vkey        public keys of witnesses
"""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.errors import FormatError
from crawler.evidence.note import Verifier, parse_signature, split_note

BAGIT_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
TAG_FILES = (BAG_INFO, BAGIT, MANIFEST, TAG_MANIFEST)
SUPPLEMENT_TO = (
    "Evidence-Supplement-To"  # in bag-info.txt: digest of the earlier bundle's tagmanifest-sha256.txt
)
SIGNATURE, CMS_SIGNATURE = ".sig", ".p7s"  # after the name of the file that is signed

WACZ = "data/captures.wacz"
LOG = "data/log"
STAMPS = "data/stamps"
TRUST = "data/trust"
CATALOGUE_DOCX, CATALOGUE_CSV = "data/catalogue.docx", "data/catalogue.csv"
HASH_LIST = "data/hash-list.csv"
SHEET, SHEET_PAGE = "data/verify-zh.md", "data/verify-zh.html"  # the same content
VERIFIER_PAGE = "data/verifier.html"
RECEIPT_SUMS, RECEIPT_RECORDS = "sha256sums.txt", "records.warc.gz"
RECEIPT_SHEET, RECEIPT_PAGE = "verify-zh.md", "verify-zh.html"

WACZ_VERSION = "1.1.1"
DATAPACKAGE, DATAPACKAGE_DIGEST = "datapackage.json", "datapackage-digest.json"
INDEX, PAGES = "indexes/index.cdx", "pages/pages.jsonl"
INDEXED_TYPES = ("response", "resource")

HASH_LIST_COLUMNS = ("序号", "文件", "字节", "SHA-256", "SM3", "采集时间")
MANIFEST_LIMIT = 64 << 20  # bytes a reader accepts in a bag manifest or the WACZ's datapackage.json


def member_of(file: str) -> str:
    """Where the records of an archive's ``warc/00001.warc.gz`` lie inside the WACZ."""
    return f"archive/{PurePosixPath(file).name}"


def hash_list_name(member: str, offset: int, length: int) -> str:
    """How hash-list.csv names a WARC record: file, member of the zip, and the bytes in it."""
    return f"{WACZ}!{member}:{offset}+{length}"


def cdx_time(date: str) -> str:
    """A WARC-Date as 17 digits: UTC, milliseconds (CDXJ 0.1.0)."""
    return "".join(character for character in date if character.isdigit())[:17]


class SignedParts(NamedTuple):
    """A note as openssl wants it: the text that is signed, one key's 64-byte signature, and that key."""

    text: bytes
    signature: bytes
    signer: Verifier


def signed_parts(note: bytes, verifiers: Sequence[Verifier]) -> SignedParts:
    """Take a note apart that has been opened (`open_note`) before; the first known signature counts.

    Raises FormatError.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    text, lines = split_note(note)
    for line in lines:
        name, signature = parse_signature(line)
        signer = known.get((name, signature[:4]))
        if signer is not None:
            return SignedParts(text.encode(), signature[4:], signer)
    raise FormatError(f"note has no signature of {', '.join(str(verifier) for verifier in verifiers)}")


def public_pem(verifier: Verifier) -> bytes:
    """The log's public key as openssl reads it."""
    return verifier.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
