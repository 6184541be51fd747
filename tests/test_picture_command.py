"""`evidence picture`: the stamped copy, the originals, and what is refused."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from crawler.engine.rendering.look import Artefact, Look
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.digest import digest
from crawler.evidence.manifest import parse_leaf
from crawler.store.session import Session
from tests.archives import RUN, drafted, make, page
from tests.commands import Printed, evidence

Capsys = pytest.CaptureFixture[str]
ID = "3f9a1c77be0244d1a1f0c2b3d4e5f607"


def screenshot() -> bytes:
    kept = BytesIO()
    Image.new("RGB", (800, 60), "green").save(kept, "PNG")
    return kept.getvalue()


SHOT = screenshot()


def rendered() -> Draft:
    look = Look(
        url="http://shop.invalid/1",
        final_url="http://shop.invalid/1",
        started="2026-11-22T08:16:41.123456Z",
        ended="2026-11-22T08:17:02.500000Z",
        state="partial",
        reason="pdf missing",
        title="茶壶",
        artefacts=[Artefact("screenshot", "image/png", SHOT), Artefact("dom", "text/html", b"<p>dom</p>")],
        missing={"pdf": "printing took too long"},
    )
    return page_drafts(look, Place(run=RUN, site="test"), ID)[0]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = make(tmp_path / "archive")
    with Session.open(path) as session:
        session.record(drafted(rendered())).result()
    return path


def at(capsys: Capsys, archive: Path, *arguments: object) -> Printed:
    return evidence(capsys, "--archive", archive, "picture", *arguments)


def last(archive: Path) -> dict[str, object]:
    with Archive.open(archive) as opened:
        return parse_leaf(opened.log.leaf(opened.log.size - 1))


def test_the_copy_is_stamped_and_logged(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    to = tmp_path / "new" / "截图.png"
    done = at(capsys, archive, ID[:8], "--to", to, "--exhibit", "证据3", "--json")
    assert done.code == 0, done.err
    copy = Image.open(BytesIO(to.read_bytes()))
    assert copy.height > 200
    assert digest(SHOT).removeprefix("sha256:") in copy.info["Source"]
    said = done.json
    assert (said["original"], said["sha256"], said["logged"]) == (digest(SHOT), digest(to.read_bytes()), True)
    event = last(archive)
    assert (event["act"], event["details"]["form"], event["details"]["exhibit"]) == (  # type: ignore[index]
        "picture-copied",
        "stamped",
        "证据3",
    )
    custody = evidence(capsys, "--archive", archive, "custody")
    assert "取出截图" in custody.out


def test_originals_are_taken_byte_for_byte(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    assert at(capsys, archive, ID, "--to", tmp_path / "a.png", "--raw").code == 0
    assert (tmp_path / "a.png").read_bytes() == SHOT
    shown = at(capsys, archive, ID, "--to", tmp_path / "a.html", "--raw", "--artefact", "dom")
    assert (tmp_path / "a.html").read_bytes() == b"<p>dom</p>"
    assert "原件" in shown.out


def test_while_the_archive_is_written_it_is_taken_and_said_not_to_be_logged(
    capsys: Capsys, archive: Path, tmp_path: Path
) -> None:
    with Session.open(archive) as session:
        size = session.archive.log.size
        done = at(capsys, archive, ID, "--to", tmp_path / "a.png")
        assert (done.code, "未记入保管链" in done.out) == (0, True)
        assert session.archive.log.size == size
    assert (tmp_path / "a.png").is_file()


def test_what_cannot_be_is_refused(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    to = tmp_path / "a.png"
    with Session.open(archive) as session:
        plain = session.record(drafted(page())).result().id
        draft = rendered()
        sealed = Draft(replace(draft.capture, id="f" * 32, withheld=True), draft.records)
        session.record(drafted(sealed)).result()
    for arguments, said in (
        ((plain, "--to", to), "was not rendered"),
        (("f" * 32, "--to", to), "sealed original"),
        ((ID, "--to", to, "--raw", "--artefact", "pdf"), "printing took too long"),
        ((ID, "--to", to, "--raw", "--artefact", "../x"), "it has: dom, screenshot"),
        ((ID, "--to", to, "--artefact", "dom"), "add --raw"),
        ((ID, "--to", to, "--raw", "--exhibit", "证据1"), "leave out one"),
        (("0" * 32, "--to", to), "no capture"),
    ):
        done = at(capsys, archive, *arguments)
        assert (done.code, said in done.err, to.exists()) == (2, True, False), done.err
    to.write_bytes(b"mine")
    assert at(capsys, archive, ID, "--to", to).code == 2
    assert to.read_bytes() == b"mine"


@pytest.mark.parametrize(
    "at_byte", [9, 400]
)  # the gzip head's system, which no reader minds, and the content
def test_changed_bytes_are_not_handed_out(
    capsys: Capsys, archive: Path, tmp_path: Path, at_byte: int
) -> None:
    with Archive.open(archive) as opened:
        leaf = parse_leaf(opened.log.leaf(opened.log.size - 1))
    place = leaf["records"][0]["locator"]
    file = archive / place["file"]
    content = bytearray(file.read_bytes())
    content[place["offset"] + at_byte] ^= 1
    file.write_bytes(content)
    done = at(capsys, archive, ID, "--to", tmp_path / "a.png")
    assert (done.code, "evidence verify" in done.err, (tmp_path / "a.png").exists()) == (1, True, False)
