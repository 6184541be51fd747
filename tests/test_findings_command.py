"""`evidence findings`: the queue, decisions, storylines, and pages for people, on a small archive."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image

from crawler.detect.kit.corpus import Corpus
from crawler.detect.kit.detecting import detect
from crawler.detect.kit.detector import Detector
from crawler.detect.kit.finding import GRADES, Fact, Finding, Grade, Innocent, Plot, Quote, Table
from crawler.engine.rendering.look import Artefact, Look
from crawler.engine.rendering.page_drafts import Place, page_drafts
from crawler.evidence.archive import Archive
from crawler.export.finding import page as finding_page
from crawler.export.finding import parts as finding_parts
from crawler.export.finding.crop import boxes_of, crop
from crawler.export.finding.law import law_section
from crawler.export.finding.passage import AROUND, passage
from crawler.export.papers.pdf import pdf
from crawler.law.articles import conducts, notes_for
from crawler.store.session import Session
from tests.archives import RUN, drafted, make, nothing_failed, page, review, traced
from tests.commands import Printed, evidence

Capsys = pytest.CaptureFixture[str]
BODY = "第一次买，收到卡片写着五星好评返现5元<b>🌟，加V信领取。" + "颜色正，" * 40
CONDITION = "五星好评返现5元"
RENDERED = "3f9a1c77be0244d1a1f0c2b3d4e5f607"
ADDRESS = "http://shop.invalid/1"


class Rebates(Detector):
    """For the tests: every review with the words, and one finding that joins them."""

    name = "rebates"
    version: ClassVar[int] = 3
    title = "返现"
    summary = "测试用"
    tested: tuple[Innocent, ...] = (
        Innocent(explanation="晒单有礼", result="条件写明五星", remains=False),
        Innocent(explanation="玩笑", result="无从核实", remains=True),
    )

    def detect(self, corpus: Corpus) -> Iterator[Finding]:
        found = sorted(corpus.reviews(), key=lambda one: one.identifier)
        for number, one in enumerate(found):
            start = one.review_body.index(CONDITION)
            other = one.review_body.index("加V信")
            quotes = (
                one.quote("review_body", start, start + len(CONDITION), "返还条件"),
                one.quote("review_body", other, other + 3, "联系方式", restored="V信→微信（形近）"),
            )
            grade: Grade = "weak" if number % 2 else "strong"
            yield self._finding(f"one/{one.identifier}", grade, quotes)

    def _finding(self, key: str, grade: Grade, quotes: tuple[Quote, ...]) -> Finding:
        return Finding(
            detector=self.name, version=self.version, key=key, grade=grade, link="rebate",
            conduct="rebate_card", claim=f"疑似以返现换取好评：{key}", why="返款环节：评价不是自发意见",
            quotes=quotes, facts=(Fact(text="写明金额5元", captures=(quotes[0].capture,)),),
            innocent=self.tested,
            limits=("未见付款记录",), chance="偶然出现的预期为0.01条",
            tables=(Table(title="条件与回报", columns=("条件", "回报"), rows=(("五星", "5元"),)),),
            plots=(Plot(title="每日条数", x=("2026-11-01", "2026-11-02"), bars=(1.0, 5.0)),),
            subjects=("shop:shop.invalid/甲",), conduct_from="2026-11-01", conduct_until="2026-11-02",
        )  # fmt: skip


def screenshot() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (1000, 800), "white").save(kept, "PNG")
    return kept.getvalue()


def runs() -> list[dict[str, object]]:
    lines = ("第一次买，收到卡片写着五星好评", "返现5元<b>🌟，加V信领取。")
    return [
        {"text": line, "x": 100, "y": 300 + 20 * row, "w": 220, "h": 18, "frame": 0, "path": "/html/body/p"}
        for row, line in enumerate(lines)
    ]


def rendered() -> Look:
    text = {"version": 1, "width": 1000, "height": 800, "scroll": [0, 0], "frames": [], "runs": runs()}
    dom = f"<p>{BODY}</p>".encode()
    return Look(
        url=ADDRESS, final_url=ADDRESS, started="2026-11-20T02:00:00.000000Z", ended="2026-11-20T02:00:05.000000Z",
        state="complete", title="茶壶",
        artefacts=[
            Artefact("screenshot", "image/png", screenshot()),
            Artefact("text", "application/json", json.dumps(text).encode()),
            Artefact("dom", "text/html", dom),
        ],
    )  # fmt: skip


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two reviews with the words, one on a plain page, one on a rendered page; both have been detected."""
    path = make(tmp_path / "a")
    with Session.open(path) as session:
        drafts = {
            "r1": page(BODY.encode(), url="http://shop.invalid/2"),
            "r2": page_drafts(rendered(), Place(run=RUN, site="test"), RENDERED)[0],
        }
        for name, draft in drafts.items():
            capture = session.record(drafted(draft)).result()
            item = review(capture)
            places = json.dumps({"review_body": "/html/body/p"})
            traced_to = replace(traced(capture), places=places)
            item = replace(item, identifier=name, review_body=BODY, provenance=traced_to)
            session.reading(capture.id).items.append(item)
            session.store(capture.id).result()
        detect(session, [Rebates()])
    return path


