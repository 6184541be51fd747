"""The log's signature over a bundle: 64 raw bytes of Ed25519 over the list of its files.

    openssl pkeyutl -verify -pubin -inkey data/log/log.pem -rawin -in tagmanifest-sha256.txt \\
        -sigfile tagmanifest-sha256.txt.sig

The same key signs checkpoints and statements about keys, so no signed list may ever pass for one of those, nor the
other way round (domain separation). This holds by the form of the three texts, and `sign_bundle` refuses a text
that is not of the form:

* a list of files: every line is 64 lower-case hex digits, two spaces, a name, a newline. So its first 66 bytes are
  hex digits and two spaces.
* a checkpoint: its first line is the origin of the log, which is the name of the key too, and such a name holds no
  space (`note.require_name`); its second line is a decimal number and nothing else. The second line of a list
  holds two spaces, and a list of one line has no second.
* a statement about keys: its first line is "web-evidence key …". The letter w is no hex digit.
* other notes of C2SP that name themselves in the first line ("cosignature/v1", "subtree/v1 …", "c2sp.org/…"): hold
  letters beyond f, or a slash, in the first line's first 64 characters.
"""

import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import FormatError
from crawler.evidence.note import Verifier

SIGNATURE_LENGTH = 64  # bytes
MAX_LINES = 10_000  # a tag manifest has a handful, a receipt some dozens

_LINE = re.compile(rb"[0-9a-f]{64}  [^\x00-\x1f\x7f]+")


def sign_bundle(file_list: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature over tagmanifest-sha256.txt (or a receipt's list), 64 bytes.

    Raises FormatError for bytes that are not a list of files as `sha256sum` writes it.
    """
    _require_file_list(file_list)
    return key.sign(file_list)


def verify_bundle_signature(file_list: bytes, signature: bytes, verifier: Verifier) -> None:
    """Raise FormatError unless this is the key's signature over these bytes, and they are a list of files."""
    if len(signature) != SIGNATURE_LENGTH:
        raise FormatError(f"the signature has {len(signature)} bytes, not {SIGNATURE_LENGTH}")
    _require_file_list(file_list)
    try:
        verifier.public_key.verify(signature, file_list)
    except InvalidSignature as error:
        raise FormatError(
            f"the signature over the list of files is not one of the key {verifier}: list, signature or key changed"
        ) from error


def _require_file_list(file_list: bytes) -> None:
    *lines, end = file_list.split(b"\n")
    if end or not lines or len(lines) > MAX_LINES:
        raise FormatError("not a list of files: expected whole lines, at least one, and a newline at the end")
    for number, line in enumerate(lines, 1):
        if not _LINE.fullmatch(line):
            raise FormatError(
                f"not a list of files: line {number} is {line[:80]!r}; expected 64 hex digits, two spaces, a name"
            )
