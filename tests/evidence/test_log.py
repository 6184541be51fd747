"""The log: durable, checked on open, and never willing to go on over a contradiction."""

import errno
import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crawler.errors import FormatError, LogError, LogForked, LogShorter
from crawler.evidence import journal as journal_module
from crawler.evidence.checkpoint import Checkpoint, open_note, sign
from crawler.evidence.digest import digest
from crawler.evidence.log import Log, create_log
from crawler.evidence.note import Verifier, parse_vkey, vkey
from crawler.evidence.proof import leaf_digest, root, verify_consistency, verify_inclusion
from crawler.evidence.signing_key import make_key
from crawler.evidence.tiles import encode_entry, read_entries

ORIGIN = "example.org/archive"
LEAVES = [b"first", b"second leaf", b"\x00" * 7, "第四".encode(), b"5" * 65_535]


class House:
    """A log folder with its key, and ways to open and damage it."""

    def __init__(self, path: Path) -> None:
        self.folder = path / "log"
        self.quarantine = path / "quarantine"
        self.quarantine.mkdir()
        self.key: Ed25519PrivateKey = make_key()
        create_log(self.folder, ORIGIN, self.key)

    @property
    def entries(self) -> Path:
        return self.folder / "entries"

    @property
    def verifier(self) -> Verifier:
        return parse_vkey(vkey(ORIGIN, self.key.public_key()))

    def open(self, *, writable: bool = True, at_least: int = 0) -> Log:
        return Log.open(
            self.folder,
            [self.verifier],
            writable=writable,
            quarantine=self.quarantine if writable else None,
            at_least=at_least,
        )

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in paths}


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def filled(house: House) -> House:
    """Five entries; signed at 0, 3 and 5."""
    log = house.open()
    log.append(LEAVES[:3])
    log.sign_checkpoint(house.key)
    log.append(LEAVES[3:])
    log.sign_checkpoint(house.key)
    return house


def test_a_new_log_is_empty_signed_and_made_once(house: House) -> None:
    log = house.open()
    checkpoint, note = log.latest_checkpoint()
    assert (log.size, checkpoint.size, checkpoint.origin) == (0, 0, ORIGIN)
    assert checkpoint.root == root([])
    assert (house.folder / "checkpoint").read_bytes() == note == (house.folder / "checkpoints/0").read_bytes()
    before = house.files()
    with pytest.raises(LogError, match="already holds a log"):
        create_log(house.folder, ORIGIN, make_key())
    assert house.files() == before


def test_a_log_lives_beside_other_folders(tmp_path: Path) -> None:
    (tmp_path / "log/stamps").mkdir(parents=True)
    create_log(tmp_path / "log", ORIGIN, make_key())


def test_appended_leaves_come_back_in_order(house: House) -> None:
    log = house.open()
    assert log.append(LEAVES[:2]) == range(2)
    assert log.append([]) == range(2, 2)
    assert log.append(LEAVES[2:]) == range(2, 5)
    for opened in (log, house.open(), house.open(writable=False)):
        assert opened.size == 5
        assert list(opened.leaves()) == LEAVES
        assert list(opened.leaves(1, 4)) == LEAVES[1:4]
        assert list(opened.leaves(4, 99)) == LEAVES[4:]
        assert list(opened.leaves(5)) == []
        assert [opened.leaf(index) for index in range(5)] == LEAVES
        assert opened.leaf_digest(1) == leaf_digest(LEAVES[1])
        assert opened.root() == root(leaf_digest(leaf) for leaf in LEAVES)
    for index in (-1, 5):
        with pytest.raises(FormatError, match="no leaf"):
            log.leaf(index)


def test_entries_are_entry_bundles_of_tlog_tiles(house: House) -> None:
    house.open().append([b"ab", b"c"])
    assert house.entries.read_bytes() == b"\x00\x02ab\x00\x01c"


def test_every_entry_is_proved_against_a_signed_checkpoint(filled: House) -> None:
    log = filled.open(writable=False)
    for size in log.checkpoint_sizes:
        checkpoint, note = log.checkpoint_at(size)
        assert open_note(note, [filled.verifier]) == checkpoint
        for index in range(size):
            verify_inclusion(LEAVES[index], index, size, log.prove(index, size), checkpoint.root)
        latest, _ = log.latest_checkpoint()
        verify_consistency(size, checkpoint.root, latest.size, latest.root, log.consistency(size))
    assert log.checkpoint_sizes == [0, 3, 5]
    with pytest.raises(FormatError, match="no checkpoint of size 4"):
        log.checkpoint_at(4)


