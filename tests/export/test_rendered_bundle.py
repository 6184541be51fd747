"""What is handed over of rendered, derived and imported captures: said truly everywhere, and nothing sealed."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from crawler import clock
from crawler.engine.rendering.look import Artefact, Look
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.archive import Archive, Draft
from crawler.evidence.bundle import CATALOGUE_CSV, SHEET
from crawler.evidence.verify import verify_bundle
from crawler.export import selection
from crawler.export.bundle import export_bundle
from crawler.export.custody import custody
from crawler.export.model import Exhibit
from crawler.export.receipt import export_receipt
from crawler.store import cases
from crawler.store.session import Session
from tests.archives import RUN, make, page
from tests.export.sample import CASE, make_authorities, seal
from tests.export.test_wacz import seen

URL = "http://shop.invalid/1"
PAGE, SEALED, CALL_SEALED = "d" * 32, "e" * 32, "f" * 32


class Made(NamedTuple):
    archive: Path
    bundle: Path
    imported: str
    case: str


def rendered(state: str = "partial") -> list[Draft]:
    """A page with two exchanges of its own and three artefacts; its PDF is missing."""
    look = Look(
        url=URL, final_url=URL, title="评价", started=clock.now(), ended=clock.now(), state=state,
        reason="missing: pdf", missing={"pdf": "the page prints nothing", "tile-01": "withheld"},
        exchanges=[seen(URL, b"<title>x</title>", main=True), seen(f"{URL}/a.js", b"1"), seen(f"{URL}/b", b"2")],
        artefacts=[Artefact("dom", "text/html; charset=utf-8", b"<title>x</title>"),
                   Artefact("text", "application/json", b'{"runs": []}'),
                   Artefact("screenshot", "image/png", b"png"), Artefact("tile-02", "image/png", b"tile")],
    )  # fmt: skip
    drafts = page_drafts(look, Place(run=RUN, site="test"), PAGE)
    first = replace(drafts[0], capture=replace(drafts[0].capture, fidelity="derived", original=SEALED))
    return [first, *drafts[1:]]


def sealed(identifier: str, url: str = URL) -> Draft:
    whole = page(b"<p>cookie</p>", url=url)
    return replace(whole, capture=replace(whole.capture, id=identifier, page=PAGE, withheld=True))


def imported() -> Draft:
    whole = page(b"<p>imported</p>", url="http://else.invalid/1")
    claims = {"file": "sha256:" + "0" * 64, "format": "warc", "claimed": {"date": "2026-05-01T03:04:05Z"}}
    return replace(whole, capture=replace(whole.capture, fidelity="imported", imported=claims))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("rendered")
    tsas = make_authorities(folder)
    path = make(folder / "archive", tsas)
    with Session.open(path) as session:
        settings = {"account": "淘宝账号 t***1", "authority": "协会 2026 年第 3 号决定", "every_page": False}
        started = {"run": RUN, "site": "assist", "settings": settings}
        session.record_event("run-started", started)
        session.record_event("assist-changed", {"run": RUN, "every_page": True})
        drafts = [sealed(SEALED), *rendered(), sealed(CALL_SEALED, f"{URL}/a.js")]
        session.record_all(lambda: drafts).result()
        foreign = session.record(imported).result().id
        session.record_event(
            "replay-checked", {"capture": PAGE, "text": 1000, "refused": ["http://x.invalid/y"]}
        )
        session.record_event("replay-checked", {"capture": "a" * 32, "text": 1000, "refused": []})
        case = cases.create_case(
            session, title="评价", cause="虚假宣传", submitter="某市消费者权益保护委员会"
        )
        cases.add_exhibit(
            session,
            cases.NewExhibit(case=case, group="B", title="评价页", purpose="证明", captures=(PAGE, foreign)),
        )
        exhibit = Exhibit(
            number="1-1", group="B", title="评价页", purpose="初步证明", captures=(PAGE, foreign)
        )
        seal(session.archive, tsas)
    with Archive.open(path) as archive:
        return Made(path, export_bundle(archive, CASE, (exhibit,), folder / "bundle").path, foreign, case)


def test_it_verifies_and_holds_nothing_that_is_sealed(made: Made) -> None:
    report = verify_bundle(made.bundle)
    assert report.exit_code == 3, [check for check in report.checks if check.status == "failed"]
    leaves = [leaf.read_text("utf-8") for leaf in (made.bundle / "data/log/leaves").iterdir()]
    assert sum(f'"page":"{PAGE}"' in leaf for leaf in leaves) == 2
    assert not any('"withheld":true' in leaf for leaf in leaves)


def test_a_sealed_original_in_a_bundle_is_a_fault(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "_refuse_originals", lambda _found: None)
    exhibit = Exhibit(number="1-1", group="B", title="x", purpose="x", captures=(PAGE, SEALED))
    with Archive.open(made.archive) as archive:
        bundle = export_bundle(archive, CASE, (exhibit,), tmp_path / "bundle").path
    (check,) = [check for check in verify_bundle(bundle).checks if check.name == "manifests"]
    assert check.status == "failed"
    assert f"capture {SEALED}" in str(check.problems)
    assert "sealed original" in str(check.problems)


def test_the_catalogue_says_how_each_was_kept(made: Made) -> None:
    (_, row) = csv.reader(io.StringIO((made.bundle / CATALOGUE_CSV).read_text("utf-8-sig"), newline=""))
    source, formed, remarks = row[2], row[4], row[7]
    assert "剔除了登录凭据等内容的副本，原件封存" in source
    assert "由他人工具记录的文件导入" in source
    assert (
        "原记录称 2026年05月01日 11:04:05（北京时间 UTC+8）（未经核实）；下列采集时间为导入本机的时间；采集 "
        in formed
    )
    assert "附件：整页截图、页面文字、网页结构（DOM）、分段截图，共 4 件" in remarks
    assert (
        "缺少：PDF（the page prints nothing）、分段截图 01（可能显示登录凭据，只在封存的原件中）" in remarks
    )


def test_the_sheet_lists_what_was_made_with_the_digests_of_the_files(made: Made) -> None:
    text = (made.bundle / SHEET).read_text("utf-8")
    assert "## 九、网页是怎样保存的" in text
    for words in ("浏览器解码后的内容", "原件封存在证据库", "导入的记录", "不完整的网页", "缺少：PDF"):
        assert words in text
    sha256 = "8f8cbb7dcf46e0bc7d53265749a6c17d116093a6ba95e442764060c76fd4a86c"  # printf png | sha256sum
    assert f"- 整页截图：`{sha256}`" in text


def test_the_receipt_says_where_the_other_requests_are(made: Made, tmp_path: Path) -> None:
    with Archive.open(made.archive) as archive:
        export_receipt(archive, PAGE, tmp_path / "page")
        export_receipt(archive, made.imported, tmp_path / "imported")
    said = "该网页载入时的其他请求（脚本、图片、接口等）保存在采集档案中，不在本回执内。"
    text = (tmp_path / "page/verify-zh.md").read_text("utf-8")
    assert said in text
    assert "## 七、网页是怎样保存的" in text
    assert said not in (tmp_path / "imported/verify-zh.md").read_text("utf-8")


def test_custody_has_one_line_for_the_page_and_one_for_its_original(made: Made) -> None:
    with Archive.open(made.archive) as archive:
        steps = custody(archive, made.case)
    lines = [step.text for step in steps if step.act == "capture"]
    assert sorted(line.split("  ")[0] for line in lines) == [
        "导入记录",
        "封存原件（不随证据交出）",
        "采集网页（浏览器打开）",
    ]
    (whole,) = [line for line in lines if line.startswith("采集网页")]
    assert f"含 2 项请求；另有封存原件 2 项；本页原件封存为采集号 {SEALED}" in whole
    acts = {step.act: step.text for step in steps if step.act != "capture"}
    assert "所用账户 淘宝账号 t***1  依据 协会 2026 年第 3 号决定" in acts["run-started"]
    assert "每页自动固定 是" in acts["assist-changed"]
    assert [step.text for step in steps if step.act == "replay-checked"] == [
        f"用记录重放网页，与采集时比对（千分比）  采集 {PAGE}  文字 1000  记录中没有的请求 http://x.invalid/y"
    ]
