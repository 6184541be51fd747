"""Retention: what goes, what stays, and a crash at every step."""

import gzip
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import clock
from crawler.errors import ArchiveError, DiskFull, UsageError
from crawler.evidence import removal
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.digest import digest, digest_file
from crawler.evidence.manifest import MAX_LEAF, Capture, Event, Locator, parse_leaf
from crawler.evidence.removal import is_announced
from crawler.evidence.retention import REMOVED
from crawler.evidence.warc import scan
from crawler.store import cases, expiry
from crawler.store.check import check_index
from crawler.store.expiry import Expired, expire, plan_expiry
from crawler.store.index import FILE, Index
from crawler.store.session import Session
from tests.archives import drafted, make, page, review

LONG_AGO = "2026-01-01T00:00:00.000000Z"
WARC = "warc/00001.warc.gz"


@contextmanager
def at(time: str) -> Iterator[None]:
    """Record as if it were then."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: time)
        yield


def record(session: Session, name: str) -> Capture:
    capture = session.record(drafted(page(name.encode() * 50, url=f"http://shop.invalid/{name}"))).result()
    session.reading(capture.id).items.append(review(capture))
    session.store(capture.id).result()
    return capture


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Four old captures, one of them in a case, and a new one; each with an item."""
    with at(LONG_AGO):
        path = make(tmp_path / "a")
        with Session.open(path) as session:
            old = [record(session, name) for name in ("a", "b", "c", "d")]
            case = cases.create_case(session, title="案", cause="虚假宣传", submitter="某消委会")
            exhibit = cases.NewExhibit(case=case, group="B", title="页", purpose="证明", captures=[old[1].id])
            cases.add_exhibit(session, exhibit)
    with Session.open(path) as session:
        record(session, "new")
    return path


def captures(path: Path) -> dict[str, Capture]:
    """Every capture of the log by the last part of its address."""
    with Archive.open(path) as archive:
        leaves = [parse_leaf(leaf) for leaf in archive.log.leaves()]
    found = [Capture.from_json(leaf) for leaf in leaves if leaf["kind"] == "capture"]
    return {capture.url.rpartition("/")[2]: capture for capture in found}


def events(path: Path) -> list[dict[str, object]]:
    with Archive.open(path) as archive:
        leaves = [parse_leaf(leaf) for leaf in archive.log.leaves()]
    return [leaf["details"] for leaf in leaves if leaf.get("act") == REMOVED]


def expire_now(path: Path, days: int = 30) -> list[str]:
    with Session.open(path) as session:
        return expire(session, plan_expiry(session, days))


def require_consistent(path: Path, gone: set[str]) -> None:
    """Exactly these are removed; all else is read as logged; files, log and database agree."""
    with Archive.open(path) as archive:
        removals = archive.removals
        for name, capture in captures(path).items():
            for stored in capture.records:
                if name in gone:
                    with pytest.raises(UsageError, match="removed on"):
                        archive.stored(stored.locator)
                else:
                    assert digest(archive.stored(stored.locator)) == stored.sha256
        for file in removals.files:
            newest = removals.stages(file)[-1]
            assert (path / file).stat().st_size == newest.length
            assert digest_file(path / file) == newest.sha256
            assert sum(length for _, length in scan(path / file)) == newest.length
            assert subprocess.run(["gzip", "-t", path / file], check=False).returncode == 0
    assert [p.name for p in (path / "warc").iterdir() if p.name.startswith(".")] == []
    assert not is_announced(path)
    with Index(path / FILE, writable=False) as index:
        rows = {row["url"].rpartition("/")[2]: row for row in index.query("select * from capture")}
        assert {name for name, row in rows.items() if row["removed"]} == gone
        kept = {row["page_url"].rpartition("/")[2] for row in index.query("select page_url from review")}
        assert kept == set(rows) - gone
    assert check_index(path).status == "passed"


def test_a_plan_changes_nothing_and_says_what_would_go(path: Path) -> None:
    before = contents(path)
    with Session.open(path) as session:
        plan = plan_expiry(session, 30)
        assert [expired.id for expired in plan.captures] == [captures(path)[name].id for name in "acd"]
        assert plan_expiry(session, 10_000).captures == ()
        with pytest.raises(UsageError, match="at least 1"):
            plan_expiry(session, 0)
    content = plan.to_json()
    assert (content["captures"], content["records"], content["kept_for_cases"]) == (3, 3, 1)
    assert (content["oldest"], content["newest"], content["sites"]) == (LONG_AGO, LONG_AGO, {"test": 3})
    assert content["bytes"] == sum(r.locator.length for n in "acd" for r in captures(path)[n].records)
    assert contents(path) == before