@pytest.mark.parametrize("leaf", [b"", b"x" * 65_536])
def test_a_leaf_of_unfit_length_is_refused_and_nothing_is_written(leaf: bytes, house: House) -> None:
    log = house.open()
    with pytest.raises(FormatError, match="1 to 65535 bytes"):
        log.append([b"good", leaf])
    assert log.size == 0
    assert house.entries.read_bytes() == b""


def test_an_append_is_one_write_and_durable_before_it_is_known(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = house.open()
    seen: list[tuple[str, int]] = []
    real_write, real_fsync = os.write, os.fsync

    def write(descriptor: int, content: bytes) -> int:
        seen.append(("write", log.size))
        return real_write(descriptor, content)

    def fsync(descriptor: int) -> None:
        seen.append(("fsync", log.size))
        real_fsync(descriptor)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "fsync", fsync)
    log.append(LEAVES)
    assert seen == [("write", 0), ("fsync", 0)]
    assert log.size == 5


def test_signing_again_without_new_entries_gives_the_same_note(filled: House) -> None:
    before = filled.files()
    log = filled.open()
    assert log.sign_checkpoint(filled.key) == before["checkpoint"] == before["checkpoints/5"]
    assert filled.files() == before


def test_only_the_logs_own_key_signs(filled: House) -> None:
    log = filled.open()
    log.append([b"more"])
    before = filled.files()
    with pytest.raises(LogError, match="does not belong"):
        log.sign_checkpoint(make_key())
    assert filled.files() == before


def test_a_reader_neither_appends_nor_signs(filled: House) -> None:
    log = filled.open(writable=False)
    with pytest.raises(LogError, match="reading only"):
        log.append([b"x"])
    with pytest.raises(LogError, match="reading only"):
        log.sign_checkpoint(filled.key)
    with pytest.raises(LogError, match="quarantine"):
        Log.open(filled.folder, [filled.verifier], writable=True)
    with pytest.raises(LogError, match="no key"):
        Log.open(filled.folder, [], writable=False)


# --- crashes


@pytest.mark.parametrize("cut", range(1, 2 + len(LEAVES[1])))
def test_a_torn_last_entry_goes_to_quarantine_whatever_byte_it_tore_at(cut: int, house: House) -> None:
    log = house.open()
    log.append(LEAVES[:1])
    log.sign_checkpoint(house.key)
    whole = house.entries.stat().st_size
    log.append(LEAVES[1:2])
    torn = encode_entry(LEAVES[1])[:cut]
    os.truncate(house.entries, whole + cut)

    with pytest.raises(LogError, match=f"torn entry at offset {whole}.*evidence seal"):
        house.open(writable=False)
    assert house.entries.stat().st_size == whole + cut

    recovered = house.open()
    assert recovered.size == 1
    assert house.entries.stat().st_size == whole
    kept = house.quarantine / f"log-entries.{whole}.tail"
    assert kept.read_bytes() == torn
    expected = {
        "file": "log/entries",
        "offset": whole,
        "length": cut,
        "digest": digest(torn),
        "kept": kept.name,
    }
    assert recovered.recovered == [expected]
    assert recovered.append([b"recovered"]) == range(1, 2)
    assert house.open().recovered == []


def test_a_tail_is_reported_until_an_entry_follows_it(house: House) -> None:
    house.entries.write_bytes(b"\x00\x09torn")
    assert len(house.open().recovered) == 1
    # crashed before the event was logged: the next writer is told again
    log = house.open()
    assert [tail["length"] for tail in log.recovered] == [6]
    # crashed while logging the event: torn at the same place, with other bytes
    house.entries.write_bytes(b"\x00\x09to")
    log = house.open()
    assert sorted(tail["length"] for tail in log.recovered) == [4, 6]
    assert len(list(house.quarantine.iterdir())) == 2


