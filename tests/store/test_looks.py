"""Rendered pages in the index: their columns, what is listed and counted, and a database from before."""

import json
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from crawler.engine.rendering.look import Artefact, Look, Seen
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.manifest import Capture
from crawler.store.index import FILE, Index, equal
from crawler.store.schema import migrations
from crawler.store.session import Session
from tests.archives import RUN, make, nothing_failed, page
from tests.commands import evidence

AT = "2026-11-22T08:00:00.000000Z"
URL = "http://shop.invalid/item/7"
OF_LOOKS = ("page", "look", "original", "imported", "withheld")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n"
BESIDE = {"verdict": "differs", "reason": "疑似对不同访问方式显示不同内容", "equality": 120}


def seen(url: str, *, main: bool = False, **fields: str | bool) -> Seen:
    answered = {"head": HEAD, "body": b"<p>x</p>", "status": 200} if "failed" not in fields else {}
    return Seen(id=url, url=url, method="GET", kind="Document", started=AT, main=main, **answered, **fields)  # type: ignore[arg-type]


def rendered(identity: str, beside: dict[str, object] | None = None) -> list[Draft]:
    """A page with two other exchanges and two artefacts."""
    look = Look(
        url=URL,
        final_url=URL,
        started=AT,
        ended=AT,
        state="complete",
        title="手工皂",
        exchanges=[
            seen(URL, main=True),
            seen(f"{URL}/a.js"),
            seen(f"{URL}/b.png", failed="net::ERR_X", blocked=True),
        ],
        artefacts=[Artefact("dom", "text/html", b"<p>dom</p>"), Artefact("screenshot", "image/png", b"png")],
    )
    return page_drafts(look, Place(run=RUN, site="test", plain="1" * 32, beside=beside), identity)


def withheld_pair() -> list[Draft]:
    """An original that is never shown, and the capture without the secrets, which names it."""
    original, shown = page(url="http://shop.invalid/original"), page(url="http://shop.invalid/shown")
    hidden = replace(original.capture, withheld=True)
    return [
        Draft(hidden, original.records),
        Draft(replace(shown.capture, original=hidden.id), shown.records),
    ]


