"""Changing the log's key: both ways, a crash in each gap, and what is refused afterwards."""

import base64
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crawler.errors import ArchiveError, LogError, UsageError
from crawler.evidence import key_change
from crawler.evidence.archive import Archive
from crawler.evidence.checkpoint import open_signed
from crawler.evidence.checks.keys import KeyEvents, check_keys
from crawler.evidence.checks.notes import check_key, read_notes, read_verifiers
from crawler.evidence.key_change import key_events, replace_key, rotate_key
from crawler.evidence.key_history import REPLACED, ROTATED
from crawler.evidence.note import Verifier, verifier_of
from crawler.evidence.report import Check, Faults
from crawler.evidence.signing_key import LOG_KEY, load_key, make_key, save_key
from tests.archives import config

SECRET = "开门".encode()


class Crash(BaseException):
    """The machine stops here."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed archive with two signed checkpoints."""
    with Archive.create(tmp_path / "a", config()) as archive:
        archive.record_event("exhibit-added", {"number": "1-1"})
        archive.sign_checkpoint()
    return tmp_path / "a"


def judge(path: Path, given: Verifier | None = None) -> Check:
    """The checks `signature`, `key` and `keys` of an archive; returns the last."""
    faults, collected = Faults("signature"), KeyEvents()
    verifiers = read_verifiers(path / "trust/log.vkey")
    notes = read_notes(path / "log", verifiers, faults)
    assert not faults.count, faults.named
    assert check_key(path, verifiers).status == "passed"
    with Archive.open(path) as archive:
        for event in key_events(archive.log):
            collected.add(event.index, event.act, event.details, event.time)
    return check_keys(collected, verifiers, notes, given)[0]


def acts(path: Path) -> list[str]:
    with Archive.open(path) as archive:
        return [event.act for event in key_events(archive.log)]


def sign_more(path: Path, passphrase: bytes | None = None) -> Verifier:
    """One entry and one checkpoint more; returns who signed it."""
    with Archive.open(path, writable=True) as archive:
        archive.record_event("exhibit-added", {"number": "1-2"})
        note = archive.sign_checkpoint(passphrase)
        return open_signed(note, archive.log.verifiers)[1]


def names(path: Path) -> list[str]:
    """The files of the log's key."""
    return sorted(file.name for file in (path / "keys").glob("log*"))


def test_after_a_rotation_the_new_key_signs_and_the_old_one_is_gone(path: Path) -> None:
    old = load_key(path / LOG_KEY)
    with Archive.open(path, writable=True) as archive:
        archive.record_event("exhibit-added", {"number": "1-2"})
        new = rotate_key(archive, archive.record_event)
        assert archive.log.checkpoint_sizes == [0, 2, 3], "the old key signed what there was"
        note = archive.sign_checkpoint()
        assert open_signed(note, archive.log.verifiers)[1] == new
    assert read_verifiers(path / "trust/log.vkey") == (verifier_of(new.name, old.public_key()), new)
    assert load_key(path / LOG_KEY).public_key() == new.public_key
    assert names(path) == ["log.key"]
    assert (path / LOG_KEY).stat().st_mode & 0o777 == 0o600
    raw = old.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    assert not any(raw in file.read_bytes() for file in path.rglob("*") if file.is_file())
    assert judge(path).status == "passed"
    assert sign_more(path) == new


def test_three_rotations_and_a_lost_key(path: Path) -> None:
    keys = [read_verifiers(path / "trust/log.vkey")[0]]
    for _ in range(3):
        with Archive.open(path, writable=True) as archive:
            keys.append(rotate_key(archive, archive.record_event))
        sign_more(path)
    assert judge(path, keys[0]).status == "passed"
    (path / LOG_KEY).unlink()
    with Archive.open(path, writable=True) as archive:
        keys.append(replace_key(archive, archive.record_event, "硬盘损坏"))
        archive.sign_checkpoint()
    assert read_verifiers(path / "trust/log.vkey") == tuple(keys)
    assert judge(path).status == "passed"
    assert judge(path, keys[-1]).status == "passed"
    assert [judge(path, key).status for key in keys[:-1]] == ["not-checked"] * 4


