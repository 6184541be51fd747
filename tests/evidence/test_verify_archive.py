"""Verification of an archive: what is whole passes, and whatever is changed is caught and named."""

import json
import random
import re
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crawler import clock
from crawler.demo.tsa import DemoAuthority
from crawler.errors import FormatError, UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.leaves import Leaf, Seal, check_after
from crawler.evidence.manifest import Event, SealedTime
from crawler.evidence.report import Report
from crawler.evidence.tiles import read_entries
from crawler.evidence.verify import verify, verify_archive
from tests.export.sample import DRAFTS, Sample, make_authorities, make_sample, seal

FLIPS = 60


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[DemoAuthority, DemoAuthority]:
    return make_authorities(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, authorities: tuple[DemoAuthority, ...]) -> Sample:
    return make_sample(tmp_path_factory.mktemp("original") / "archive", authorities)


@pytest.fixture
def archive(original: Sample, tmp_path: Path) -> Path:
    shutil.copytree(original.path, tmp_path / "archive")
    return tmp_path / "archive"


@pytest.fixture
def small(authorities: tuple[DemoAuthority, DemoAuthority], tmp_path: Path) -> Path:
    """One authority only: verified a hundred times below, and tokens are what costs time."""
    return make_sample(tmp_path / "archive", authorities[:1]).path


def failed(report: Report) -> str:
    """Every problem of every failed check, in one text."""
    assert report.exit_code == 1, report.to_text()
    return "\n".join(
        problem for check in report.checks if check.status == "failed" for problem in check.problems
    )


def names_of(report: Report, status: str) -> list[str]:
    return [check.name for check in report.checks if check.status == status]


def test_a_whole_archive_passes_every_check(original: Sample) -> None:
    report = verify_archive(original.path)
    assert report.exit_code == 0, report.to_text()
    assert [check.name for check in report.checks] == [
        "layout", "state", "log", "signature", "keys", "key", "sealed", "manifests", "coverage", "records",
        "quarantine", "timestamps", "validity", "bracket",
    ]  # fmt: skip
    assert "4 complete, 1 failed" in report.check("manifests").detail
    assert "6 token(s) over 3 checkpoint(s)" in report.check("timestamps").detail


def test_progress_reaches_its_total(original: Sample) -> None:
    seen: list[tuple[int, int]] = []
    verify_archive(original.path, progress=lambda done, total: seen.append((done, total)))
    size = (original.path / "warc/00001.warc.gz").stat().st_size
    assert seen[-1] == (size, size)
    assert seen == sorted(seen)


def test_a_flipped_bit_anywhere_is_caught_and_its_file_and_record_named(small: Path) -> None:
    dice = random.Random(7)
    files = sorted(path for path in small.rglob("*") if path.is_file() and path.stat().st_size)
    big = [small / "warc/00001.warc.gz", small / "log/entries"]
    for path in [*files, *dice.choices(files, k=FLIPS // 3), *dice.choices(big, k=FLIPS // 3 * 2)]:
        position, bit = dice.randrange(path.stat().st_size), dice.randrange(8)
        name = path.relative_to(small).as_posix()
        with _flipped(path, position, bit):
            problems = failed(verify_archive(small))
        where = f"{name}, byte {position}, bit {bit}: {problems}"
        assert name in problems, where
        if name.startswith("warc/"):
            assert _record_at(small, position) in problems, where
        if name == "log/entries":
            assert _names_entry(problems, _entry_at(path, position)), where


@pytest.mark.parametrize("name", ["warc/00001.warc.gz", "log/entries", "state-sha256.txt", "evidence.toml"])
@pytest.mark.parametrize("keep", [0, 0.4, 0.999])
def test_a_truncated_file_is_caught(archive: Path, name: str, keep: float) -> None:
    path = archive / name
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])
    assert name in failed(verify_archive(archive))


def test_every_missing_file_is_caught(small: Path) -> None:
    for path in sorted(path for path in small.rglob("*") if path.is_file() and path.name != ".lock"):
        name = path.relative_to(small).as_posix()
        content = path.read_bytes()
        path.unlink()
        assert name in failed(verify_archive(small)), name
        path.write_bytes(content)
    assert verify_archive(small).exit_code == 0


