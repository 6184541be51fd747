"""The signed checkpoints of an archive's log."""

from dataclasses import dataclass
from pathlib import Path

from crawler.errors import FormatError, LogError
from crawler.evidence.checkpoint import Checkpoint, Verifier, load_key, open_note, parse_vkey, vkey
from crawler.evidence.checks.reading import read_small
from crawler.evidence.report import Check, Faults, Words, failed, not_checked, passed

_RESTORE = Words("从副本恢复", "restore it from a copy")


@dataclass(frozen=True, slots=True)
class Note:
    """A checkpoint whose signature was verified, and the bytes of its note."""

    checkpoint: Checkpoint
    content: bytes


def read_verifier(path: Path) -> Verifier:
    """The log's public key in a vkey file. Raises FormatError."""
    try:
        return parse_vkey(read_small(path).decode("utf-8").strip())
    except UnicodeDecodeError as error:
        raise FormatError(f"{path.name} is not text: {error}") from error


def read_notes(log: Path, verifier: Verifier | None, faults: Faults) -> dict[int, Note]:
    """Every checkpoint ever signed, by size; and `log/checkpoint` must be the newest of them."""
    notes: dict[int, Note] = {}
    folder = log / "checkpoints"
    paths = sorted(folder.iterdir(), key=lambda path: path.name) if folder.is_dir() else []
    if verifier is None:
        return notes
    for path in paths:
        try:
            content = read_small(path)
            checkpoint = open_note(content, [verifier])
            if path.name != str(checkpoint.size):
                raise FormatError(f"holds the checkpoint of size {checkpoint.size}")
        except FormatError as error:
            faults.add(f"log/checkpoints/{path.name}: {error}")
        else:
            notes[checkpoint.size] = Note(checkpoint, content)
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


def check_key(archive: Path, verifier: Verifier | None) -> Check:
    """The private key, where it can be read without a passphrase, belongs to trust/log.vkey."""
    path = archive / "keys/log.key"
    if verifier is None:
        return failed("key", "trust/log.vkey cannot be read", _RESTORE)
    if not path.is_file():
        absent = Words("没有 keys/log.key：本副本不能签名", "keys/log.key is not here: this copy cannot sign")
        return not_checked("key", absent)
    try:
        key = load_key(path)
    except LogError:
        if b"ENCRYPTED" in path.read_bytes():
            protected = Words(
                "keys/log.key 有口令保护；文件由状态清单保护",
                "keys/log.key is under a passphrase; its file is covered by the state digests",
            )
            return passed("key", protected)
        return failed("key", "keys/log.key cannot be read", _RESTORE)
    if vkey(verifier.name, key.public_key()) != vkey(verifier.name, verifier.public_key):
        right = Words("恢复正确的密钥", "restore the right key")
        return failed("key", "keys/log.key does not belong to trust/log.vkey", right)
    whose = f"{verifier.name}, {verifier.key_id.hex()}"
    belongs = Words(
        "keys/log.key 与 trust/log.vkey 相配", f"keys/log.key belongs to trust/log.vkey ({whose})"
    )
    return passed("key", belongs)
