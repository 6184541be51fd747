"""The papers of a case: what other people's programs read in them, and that the same case gives the same bytes."""

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import openpyxl
import pypdf
import pytest

from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.export.papers.facts import CaseFacts, gathered
from crawler.export.papers.forms import Forms
from crawler.export.papers.make_templates import FOLDER, forms, template
from crawler.export.papers.paper import Paper, papers
from crawler.export.papers.pdf import pdf
from crawler.export.papers.tables import Tables, workbook
from crawler.export.selection import select
from crawler.store.casefile import LedgerLine, Party
from tests.export.sample import CASE, Sample, exhibits

HOSTILE = "=cmd|' /C calc'!A0 <b>&{{ 7*7 }}\x07"
QUOTE = {
    "label": "返还", "text": "返还本金", "restored": None, "url": "http://shop.invalid/", "capture": "c",
    "field": "article_body", "start": 3, "end": 7,
}  # fmt: skip
FINDING: dict[str, Any] = {
    "claim": "疑似招募有偿好评", "conduct": "recruitment", "conduct_from": "2025-10-01T00:00:00Z",
    "conduct_until": "2025-11-01", "quotes": [QUOTE], "facts": [{"text": "每单返还128元", "captures": []}],
}  # fmt: skip


@pytest.fixture
def facts(sample: Sample) -> Iterator[CaseFacts]:
    """A case with everything, over the sample archive."""
    own = exhibits(sample)
    case = replace(
        CASE,
        authority="成都铁路运输第一法院",
        requests=("停止侵害",),
        parties=(
            Party(ref="P1", role="operator", name=HOSTILE, identifier="91510100MA00000000"),
            Party(ref="P2", role="platform", name="某平台"),
        ),
        ledger=(
            LedgerLine(ref="L1", ledger="duty", date="2026-11-02", kind="投诉受理", text="12 件"),
            LedgerLine(
                ref="L2", ledger="cost", date="2026-11-05", kind="公证费", text="保全", amount="1200.50"
            ),
        ),
        exhibits=(replace(own[0], findings=("F1",)), *own[1:]),
    )
    with Archive.open(sample.path) as archive:
        chosen = select(archive, {name for one in case.exhibits for name in one.captures})
        yield gathered(case, archive, chosen, {"F1": FINDING})


def made_by(paper: Paper, facts: CaseFacts) -> dict[str, bytes]:
    return {name: make() for name, make in paper.files(facts)}


def words(document: bytes) -> str:
    read = docx.Document(io.BytesIO(document))
    cells = [cell.text for table in read.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in read.paragraphs), *cells])


def test_the_same_case_gives_the_same_bytes(facts: CaseFacts) -> None:
    first, second = (
        {name: content for paper in papers() for name, content in made_by(paper, facts).items()}
        for _ in range(2)
    )
    assert {"catalogue.pdf", "tables.xlsx", "lawsuit-facts.docx", "12315-report.docx"} <= set(first)
    assert all(name.isascii() for name in first)
    assert [name for name in first if first[name] != second[name]] == []


def test_the_catalogue_is_an_archival_pdf(facts: CaseFacts) -> None:
    made = next(make() for paper in papers() for name, make in paper.files(facts) if name == "catalogue.pdf")
    read = pypdf.PdfReader(io.BytesIO(made))
    text = "\n".join(page.extract_text() for page in read.pages)
    for words_of_it in ("证据目录", CASE.title, "成都铁路运输第一法院", "1-1", "不早于", "证据目录 第 1 页"):
        assert words_of_it.replace(" ", "") in text.replace(" ", "").replace("　", "").replace("\n", "")
    metadata = read.xmp_metadata
    assert metadata is not None
    assert b"pdfaid" in metadata.stream.get_data()
    fonts = [
        font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        for page in read.pages
        for font in (one.get_object() for one in page["/Resources"]["/Font"].values())
    ]
    assert fonts
    assert all("/FontFile3" in font or "/FontFile2" in font for font in fonts), "every font is embedded"


def test_a_pdf_loads_nothing_but_what_it_is_given() -> None:
    until = "2026-11-22T08:00:00.000000Z"
    for address in ("http://elsewhere.invalid/x.png", "file:///etc/passwd", "picture:other"):
        with pytest.raises(UsageError, match="not among its pictures"):
            pdf("图", f"<img src='{address}'>", author="x", until=until, pictures={"own": b""})


def test_attachments_come_back(tmp_path: Path) -> None:
    made = pdf(
        "附", "<p>见附件", author="x", until="2026-11-22T08:00:00.000000Z", attachments={"a.tsr": b"\x30\x00"}
    )
    assert pypdf.PdfReader(io.BytesIO(made)).attachments == {"a.tsr": [b"\x30\x00"]}


