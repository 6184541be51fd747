"""The signed checkpoints of an archive's log, and the keys that sign them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import ArchiveError, FormatError
from crawler.evidence.checkpoint import Checkpoint, open_signed
from crawler.evidence.checks.reading import names_in, open_regular, read_small
from crawler.evidence.note import Verifier, parse_vkey, parse_vkeys
from crawler.evidence.report import Check, Faults, Words, failed, not_checked, passed
from crawler.evidence.signing_key import LOG_KEY, is_encrypted, load_key, require_key

_RESTORE = Words("从副本恢复", "restore it from a copy")


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint whose signature was verified, the bytes of its note, and which of the log's keys signed it."""

    checkpoint: Checkpoint
    content: bytes
    signer: Verifier


def read_verifiers(path: Path) -> tuple[Verifier, ...]:
    """The log's public keys in a vkey file, oldest first, at least one. Raises FormatError.

    A log has one name: keys of several are refused, and so is a key that stands there twice.
    """
    try:
        verifiers = parse_vkeys(read_small(path).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not text: {error}") from error
    if len({verifier.name for verifier in verifiers}) > 1:
        raise FormatError(f"{path.name} holds keys of different names; a log has one")
    if len({verifier.key_id for verifier in verifiers}) < len(verifiers):
        raise FormatError(f"{path.name} holds one key twice")
    return verifiers


def own_keys(trust: Path | None, vkey: str | None) -> tuple[Verifier, ...]:
    """The log's keys as the verifier has them, oldest first: the line given, else those of log.vkey in `trust`.

    Raises FormatError for what cannot be read.
    """
    if vkey is not None:
        return (parse_vkey(vkey.strip()),)
    if trust is not None and (trust / "log.vkey").is_file():
        return parse_vkeys(read_small(trust / "log.vkey").decode("utf-8", "replace"))
    return ()


def read_notes(log: Path, verifiers: Sequence[Verifier], faults: Faults) -> dict[int, Note]:
    """Every checkpoint ever signed, by size; and `log/checkpoint` must be the newest of them.

    Any of the log's keys may have signed here; whether it was the one in force is for the check ``keys``.
    """
    notes: dict[int, Note] = {}
    if not verifiers:
        return notes
    try:
        names = names_in(log / "checkpoints")
    except FormatError as error:
        faults.add(f"log/{error}")
        return notes
    for name in names:
        try:
            content = read_small(log / "checkpoints" / name)
            checkpoint, signer = open_signed(content, verifiers)
            if name != str(checkpoint.size):
                raise FormatError(f"holds the checkpoint of size {checkpoint.size}")
        except FormatError as error:
            faults.add(f"log/checkpoints/{name}: {error}")
        else:
            notes[checkpoint.size] = Note(checkpoint, content, signer)
    if not notes:
        faults.add("log/checkpoints holds no checkpoint that this log's key signed")
        return notes
    try:
        current = read_small(log / "checkpoint")
        if current != notes[max(notes)].content:
            faults.add(f"log/checkpoint is not the same as log/checkpoints/{max(notes)}, the newest")
    except FormatError as error:
        faults.add(f"log/{error}")
    return notes


def check_key(archive: Path, verifiers: Sequence[Verifier]) -> Check:
    """The private key, where it can be read without a passphrase, belongs to the last line of trust/log.vkey."""
    path = archive / LOG_KEY
    if not verifiers:
        return failed("key", "trust/log.vkey cannot be read", _RESTORE)
    current = verifiers[-1]
    try:
        if path.name not in names_in(path.parent):
            absent = Words(
                "没有 keys/log.key：本副本不能签名", "keys/log.key is not here: this copy cannot sign"
            )
            return not_checked("key", absent)
        open_regular(path).close()  # a link leads to a file that is not the archive's
        if is_encrypted(path):
            protected = Words(
                "keys/log.key 有口令保护；文件由状态清单保护",
                "keys/log.key is under a passphrase; its file is covered by the state digests",
            )
            return passed("key", protected)
        key = load_key(path)
    except FormatError as error:
        return failed("key", f"keys/log.key cannot be read: {error}", _RESTORE)
    except ArchiveError:
        return failed("key", "keys/log.key cannot be read", _RESTORE)
    try:
        require_key(key, current, tuple(verifiers[:-1]))
    except ArchiveError as error:
        right = Words("恢复正确的密钥", "restore the right key")
        return failed("key", f"keys/log.key does not belong to trust/log.vkey: {error}", right)
    belongs = Words(
        "keys/log.key 与 trust/log.vkey 相配",
        f"keys/log.key belongs to trust/log.vkey ({current.name}, {current.key_id.hex()})",
    )
    return passed("key", belongs)
