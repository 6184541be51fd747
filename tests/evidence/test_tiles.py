"""The log as tiles: what the specification says, what a second reader reads, and every crash on the way."""

import contextlib
import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.errors import FormatError, LogError, LogForked, LogShorter
from crawler.evidence import durable, tiles
from crawler.evidence.checkpoint import Checkpoint, sign
from crawler.evidence.log import Log, create_log
from crawler.evidence.note import Verifier, parse_vkey, vkey
from crawler.evidence.proof import (
    leaf_digest,
    node_digest,
    root,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from crawler.evidence.signing_key import make_key, save_key
from crawler.evidence.tiles import (
    TileTree,
    bundle_path,
    encode_entry,
    entry_files,
    full_bundles,
    full_tiles,
    partials_of,
    read_bundle,
    read_entries,
    read_tile,
    split_entries,
    stored_bundles,
    survey,
    tile_path,
    tile_root,
    tiles_of,
)
from tests.tlog_reader import TlogReader

ORIGIN = "example.org/archive"
KEY = make_key()
VKEY = vkey(ORIGIN, KEY.public_key())


def verifier() -> Verifier:
    return parse_vkey(VKEY)


def leaf(index: int) -> bytes:
    return b"leaf %d " % index + b"." * (index * 7 % 40)


def leaves(start: int, stop: int) -> list[bytes]:
    return [leaf(index) for index in range(start, stop)]


def make(path: Path) -> Path:
    """A new log in `path`/log; returns that folder."""
    (path / "quarantine").mkdir(parents=True)
    create_log(path / "log", ORIGIN, KEY)
    return path / "log"


def open_log(folder: Path, *, writable: bool = True) -> Log:
    quarantine = folder.parent / "quarantine" if writable else None
    return Log.open(folder, [verifier()], writable=writable, quarantine=quarantine)


def files(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def require_at_rest(folder: Path, size: int) -> None:
    """Everything is there once, in its place, and a stranger reads it."""
    names = set(files(folder))
    signed = [int(p.name) for p in (folder / "checkpoints").iterdir()]
    wanted = set(tiles.full_of(size))
    for at in signed:
        wanted |= {path for path in partials_of(at) if path.partition(".p/")[0] not in wanted}
    assert {name for name in names if name.startswith("tile/")} == wanted
    assert names - wanted == {"entries", "checkpoint"} | {f"checkpoints/{at}" for at in signed}
    stored = survey(folder)
    assert stored.tiles == stored.bundles == stored.journal == size // 256
    for at in signed:
        reader = TlogReader(folder, VKEY, (folder / "checkpoints" / str(at)).read_bytes())
        reader.require_root()
        reader.require_levels()
        assert list(reader.entries()) == leaves(0, at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """70,000 entries, as in the specification's example; signed at 600, 65,536 and 70,000."""
    folder = make(tmp_path_factory.mktemp("large"))
    log = open_log(folder)
    for start, stop in ((0, 600), (600, 65_536), (65_536, 70_000)):
        log.append(leaves(start, stop))
        log.sign_checkpoint(KEY)
    return folder


# --- the form


def test_paths_are_those_of_the_specification() -> None:
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(3, 0, 255) == "tile/3/000.p/255"
    assert bundle_path(1000, 1) == "tile/entries/x001/000.p/1"
    for width in (0, 257):
        with pytest.raises(FormatError):
            tile_path(0, 0, width)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    """Its example: 273 full level-0 tiles, one of width 112; one full and one of 17 above; one of 1 on top."""
    paths = list(tiles_of(70_000))
    assert sum(path.startswith("tile/0/") for path in paths) == 274
    assert [path for path in paths if ".p/" in path] == [
        "tile/entries/273.p/112",
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [path for path in paths if path.startswith(("tile/1", "tile/2"))] == [
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert list(tiles_of(256)) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert list(tiles_of(0)) == []


def test_a_bundle_is_split_into_whole_entries_or_refused() -> None:
    bundle = encode_entry(b"one") + encode_entry(b"two")
    assert split_entries(bundle) == [b"one", b"two"]
    assert split_entries(b"") == []
    for cut in (1, 4, len(bundle) - 1):
        with pytest.raises(FormatError, match="no whole entry"):
            split_entries(bundle[:cut])
    with pytest.raises(FormatError, match="offset 10 of 14"):
        split_entries(bundle + b"\0\0xx")


@pytest.mark.parametrize("count", [0, 1, 999, 1000, 1001, 3906, 999_999, 1_000_000, 1_234_068])
def test_the_number_of_tiles_is_read_from_the_greatest_name(count: int, tmp_path: Path) -> None:
    for n in {0, 999, 1000, 1999, 999_999, 1_000_000, count - 1}:
        if 0 <= n < count:
            for path in (tile_path(0, n), bundle_path(n)):
                (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / path).touch()
    (tmp_path / tile_path(0, count, 7)).parent.mkdir(parents=True)
    (tmp_path / "tile/0/x999").mkdir(parents=True, exist_ok=True)  # made before its first tile
    assert full_tiles(tmp_path) == full_bundles(tmp_path) == count


# --- the tree


def test_the_published_roots_come_out(tmp_path: Path) -> None:
    """The leaves of the CT tests (RFC 6962); our own log refuses the empty leaf, the tree does not."""
    published = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ]
    tree = TileTree(tmp_path, 0)
    tree.append(tiles.leaf_digests(map(bytes.fromhex, published)))
    assert [tree_root(tree.node, size).hex() for size in (1, 3, 8)] == [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]


def test_a_tile_root_is_that_of_its_tree() -> None:
    digests = [sha256(b"%d" % i).digest() for i in range(256)]
    for width in (1, 2, 64, 256):
        assert tile_root(b"".join(digests[:width])) == root(digests[:width])


@pytest.mark.parametrize("size", [255, 256, 257, 600, 65_536, 65_537, 69_999, 70_000])
def test_roots_and_paths_of_a_large_log_are_those_of_the_definition(size: int, large: Path) -> None:
    log = open_log(large, writable=False)
    head = root(map(leaf_digest, leaves(0, size)))
    assert log.root(size) == head
    for index in {0, 1, 254, size // 2, size - 2, size - 1}:
        verify_inclusion(leaf(index), index, size, log.prove(index, size), head)
    for old in {1, 254, 255, size // 3, size - 1}:
        verify_consistency(old, log.root(old), size, head, log.consistency(old, size))


def test_a_stranger_reads_the_large_log_and_makes_the_same_paths(large: Path) -> None:
    require_at_rest(large, 70_000)
    reader, log = TlogReader(large, VKEY), open_log(large, writable=False)
    for index in (0, 255, 256, 65_535, 65_536, 69_888, 69_999):
        assert reader.inclusion(index) == log.prove(index)
    for old in (1, 256, 600, 65_536, 69_999):
        assert reader.consistency(old) == log.consistency(old)
    assert log.leaf(65_000) == leaf(65_000)
    assert list(log.leaves(65_500, 65_800)) == leaves(65_500, 65_800)


def test_a_large_log_is_opened_and_proved_from_few_tiles(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[tuple[Any, ...]] = []

    def counted(*where: Any) -> bytes:
        read.append(where[1:])
        return read_tile(*where)

    def refused(*where: Any) -> bytes:
        raise AssertionError(f"bundle {where} was read")

    monkeypatch.setattr(tiles, "read_tile", counted)
    with monkeypatch.context() as patched:
        patched.setattr(tiles, "read_bundle", refused)
        log = open_log(large, writable=False)
        log.prove(100)
    assert len(read) <= 17 + 1 + 4  # right edge of level 0, of level 1; the path
    read.clear()
    log.prove(30_000)
    assert len(read) <= 2
    log.prove(30_001)
    assert len(read) <= 2


class Reference:
    """A growing list of leaf digests: roots by the definition."""

    def __init__(self) -> None:
        self.digests: list[bytes] = []

    def mth(self, start: int, stop: int) -> bytes:
        if stop - start == 1:
            return self.digests[start]
        k = 1 << ((stop - start - 1).bit_length() - 1)
        return node_digest(self.mth(start, start + k), self.mth(start + k, stop))


acts = st.lists(
    st.one_of(st.integers(1, 700), st.sampled_from(["sign", "reopen", "old form"])), min_size=1, max_size=12
)


@settings(max_examples=15, deadline=None)
@given(acts, st.integers(0, 1 << 30))
def test_whatever_is_done_the_log_reads_as_what_was_appended(
    tmp_path_factory: pytest.TempPathFactory, done: list[int | str], seed: int
) -> None:
    folder = make(tmp_path_factory.mktemp("log"))
    log, reference = open_log(folder), Reference()
    for act in [*done, "sign"]:
        if isinstance(act, int):
            new = leaves(log.size, log.size + act)
            log.append(new)
            reference.digests += map(leaf_digest, new)
        elif act == "sign":
            log.sign_checkpoint(KEY)
        else:
            if act == "old form":
                to_old_form(folder)
            log = open_log(folder)
    size = log.size
    assert list(log.leaves()) == leaves(0, size)
    require_at_rest(folder, size)
    rng = random.Random(seed)
    reader = TlogReader(folder, VKEY)
    assert (reader.size, reader.root) == (size, log.root())
    for _ in range(5 if size else 0):
        at = rng.randint(1, size)
        assert log.root(at) == reference.mth(0, at)
        index = rng.randrange(at)
        verify_inclusion(leaf(index), index, at, log.prove(index, at), reference.mth(0, at))
        verify_consistency(at, reference.mth(0, at), size, reader.root, log.consistency(at))
        assert reader.inclusion(index) == log.prove(index)


# --- logs of before


def to_old_form(folder: Path) -> None:
    """The log as it was before there were tiles: every entry in one file."""
    whole = b"".join(path.read_bytes() for path in entry_files(folder))
    shutil.rmtree(folder / "tile", ignore_errors=True)
    (folder / "entries").write_bytes(whole)


@pytest.fixture
def old(folder: Path) -> Path:
    """700 entries in the old form, signed at 10, 300, 600 and 700."""
    log = open_log(folder)
    for start, stop in ((0, 10), (10, 300), (300, 600), (600, 700)):
        log.append(leaves(start, stop))
        log.sign_checkpoint(KEY)
    to_old_form(folder)
    return folder


def test_a_log_of_before_is_read_as_it_is_and_gets_its_tiles_from_the_next_writer(old: Path) -> None:
    before = files(old)
    reader = open_log(old, writable=False)
    assert list(reader.leaves()) == leaves(0, 700)
    verify_inclusion(leaf(5), 5, 300, reader.prove(5, 300), reader.root(300))
    assert files(old) == before
    log = open_log(old)
    assert list(log.leaves()) == leaves(0, 700)
    require_at_rest(old, 700)
    assert list(reader.leaves()) == leaves(0, 700)  # the reader from before goes on
    log.append([b"more"])
    assert open_log(old, writable=False).leaf(700) == b"more"


# --- crashes


class Killed(BaseException):
    """The machine stops here."""


class Mortal:
    """Stop before the n-th thing that is done to the disk, and let nothing be done after it."""

    def __init__(self, patch: pytest.MonkeyPatch, left: int) -> None:
        self.left = left
        for owner, name in (
            (os, "fsync"),
            (os, "write"),
            (os, "ftruncate"),
            (Path, "replace"),
            (Path, "unlink"),
            (Path, "rmdir"),
            (Path, "mkdir"),
            (Path, "touch"),
        ):
            patch.setattr(owner, name, self.guarded(getattr(owner, name)))

    def guarded(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*arguments: Any, **options: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise Killed
            return real(*arguments, **options)

        return act


def killed_at_every_step(folder: Path, act: Callable[[], object]) -> Iterator[int]:
    """Do `act` on a copy of the folder's state again and again, killed one step later each time."""
    kept = folder.parent / "kept"
    shutil.copytree(folder, kept)
    for step in range(10_000):
        with pytest.MonkeyPatch.context() as patch:
            mortal = Mortal(patch, step)
            with contextlib.suppress(Killed):
                act()
        yield step
        if mortal.left >= 0:
            return
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)


@pytest.mark.parametrize(("there", "more"), [(250, 10), (200, 700), (0, 256)])
def test_an_append_that_is_killed_anywhere_is_finished_by_the_next_writer(
    there: int, more: int, folder: Path
) -> None:
    log = open_log(folder)
    log.append(leaves(0, there))
    log.sign_checkpoint(KEY)
    sizes = set()

    def act() -> None:
        open_log(folder).append(leaves(there, there + more))

    for _ in killed_at_every_step(folder, act):
        published = TlogReader(folder, VKEY)
        published.require_root()
        assert list(published.entries()) == leaves(0, there)
        reader = open_log(folder, writable=False)
        assert list(reader.leaves()) == leaves(0, reader.size)
        assert reader.root() == root(map(leaf_digest, leaves(0, reader.size)))
        log = open_log(folder)
        assert log.size == reader.size
        require_at_rest(folder, log.size)
        sizes.add(log.size)
        log.append(leaves(log.size, there + more + 5))
        log.sign_checkpoint(KEY)
        assert list(open_log(folder, writable=False).leaves()) == leaves(0, there + more + 5)
    assert sizes == {there, there + more}


def test_a_migration_that_is_killed_anywhere_is_finished_by_the_next_writer(old: Path) -> None:
    steps = 0
    for _ in killed_at_every_step(old, lambda: open_log(old)):
        steps += 1
        assert list(open_log(old, writable=False).leaves()) == leaves(0, 700)
        assert list(open_log(old).leaves()) == leaves(0, 700)
        require_at_rest(old, 700)
    assert steps > 50


def test_a_signing_that_is_killed_anywhere_leaves_no_checkpoint_without_its_tiles(folder: Path) -> None:
    open_log(folder).append(leaves(0, 300))
    for _ in killed_at_every_step(folder, lambda: open_log(folder).sign_checkpoint(KEY)):
        published = TlogReader(folder, VKEY)
        assert list(published.entries()) == leaves(0, published.size)
        open_log(folder)
        assert published.size in (0, 300)
        require_at_rest_if_signed(folder)


def require_at_rest_if_signed(folder: Path) -> None:
    for note in (folder / "checkpoints").iterdir():
        reader = TlogReader(folder, VKEY, note.read_bytes())
        reader.require_root()
        assert list(reader.entries()) == leaves(0, reader.size)
    assert not list(folder.rglob("*.unfinished"))


def test_many_identical_entries_are_not_mistaken_for_a_bundle_that_is_there(folder: Path) -> None:
    """The journal may begin with the very bytes of the last full bundle, without being a leftover of it."""
    log = open_log(folder)
    log.append([b"same"] * 256)

    def act() -> None:
        open_log(folder).append([b"same"] * 520)

    for _ in killed_at_every_step(folder, act):
        assert open_log(folder, writable=False).size in (256, 776)
        assert open_log(folder).size in (256, 776)


CHILD = """
import sys
from pathlib import Path
from crawler.evidence.log import Log
from crawler.evidence.note import parse_vkey
from crawler.evidence.signing_key import load_key
folder = Path(sys.argv[1])
log = Log.open(folder, [parse_vkey(sys.argv[2])], writable=True, quarantine=folder.parent / "quarantine")
key = load_key(folder.parent / "key")
while True:
    number = log.size
    count = number % 90 + 1
    log.append([b"leaf %d " % i + b"." * (i * 7 % 40) for i in range(number, number + count)])
    if number % 3 == 0:
        log.sign_checkpoint(key)
    print(log.size, flush=True)
"""


def test_a_writer_killed_by_the_system_loses_nothing_that_it_told_of(folder: Path) -> None:
    save_key(folder.parent / "key", KEY)
    rng = random.Random(5)
    for _ in range(4):
        command = [sys.executable, "-c", CHILD, str(folder), VKEY]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for _ in range(rng.randint(5, 30)):
                told = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            told = int((child.stdout.read().split() or [told])[-1])
        log = open_log(folder)
        assert log.size >= told
        assert list(log.leaves()) == leaves(0, log.size)
        log.sign_checkpoint(KEY)
        require_at_rest(folder, log.size)


# --- disks


def test_a_disk_too_full_for_bundles_keeps_the_entries_and_stops_the_next_append(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(folder)
    log.append(leaves(0, 200))

    def full(descriptor: int, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(durable, "write_all", full)
        assert log.append(leaves(200, 600)) == range(200, 600)
        assert not log.in_doubt
        with pytest.raises(OSError, match="No space left"):
            log.append([b"next"])
        with pytest.raises(OSError, match="No space left"):
            log.sign_checkpoint(KEY)
        assert open_log(folder).size == 600  # a full disk does not keep anybody from opening
    assert (log.size, log.in_doubt) == (600, False)
    log = open_log(folder)
    log.append(leaves(600, 601))
    log.sign_checkpoint(KEY)
    require_at_rest(folder, 601)


def test_a_disk_that_fills_up_at_any_write_of_bundles_and_tiles_is_survived(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = durable.write_all
    for fails_at in range(7):
        log = open_log(folder)
        writes = iter(range(100))

        def write(descriptor: int, content: bytes) -> None:
            if next(writes) >= fails_at:  # noqa: B023 - used in this round only
                raise OSError(errno.ENOSPC, "No space left on device")
            real(descriptor, content)

        with monkeypatch.context() as patched:
            patched.setattr(durable, "write_all", write)
            log.append(leaves(log.size, log.size + 600))
        if fails_at % 2:  # the same process goes on, or the next one
            log = open_log(folder)
        log.append(leaves(log.size, log.size + 1))
        log.sign_checkpoint(KEY)
        require_at_rest(folder, log.size)


def test_an_interrupt_after_the_entries_are_durable_leaves_them_in_doubt(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(folder)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tiles, "write_bundle", interrupt)
        with pytest.raises(KeyboardInterrupt):
            log.append(leaves(0, 300))
    assert log.in_doubt
    with pytest.raises(LogError, match="interrupted; close and reopen"):
        log.append([b"next"])
    assert list(open_log(folder).leaves()) == leaves(0, 300)


# --- refusals


@pytest.fixture
def signed(folder: Path) -> Path:
    """700 entries, signed at 300 and 700."""
    log = open_log(folder)
    for start, stop in ((0, 300), (300, 700)):
        log.append(leaves(start, stop))
        log.sign_checkpoint(KEY)
    return folder


NEEDED = [*tiles_of(700), "entries", "checkpoint", "checkpoints/0", "checkpoints/700"]


@pytest.mark.parametrize("writable", [False, True])
@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_file_is_refused_by_name_and_nothing_is_changed(
    name: str, writable: bool, signed: Path
) -> None:
    (signed / name).unlink()
    before = files(signed)
    with pytest.raises(LogError, match=f"{name} is missing: restore it|fewer than the checkpoint"):
        open_log(signed, writable=writable)
    assert files(signed) == before


def test_a_tile_of_wrong_length_is_refused(signed: Path) -> None:
    os.truncate(signed / "tile/0/001", 8191)
    with pytest.raises(LogError, match="tile/0/001 does not have 8192 bytes"):
        open_log(signed)


def test_a_changed_tile_is_a_fork(signed: Path) -> None:
    path = signed / "tile/0/000"
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(LogForked, match="the first 700 entries have root"):
        open_log(signed)


def test_a_changed_tile_far_from_the_edge_is_refused_when_it_is_read(large: Path, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    shutil.copytree(large, folder)
    path = folder / "tile/0/077"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    log = open_log(folder, writable=False)
    log.prove(0)
    with pytest.raises(LogForked, match="tile/0/077 contradicts the tiles above it"):
        log.prove(77 * 256)


def test_a_changed_entry_is_noticed_when_it_is_read(signed: Path) -> None:
    path = signed / "tile/entries/001"
    path.write_bytes(path.read_bytes().replace(b"leaf 300", b"Leaf 300"))
    log = open_log(signed)
    assert log.leaf(299) == leaf(299)
    with pytest.raises(LogError, match="entry 300 changed; stop writing"):
        log.leaf(300)


def test_a_changed_journal_is_a_fork(signed: Path) -> None:
    path = signed / "entries"
    path.write_bytes(path.read_bytes().replace(b"leaf 699", b"Leaf 699"))
    with pytest.raises(LogForked, match="the first 700 entries"):
        open_log(signed)


def test_a_backup_of_the_journal_is_refused(signed: Path) -> None:
    backup = (signed / "entries").read_bytes()
    log = open_log(signed)
    log.append(leaves(700, 900))
    log.sign_checkpoint(KEY)
    before = files(signed)
    (signed / "entries").write_bytes(backup)
    with pytest.raises(LogForked):
        open_log(signed)
    (signed / "entries").write_bytes(before["entries"][:40])
    with pytest.raises(LogShorter, match="fewer than the checkpoint of size 900"):
        open_log(signed)


def test_a_backup_of_all_entries_is_refused(signed: Path, tmp_path: Path) -> None:
    shutil.copytree(signed / "tile", tmp_path / "tile")
    shutil.copy(signed / "entries", tmp_path / "entries")
    log = open_log(signed)
    log.append(leaves(700, 900))
    log.sign_checkpoint(KEY)
    shutil.rmtree(signed / "tile")
    shutil.move(tmp_path / "tile", signed / "tile")
    shutil.copy(tmp_path / "entries", signed / "entries")
    with pytest.raises(LogShorter, match="has 700 whole entries, fewer than the checkpoint of size 900"):
        open_log(signed)


def test_a_bundle_that_contradicts_the_journal_is_not_written_over(folder: Path) -> None:
    log = open_log(folder)
    log.append(leaves(0, 250))
    (folder / "tile/entries").mkdir(parents=True)
    (folder / "tile/entries/000").write_bytes(b"".join(encode_entry(b"other %d" % i) for i in range(256)))
    with pytest.raises(LogForked, match="tile/entries/000 contradicts the entries"):
        log.append(leaves(250, 260))
    assert log.in_doubt


def test_a_second_writer_is_noticed_after_the_journal_was_replaced(folder: Path) -> None:
    one, two = open_log(folder), open_log(folder)
    one.append(leaves(0, 256))
    assert (folder / "entries").stat().st_size == 0  # as the second writer knows it
    with pytest.raises(LogError, match="another process wrote"):
        two.append([b"two"])


# --- beside a writer


def test_a_reader_goes_on_with_what_it_opened(folder: Path) -> None:
    writer = open_log(folder)
    writer.append(leaves(0, 300))
    reader = open_log(folder, writable=False)
    head, path = reader.root(), reader.prove(290)
    for size in range(300, 3000, 150):
        writer.append(leaves(size, size + 150))
        writer.sign_checkpoint(KEY)
    assert list(reader.leaves()) == leaves(0, 300)
    assert (reader.root(), reader.prove(290), reader.size) == (head, path, 300)


def test_readers_that_come_while_a_writer_works_see_one_moment(folder: Path) -> None:
    stop = threading.Event()
    writer = open_log(folder)

    def write() -> None:
        while not stop.is_set():
            writer.append(leaves(writer.size, writer.size + 97))
            writer.sign_checkpoint(KEY)

    thread = threading.Thread(target=write)
    thread.start()
    sizes: list[int] = []
    try:
        while len(sizes) < 30 or sizes[-1] < 3000:
            assert thread.is_alive()
            reader = open_log(folder, writable=False)
            sizes.append(reader.size)
            assert reader.size >= reader.checkpoint_sizes[-1]
            index = max(reader.size - 1, 0)
            if reader.size:
                assert reader.leaf(index) == leaf(index)
                assert reader.leaf(index // 2) == leaf(index // 2)
            TlogReader(folder, VKEY).require_root()
    finally:
        stop.set()
        thread.join()
    assert sizes == sorted(sizes)


def test_a_writer_and_its_own_threads_agree(folder: Path) -> None:
    log = open_log(folder)
    log.append(leaves(0, 10))
    wrong: list[str] = []
    stop = threading.Event()

    def read() -> None:
        rng = random.Random(1)
        while not stop.is_set():
            size = log.size
            index = rng.randrange(size)
            try:
                verify_inclusion(log.leaf(index), index, size, log.prove(index, size), log.root(size))
            except (FormatError, LogError) as error:
                wrong.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    for start in range(10, 2010, 40):
        log.append(leaves(start, start + 40))
    stop.set()
    thread.join()
    assert wrong == []


# --- what verification builds on


def test_verification_gets_every_bundle_and_every_file(signed: Path) -> None:
    found = list(stored_bundles(signed))
    assert [n for n, _ in found] == [0, 1]
    assert [leaf for _, content in found for leaf in split_entries(content)] == leaves(0, 512)
    assert read_bundle(signed, 2, 188) == (signed / "entries").read_bytes()
    *bundles, journal = entry_files(signed)
    assert [str(path.relative_to(signed)) for path in bundles] == ["tile/entries/000", "tile/entries/001"]
    with journal.open("rb") as stream:
        assert [leaf for _, leaf in read_entries(stream)] == leaves(512, 700)
    assert read_tile(signed, 0, 1) == tiles.leaf_digests(leaves(256, 512))


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\0\1", encode_entry(b"only one"), b"\xff" * 1000])
def test_a_damaged_bundle_is_refused(content: bytes, signed: Path) -> None:
    (signed / "tile/entries/000").write_bytes(content)
    with pytest.raises(LogError, match=r"tile/entries/000.*restore it"):
        read_bundle(signed, 0)


def test_strange_names_do_not_confuse_the_survey(signed: Path) -> None:
    before = survey(signed)
    (signed / "tile/0/x001").write_bytes(b"a file where a folder belongs")
    (signed / "tile/0/9999").touch()
    (signed / "tile/entries/.005.unfinished").touch()
    (signed / "tile/entries/x005").mkdir()
    assert survey(signed) == before


def test_a_checkpoint_of_a_larger_log_is_not_met(folder: Path) -> None:
    log = open_log(folder)
    log.append(leaves(0, 3))
    note = sign(Checkpoint(ORIGIN, 9, bytes(32)), ORIGIN, KEY)
    (folder / "checkpoints/9").write_bytes(note)
    with pytest.raises(LogShorter, match="fewer than the checkpoint of size 9"):
        open_log(folder)