@pytest.mark.parametrize(
    "name",
    [
        "warc/00002.warc.gz",
        "warc/notes.txt",
        "warc/.00001.warc.gz.unfinished",
        "log/checkpoints/3",
        "log/stamps/9/tsa-c.tsr",
        "log/stamps/7/tsa-a.tsr",
        "log/.entries.unfinished",
        "quarantine/x.tail",
        "keys/other.key",
        "evidence.db-wal",
        "notes/warc/x.txt",
        "readme.txt",
    ],
)
def test_an_added_file_is_caught(archive: Path, name: str) -> None:
    (archive / name).parent.mkdir(parents=True, exist_ok=True)
    (archive / name).write_bytes(b"x")
    assert name in failed(verify_archive(archive))


def test_bytes_in_the_lock_file_and_links_are_caught(archive: Path) -> None:
    (archive / ".lock").write_bytes(b"x")
    (archive / "quarantine/link").symlink_to("/etc/hostname")
    problems = failed(verify_archive(archive))
    assert ".lock is not empty" in problems
    assert "quarantine/link is not a regular file" in problems


def test_dropped_reordered_and_repeated_entries_are_caught(archive: Path) -> None:
    path = archive / "log/entries"
    with path.open("rb") as stream:
        entries = [struct.pack(">H", len(leaf)) + leaf for _, leaf in read_entries(stream)]
    for changed in (
        entries[:3] + entries[4:],
        [*entries[:2], entries[3], entries[2], *entries[4:]],
        entries[:-1],
    ):
        path.write_bytes(b"".join(changed))
        assert "log" in names_of(report := verify_archive(archive), "failed"), report.to_text()
    path.write_bytes(b"".join([*entries, entries[-1]]))
    report = verify_archive(archive)
    assert (report.exit_code, names_of(report, "not-checked")) == (3, ["sealed"])


def test_a_gap_in_the_log_s_account_of_a_warc_file_is_named(archive: Path) -> None:
    path = archive / "log/entries"
    with path.open("rb") as stream:
        leaves = list(read_entries(stream))
    path.write_bytes(
        b"".join(struct.pack(">H", len(leaf)) + leaf for n, (_, leaf) in enumerate(leaves) if n != 3)
    )
    first, _, third = (_captured(leaf) for _, leaf in leaves[2:5])
    problems = "\n".join(verify_archive(archive).check("coverage").problems)
    assert f"warc/00001.warc.gz: gap from {first[1]} to {third[0]}" in problems


def test_a_record_that_two_entries_name_is_an_overlap(archive: Path) -> None:
    with (archive / "log/entries").open("r+b") as stream:
        leaf = list(read_entries(stream))[2][1]
        stream.seek(0, 2)
        stream.write(struct.pack(">H", len(leaf)) + leaf)
    start, _ = _captured(leaf)
    assert f"overlap from {start} to " in "\n".join(verify_archive(archive).check("coverage").problems)


def test_a_torn_entry_at_the_end_is_named(archive: Path) -> None:
    path = archive / "log/entries"
    size = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(b"\x00\x10{")
    assert f"3 byte(s) after the last whole entry, at offset {size}" in failed(verify_archive(archive))


def test_a_leaf_cannot_commit_to_a_checkpoint_that_came_after_it() -> None:
    note, token = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    event = Event(act="note", time=clock.now(), by="x", after=SealedTime(5, note, (token,)))
    seals = {5: Seal(note, {"tsa-a": token, "tsa-b": "sha256:" + "3" * 64})}
    check_after(Leaf(None, event, ()), 5, seals)
    with pytest.raises(FormatError, match="did not exist yet"):
        check_after(Leaf(None, event, ()), 4, seals)


def test_swapped_records_are_named(archive: Path, original: Sample) -> None:
    path = archive / "warc/00001.warc.gz"
    stored = path.read_bytes()
    first, second = _locators(archive)[1:3]
    swapped = stored[second[0] : sum(second)] + stored[first[0] : sum(first)]
    path.write_bytes(stored[: first[0]] + swapped + stored[sum(second) :])
    problems = failed(verify_archive(archive))
    for offset, length in (first, second):
        assert f"warc/00001.warc.gz:{offset}+{length}" in problems
    assert original.captures["forum"] in problems