def test_a_crash_between_copy_and_cut_is_repeated_under_the_same_name(house: House) -> None:
    house.entries.write_bytes(b"\x00\x09torn")
    (house.quarantine / "log-entries.0.tail").write_bytes(b"\x00\x09torn")
    assert len(house.open().recovered) == 1
    assert len(list(house.quarantine.iterdir())) == 1


def test_whole_entries_of_an_unconfirmed_append_are_entries(house: House) -> None:
    log = house.open()
    log.append(LEAVES[:2])
    with house.entries.open("ab") as stream:
        stream.write(encode_entry(b"whole") + encode_entry(b"torn")[:-1])
    log = house.open()
    assert list(log.leaves()) == [*LEAVES[:2], b"whole"]
    assert [tail["length"] for tail in log.recovered] == [5]


def test_a_file_that_a_power_cut_filled_with_zeros_is_torn(house: House) -> None:
    house.open().append(LEAVES[:2])
    whole = house.entries.stat().st_size
    os.truncate(house.entries, whole + 4096)
    log = house.open()
    assert log.size == 2
    assert [(tail["offset"], tail["length"]) for tail in log.recovered] == [(whole, 4096)]


def test_bytes_after_a_gap_are_damage_not_a_tear(house: House) -> None:
    house.open().append(LEAVES[:1])
    with house.entries.open("ab") as stream:
        stream.write(b"\x00\x00" + encode_entry(b"after the gap"))
    before = house.files()
    with pytest.raises(LogError, match="damaged at offset 7"):
        house.open()
    assert house.files() == before


def test_a_checkpoint_signed_but_not_yet_current_is_finished_by_the_next_writer(filled: House) -> None:
    (filled.folder / "checkpoint").write_bytes((filled.folder / "checkpoints/3").read_bytes())
    newest = (filled.folder / "checkpoints/5").read_bytes()
    assert filled.open(writable=False).latest_checkpoint()[1] == newest
    assert (filled.folder / "checkpoint").read_bytes() != newest
    filled.open()
    assert (filled.folder / "checkpoint").read_bytes() == newest


def test_an_unfinished_checkpoint_was_never_signed(filled: House) -> None:
    (filled.folder / "checkpoints/.7.unfinished").write_bytes(b"part of a no")
    (filled.folder / ".checkpoint.unfinished").write_bytes(b"part of a no")
    assert filled.open(writable=False).latest_checkpoint()[0].size == 5
    filled.open()
    assert sorted(filled.files()) == [
        "checkpoint",
        "checkpoints/0",
        "checkpoints/3",
        "checkpoints/5",
        "entries",
        "tile/0/000.p/3",
        "tile/0/000.p/5",
        "tile/entries/000.p/3",
        "tile/entries/000.p/5",
    ]


# --- refusals


@pytest.mark.parametrize("name", ["entries", "checkpoint", "checkpoints/0", "checkpoints/5"])
def test_a_missing_file_is_refused_by_name(name: str, filled: House) -> None:
    (filled.folder / name).unlink()
    for writable in (False, True):
        with pytest.raises(LogError, match=f"{name} is missing: restore"):
            filled.open(writable=writable)


def test_a_missing_folder_of_checkpoints_is_refused(filled: House) -> None:
    shutil.rmtree(filled.folder / "checkpoints")
    with pytest.raises(LogError, match="checkpoints/0 is missing"):
        filled.open()


def test_every_truncation_of_signed_entries_is_refused_and_changes_nothing(filled: House) -> None:
    whole = filled.entries.read_bytes()
    for length in [*range(60), len(whole) - 1]:
        filled.entries.write_bytes(whole[:length])
        before = filled.files()
        with pytest.raises(LogShorter, match="fewer than the checkpoint of size 5"):
            filled.open()
        assert filled.files() == before
    assert list(filled.quarantine.iterdir()) == []


def test_entries_that_the_caller_knows_of_must_be_there(house: House) -> None:
    house.open().append(LEAVES[:2])
    assert house.open(at_least=2).size == 2
    os.truncate(house.entries, house.entries.stat().st_size - 1)
    before = house.files()
    with pytest.raises(LogShorter, match="fewer than 2 known entries"):
        house.open(at_least=2)
    assert house.files() == before


