"""Durable files: whole or not at all, whatever happens in between."""

import errno
import os
from pathlib import Path

import pytest

from crawler.evidence import durable
from crawler.evidence.durable import durable_create, durable_write, is_unfinished, sweep, write_all


def test_a_file_is_written_with_its_mode_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    durable_write(path, b"one")
    assert path.read_bytes() == b"one"
    assert path.stat().st_mode & 0o777 == 0o644
    durable_write(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint"]


def test_neither_the_umask_nor_a_leftover_decides_who_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / ".log.key.unfinished").write_bytes(b"left by a crash")
    old_umask = os.umask(0o077)
    try:
        durable_write(tmp_path / "log.key", b"secret", mode=0o600)
        durable_write(tmp_path / "log.vkey", b"public", mode=0o644)
    finally:
        os.umask(old_umask)
    assert (tmp_path / "log.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "log.vkey").stat().st_mode & 0o777 == 0o644


def test_file_then_folder_are_synced_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "checkpoint"
    seen: list[str] = []
    real_fsync, real_replace = os.fsync, Path.replace

    def fsync(descriptor: int) -> None:
        seen.append(f"fsync {Path(f'/proc/self/fd/{descriptor}').readlink().name}")
        real_fsync(descriptor)

    def replace(self: Path, target: Path) -> Path:
        seen.append("replace")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "replace", replace)
    durable_write(path, b"content")
    assert seen == ["fsync .checkpoint.unfinished", "replace", f"fsync {tmp_path.name}"]


@pytest.mark.parametrize("write", [durable_write, durable_create])
def test_a_full_disk_changes_nothing(write: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(write)
    path = tmp_path / "checkpoint"
    if write is durable_write:
        path.write_bytes(b"old")
    before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()}

    def disk_full(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[:2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "write_all", disk_full)
    with pytest.raises(OSError, match="No space left"):
        write(path, b"new content")
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == before


def test_create_never_replaces(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    durable_create(path, b"first", mode=0o600)
    with pytest.raises(FileExistsError):
        durable_create(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"victim")
    (tmp_path / ".checkpoint.unfinished").symlink_to(victim)
    with pytest.raises(OSError, match=r"symbolic link|Too many levels"):
        durable_write(tmp_path / "checkpoint", b"new")
    assert victim.read_bytes() == b"victim"


def test_leftovers_of_a_crash_are_swept_and_nothing_else(tmp_path: Path) -> None:
    leftover = tmp_path / ".7.unfinished"
    leftover.write_bytes(b"part")
    (tmp_path / "7").write_bytes(b"whole")
    assert is_unfinished(leftover)
    assert not is_unfinished(tmp_path / "7")
    assert sweep(tmp_path) == [leftover]
    assert [entry.name for entry in tmp_path.iterdir()] == ["7"]


def test_writing_goes_on_after_a_short_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real_write(descriptor, content[:3]))
    with (tmp_path / "file").open("wb") as stream:
        write_all(stream.fileno(), b"ten bytes!")
    assert (tmp_path / "file").read_bytes() == b"ten bytes!"