def test_bytes_after_the_last_record_are_named(archive: Path) -> None:
    path = archive / "warc/00001.warc.gz"
    size = path.stat().st_size
    with path.open("ab") as stream:
        stream.write(b"tail")
    report = verify_archive(archive)
    assert f"4 byte(s) from {size} to its end" in failed(report)
    assert names_of(report, "failed") == ["coverage"]


def test_a_stale_state_file_fails_and_says_what_to_do(archive: Path) -> None:
    with (archive / "evidence.toml").open("a") as stream:
        stream.write("# changed\n")
    report = verify_archive(archive)
    assert names_of(report, "failed") == ["state"]
    assert "evidence.toml" in report.check("state").problems[0]
    assert "evidence seal" in report.check("state").remedy


def test_state_lines_out_of_order_are_caught(archive: Path) -> None:
    path = archive / "state-sha256.txt"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(reversed(lines)))
    assert "state-sha256.txt: lines are not in order" in failed(verify_archive(archive))
    path.write_text("".join([*lines, lines[0]]))
    assert f"line {len(lines) + 1} is malformed or names a file twice" in failed(verify_archive(archive))


def test_entries_after_the_last_checkpoint_are_unsealed_and_never_passed(archive: Path) -> None:
    with Archive.open(archive, writable=True) as opened:
        index = opened.record_event("note", {})
    report = verify_archive(archive)
    assert report.exit_code == 3
    assert names_of(report, "not-checked") == ["sealed"]
    assert f"entries {index} to {index} are in no signed checkpoint" in report.check("sealed").detail


def test_a_missing_token_of_one_authority_is_unsealed(
    archive: Path, authorities: tuple[DemoAuthority, DemoAuthority]
) -> None:
    with Archive.open(archive, writable=True) as opened:
        opened.record_event("note", {})
        seal(opened, authorities[:1])
    report = verify_archive(archive)
    assert report.exit_code == 3
    assert report.check("sealed").detail.endswith("has no token of tsa-b")


def test_a_quarantined_tail_is_described_and_its_bytes_are_guarded(archive: Path) -> None:
    with (archive / "warc/00001.warc.gz").open("ab") as stream:
        stream.write(b"torn")
    with (archive / "log/entries").open("ab") as stream:
        stream.write(b"\x00\x10{")
    Archive.open(archive, writable=True).close()
    report = verify_archive(archive)
    assert report.exit_code == 3, report.to_text()  # the events about it are not signed yet
    kept = sorted((archive / "quarantine").iterdir())
    assert report.check("quarantine").detail.startswith(f"{len(kept)} file(s)")
    assert len(kept) == 2
    kept[0].write_bytes(b"other")
    assert f"quarantine/{kept[0].name} does not have the digest" in failed(verify_archive(archive))


def test_a_leaf_that_commits_to_a_seal_of_the_future_or_of_nowhere_is_named(archive: Path) -> None:
    with Archive.open(archive, writable=True) as opened:
        good = opened.after
        assert good is not None
        bad = (
            SealedTime(good.size, "sha256:" + "0" * 64, good.tokens),
            SealedTime(good.size, good.checkpoint, ("sha256:" + "0" * 64,)),
            SealedTime(good.size, good.checkpoint, ()),
            SealedTime(10**6, good.checkpoint, good.tokens),
        )
        events = [Event(act="note", time=clock.now(), by="x", after=after) for after in (*bad, good)]
        indices = opened.log.append([event.to_leaf() for event in events])
    problems = verify_archive(archive).check("manifests").problems
    assert [problem.split(",")[0] for problem in problems] == [f"entry {index}" for index in indices[:4]]


def test_another_key_in_keys_is_named(archive: Path, tmp_path: Path) -> None:
    other = make_sample(tmp_path / "other", ())
    shutil.copy(other.path / "keys/log.key", archive / "keys/log.key")
    assert "keys/log.key does not belong to trust/log.vkey" in failed(verify_archive(archive))