def test_any_flipped_bit_in_signed_entries_is_refused(filled: House) -> None:
    whole = filled.entries.read_bytes()
    end = sum(len(encode_entry(leaf)) for leaf in LEAVES[:4])
    for position in [*range(end), end, end + 1, end + 2, len(whole) - 1]:
        for bit in (0, 7):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            filled.entries.write_bytes(damaged)
            with pytest.raises((LogForked, LogShorter)):
                filled.open(writable=False)


@pytest.mark.parametrize(
    "leaves",
    [
        [LEAVES[1], LEAVES[0], *LEAVES[2:]],  # reordered
        [*LEAVES[:4], b"swapped"],
        [LEAVES[0], LEAVES[0], *LEAVES[1:4]],
        [LEAVES[0] + b"!", *LEAVES[1:], b"and more"],
    ],
)
def test_rewritten_entries_are_a_fork(leaves: list[bytes], filled: House) -> None:
    filled.entries.write_bytes(b"".join(encode_entry(leaf) for leaf in leaves))
    before = filled.files()
    with pytest.raises(LogForked, match=r"signed checkpoint says .*: entries were changed"):
        filled.open()
    assert filled.files() == before


def test_a_fork_is_seen_at_an_older_checkpoint_when_it_is_asked_for(filled: House) -> None:
    forged = sign(Checkpoint(ORIGIN, 3, bytes(32)), ORIGIN, filled.key)
    (filled.folder / "checkpoints/3").write_bytes(forged)
    log = filled.open()
    with pytest.raises(LogForked, match="the first 3 entries"):
        log.checkpoint_at(3)


def test_a_restored_backup_with_a_newer_checkpoint_is_refused(filled: House) -> None:
    backup = filled.entries.read_bytes()
    log = filled.open()
    log.append([b"after the backup"])
    log.sign_checkpoint(filled.key)
    filled.entries.write_bytes(backup)
    with pytest.raises(LogShorter, match="fewer than the checkpoint of size 6"):
        filled.open()


def damage(path: Path) -> None:
    note = bytearray(path.read_bytes())
    note[len(ORIGIN) + 6] ^= 1
    path.write_bytes(note)


@pytest.mark.parametrize("name", ["checkpoint", "checkpoints/5"])
def test_a_damaged_newest_checkpoint_is_refused_by_name(name: str, filled: House) -> None:
    damage(filled.folder / name)
    with pytest.raises(LogError, match=f"{name}: .*restore it from a copy"):
        filled.open()


@pytest.mark.parametrize("size", [0, 3])
def test_a_damaged_older_checkpoint_is_refused_when_it_is_asked_for(size: int, filled: House) -> None:
    damage(filled.folder / f"checkpoints/{size}")
    log = filled.open(writable=False)
    with pytest.raises(LogError, match=f"checkpoints/{size}: .*restore it from a copy"):
        log.checkpoint_at(size)


def test_a_checkpoint_of_another_key_is_refused(filled: House) -> None:
    note = sign(Checkpoint(ORIGIN, 0, root([])), ORIGIN, make_key())
    (filled.folder / "checkpoints/0").write_bytes(note)
    with pytest.raises(LogError, match=r"checkpoints/0: .*no signature of a known key"):
        filled.open().checkpoint_at(0)


def test_a_checkpoint_under_a_wrong_name_is_refused(filled: House) -> None:
    (filled.folder / "checkpoints/4").write_bytes((filled.folder / "checkpoints/3").read_bytes())
    with pytest.raises(LogError, match="checkpoints/4 holds the checkpoint of size 3"):
        filled.open().checkpoint_at(4)
    (filled.folder / "checkpoints/letter.txt").touch()
    with pytest.raises(LogError, match=r"letter\.txt is no checkpoint: move it"):
        filled.open()


def test_after_a_rotation_the_new_key_signs_and_the_old_notes_still_count(filled: House) -> None:
    old, new = filled.verifier, make_key()
    later = parse_vkey(vkey(ORIGIN, new.public_key()))
    log = filled.open()
    log.append([b"key-rotated"])
    log.use_key(later)
    assert (log.verifier, log.verifiers) == (later, (old, later))
    with pytest.raises(LogError, match=r"does not belong to the log .* today"):
        log.sign_checkpoint(filled.key)
    log.sign_checkpoint(new)
    reopened = Log.open(filled.folder, [old, later], writable=False)
    assert [reopened.checkpoint_at(size)[0].size for size in reopened.checkpoint_sizes] == [0, 3, 5, 6]
    with pytest.raises(LogError, match="no signature of a known key"):
        Log.open(filled.folder, [old], writable=False)
    with pytest.raises(LogError, match="cannot sign the log"):
        log.use_key(parse_vkey(vkey("elsewhere.org/log", new.public_key())))