def contents(path: Path) -> dict[Path, bytes]:
    """WARC files and log; what opening for writing rewrites anyway (the database, its digest) is left out."""
    return {
        p: p.read_bytes() for folder in ("warc", "log") for p in (path / folder).rglob("*") if p.is_file()
    }


def test_old_captures_go_and_those_of_a_case_stay(path: Path) -> None:
    text = b"a" * 50
    assert expire_now(path) == [WARC]
    require_consistent(path, {"a", "c", "d"})
    (details,) = events(path)
    assert details["days"] == 30
    assert details["files"] == {
        WARC: {"length": (path / WARC).stat().st_size, "sha256": digest_file(path / WARC)}
    }
    for file in (path / "warc").iterdir():
        assert text not in gzip.decompress(file.read_bytes())
    assert b"http://shop.invalid/a" not in b"".join(
        gzip.decompress(file.read_bytes()) for file in (path / "warc").iterdir()
    )
    check = subprocess.run(
        [Path(sys.executable).with_name("warcio"), "check", path / WARC], capture_output=True, check=False
    )
    assert (check.returncode, check.stdout) == (0, b"")


def test_what_goes_on_in_a_new_file_is_read_and_removed_too(path: Path) -> None:
    assert expire_now(path) == [WARC]
    with Session.open(path) as session:
        later = record(session, "later")
        assert later.records[0].locator.file == "warc/00002.warc.gz"
        assert expire(session, plan_expiry(session, 30)) == []
    require_consistent(path, {"a", "c", "d"})
    with at("2027-06-01T00:00:00.000000Z"):
        assert expire_now(path) == [WARC, "warc/00002.warc.gz"]
    require_consistent(path, {"a", "c", "d", "new", "later"})
    with Archive.open(path) as archive:
        assert [stage.entry for stage in archive.removals.stages(WARC)] == [
            row["entry"] for row in removal_rows(path)
        ]


def removal_rows(path: Path) -> list[dict[str, int]]:
    with Index(path / FILE, writable=False) as index:
        return [
            {"entry": row["leaf"]} for row in index.query("select leaf from event where act = ?", (REMOVED,))
        ]


def test_a_file_of_which_nothing_stays_keeps_its_warcinfo(tmp_path: Path) -> None:
    with at(LONG_AGO):
        path = make(tmp_path / "b")
        with Session.open(path) as session:
            record(session, "a")
    expire_now(path)
    require_consistent(path, {"a"})
    (member,) = scan(path / WARC)
    assert member == (0, (path / WARC).stat().st_size)
    assert b"WARC-Type: warcinfo" in gzip.decompress((path / WARC).read_bytes())


def test_hops_that_led_to_a_page_of_a_case_stay(tmp_path: Path) -> None:
    with at(LONG_AGO):
        path = make(tmp_path / "b")
        with Session.open(path) as session:
            hop = record(session, "hop")
            draft = page(url="http://shop.invalid/page")
            final = session.record(
                drafted(replace(draft, capture=replace(draft.capture, follows=hop.id)))
            ).result()
            case = cases.create_case(session, title="案", cause="虚假宣传", submitter="某消委会")
            exhibit = cases.NewExhibit(case=case, group="B", title="页", purpose="证明", captures=[final.id])
            cases.add_exhibit(session, exhibit)
    with Session.open(path) as session:
        plan = plan_expiry(session, 30)
    assert (plan.captures, plan.kept) == ((), 2)


