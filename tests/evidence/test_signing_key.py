"""The log's private key: only its owner may read it, nothing replaces it, and what is wrong with it is said."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crawler.errors import ArchiveError
from crawler.evidence.note import verifier_of
from crawler.evidence.signing_key import is_encrypted, load_key, make_key, require_key, save_key


@pytest.mark.parametrize("passphrase", [None, "口令".encode()])
def test_a_key_is_kept_private_and_comes_back(passphrase: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    key = make_key()
    old_umask = os.umask(0)
    try:
        save_key(path, key, passphrase)
    finally:
        os.umask(old_umask)
    assert path.stat().st_mode & 0o777 == 0o600
    assert load_key(path, passphrase).public_key() == key.public_key()
    assert (b"ENCRYPTED" in path.read_bytes()) == (passphrase is not None)
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        save_key(path, make_key())
    assert path.read_bytes() == before


def test_a_key_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    with pytest.raises(ArchiveError, match="missing; restore it"):
        load_key(path)
    save_key(path, make_key(), b"right")
    with pytest.raises(ArchiveError, match="the passphrase is wrong"):
        load_key(path, b"wrong")
    with pytest.raises(ArchiveError, match="needs a passphrase"):
        load_key(path)
    path.write_bytes(
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    with pytest.raises(ArchiveError, match="not an Ed25519 key"):
        load_key(path)


def test_a_passphrase_that_is_not_needed_is_no_error(tmp_path: Path) -> None:
    path, key = tmp_path / "log.key", make_key()
    save_key(path, key)
    assert not is_encrypted(path)
    assert load_key(path, b"not needed").public_key() == key.public_key()


def test_a_folder_in_place_of_the_key_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.key").mkdir()
    with pytest.raises(ArchiveError, match=r"cannot be read.*evidence key replace"):
        load_key(tmp_path / "log.key")


@pytest.mark.timeout(20)
def test_a_pipe_in_place_of_the_key_is_not_waited_for_and_a_link_is_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.key")
    for read in (load_key, is_encrypted):
        with pytest.raises(
            ArchiveError, match=r"cannot be read: it is not a regular file.*evidence key replace"
        ):
            read(tmp_path / "log.key")
    key = make_key()
    save_key(tmp_path / "elsewhere", key)
    (tmp_path / "link").symlink_to("elsewhere")
    assert load_key(tmp_path / "link").public_key() == key.public_key()


def test_only_the_key_in_force_may_sign() -> None:
    old, new, strange = make_key(), make_key(), make_key()
    retired, current = (verifier_of("example.org", key.public_key()) for key in (old, new))
    require_key(new, current, (retired,))
    with pytest.raises(ArchiveError, match=f"retired key {retired.key_id.hex()}"):
        require_key(old, current, (retired,))
    with pytest.raises(ArchiveError, match="does not belong"):
        require_key(strange, current, (retired,))