def test_roots_given_by_the_verifier_decide(
    original: Sample, authorities: tuple[DemoAuthority, DemoAuthority], tmp_path: Path
) -> None:
    for tsa in authorities:
        (tmp_path / f"root-of-{tsa.name}.pem").write_bytes(tsa.trust_pem)
    assert verify(original.path, trust=tmp_path).exit_code == 0
    (tmp_path / "root-of-tsa-b.pem").unlink()
    report = verify(original.path, trust=tmp_path)
    assert "tsa-b.tsr" in failed(report)
    assert "tsa-a.tsr" not in failed(report)


def test_an_archive_without_any_stamp_is_not_checked(tmp_path: Path) -> None:
    sample = make_sample(tmp_path / "archive", ())
    report = verify_archive(sample.path)
    assert report.exit_code == 3
    assert names_of(report, "not-checked") == ["sealed", "timestamps", "validity", "bracket"]


def test_several_warc_files_are_walked(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Archive.open(archive, writable=True) as opened:
        monkeypatch.setattr(opened._warcs, "_limit", 1)
        for name in ("second", "third"):
            opened.commit([DRAFTS["reviews"](name)])
    report = verify_archive(archive)
    assert report.exit_code == 3, report.to_text()
    assert report.check("coverage").detail.startswith("3 file(s)")


def test_what_is_neither_archive_nor_bundle(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither an archive"):
        verify(tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda archive: shutil.rmtree(archive / "log"),
        lambda archive: shutil.rmtree(archive / "warc"),
        lambda archive: shutil.rmtree(archive / "trust"),
        lambda archive: (archive / "log/entries").write_bytes(b"\0" * 100),
        lambda archive: (archive / "log/entries").write_bytes(random.Random(1).randbytes(5000)),
        lambda archive: (archive / "evidence.toml").write_bytes(b"\xff\xfe"),
        lambda archive: (archive / "log/checkpoint").write_bytes(b"\xff"),
        lambda archive: (archive / "log/stamps/9/tsa-a.chain.pem").write_bytes(b"x"),
        lambda archive: (archive / "trust/tsa-a.pem").write_bytes(
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        ),
    ],
)
def test_a_ruin_is_reported_and_never_a_crash(archive: Path, spoil: Callable[[Path], object]) -> None:
    spoil(archive)
    assert failed(verify_archive(archive))


class _flipped:  # noqa: N801 (used like a function)
    """One bit of a file, flipped while inside."""

    def __init__(self, path: Path, position: int, bit: int) -> None:
        self.path, self.position, self.bit = path, position, bit

    def __enter__(self) -> None:
        self._flip()

    def __exit__(self, *error: object) -> None:
        self._flip()

    def _flip(self) -> None:
        content = bytearray(self.path.read_bytes())
        content[self.position] ^= 1 << self.bit
        self.path.write_bytes(content)


def _leaves(archive: Path) -> Iterator[tuple[int, bytes]]:
    with (archive / "log/entries").open("rb") as stream:
        yield from read_entries(stream)


def _locators(archive: Path) -> list[tuple[int, int]]:
    text = b" ".join(leaf for _, leaf in _leaves(archive)).decode()
    found = re.findall(r'"length":(\d+),"offset":(\d+)', text)
    return sorted((int(offset), int(length)) for length, offset in found)


def _captured(leaf: bytes) -> tuple[int, int]:
    """Start and end of a capture's records in their file."""
    places = [record["locator"] for record in json.loads(leaf)["records"]]
    return places[0]["offset"], places[-1]["offset"] + places[-1]["length"]


def _record_at(archive: Path, position: int) -> str:
    offset, length = next(place for place in _locators(archive) if sum(place) > position)
    return f"warc/00001.warc.gz:{offset}+{length}"


def _entry_at(path: Path, position: int) -> int:
    with path.open("rb") as stream:
        return [offset <= position for offset, _ in read_entries(stream)].count(True) - 1


def _names_entry(problems: str, index: int) -> bool:
    """Named itself, or within a range between two signed checkpoints."""
    ranges = re.findall(r"an entry among (\d+) to (\d+)", problems)
    return f"entry {index}" in problems or any(int(a) <= index <= int(b) for a, b in ranges)