def test_a_current_checkpoint_that_differs_from_its_copy_is_refused(filled: House) -> None:
    note = (filled.folder / "checkpoint").read_bytes()
    unknown = "— witness.example AAAAAAAAAAAA\n".encode()
    (filled.folder / "checkpoint").write_bytes(note + unknown)
    with pytest.raises(LogError, match="differ"):
        filled.open()


def test_an_entry_that_changes_while_the_log_is_open_is_noticed(house: House) -> None:
    log = house.open()
    log.append(LEAVES[:2])
    house.entries.write_bytes(house.entries.read_bytes().replace(b"first", b"First"))
    with pytest.raises(LogError, match="entry 0 changed"):
        log.leaf(0)


def test_a_second_writer_is_noticed(house: House) -> None:
    one, two, three = house.open(), house.open(), house.open()
    one.append([b"one"])
    with pytest.raises(LogError, match="another process wrote"):
        three.sign_checkpoint(house.key)
    with pytest.raises(LogError, match="another process wrote"):
        two.append([b"two"])
    with pytest.raises(LogError, match="must not be written"):
        two.sign_checkpoint(house.key)
    assert list(house.open().leaves()) == [b"one"]


# --- disks


def full_after(part: int) -> object:
    def disk_full(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[:part])
        raise OSError(errno.ENOSPC, "No space left on device")

    return disk_full


@pytest.mark.parametrize("part", [0, 1, 2, 9])
def test_a_full_disk_leaves_the_log_as_it_was_and_usable(
    part: int, filled: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled.open()
    before, head = filled.files(), log.root()
    with monkeypatch.context() as patch:
        patch.setattr(journal_module, "write_all", full_after(part))
        with pytest.raises(OSError, match="No space left"):
            log.append([b"a leaf", b"another"])
    assert filled.files() == before
    assert (log.size, log.root(), log.in_doubt) == (5, head, False)
    assert log.append([b"after room was made"]) == range(5, 6)
    assert filled.open().size == 6


def test_a_disk_that_does_not_confirm_ends_the_writing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    log = house.open()
    real_fsync = os.fsync
    failures = [OSError(errno.EIO, "Input/output error")]

    def fsync(descriptor: int) -> None:
        if failures:
            raise failures.pop()
        real_fsync(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        with pytest.raises(OSError, match="Input/output"):
            log.append([b"lost"])
    assert house.entries.read_bytes() == b""
    with pytest.raises(LogError, match="did not confirm a write"):
        log.append([b"next"])
    assert house.open().append([b"next"]) == range(1)


def test_a_failed_append_that_cannot_be_undone_ends_the_writing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = house.open()

    def no_truncate(descriptor: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(journal_module, "write_all", full_after(3))
        patch.setattr(os, "ftruncate", no_truncate)
        with pytest.raises(OSError, match="No space left"):
            log.append([b"torn"])
    with pytest.raises(LogError, match="could not be undone"):
        log.append([b"next"])
    assert log.in_doubt
    assert len(house.open().recovered) == 1  # the next writer finds a torn entry, as after a crash


def test_a_full_disk_while_signing_leaves_the_older_checkpoint(
    filled: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = filled.open()
    log.append([b"more"])
    before = filled.files()
    with monkeypatch.context() as patch:
        patch.setattr("crawler.evidence.durable.write_all", full_after(10))
        with pytest.raises(OSError, match="No space left"):
            log.sign_checkpoint(filled.key)
    assert filled.files() == before
    assert log.latest_checkpoint()[0].size == 5
    log.sign_checkpoint(filled.key)
    assert filled.open().latest_checkpoint()[0].size == 6


def test_reading_stops_before_what_is_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    path.write_bytes(encode_entry(b"one") + encode_entry(b"two") + b"\x00\x00rest")
    with path.open("rb") as stream:
        assert list(read_entries(stream)) == [(0, b"one"), (5, b"two")]
