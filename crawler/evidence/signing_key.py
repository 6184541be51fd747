"""The log's private key: made once, kept as PKCS#8 PEM that only its owner may read, never shown, never exported."""

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import ArchiveError
from crawler.evidence.durable import durable_create
from crawler.evidence.note import Verifier, verifier_of

LOG_KEY = "keys/log.key"  # relative to the archive
MAX_PEM = 65_536  # bytes; a key has some hundred


def make_key() -> Ed25519PrivateKey:
    """A new log key."""
    return Ed25519PrivateKey.generate()


def save_key(path: Path, key: Ed25519PrivateKey, passphrase: bytes | None = None) -> None:
    """Write a key as PKCS#8 PEM with mode 0600, durable. Raises FileExistsError: a key is never replaced."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption(),
    )
    durable_create(path, pem, mode=0o600)


def load_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Read a key that `save_key` wrote. Raises ArchiveError: key missing, wrong passphrase, or not Ed25519.

    A passphrase given for a key that has none is not needed and not an error.
    """
    pem = _read(path)
    encrypted = _is_encrypted(pem)
    if encrypted and not passphrase:
        raise ArchiveError(
            f"the key {path} needs a passphrase, and none was given: set EVIDENCE_PASSPHRASE, or see"
            " [sealing] passphrase in evidence.toml"
        )
    try:
        key = serialization.load_pem_private_key(pem, passphrase if encrypted else None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        if encrypted:
            why = "the passphrase is wrong (or the file is damaged); nothing was changed, try again"
            raise ArchiveError(f"the key {path} cannot be opened: {why}") from error
        raise ArchiveError(f"the key {path} cannot be read: {error}; {_lost(path)}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ArchiveError(f"the key {path} is not an Ed25519 key; restore the right one from your backup")
    return key


def is_encrypted(path: Path) -> bool:
    """Whether the key in this file is under a passphrase. Raises ArchiveError if there is no such file."""
    return _is_encrypted(_read(path))


def require_key(key: Ed25519PrivateKey, current: Verifier, older: tuple[Verifier, ...] = ()) -> None:
    """Raise ArchiveError unless this private key belongs to the key in force; says so of a retired one."""
    found = verifier_of(current.name, key.public_key())
    if found == current:
        return
    if found in older:
        raise ArchiveError(
            f"{LOG_KEY} holds the retired key {found.key_id.hex()} of {current.name}: an old copy was put back."
            f" Restore the file with the key in force, {current.key_id.hex()}; if that is lost for good:"
            " `evidence key replace --reason TEXT`. Nothing was signed"
        )
    raise ArchiveError(
        f"this key does not belong to the log {current.name}: {LOG_KEY} holds {found.key_id.hex()}, the key in"
        f" force is {current.key_id.hex()}; use the log's own key. Nothing was signed"
    )


def _read(path: Path) -> bytes:
    """The first `MAX_PEM` bytes. A link is followed (a key may lie on a stick); a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ArchiveError(f"the key {path} cannot be read: it is not a regular file; {_lost(path)}")
            return os.pread(descriptor, MAX_PEM, 0)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise ArchiveError(f"the key {path} is missing; {_lost(path)}") from error
    except OSError as error:
        raise ArchiveError(f"the key {path} cannot be read: {error.strerror}; {_lost(path)}") from error


def _lost(path: Path) -> str:
    replaced = "; if it is lost for good: `evidence key replace --reason TEXT`"
    return "restore it from your backup" + (replaced if path.name == Path(LOG_KEY).name else "")


def _is_encrypted(pem: bytes) -> bool:
    return b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in pem or b"Proc-Type: 4,ENCRYPTED" in pem
