"""What is handed over with a capture, and what never is."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import pytest

from crawler.errors import ArchiveError, UsageError
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.verify import verify
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from crawler.export.receipt import export_receipt
from crawler.export.selection import select
from crawler.withholding import find_secrets, withhold
from tests.archives import config
from tests.archives import page as plain_page
from tests.engine.pages_with_secrets import SITE, exchange, rendered
from tests.export.hunt import hunt
from tests.export.sample import CASE

TOKEN = "aB3dE5gH7jK9/mN1+pQ7rS=="
PASSWORD = "k7!x"
PAGE, CALL, PLAIN, HOP, OTHER = (name * 32 for name in "abcde")


def named(draft: Draft, identifier: str, **fields: object) -> Draft:
    return Draft(replace(draft.capture, id=identifier, **fields), draft.records)  # type: ignore[arg-type]


def assisted() -> list[Draft]:
    """A page with a cookie in many places, and a call with a password."""
    asked = f"Cookie: sid={TOKEN}\r\n"
    dom = f"<p>很好</p><a href='/out?u={quote(TOKEN, safe='')}'>退出</a>".encode()
    main = rendered(
        exchange(f"{SITE}/item/1?session={quote(TOKEN, safe='')}", asked=asked, body=dom),
        {
            "dom": ("text/html", dom),
            "screenshot": ("image/png", b"\x89PNG\r\n\x1a\n" + bytes(60)),
            "text": ("application/json", json.dumps({"runs": ["很好", "退出"]}).encode()),
            "accessibility": ("application/json", b"[]"),
        },
        title="很好",
        plain=PLAIN,
    )
    sent = json.dumps({"user": "zhang", "password": PASSWORD}).encode()
    answered, body = "Content-Type: application/json\r\n", json.dumps({"access_token": TOKEN}).encode()
    login = f"{SITE}/api/login"
    call = exchange(login, method="POST", asked=asked, sent=sent, answered=answered, body=body)
    return [named(main, PAGE), named(call, CALL, page=PAGE)]


@dataclass(frozen=True)
class Kept:
    path: Path
    originals: tuple[str, ...]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A plain look behind a redirect, an assisted page, and a page that is nobody's; sealed by a checkpoint."""
    path = tmp_path_factory.mktemp("selection") / "archive"
    drafts = assisted()
    made = withhold(drafts, find_secrets(drafts))
    with Archive.create(path, config()) as archive:
        archive.commit([named(plain_page(url=f"{SITE}/old"), HOP)])
        archive.commit([named(plain_page(), PLAIN, follows=HOP), named(plain_page(), OTHER)])
        archive.commit(made)
        archive.sign_checkpoint()
    originals = tuple(draft.capture.id for draft in made if draft.capture.withheld)
    assert len(originals) == 2
    return Kept(path, originals)


def test_a_page_brings_its_exchanges_and_its_plain_look(kept: Kept) -> None:
    with Archive.open(kept.path) as archive:
        assert set(select(archive, {PAGE}).captures()) == {PAGE, CALL, PLAIN, HOP}
        assert set(select(archive, {CALL}).captures()) == {CALL}
        assert set(select(archive, {OTHER}).captures()) == {OTHER}


def test_a_receipt_holds_the_page_alone(kept: Kept, tmp_path: Path) -> None:
    with Archive.open(kept.path) as archive:
        assert set(select(archive, {PAGE}, with_files=False).captures()) == {PAGE}
        receipt = export_receipt(archive, PAGE, tmp_path / "receipt").path
    assert verify(receipt).status != "failed"
    assert hunt(receipt, [TOKEN, PASSWORD]) == []


def test_a_sealed_original_is_never_handed_over(kept: Kept, tmp_path: Path) -> None:
    exhibit = Exhibit(number="1-1", group="B", title="页", purpose="证明", captures=(kept.originals[0],))
    with Archive.open(kept.path) as archive:
        with pytest.raises(UsageError, match="sealed original"):
            export_bundle(archive, CASE, [exhibit], tmp_path / "bundle")
        with pytest.raises(UsageError, match="sealed original"):
            export_receipt(archive, kept.originals[1], tmp_path / "receipt")
    assert list(tmp_path.iterdir()) == []


def test_no_file_of_a_bundle_holds_a_secret(kept: Kept, tmp_path: Path) -> None:
    exhibit = Exhibit(number="1-1", group="B", title="页", purpose="证明", captures=(PAGE,))
    with Archive.open(kept.path) as archive:
        bundle = export_bundle(archive, CASE, [exhibit], tmp_path / "bundle").path
    report = verify(bundle)
    assert report.status != "failed", report.to_text()
    everything = b"".join(file.read_bytes() for file in bundle.rglob("*") if file.is_file())
    assert PAGE.encode() in everything
    assert hunt(bundle, [TOKEN, PASSWORD]) == []
    # The hunter is no blind one: the archive holds them, sealed.
    assert {place.rpartition(": ")[2] for place in hunt(kept.path / "warc", [TOKEN, PASSWORD])} == {
        TOKEN,
        PASSWORD,
    }
    assert verify(kept.path).status != "failed"


def test_a_plain_look_that_is_not_there_is_said(tmp_path: Path) -> None:
    page = rendered(exchange(), {"dom": ("text/html", b"<p>x</p>")}, plain="f" * 32)
    with Archive.create(tmp_path / "a", config()) as archive:
        archive.commit([page])
        archive.sign_checkpoint()
        with pytest.raises(ArchiveError, match="f" * 32):
            select(archive, {page.capture.id})


def test_a_plain_look_is_found_far_behind_in_the_log(tmp_path: Path) -> None:
    page = named(rendered(exchange(), {"dom": ("text/html", b"<p>x</p>")}, plain=PLAIN), PAGE)
    with Archive.create(tmp_path / "a", config()) as archive:
        archive.commit([named(plain_page(), HOP)])
        archive.commit([plain_page() for _ in range(300)])
        archive.commit([named(plain_page(), PLAIN, follows=HOP)])
        archive.commit([plain_page() for _ in range(300)])
        archive.commit([page])
        archive.sign_checkpoint()
        assert set(select(archive, {PAGE}).captures()) == {PAGE, PLAIN, HOP}