def at(capsys: Capsys, archive: Path, *arguments: object) -> Printed:
    return evidence(capsys, "--archive", archive, "findings", *arguments)


def ids(capsys: Capsys, archive: Path, *arguments: object) -> list[str]:
    return [one["id"] for one in at(capsys, archive, "list", "--json", *arguments).json]


def test_the_queue_is_listed_strongest_first_and_filtered(capsys: Capsys, archive: Path) -> None:
    every = at(capsys, archive, "list", "--json").json
    assert [one["grade"] for one in every] == ["strong", "weak"]
    assert (every[0]["link"], every[0]["state"]) == ("rebate", "open")
    assert ids(capsys, archive, "--grade", "weak") == [every[1]["id"]]
    assert ids(capsys, archive, "--state", "confirmed") == []
    shown = at(capsys, archive, "list").out
    assert (
        shown.index("强线索")
        < shown.index(every[0]["id"])
        < shown.index("弱线索")
        < shown.index(every[1]["id"])
    )
    assert "共 2 条：待核对 2，已采用 0，已排除 0" in shown
    unknown = at(capsys, archive, "list", "--detector", "nothing")
    assert (unknown.code, "no detector 'nothing'" in unknown.err) == (2, True)
    assert ids(capsys, archive, "--detector", "rebate") == [], "known, and found nothing here"


def test_a_finding_is_shown_with_all_it_says(capsys: Capsys, archive: Path) -> None:
    first = ids(capsys, archive)[0]
    shown = at(capsys, archive, "show", first[:6])
    for words in (
        "疑似以返现换取好评",
        CONDITION,
        "还原：V信→微信",
        "已排除：晒单有礼",
        "未能排除：玩笑",
        "未见付款记录",
        "待核对",
    ):
        assert words in shown.out
    told = at(capsys, archive, "show", first, "--json").json
    assert (told["content"]["claim"], told["state"], len(told["captures"])) == (
        "疑似以返现换取好评：one/r1",
        "open",
        1,
    )
    missing = at(capsys, archive, "show", "Fxyz")
    assert (missing.code, "evidence findings list" in missing.err) == (2, True)


def test_each_decision_is_logged_and_the_last_one_counts(capsys: Capsys, archive: Path) -> None:
    first, other = ids(capsys, archive)
    assert at(capsys, archive, "reject", first[:8], "--reason", "看错了").code == 0
    again = at(capsys, archive, "confirm", first, "--reason", "与卡片照片一致")
    assert "已采用" in again.out
    assert "先前的决定保留在日志中：已排除，看错了" in again.out
    assert ids(capsys, archive, "--state", "confirmed") == [first]
    assert ids(capsys, archive) == [other]
    assert "〔已采用〕" in at(capsys, archive, "list", "--state", "all").out
    custody = evidence(capsys, "--archive", archive, "custody").out
    assert custody.count("对疑似线索作出决定") == 2
    assert "与卡片照片一致" in custody
    assert at(capsys, archive, "confirm", first, "--reason", "  ").code == 2
    assert at(capsys, archive, "confirm", first).code == 2
    nothing_failed(archive)


def test_storylines_name_gaps_and_leave_rejected_findings_out(capsys: Capsys, archive: Path) -> None:
    (story,) = at(capsys, archive, "storylines", "--json").json
    assert len(story["findings"]) == 2
    assert len(story["gaps"]) == 3
    shown = at(capsys, archive, "storylines").out
    assert "招募环节尚无材料" in shown
    for name in story["findings"]:
        at(capsys, archive, "reject", name, "--reason", "另有解释")
    assert at(capsys, archive, "storylines", "--json").json == []