@pytest.mark.parametrize("loss", ["missing", "damaged", "folder", "passphrase"])
def test_a_lost_key_is_survived(tmp_path: Path, loss: str) -> None:
    path = tmp_path / "a"
    Archive.create(path, config(), passphrase=SECRET).close()
    if loss == "missing":
        (path / LOG_KEY).unlink()
    elif loss == "damaged":
        (path / LOG_KEY).write_bytes(b"\x00" * 300)
    elif loss == "folder":
        shutil.rmtree(path / "keys")
    with Archive.open(path, writable=True) as archive:
        if loss != "passphrase":
            with pytest.raises(ArchiveError, match="evidence key replace"):
                rotate_key(archive, archive.record_event, SECRET)
        new = replace_key(archive, archive.record_event, "无法读取", b"new")
        archive.sign_checkpoint(b"new")
    assert load_key(path / LOG_KEY, b"new").public_key() == new.public_key
    assert judge(path).status == "passed"
    assert "无法读取" in judge(path).detail


def test_an_unfit_reason_changes_nothing(path: Path) -> None:
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with Archive.open(path, writable=True) as archive, pytest.raises(UsageError, match="--reason"):
        replace_key(archive, archive.record_event, "two\nlines")
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_a_wrong_passphrase_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    Archive.create(path, config(), passphrase=SECRET).close()
    for wrong in (None, b"wrong"):
        with Archive.open(path, writable=True) as archive, pytest.raises(ArchiveError, match="passphrase"):
            rotate_key(archive, archive.record_event, wrong)
    assert names(path) == ["log.key"]
    assert acts(path) == ["archive-created"]
    with Archive.open(path, writable=True) as archive:
        rotate_key(archive, archive.record_event, SECRET)
    assert b"ENCRYPTED" in (path / LOG_KEY).read_bytes()
    assert judge(path).status == "passed"


def test_a_restored_old_key_file_is_refused(path: Path) -> None:
    old = (path / LOG_KEY).read_bytes()
    with Archive.open(path, writable=True) as archive:
        rotate_key(archive, archive.record_event)
        new = (path / LOG_KEY).read_bytes()
        (path / LOG_KEY).write_bytes(old)
        with pytest.raises(ArchiveError, match=r"retired key .* an old copy was put back"):
            archive.sign_checkpoint()
    with Archive.open(path, writable=True) as archive, pytest.raises(ArchiveError, match="retired key"):
        rotate_key(archive, archive.record_event)
    assert check_key(path, read_verifiers(path / "trust/log.vkey")).status == "failed"
    (path / LOG_KEY).write_bytes(new)
    sign_more(path)
    assert judge(path).status == "passed"


def test_a_strange_key_file_is_refused(path: Path) -> None:
    (path / LOG_KEY).unlink()
    save_key(path / LOG_KEY, make_key())
    with Archive.open(path, writable=True) as archive, pytest.raises(ArchiveError, match="does not belong"):
        archive.sign_checkpoint()


def test_restored_public_keys_are_refused_once_the_new_key_has_signed(path: Path) -> None:
    trust, old = (path / "trust/log.vkey").read_bytes(), (path / LOG_KEY).read_bytes()
    with Archive.open(path, writable=True) as archive:
        rotate_key(archive, archive.record_event)
        archive.sign_checkpoint()
    (path / "trust/log.vkey").write_bytes(trust)
    (path / LOG_KEY).write_bytes(old)
    for writable in (True, False):
        with pytest.raises(LogError, match="no signature of a known key"):
            Archive.open(path, writable=writable)


