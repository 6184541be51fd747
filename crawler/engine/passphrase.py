"""The passphrase of the log's key: from the environment, the keyring of the operating system, or a terminal.

Looked for in this order, and only for a key that is under one. `[sealing] passphrase` in evidence.toml says whether
the keyring is asked; the passphrase itself is in no file of the archive. Every command that signs looks for it, and
tries it, before it does anything else: a wrong one costs nothing.
"""

import getpass
import importlib
import os
import secrets
import sys
from pathlib import Path
from types import ModuleType

from crawler.config import read_config
from crawler.errors import ArchiveError, ConfigError, UsageError
from crawler.evidence.signing_key import LOG_KEY, is_encrypted, load_key

PASSPHRASE = "EVIDENCE_PASSPHRASE"  # noqa: S105 - the variable's name, not its value
SERVICE = "web-evidence"  # under which the keyring knows it; the user is the log's origin
NONE, ENVIRONMENT, KEYRING = "none", "environment", "keyring"  # what evidence.toml may say
RANDOM_BYTES = 32

_asked: dict[Path, bytes] = {}  # typed in by a person in this process: asked for once


def passphrase(archive: Path) -> bytes | None:
    """The passphrase that opens this archive's key; None for a key without one, or where there is no key.

    Raises ArchiveError (none found, or it does not open the key) and ConfigError (the keyring cannot be asked).
    """
    path = archive / LOG_KEY
    if not path.is_file() or not is_encrypted(path):
        return None
    config = read_config(archive)
    found = _from_environment()
    if found is None and config.passphrase == KEYRING:
        found = _from_keyring(config.origin)
    if found is None:
        found = _asked.get(path.resolve()) or _ask_for(path)
    load_key(path, found)
    return found


def first_passphrase(origin: str, *, keyring: bool) -> tuple[bytes | None, str]:
    """For a new key: the passphrase, and what evidence.toml has to say about where it is.

    With `keyring` a random one is made and put there (or the one that is there for this origin is used again).
    Otherwise the environment's; or a person's at a terminal, who may leave it empty; or none.

    Raises UsageError (environment and keyring at once), ConfigError (no keyring).
    """
    given = _from_environment()
    if keyring and given is not None:
        raise UsageError(f"--keyring: {PASSPHRASE} is set as well; unset it, or leave --keyring out")
    if keyring:
        return _from_keyring(origin) or _make_in_keyring(origin), KEYRING
    if given is None and sys.stdin.isatty():
        given = _choose()
    return given, NONE if given is None else ENVIRONMENT


def next_passphrase(archive: Path) -> bytes | None:
    """For the key that replaces a lost one; the passphrase of the old one may be lost with it.

    Raises ArchiveError where the old key was under a passphrase and nobody gives one for the new.
    """
    config, path = read_config(archive), archive / LOG_KEY
    given = _from_environment()
    if given is None and config.passphrase == KEYRING:
        return _from_keyring(config.origin) or _make_in_keyring(config.origin)
    if given is None and config.passphrase == ENVIRONMENT and sys.stdin.isatty():
        given = _choose()
    if given is None and path.is_file() and is_encrypted(path):
        raise ArchiveError(
            f"the lost key was under a passphrase: set {PASSPHRASE} to one for the new key and try again;"
            " nothing was changed"
        )
    return given


def _from_environment() -> bytes | None:
    value = os.environ.get(PASSPHRASE)
    return value.encode() if value else None


def _ask_for(path: Path) -> bytes:
    if not sys.stdin.isatty():
        raise ArchiveError(
            f"the log's key {path} needs its passphrase: set {PASSPHRASE}, or run this in a terminal, which asks"
            ' for it; [sealing] passphrase = "keyring" in evidence.toml takes it from the keyring'
        )
    typed = getpass.getpass("日志密钥口令 / passphrase of the log's key: ", sys.stderr).encode()
    load_key(path, typed)
    _asked[path.resolve()] = typed
    return typed


def _choose() -> bytes | None:
    chosen = getpass.getpass(
        "为日志密钥设置口令（留空则不设）/ choose a passphrase, empty for none: ", sys.stderr
    )
    again = getpass.getpass("再输入一次 / once more: ", sys.stderr) if chosen else ""
    if chosen != again:
        raise UsageError("the two passphrases differ; nothing was made, try again")
    return chosen.encode() or None


def _from_keyring(origin: str) -> bytes | None:
    keyring = _keyring()
    try:
        found = keyring.get_password(SERVICE, origin)
    except keyring.errors.KeyringError as error:
        raise _no_keyring(error) from error
    return found.encode() if found else None


def _make_in_keyring(origin: str) -> bytes:
    keyring, made = _keyring(), secrets.token_urlsafe(RANDOM_BYTES)
    try:
        keyring.set_password(SERVICE, origin, made)
        if keyring.get_password(SERVICE, origin) != made:
            raise ConfigError(
                f"the keyring did not keep the passphrase of {origin}: use {PASSPHRASE} instead"
            )
    except keyring.errors.KeyringError as error:
        raise _no_keyring(error) from error
    return made.encode()


def _keyring() -> ModuleType:
    try:
        module = importlib.import_module("keyring")
        importlib.import_module("keyring.errors")
    except ImportError as error:
        raise ConfigError(
            f"the keyring needs the extra: pip install 'web-evidence[keyring]' ({error}); or set {PASSPHRASE}"
        ) from error
    return module


def _no_keyring(error: Exception) -> ConfigError:
    return ConfigError(
        f"the keyring of this system cannot be used: {error}; unlock or install one, or set {PASSPHRASE}"
    )
