"""The form of a bundle: which file is where. The exporter writes by it and the verifier reads by it.

bagit.txt  bag-info.txt  manifest-sha256.txt  tagmanifest-sha256.txt          BagIt 1.0 (RFC 8493)
data/captures.wacz                    WACZ 1.1.1; its WARC records are stored byte for byte as in the archive
data/log/leaves/<n>.json              leaf n of the log: the manifest of a capture, or of a WARC file's warcinfo
data/log/proofs/<n>.tlog-proof        C2SP tlog-proof@v1 of that leaf, to one of the checkpoints
data/log/checkpoints/<size>           C2SP tlog-checkpoint; <size>.txt and <size>.sig are the text that is
                                      signed and the 64-byte signature, as `openssl pkeyutl` wants them
data/log/checkpoint                   the newest of them
data/log/log.vkey, log.pem            the log's public key, as C2SP vkey and as PEM
data/stamps/<size>/<tsa>.tsq .tsr .chain.pem      RFC 3161, over the bytes of checkpoints/<size>
data/trust/<tsa>.pem                  the TSA's roots as the archive was configured with them
data/catalogue.docx, catalogue.csv    证据目录        data/verify-zh.md, verify-zh.html    核验说明
data/hash-list.csv                    哈希清单: every other file in data/, then every WARC record
"""

import base64
from pathlib import PurePosixPath

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crawler.errors import FormatError
from crawler.evidence.checkpoint import SIGNATURE_PREFIX, Verifier

BAGIT_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
BAGIT, BAG_INFO = "bagit.txt", "bag-info.txt"
MANIFEST, TAG_MANIFEST = "manifest-sha256.txt", "tagmanifest-sha256.txt"
TAG_FILES = (BAG_INFO, BAGIT, MANIFEST, TAG_MANIFEST)

WACZ = "data/captures.wacz"
LOG = "data/log"
STAMPS = "data/stamps"
TRUST = "data/trust"
CATALOGUE_DOCX, CATALOGUE_CSV = "data/catalogue.docx", "data/catalogue.csv"
HASH_LIST = "data/hash-list.csv"
SHEET, SHEET_PAGE = "data/verify-zh.md", "data/verify-zh.html"  # the same content

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


def signed_parts(note: bytes, verifier: Verifier) -> tuple[bytes, bytes]:
    """The text of a note that is signed, and this key's 64-byte signature. Raises FormatError.

    The note has been opened (`open_note`) before.
    """
    text, _, lines = note.rpartition(b"\n\n")
    for line in lines.decode("utf-8").splitlines():
        name, _, encoded = line.removeprefix(SIGNATURE_PREFIX).partition(" ")
        signature = base64.b64decode(encoded)
        if (name, signature[:4]) == (verifier.name, verifier.key_id):
            return text + b"\n", signature[4:]
    raise FormatError(f"note has no signature of {verifier.name}")


def public_pem(verifier: Verifier) -> bytes:
    """The log's public key as openssl reads it."""
    return verifier.public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
