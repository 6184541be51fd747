"""The key under which people get aliases (``keys/alias.key``). It stays in the archive and goes into no bundle."""

import hmac
from pathlib import Path

from crawler.errors import ArchiveError, FormatError

KEY_FILE = Path("keys") / "alias.key"
_REDACTION = b"web-evidence redaction 1"


def read_key(archive: Path) -> bytes:
    """The alias key of an archive. Raises ArchiveError if it is missing, FormatError if it is no hex of 32 bytes.

    It is never made here: a new key would give every known account a second alias.
    """
    path = archive / KEY_FILE
    if not path.is_file():
        raise ArchiveError(
            f"the alias key {path} is missing; put it back from a backup (only `evidence init` makes one)"
        )
    try:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    except ValueError as error:  # the text itself is secret and stays out of the message
        raise FormatError(f"the alias key {path} is not hexadecimal; put it back from a backup") from error


def redaction_key(archive: Path) -> bytes:
    """The key of the salts of what redaction takes out: 32 bytes, from the alias key. Raises likewise."""
    return hmac.digest(read_key(archive), _REDACTION, "sha256")
