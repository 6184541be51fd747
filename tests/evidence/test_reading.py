"""Reading what may be hostile: no link is followed, no pipe waited for, and no error of the system gets out."""

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from crawler.errors import FormatError
from crawler.evidence.checks.pieces import ENTRIES, Piece, pieces, read_piece
from crawler.evidence.checks.reading import digest_regular, kind_of, names_in, open_regular, read_small
from crawler.evidence.digest import digest

READERS = (open_regular, read_small, digest_regular)
FAILING = "/proc/self/mem"  # a regular file whose first bytes cannot be read: a disk that is broken there


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def socket_at(path: Path) -> None:
    os.mknod(path, stat.S_IFSOCK | 0o600)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (os.mkfifo, "x is not a regular file"),
        (Path.mkdir, "x is not a regular file"),
        (socket_at, "x cannot be read"),
        (lambda path: path.symlink_to("/dev/zero"), "x is not a regular file: a link"),
        (lambda path: path.symlink_to("x"), "x is not a regular file: a link"),
        (lambda path: path.with_name("y").touch(), "x cannot be read: No such file"),
    ],
)
def test_what_is_no_regular_file_is_refused_and_nothing_stays_open(
    tmp_path: Path, make: Callable[[Path], object], says: str, read: Callable[[Path], object]
) -> None:
    make(tmp_path / "x")
    before = _open_files()
    signal.alarm(10)
    try:
        with pytest.raises(FormatError, match=says):
            read(tmp_path / "x")
    finally:
        signal.alarm(0)
    assert _open_files() == before


def test_a_file_is_read_and_digested_whole_up_to_the_limit(tmp_path: Path) -> None:
    content = os.urandom((2 << 20) + 5)  # more than two pieces
    (tmp_path / "x").write_bytes(content)
    assert read_small(tmp_path / "x") == content
    for limit in (None, len(content)):
        assert digest_regular(tmp_path / "x", limit) == digest(content)
    for read in (read_small, digest_regular):
        with pytest.raises(FormatError, match=f"x has more than {len(content) - 1} bytes: refused"):
            read(tmp_path / "x", len(content) - 1)
    (tmp_path / "x").write_bytes(b"")
    assert digest_regular(tmp_path / "x") == digest(b"")


def test_a_disk_that_fails_while_a_piece_is_read_is_told() -> None:
    with pytest.raises(FormatError, match="mem cannot be read: Input/output error"):
        read_piece(Path("/"), Piece(0, FAILING, 0, 100, 256))


def test_kinds_and_names_of_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").touch()
    (tmp_path / "c").symlink_to("b")
    kinds = [kind_of(tmp_path / name) for name in ("a", "b", "c", "nothing", "a/below")]
    assert kinds == [stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK, 0, 0]
    assert names_in(tmp_path) == ["a", "b", "c"]
    assert names_in(tmp_path / "nothing") == []
    with pytest.raises(FormatError, match="a cannot be read: Not a directory"):
        names_in(tmp_path / "a")


def test_the_journal_is_cut_after_256_entries_and_ends_at_the_torn_one(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    entries = [len(leaf := b"x" * (1 + number % 7)).to_bytes(2, "big") + leaf for number in range(300)]
    (tmp_path / ENTRIES).write_bytes(b"".join(entries) + b"\x00\x05torn")
    first, second = (sum(map(len, part)) for part in (entries[:256], entries[256:]))
    assert list(pieces(tmp_path, 0)) == [
        Piece(0, ENTRIES, 0, first, 256),
        Piece(256, ENTRIES, first, second, 44),
    ]
    for broken in (b"\0\0" + b"x" * 9, b"\0"):
        (tmp_path / ENTRIES).write_bytes(entries[0] + broken)
        assert list(pieces(tmp_path, 0)) == [Piece(0, ENTRIES, 0, len(entries[0]), 1)]