@pytest.mark.parametrize("step", ["mark", "log", "copy", "rename", "rows"])
def test_a_crash_at_any_step_is_finished_by_the_next_start(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with Session.open(path) as session:
        plan = plan_expiry(session, 30)
        with monkeypatch.context() as patch:
            if step == "mark":
                patch.setattr(expiry, "announce", crash)
            elif step == "log":
                patch.setattr(expiry, "carry_out", crash)
            elif step == "copy":
                patch.setattr("os.fsync", crash_for(".gz.unfinished"))
            elif step == "rename":
                patch.setattr(removal, "sync_folder", crash)
            else:
                patch.setattr(session.index, "catch_up", crash)
            with pytest.raises(KeyboardInterrupt):
                expire(session, plan)
    Session.open(path).close()
    require_consistent(path, {"a", "c", "d"} if step != "mark" else set())


def crash_for(suffix: str) -> object:
    """fsync that dies on files of this name."""
    real = os.fsync

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink().name.endswith(suffix):
            raise KeyboardInterrupt
        real(descriptor)

    return fsync


def test_a_killed_process_leaves_an_archive_that_the_next_start_finishes(path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from crawler.evidence import removal\n"
        "from crawler.store.expiry import expire, plan_expiry\n"
        "from crawler.store.session import Session\n"
        "removal.sync_folder = lambda _: None\n"
        "removal._copy = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "session = Session.open(Path(sys.argv[1]))\n"
        "expire(session, plan_expiry(session, 30))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=False, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == -9
    assert captures(path)["a"].records[0].locator.offset < (path / WARC).stat().st_size
    (path / "warc/.00001.warc.gz.unfinished").write_bytes(b"half of it")
    Session.open(path).close()
    require_consistent(path, {"a", "c", "d"})


def test_a_full_disk_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (path / WARC).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(removal, "write_all", full)
        with pytest.raises(DiskFull):
            expire_now(path)
    assert (path / WARC).read_bytes() == whole
    Session.open(path).close()
    require_consistent(path, {"a", "c", "d"})


def test_too_little_room_is_said_before_anything_is_logged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1 << 20))
    with pytest.raises(DiskFull, match="nothing was removed"):
        expire_now(path)
    assert events(path) == []


def test_damaged_records_are_not_removed(path: Path) -> None:
    locator = captures(path)["c"].records[0].locator
    with (path / WARC).open("r+b") as stream:
        stream.seek(locator.offset + 12)
        stream.write(b"\xff\xff")
    with pytest.raises(ArchiveError, match="nothing was removed"):
        expire_now(path)
    assert events(path) == []


def test_a_file_with_a_length_that_it_never_had_is_not_touched(path: Path) -> None:
    expire_now(path)
    with (path / WARC).open("ab") as stream:
        stream.write(b"more")
    longer = (path / WARC).read_bytes()
    with pytest.raises(ArchiveError, match="restore the file"):
        expire_now(path)
    assert (path / WARC).read_bytes() == longer


def test_a_file_restored_from_an_old_copy_is_cut_again(path: Path) -> None:
    old = (path / WARC).read_bytes()
    expire_now(path)
    (path / WARC).write_bytes(old)
    assert expire_now(path) == [WARC]
    require_consistent(path, {"a", "c", "d"})


def test_a_file_whose_rest_was_changed_is_left_as_it_is(path: Path) -> None:
    old = bytearray((path / WARC).read_bytes())
    expire_now(path)
    kept = captures(path)["b"].records[0].locator
    old[kept.offset + 12] ^= 1
    (path / WARC).write_bytes(old)
    with pytest.raises(ArchiveError, match="nothing was changed"):
        expire_now(path)
    assert (path / WARC).read_bytes() == old


def test_what_was_removed_leaves_no_trace_in_the_database_file(path: Path) -> None:
    with at(LONG_AGO), Session.open(path) as session:
        capture = record(session, "secret")
        session.reading(capture.id).items.append(replace(review(capture, 1), review_body="独一无二的文字"))
        session.store(capture.id).result()
    needle = "独一无二的文字".encode()
    assert needle in (path / FILE).read_bytes()
    expire_now(path)
    assert needle not in (path / FILE).read_bytes()


def test_many_captures_are_removed_by_several_events(tmp_path: Path) -> None:
    with at(LONG_AGO):
        path = make(tmp_path / "b")
        with Session.open(path) as session:
            waiting = [
                session.record(drafted(page(b"%d" % i, url=f"http://shop.invalid/{i}"))) for i in range(120)
            ]
            for made in waiting:
                made.result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expiry, "EVENT_LIMIT", 3000)
        with Session.open(path) as session:
            expire(session, plan_expiry(session, 30))
    found = events(path)
    assert len(found) > 2
    require_consistent_files(path)


def require_consistent_files(path: Path) -> None:
    with Archive.open(path) as archive:
        stages = archive.removals.stages(WARC)
        assert archive.removals.count == 120
    assert ((path / WARC).stat().st_size, digest_file(path / WARC)) == (stages[-1].length, stages[-1].sha256)


