"""Grades that show no people: redacted captures in the log, bundles of them, originals opened to a judge."""

import gzip
import io
import json
import re
import shutil
import zipfile
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from PIL import Image

from crawler.commands.redacting import captures_of, originals, publish
from crawler.demo.plan import World
from crawler.demo.site import Site
from crawler.demo.wire import Request
from crawler.errors import UsageError
from crawler.evidence.archive import Draft
from crawler.evidence.bundle import WACZ
from crawler.evidence.checks.bundle import verify_bundle
from crawler.evidence.manifest import Capture
from crawler.evidence.warc import Record, decode, encode, new_record_id
from crawler.export.bundle import export_bundle
from crawler.export.model import Case, Exhibit
from crawler.export.sealed import write_sealed
from crawler.store.session import Session
from tests.archives import drafted, make, page
from tests.export.hunt import hunt
from tests.export.sample import CASE, make_authorities, seal
from tests.test_verify_by_hand import follow

DAY = date(2026, 11, 20)
THREAD, ITEM = "/thread-20092-1-1.html", "/item/610001.html"
UNKNOWN = "http://unknown.invalid/a"
LAYER = {
    "version": 1, "width": 200, "height": 100, "scroll": [0, 0],
    "frames": [{"url": f"http://bbs.example{THREAD}", "x": 0, "y": 0, "w": 200, "h": 100}],
    "runs": [
        {"text": "招30位体验官", "x": 10, "y": 5, "w": 150, "h": 20, "frame": 0, "path": "/html/body/p[1]"},
        {"text": "11010519491231002X", "x": 10, "y": 60, "w": 150, "h": 20, "frame": 0, "path": "/html/body/p[2]"},
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """An archive with a thread, a listing, a page that nobody reads, and a rendered thread; a case over them."""

    path: Path
    case: Case
    ids: dict[str, str]


def body_of(world: World, host: str, target: str) -> bytes:
    site = Site(world, DAY, robots_delay=None, pages=None, load_pages=0)
    return site.answer(Request("GET", host, target, {})).body


def rendered(thread: bytes) -> Draft:
    """The thread as a browser kept it: answer, DOM, text layer and picture."""
    plain = page(thread, url=f"http://bbs.example{THREAD}")
    picture = io.BytesIO()
    Image.effect_noise((200, 100), 90).convert("RGB").save(picture, "PNG")
    artefacts = {
        "dom": thread.decode("gbk").encode(),
        "text": json.dumps(LAYER).encode(),
        "screenshot": picture.getvalue(),
        "mhtml": thread,
    }
    records = [
        encode(
            Record(type="resource", id=new_record_id(), date=plain.capture.started, content_type="x/y", block=content,
                   target_uri=f"urn:evidence:look:{name}", payload=content)
        )
        for name, content in artefacts.items()
    ]  # fmt: skip
    named = {name: encoded.record.id for name, encoded in zip(artefacts, records, strict=True)}
    look = {"artefacts": named, "missing": {}, "title": "招募 15900000000"}
    return Draft(replace(plain.capture, look=look, fidelity="browser-decoded"), (*plain.records, *records))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    folder = tmp_path_factory.mktemp("grades")
    tsas = make_authorities(folder)
    path, world = make(folder / "archive", tsas), World(20261122, 200, today=DAY)
    thread = body_of(world, "bbs.example", THREAD)
    drafts = {
        "thread": page(thread, url=f"http://bbs.example{THREAD}"),
        "item": page(body_of(world, "yunlan.example", ITEM), url=f"http://yunlan.example{ITEM}"),
        "unknown": page("<p>李四说很好，电话15900000001</p>".encode(), url=UNKNOWN),
        "rendered": rendered(thread),
    }
    with Session.open(path) as session:
        ids = {name: session.record(drafted(one)).result().id for name, one in drafts.items()}
        seal(session.archive, tsas)
    exhibits = tuple(
        Exhibit(ref=f"E{n}", number=f"1-{n}", group="B", title=name, purpose="初步证明", captures=(capture,))
        for n, (name, capture) in enumerate(ids.items(), 1)
    )
    return Kept(path, replace(CASE, exhibits=exhibits), ids)


@dataclass(frozen=True)
class Handed:
    """A bundle of one grade with its sealed originals, and what opens them, by mark."""

    bundle: Path
    sealed: Path
    opened: dict[str, list[str]]
    redacted: dict[str, Capture]  # by the names of `kept`


@pytest.fixture(scope="module", params=["public", "platform"])
def handed(request: pytest.FixtureRequest, kept: Kept, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    grade, to = str(request.param), tmp_path_factory.mktemp(str(request.param))
    with Session.open(kept.path) as session:
        made = publish(session, kept.path, kept.case, {}, grade)
        session.archive.sign_checkpoint()
        export_bundle(session.archive, made.case, made.exhibits, to / "bundle", grade=grade)
        write_sealed(session.archive, originals(session, made), to / "sealed", passphrase=None)
        redacted = {}
        for name, capture in kept.ids.items():
            row = session.index.capture_row(made.redacted.captures[capture])
            redacted[name] = Capture.from_leaf(session.archive.log.leaf(row["leaf"]))
    opened: dict[str, list[str]] = {}
    for file in (to / "sealed/openings").iterdir():
        for one in json.loads(file.read_bytes()):
            opened.setdefault(one["kind"], []).append(one["value"])
    return Handed(to / "bundle", to / "sealed", opened, redacted)


def test_nothing_fails_and_the_originals_are_proved(handed: Handed) -> None:
    report = verify_bundle(handed.bundle, sealed=handed.sealed)
    assert [check.name for check in report.checks if check.status == "failed"] == []
    assert "the 4 originals" in report.check("inclusion").detail
    assert report.check("opened").status == "passed"


def test_by_hand_the_originals_are_proved_too(handed: Handed, tmp_path: Path) -> None:
    """docs/verify-by-hand.md, but for the time stamps: the demo's authorities stamped the originals alone."""
    _, told = follow(handed.bundle, tmp_path)
    assert "BAD" not in told.replace("BAD no time stamp", "")
    assert len(re.findall(r"^ok original [0-9]+ of data/log/leaves/", told, re.MULTILINE)) == 4
    (proof, *_) = sorted((handed.bundle / "data/log/originals").iterdir())
    whole = proof.read_bytes()
    try:
        proof.write_bytes(whole.replace(b"index ", b"index 1", 1))
        assert "BAD original" in follow(handed.bundle, tmp_path, without="bad 'files'")[1]
    finally:
        proof.write_bytes(whole)


def test_no_author_is_found_in_any_file(handed: Handed) -> None:
    people = sorted({value for value in handed.opened["person"] if len(value) > 2})
    assert len(people) > 3
    assert hunt(handed.bundle, [*people, "15900000001"]) == []


def test_what_is_no_person_stays(handed: Handed) -> None:
    with zipfile.ZipFile(handed.bundle / WACZ) as package:
        text = b"".join(
            gzip.decompress(package.read(name)) for name in package.namelist() if name.endswith(".gz")
        )
    assert "体验官".encode() in text


def test_a_page_that_nobody_reads_is_not_shown_in_public(handed: Handed) -> None:
    capture = handed.redacted["unknown"]
    assert capture.redacted is not None
    shown = hunt(handed.bundle / WACZ, ["李四说很好"])
    assert (shown == []) is (capture.redacted.grade == "public")


def test_the_picture_keeps_only_text_without_people(handed: Handed, kept: Kept) -> None:
    look = handed.redacted["rendered"].look
    assert look is not None
    assert sorted(look["artefacts"]) == ["dom", "screenshot", "text"]
    assert look["missing"] == {"mhtml": "redacted"}
    with Session.open(kept.path) as session:
        capture = handed.redacted["rendered"]
        record = capture.artefact("screenshot")
        assert record is not None
        picture = Image.open(io.BytesIO(decode(session.archive.stored(record.locator)).block)).convert("L")
    assert len(set(picture.crop((12, 7, 150, 23)).tobytes())) > 40  # noise as it was
    assert len(set(picture.crop((12, 62, 150, 78)).tobytes())) < 4  # filled
    assert len(set(picture.crop((0, 28, 200, 58)).tobytes())) < 16  # cells


def test_the_same_again_is_not_made_again(kept: Kept, handed: Handed) -> None:
    redacted = handed.redacted["thread"].redacted
    assert redacted is not None
    with Session.open(kept.path) as session:
        size = session.archive.log.size
        made = publish(session, kept.path, kept.case, {}, redacted.grade)
        assert session.archive.log.size == size
    assert made.redacted.made == 0
    assert made.redacted.captures[kept.ids["thread"]] == handed.redacted["thread"].id


def altered(handed: Handed, to: Path) -> tuple[Path, Path]:
    shutil.copytree(handed.bundle, to / "bundle")
    shutil.copytree(handed.sealed, to / "sealed")
    return to / "bundle", to / "sealed"


def test_a_proof_that_is_missing_or_too_much_is_named(handed: Handed, tmp_path: Path) -> None:
    bundle, _ = altered(handed, tmp_path)
    first = sorted((bundle / "data/log/originals").iterdir())[0]
    first.rename(first.with_name("99.tlog-proof"))
    told = verify_bundle(bundle).check("inclusion")
    assert told.status == "failed"
    named = " ".join(told.problems)
    assert "99.tlog-proof" in named
    assert first.name in named


@pytest.mark.parametrize("damage", ["leaf", "records", "value", "salt", "missing"])
def test_what_does_not_open_the_commitments_is_named(handed: Handed, tmp_path: Path, damage: str) -> None:
    bundle, sealed = altered(handed, tmp_path)
    entry = sorted((sealed / "leaves").iterdir())[0].stem
    opening = sealed / f"openings/{entry}.json"
    content = json.loads(opening.read_bytes())
    if damage == "leaf":
        leaf = sealed / f"leaves/{entry}.json"
        leaf.write_bytes(leaf.read_bytes().replace(b"complete", b"complEte"))
    elif damage == "records":
        records = sealed / f"records/{entry}.warc.gz"
        records.write_bytes(records.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        opening.write_text(json.dumps(content[1:]))
    else:
        content[0][damage] = content[0][damage][::-1] + "0"
        opening.write_text(json.dumps(content))
    assert verify_bundle(bundle, sealed=sealed).check("opened").status == "failed"


def test_a_capture_that_is_no_page_of_the_case_opens_nothing(handed: Handed, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    (empty / "leaves").mkdir(parents=True)
    assert verify_bundle(handed.bundle, sealed=empty).check("opened").status == "not-checked"


def test_sealed_originals_do_not_overwrite(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "sealed").mkdir()
    (tmp_path / "sealed/x").write_text("x")
    with Session.open(kept.path) as session, pytest.raises(UsageError, match="not empty"):
        write_sealed(session.archive, iter(()), tmp_path / "sealed", passphrase=None)
    assert captures_of(kept.case) == list(kept.ids.values())