def test_a_finding_becomes_a_page(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    at(capsys, archive, "confirm", ids(capsys, archive)[0], "--reason", "与<卡片>一致")
    first = ids(capsys, archive, "--state", "confirmed")[0]
    done = at(capsys, archive, "export", first, "--to", tmp_path / "new" / "线索.html", "--json")
    assert done.code == 0, done.err
    html = (tmp_path / "new" / "线索.html").read_text("utf-8")
    assert f"收到卡片写着</span><mark>{CONDITION}</mark><small>〔返还条件〕</small>" in html
    assert "&lt;b&gt;🌟，" in html
    assert "<b>🌟" not in html
    assert "与&lt;卡片&gt;一致" in html
    for words in (
        "疑似线索", "强线索", "<span class=here>返款</span>", "还原：V信→微信（形近）", "U+1F31F", "晒单有礼",
        "未能排除", "未见付款记录", "已由人核对并采用", "偶然出现的预期", "条件与回报", "<svg ",
        "《中华人民共和国反不正当竞争法》",
        "class=unchecked>〔待核", "北京时间", "http://shop.invalid/2",
    ):  # fmt: skip
        assert words in html, words
    digest = at(capsys, archive, "show", first, "--json").json["digest"]
    assert digest in html
    with Archive.open(archive) as opened:
        leaves = b"".join(entry.leaf for entry in opened.entries())
    named = re.findall(r"网页内容<br><code>([0-9a-f]{64})</code>|网页内容 <code>([0-9a-f]{64})</code>", html)
    assert named
    assert all("".join(each).encode() in leaves for each in named), "the log has that digest"
    assert "default-src 'none'" in html
    assert not re.search(r"(?:src|href)=[\"']?http", html), "nothing is loaded from elsewhere"


def test_a_rendered_quote_is_shown_in_its_picture(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    rendered_one = next(
        one["id"] for one in at(capsys, archive, "list", "--json").json if one["key"] == "one/r2"
    )
    at(capsys, archive, "export", rendered_one, "--to", tmp_path / "a.html")
    html = (tmp_path / "a.html").read_text("utf-8")
    assert html.count("data:image/png;base64,") == 1
    assert "整页截图" in html
    made = crop(screenshot(), [{"x": 100, "y": 300, "w": 220, "h": 18}], 1000)
    assert made is not None
    picture = Image.open(io.BytesIO(made.png)).convert("RGB")
    red = [
        (x, y)
        for x in range(picture.width)
        for y in range(picture.height)
        if picture.getpixel((x, y)) != (255,) * 3
    ]
    left, top = 100 - 60, 300 - 56  # what finding_crop leaves beside and above
    assert min(x for x, _ in red) == 100 - 3 - left
    assert max(y for _, y in red) == 318 + 3 - top
    assert crop(b"no picture", [{"x": 1, "y": 1, "w": 1, "h": 1}], 1000) is None
    assert crop(screenshot(), [{"x": 5000, "y": 5000, "w": 1, "h": 1}], 1000) is None, (
        "outside of the picture"
    )


def test_only_the_lines_with_the_words_are_framed() -> None:
    quote = {"place": "/html/body/p", "text": CONDITION}
    assert len(boxes_of(quote, runs())) == 2, "the words go over a line's end"
    assert [run["text"] for run in boxes_of({**quote, "text": "加V信"}, runs())] == [
        "返现5元<b>🌟，加V信领取。"
    ]
    assert len(boxes_of({**quote, "text": "页面上写法不同"}, runs())) == 2, "all lines of the field"
    assert boxes_of({**quote, "place": "/html/body/div"}, runs()) == []


def test_a_pdf_is_the_same_each_time_and_every_export_is_logged(
    capsys: Capsys, archive: Path, tmp_path: Path
) -> None:
    first = ids(capsys, archive)[0]
    for name in ("a.pdf", "b.pdf"):
        done = at(capsys, archive, "export", first, "--to", tmp_path / name)
        assert (done.code, "派生件" in done.out) == (0, True), done.err
    made = (tmp_path / "a.pdf").read_bytes()
    assert made.startswith(b"%PDF-")
    assert made == (tmp_path / "b.pdf").read_bytes()
    assert evidence(capsys, "--archive", archive, "custody").out.count("导出疑似线索") == 2
    nothing_failed(archive)


def test_one_page_is_one_page_and_leaves_out_nothing_that_remains(
    capsys: Capsys, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: list[str] = []

    def printed(*arguments: str, **more: Any) -> bytes:
        bodies.append(arguments[1])
        return pdf(*arguments, **more)

    monkeypatch.setattr(finding_page, "pdf", printed)
    with Session.open(archive) as session:
        long = Rebates()
        long.tested = tuple(
            Innocent(explanation=f"解释{n}", result="字" * 150, remains=n == 39) for n in range(40)
        )
        detect(session, [long])
    first = ids(capsys, archive)[0]
    at(capsys, archive, "export", first, "--to", tmp_path / "all.pdf")
    assert finding_page.pages((tmp_path / "all.pdf").read_bytes()) > 1
    assert at(capsys, archive, "export", first, "--to", tmp_path / "one.pdf", "--one-page").code == 0
    assert finding_page.pages((tmp_path / "one.pdf").read_bytes()) == 1
    assert "解释39" in bodies[-1], "what could not be ruled out stands there"
    left = re.search(r"另有 (\d+) 种解释经检验已排除，见全文", bodies[-1])
    assert left is not None
    assert int(left[1]) + bodies[-1].count("字" * 150) == 40
    refused = at(capsys, archive, "export", first, "--to", tmp_path / "one.html", "--one-page")
    assert (refused.code, "--one-page is for a PDF" in refused.err) == (2, True)


def test_plots_are_exported_and_wrong_wishes_refused(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    first = ids(capsys, archive)[0]
    assert at(capsys, archive, "export", first, "--to", tmp_path / "图.svg").code == 0
    assert "每日条数" in (tmp_path / "图.svg").read_text("utf-8")
    over = at(capsys, archive, "export", first, "--to", tmp_path / "图.svg")
    assert (over.code, "nothing is overwritten" in over.err) == (2, True)
    form = at(capsys, archive, "export", first, "--to", tmp_path / "图.docx")
    assert (form.code, ".pdf, .html, .svg" in form.err) == (2, True)


def test_what_is_not_kept_any_more_is_said(capsys: Capsys, archive: Path, tmp_path: Path) -> None:
    first = ids(capsys, archive)[0]
    with Session.open(archive) as session, session.index.transaction():
        session.index.connection.execute("delete from finding_content where id = ?", (first,))
    assert "内容不在" in at(capsys, archive, "list").out
    assert "evidence detect --again" in at(capsys, archive, "show", first).out
    refused = at(capsys, archive, "export", first, "--to", tmp_path / "a.pdf")
    assert (refused.code, "not kept any more" in refused.err) == (2, True)
    assert "1 条线索的内容已不在" in at(capsys, archive, "storylines").out


def quoted(text: str, whole: str, label: str = "甲") -> dict[str, object]:
    start = whole.index(text)
    return {"text": text, "start": start, "end": start + len(text), "label": label}


def test_quotes_stand_in_their_text_and_overlaps_are_one_mark() -> None:
    whole = "前" * 100 + "甲乙丙丁" + "中" * 200 + "戊" + "后" * 100
    quotes = [("丙丁", "二"), ("甲乙丙", "一"), ("乙", "一"), ("戊", "甲")]
    made = passage([quoted(words, whole, label) for words, label in quotes], whole)
    assert [(piece.text, piece.labels) for piece in made.pieces] == [
        ("……" + "前" * AROUND, ()),
        ("甲乙丙丁", ("一", "二")),
        ("中" * AROUND + "……" + "中" * AROUND, ()),
        ("戊", ("甲",)),
        ("后" * AROUND + "……", ()),
    ]
    alone = passage([quoted("甲", whole), quoted("戊", whole)], None)
    assert [piece.text for piece in alone.pieces] == ["甲", "……", "戊"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"conduct": "unheard_of"}, "待核：条文表中没有行为类型"),
        ({"conduct": "rebate_card"}, "待核：行为时间不明，不能列出条文"),
        ({"conduct": "rebate_card", "quotes": [{"captured_at": "2026-11-01T00:00:00Z"}]}, "暂按采集时间列出"),
        ({"conduct": "rebate_card", "conduct_from": "1999-01-01"}, "须由律师查明当时的条文"),
        (
            {"conduct": "rebate_card", "conduct_from": "2026-02-01", "conduct_until": "2026-01-01"},
            "起止时间有误",
        ),
    ],
)
def test_law_that_cannot_be_named_is_marked(content: dict[str, object], says: str) -> None:
    assert says in "".join(law_section(content))


def test_words_are_those_of_the_other_rooms() -> None:
    assert finding_parts.GRADES == GRADES
    assert "rebate_card" in conducts()
    assert any(note.startswith("打印前须核对") for note in notes_for("rebate_card", "2026-11-01"))
    assert "打印前须核对" not in "".join(
        law_section({"conduct": "rebate_card", "conduct_from": "2026-11-01"})
    )