def test_a_crash_between_two_events_is_carried_out_as_far_as_it_was_logged(tmp_path: Path) -> None:
    with at(LONG_AGO):
        path = make(tmp_path / "b")
        with Session.open(path) as session:
            for i in range(40):
                session.record(drafted(page(b"%d" % i, url=f"http://shop.invalid/{i}"))).result()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(expiry, "EVENT_LIMIT", 1000)
        real = Archive.record_event

        def once(self: Archive, act: str, details: dict[str, object]) -> int:
            if act == REMOVED and events_of(self):
                raise KeyboardInterrupt
            return real(self, act, details)

        patch.setattr(Archive, "record_event", once)
        with Session.open(path) as session, pytest.raises(KeyboardInterrupt):
            expire(session, plan_expiry(session, 30))
    Session.open(path).close()
    (details,) = events(path)
    assert (path / WARC).stat().st_size == details["files"][WARC]["length"]  # type: ignore[index]
    expire_now(path)
    assert len(list(scan(path / WARC))) == 1
    assert check_index(path).status == "passed"


def events_of(archive: Archive) -> list[object]:
    return list(archive.removals.events)


def test_what_belongs_to_a_kept_page_is_kept_with_it(tmp_path: Path) -> None:
    """Its exchanges, its sealed original, the plain look with the hop before it; of other pages all goes."""
    with at(LONG_AGO):
        path = make(tmp_path / "b")
        with Session.open(path) as session:
            for side in ("kept", "gone"):
                session.record_all(partial(looked_at, side)).result()
            case = cases.create_case(session, title="案", cause="虚假宣传", submitter="某消委会")
            exhibit = cases.NewExhibit(
                case=case, group="B", title="页", purpose="证明", captures=["kept-page"]
            )
            cases.add_exhibit(session, exhibit)
    with Session.open(path) as session:
        plan = plan_expiry(session, 30)
    names = ("hop", "plain", "page", "call", "sealed page", "sealed page, continued", "sealed call")
    assert [expired.id for expired in plan.captures] == [f"gone-{name}" for name in names]
    assert plan.kept == len(names)


def test_an_exchange_that_is_kept_alone_keeps_its_sealed_original(tmp_path: Path) -> None:
    with at(LONG_AGO):
        path = make(tmp_path / "b")
        with Session.open(path) as session:
            session.record_all(partial(looked_at, "one")).result()
            case = cases.create_case(session, title="案", cause="虚假宣传", submitter="某消委会")
            exhibit = cases.NewExhibit(
                case=case, group="B", title="页", purpose="证明", captures=["one-call"]
            )
            cases.add_exhibit(session, exhibit)
    with Session.open(path) as session:
        going = {expired.id for expired in plan_expiry(session, 30).captures}
    assert "one-page" in going
    assert not going & {"one-call", "one-sealed call"}


def looked_at(side: str) -> list[Draft]:
    def drafted_as(name: str, **fields: object) -> Draft:
        made = page(f"{side} {name}".encode())
        return replace(made, capture=replace(made.capture, id=f"{side}-{name}", **fields))  # type: ignore[arg-type]

    look = {"plain": f"{side}-plain", "artefacts": {}}
    of_page = {"page": f"{side}-page"}
    return [
        drafted_as("hop"),
        drafted_as("plain", follows=f"{side}-hop"),
        drafted_as("page", look=look, original=f"{side}-sealed page", fidelity="derived"),
        drafted_as("call", **of_page, original=f"{side}-sealed call"),
        drafted_as("sealed page", withheld=True, **of_page),
        drafted_as("sealed page, continued", withheld=True, **of_page),
        drafted_as("sealed call", withheld=True, **of_page),
    ]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=2000), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_events_never_outgrow_a_leaf(counts: list[int], files: int) -> None:
    going = []
    for i, count in enumerate(counts):
        file = f"warc/{900_000_000 + i % files}.warc.gz"
        records = tuple((Locator(file, 1 << 40, 1 << 30), "") for _ in range(count))
        going.append(Expired(10**9 + i, "", "", "", records))
    batches = list(expiry._batches(going))
    assert [expired for batch in batches for expired in batch] == going
    for batch in batches:
        details = {
            "days": 36_500,
            "entries": [expired.entry for expired in batch],
            "files": {f: {"length": 1 << 40, "sha256": "sha256:" + "0" * 64} for e in batch for f in e.files},
            "records": [[at.file, at.offset, at.length] for e in batch for at, _ in e.records],
        }
        leaf = Event(act=REMOVED, time=LONG_AGO, by="操作人" * 100, details=details).to_leaf()
        assert len(leaf) <= MAX_LEAF