def test_forms_are_filled_in_as_text(facts: CaseFacts) -> None:
    made = made_by(Forms(), facts)
    lawsuit = words(made["lawsuit-facts.docx"])
    assert HOSTILE.replace("\x07", "") in lawsuit, (
        "what stands on a page is text, never markup, never a program"
    )
    assert "停止侵害" in lawsuit
    assert "招募：见证据1-1" in lawsuit
    assert "消费：现有材料尚无此环节的证据" in lawsuit
    assert "（2019年修正）第八条第二款" in lawsuit, "the conduct began before 15 October 2025"
    assert "（2025年修订）第九条第二款" in lawsuit, "and went on after it"
    assert "待核" in lawsuit
    assert "每单返还128元" in words(made["report-to-regulator.docx"])
    assert "某平台" in words(made["notice-to-platform.docx"])
    for name, content in made.items():
        assert "{" not in words(content).replace("{{ 7*7 }}", ""), name


def test_an_article_that_somebody_checked_is_not_marked(facts: CaseFacts) -> None:
    doubtful = [law for law in facts.law() if law.article.mark]
    assert doubtful
    cleared = replace(facts, case=replace(facts.case, cleared=tuple(law.article.id for law in doubtful)))
    assert not any("待核" in law.printed for law in cleared.law())


def test_a_case_without_requests_has_no_lawsuit(facts: CaseFacts) -> None:
    made = made_by(Forms(), replace(facts, case=replace(facts.case, requests=())))
    assert "lawsuit-facts.docx" not in made
    assert "12315-report.docx" in made


def own_form(facts: CaseFacts, name: str, text: str) -> Iterator[tuple[str, bytes]]:
    facts.templates.mkdir()
    document = docx.Document()
    document.add_paragraph(text)
    document.save(str(facts.templates / name))
    try:
        yield from made_by(Forms(), facts).items()
    finally:
        shutil.rmtree(facts.templates)


def test_the_users_own_forms_take_their_place(facts: CaseFacts) -> None:
    made = dict(own_form(facts, "12315-report.docx", "{{ 案件.名称 }} 自定"))
    assert words(made["12315-report.docx"]) == f"{CASE.title} 自定"
    assert words(dict(own_form(facts, "letter.docx", "{{ 费用合计 }} 元"))["letter.docx"]) == "1200.50 元"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 案件.没有 }}",
        "{{ 无 }}",
        "{% for %}",
        "{{ ''.__class__.__mro__ }}",
        "{{ 案件.__init__.__globals__ }}",
    ],
)
def test_a_form_that_cannot_be_filled_in_is_named(facts: CaseFacts, text: str) -> None:
    with pytest.raises(UsageError, match=r"letter\.docx cannot be filled in"):
        list(own_form(facts, "letter.docx", text))


@pytest.mark.parametrize("form", forms(), ids=lambda form: form["name"])
def test_the_templates_are_those_of_the_texts(form: dict[str, Any]) -> None:
    made = (FOLDER / f"{form['name']}.docx").read_bytes()
    assert made == template(form), "python -m crawler.export.papers.make_templates"


def test_tables_hold_text_and_nothing_is_calculated(facts: CaseFacts) -> None:
    made = made_by(Tables(), facts)
    book = openpyxl.load_workbook(io.BytesIO(made["tables.xlsx"]))
    assert book.sheetnames == ["证据与采集", "疑似线索引文", "台账"]
    rows = list(book["证据与采集"].values)
    assert len(rows) == 1 + sum(len(one.captures) for one in facts.filed())
    assert "=评价接口" in {row[1] for row in rows}
    digests = [row[9] for row in rows[1:] if row[9]]
    assert digests
    assert all(isinstance(digest, str) and len(digest) == 64 for digest in digests)
    assert not any(cell.data_type == "f" or cell.hyperlink for sheet in book for row in sheet for cell in row)
    assert "'=评价接口" in made["exhibits.csv"].decode("utf-8-sig")


def test_a_cell_beyond_what_excel_holds_says_so() -> None:
    made = workbook([("一", [("头",), ("长" * 40_000,)])], "2026-11-22T08:00:00.000000Z")
    text = openpyxl.load_workbook(io.BytesIO(made))["一"]["A2"].value
    assert (len(text), text[-10:]) == (32_767, "截断，全文见网页存档）"[-10:])


def test_libreoffice_reads_every_form(facts: CaseFacts, tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        pytest.skip("LibreOffice not found: Debian's package is libreoffice-writer")
    for name, content in made_by(Forms(), facts).items():
        (tmp_path / name).write_bytes(content)
    command = [
        "soffice",
        f"-env:UserInstallation={(tmp_path / 'home').as_uri()}",
        "--headless",
        "--convert-to",
        "pdf",
    ]
    paths = sorted(tmp_path.glob("*.docx"))
    subprocess.run([*command, "--outdir", tmp_path, *paths], check=True, capture_output=True, timeout=120)
    for path in paths:
        read = "".join(page.extract_text() for page in pypdf.PdfReader(path.with_suffix(".pdf")).pages)
        first = docx.Document(str(path)).paragraphs[0].text
        assert first.replace(" ", "") in read.replace(" ", "").replace("\n", ""), path.name