def imported() -> Draft:
    draft = page(url="http://shop.invalid/imported")
    about = {"file": "sha256:0", "format": "wacz", "claimed": {"date": "2020-01-01", "software": "某软件"}}
    return Draft(replace(draft.capture, imported=about, fidelity="imported"), draft.records)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A rendered page (its id is all 2s), one whose looks differ (3s), a plain one, a withheld one, an import."""
    path = make(tmp_path / "a")
    with Session.open(path) as session:
        session.record_event("run-started", {"run": RUN, "site": "test", "settings": {}})
        session.record(page)
        for drafts in (rendered("2" * 32), rendered("3" * 32, BESIDE), withheld_pair(), [imported()]):
            session.record_all(lambda drafts=drafts: drafts).result()  # type: ignore[misc]
    return path


@pytest.fixture
def index(archive: Path) -> Iterator[Index]:
    with Index(archive / FILE, writable=False) as opened:
        yield opened


def test_the_columns_are_what_the_leaf_says(archive: Path, index: Index) -> None:
    row = index.capture_row("2222")
    with Archive.open(archive) as opened:
        capture = Capture.from_leaf(opened.log.leaf(row["leaf"]))
    assert json.loads(row["look"]) == capture.look
    assert capture.look is not None
    assert capture.look["plain"] == "1" * 32
    dom = capture.artefact("dom")
    assert dom is not None
    assert (row["offset"], row["payload_digest"]) == (dom.locator.offset, dom.payload_digest)  # what is read
    assert (row["page"], row["withheld"], row["original"], row["imported"]) == (None, 0, None, None)
    (other,) = index.query("select * from capture where url = ? and page = ?", (f"{URL}/a.js", "2" * 32))
    assert (other["look"], other["read_with"], other["request_key"]) == (None, None, None)


def test_an_import_says_what_its_file_claims(index: Index) -> None:
    (row,) = index.query("select * from capture where imported is not null")
    assert json.loads(row["imported"])["claimed"]["software"] == "某软件"
    (claimed,) = index.query(
        "select json_extract(imported, '$.claimed.date') from capture where imported is not null"
    )
    assert claimed[0] == "2020-01-01"


def test_an_original_is_marked_and_named(index: Index) -> None:
    (original,) = index.query("select * from capture where withheld")
    (shown,) = index.query("select * from capture where original is not null")
    assert shown["original"] == original["id"]
    assert not shown["withheld"]


def test_a_database_from_before_gets_the_columns_and_loses_nothing(tmp_path: Path) -> None:
    """As an archive looks that was last opened by the release before."""
    path = make(tmp_path / "old")
    with Session.open(path) as session:
        session.record(page).result()
    with closing(sqlite3.connect(path / FILE)) as database:
        before = database.execute("select id, url, state from capture").fetchall()
        database.execute("drop index idx_capture_page")
        database.execute("drop index idx_capture_original")
        for name in OF_LOOKS:
            database.execute(f"alter table capture drop column {name}")
        forgotten = database.execute("delete from _sqlite_migrations where name = 'm007_looks'").rowcount
        database.commit()
    assert forgotten == 1
    with Session.open(path) as session:
        session.record_all(lambda: rendered(uuid.uuid4().hex)).result()
    with Index(path / FILE, writable=False) as index:
        rows = index.query("select * from capture order by leaf")
        assert [(rows[0]["id"], rows[0]["url"], rows[0]["state"])] == before
        assert [rows[0][name] for name in OF_LOOKS] == [None, None, None, None, 0]
        assert [row["look"] is not None for row in rows] == [False, True, False, False]
        with Index(tmp_path / "fresh.db", writable=True) as fresh, Archive.open(path) as opened:
            fresh.catch_up(opened.log.size, opened.log.leaves())
            assert list(equal(index, fresh)) == []
    nothing_failed(path)


def test_the_migration_is_one_of_its_own() -> None:
    database = Database(sqlite3.connect(":memory:"))
    migrations.apply(database, stop_before="m007_looks")
    assert not set(OF_LOOKS) & {column.name for column in database.table("capture").columns}
    migrations.apply(database)
    assert set(OF_LOOKS) <= {column.name for column in database.table("capture").columns}
    assert ["page"] in [found.columns for found in database.table("capture").indexes]


def test_exchanges_are_listed_only_when_asked_for(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = evidence(capsys, "--archive", archive, "captures", "--json").json
    assert len(listed) == 5  # one plain, two rendered, the cut one, the import
    assert {row["page"] for row in listed} == {None}
    assert not any(row["withheld"] for row in listed)
    everything = evidence(capsys, "--archive", archive, "captures", "--all", "--json").json
    assert len(everything) == 9
    assert not any(row["withheld"] for row in everything)
    assert sum(row["page"] == "2" * 32 for row in everything) == 2
    of_url = evidence(capsys, "--archive", archive, "captures", "--all", "--state", "blocked", "--json").json
    assert {row["url"] for row in of_url} == {f"{URL}/b.png"}
    lines = evidence(capsys, "--archive", archive, "captures", "--all").out.splitlines()
    assert len(lines) == 9


def test_a_rendered_page_tells_how_much_belongs_to_it(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = {row["id"]: row for row in evidence(capsys, "--archive", archive, "captures", "--json").json}
    assert (listed["2" * 32]["exchanges"], listed["2" * 32]["artefacts"]) == (2, 2)
    others = [row for row in listed.values() if not row["look"]]
    assert {(row["exchanges"], row["artefacts"]) for row in others} == {(0, 0)}


def test_a_page_with_two_faces_is_listed_as_suspected(
    archive: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = evidence(capsys, "--archive", archive, "captures").out.splitlines()
    (suspected,) = [line for line in lines if "疑似" in line]
    assert suspected.startswith("3" * 12)
    assert "疑似对不同访问方式显示不同内容" in suspected


def test_a_partial_page_of_a_restored_database_is_read_again(tmp_path: Path) -> None:
    path = make(tmp_path / "a")
    shutil.copy(path / FILE, tmp_path / "old.db")
    drafts = rendered("2" * 32)
    read_with = {"callback": "parse", "arguments": {}}
    drafts[0] = replace(drafts[0], capture=replace(drafts[0].capture, state="partial", read_with=read_with))
    with Session.open(path) as session:
        session.record_all(lambda: drafts).result()
    shutil.copy(tmp_path / "old.db", path / FILE)
    with Session.open(path) as session:
        assert [row[0] for row in session.index.query("select capture from to_read")] == ["2" * 32]