def stopping(wrapped: Callable[..., Any], *, after: bool) -> Callable[..., Any]:
    def stop(*arguments: Any, **named: Any) -> Any:
        if after:
            wrapped(*arguments, **named)
        raise Crash

    return stop


GAPS = {
    "the new key half written": ("save_key", False),
    "the new key is durable": ("save_key", True),
    "before the public key's line": ("durable_write", False),
    "after the public key's line": ("durable_write", True),
    "after the swap": ("sync_folder", False),
}


@pytest.mark.parametrize("change", [ROTATED, REPLACED])
@pytest.mark.parametrize("gap", [*GAPS, "before the event", "after the event"])
def test_a_crash_in_a_gap_is_settled_on_the_next_start(
    path: Path, gap: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old,) = read_verifiers(path / "trust/log.vkey")
    announced = gap in ("after the event", *list(GAPS)[2:])
    archive = Archive.open(path, writable=True)
    record = archive.record_event
    with monkeypatch.context() as patched:
        if gap in GAPS:
            name, after = GAPS[gap]
            patched.setattr(key_change, name, stopping(getattr(key_change, name), after=after))
        else:
            record = stopping(record, after=gap == "after the event")
        reason = () if change == ROTATED else ("硬盘损坏",)
        with pytest.raises(Crash):
            (rotate_key if change == ROTATED else replace_key)(archive, record, *reason)
    if announced and gap != "after the event":
        assert archive.log.verifier != old, "this process would not sign with the old key any more"
    assert archive._lock is not None
    archive._lock.close()  # as the end of the machine gives it up; nothing else is tidied

    Archive.open(path).close()  # reading is possible in between
    signer = sign_more(path)
    assert (signer == old) is not announced
    assert names(path) == ["log.key"]
    assert acts(path) == (["archive-created", change] if announced else ["archive-created"])
    assert len(read_verifiers(path / "trust/log.vkey")) == 1 + announced
    assert judge(path).status == "passed"
    with Archive.open(path, writable=True) as archive:
        rotate_key(archive, archive.record_event)
    assert judge(path).status == "passed"


def test_a_process_whose_change_was_cut_short_signs_nothing_with_the_old_key(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Archive.open(path, writable=True) as archive:
        with monkeypatch.context() as patched:
            patched.setattr(key_change, "durable_write", stopping(key_change.durable_write, after=False))
            with pytest.raises(Crash):
                rotate_key(archive, archive.record_event)
        with pytest.raises(ArchiveError, match="retired key"):
            archive.sign_checkpoint()


def test_strange_files_in_keys_are_left_alone(path: Path) -> None:
    for name in ("log.key.new-", "log.key.new-x-00000000", "log.key.new-01-00000000", "log.key.old"):
        (path / "keys" / name).write_bytes(b"mine")
    sign_more(path)
    assert len(names(path)) == 5


def test_no_file_but_the_key_holds_the_key(path: Path) -> None:
    """What goes into a bundle is chosen file by file; here: nothing outside keys/ repeats the private key."""
    with Archive.open(path, writable=True) as archive:
        rotate_key(archive, archive.record_event)
        archive.sign_checkpoint()
    key = load_key(path / LOG_KEY)
    raw = key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    traces = (
        raw,
        raw.hex().encode(),
        base64.b64encode(raw),
        b"".join(pem.split(b"\n")[1:-2]),
        b"PRIVATE KEY",
    )
    outside = [file for file in path.rglob("*") if file.is_file() and file.parent.name != "keys"]
    assert not [file for file in outside if any(trace in file.read_bytes() for trace in traces)]


def test_an_archive_whose_making_was_cut_short_still_names_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Archive, "record_event", stopping(Archive.record_event, after=False))
        with pytest.raises(Crash):
            Archive.create(tmp_path / "a", config())
    sign_more(tmp_path / "a")
    assert acts(tmp_path / "a") == ["archive-created"]
    assert judge(tmp_path / "a").status == "passed"
