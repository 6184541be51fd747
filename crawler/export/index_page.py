"""index.html: what a judge opens by double click: exhibits with pictures, papers, what digest, log and stamp mean.

One file without programs; pictures lie beside it. Everything that stands on a page is escaped.
"""

from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from string import Template

from crawler.evidence.bundle import CATALOGUE_DOCX, HASH_LIST, SHEET_PAGE, VERIFIER_PAGE, WACZ
from crawler.evidence.report import STATES_ZH
from crawler.export.artefact import take_artefact
from crawler.export.model import group_names
from crawler.export.papers.exhibit_print import volumes_of
from crawler.export.papers.facts import PLATFORM, PUBLIC, CaseFacts, capture_of
from crawler.export.papers.html import moment
from crawler.export.selection import Selected
from crawler.export.wording import how_kept
from crawler.store.casefile import CaseExhibit

INDEX, PICTURES, PAPERS = "data/index.html", "data/pictures", "data/papers"
_SHOWN = ("viewport", "screenshot")  # the first that there is; of a redacted page the beginning of the whole
_REDACTED = {
    PLATFORM: "<p class=small><b>本包为脱敏副本（供平台核查）。</b>评价人、发帖人以代号表示，网址保留；"
    "登录凭据和个人信息已隐去，图像模糊处理。原件未随包交付，其摘要与副本在同一日志之中。</p>",
    PUBLIC: "<p class=small><b>本包为脱敏副本（供公开）。</b>不含个人信息和联系方式，图像模糊处理，"
    "只保留确知不涉及个人的文字。原件未随包交付，其摘要与副本在同一日志之中。</p>",
}
_OF_EXHIBIT = ("exhibit-", "finding-")  # papers that are linked beside their exhibit
_MOST = 6  # quotes of one kind; the tables have all


def write_index(bag: Path, facts: CaseFacts, papers: Mapping[str, str]) -> None:
    """Write data/index.html and the pictures that it shows. `papers`: file name → title, of those that are there."""
    case = facts.case
    head = (
        f"<p>案件：{escape(case.title)}（编号 {escape(case.id)}）　案由：{escape(case.cause)}"
        f"　提交人：{escape(case.submitter)}</p>"
        "<p class=small>所列材料为初步证据；所涉行为仅为涉嫌，是否成立由有权机关判断。</p>"
        f"{_REDACTED.get(facts.grade, '')}{_supplement(facts)}"
    )
    page = Template((files("crawler.export") / "index.html").read_text("utf-8"))
    shown = page.substitute(
        title=escape(f"证据材料：{case.title}"),
        body="".join([head, _papers(papers), *_exhibits(bag, facts, papers)]),
        sheet=SHEET_PAGE.removeprefix("data/"),
        verifier=VERIFIER_PAGE.removeprefix("data/"),
    )
    (bag / INDEX).write_text(shown, "utf-8")


def _supplement(facts: CaseFacts) -> str:
    if not facts.earlier:
        return ""
    return (
        "<p class=small><b>本包为补充。</b>只含先前证据包所缺的采集及其证据；先前证据包的 "
        "tagmanifest-sha256.txt 的摘要为 "
        f"<code>{escape(facts.earlier)}</code>。两包出自同一日志：evidence verify 本包 --with 先前证据包。</p>"
    )


def _papers(papers: Mapping[str, str]) -> str:
    """The papers of the whole case; those of one exhibit stand beside it."""
    beside = {CATALOGUE_DOCX: "证据目录（可编辑）", SHEET_PAGE: "核验说明", VERIFIER_PAGE: "离线核验程序",
              HASH_LIST: "哈希清单", WACZ: "网页存档（WACZ，可用 ReplayWeb.page 打开）"}  # fmt: skip
    links = [
        (f"{PAPERS.removeprefix('data/')}/{name}", title)
        for name, title in papers.items()
        if not name.startswith(_OF_EXHIBIT)
    ]
    links += [(name.removeprefix("data/"), title) for name, title in beside.items()]
    items = "".join(
        f"<li><a href='{escape(link)}'>{escape(title)}</a>　<code>{escape(link)}</code></li>"
        for link, title in links
    )
    return f"<h2>文书</h2><ul>{items}</ul>"


def _exhibits(bag: Path, facts: CaseFacts, papers: Mapping[str, str]) -> Iterator[str]:
    names = group_names()
    for group, members in groupby(facts.filed(), key=lambda one: one.group):
        yield f"<h2>{group}　{escape(names[group])}</h2>"
        for exhibit in members:
            yield _exhibit(bag, facts, exhibit, papers)


def _exhibit(bag: Path, facts: CaseFacts, exhibit: CaseExhibit, papers: Mapping[str, str]) -> str:
    said: dict[str, dict[str, None]] = {}
    for name in exhibit.findings:
        for quote in (facts.findings.get(name) or {}).get("quotes", ()):
            said.setdefault(quote["label"], {})[quote["text"]] = None
    quotes = [
        f"<blockquote class=small>{_quoted(label, list(texts))}</blockquote>" for label, texts in said.items()
    ]
    shown = "".join(_captured(bag, facts, one) for one in facts.of(exhibit))
    number, title = escape(exhibit.number), escape(exhibit.title)
    return (
        f"<div class=exhibit id='{number}'><h3>证据 {number}　{title}</h3>"
        f"<p>{escape(exhibit.purpose)}</p>{_prints(exhibit, papers)}{''.join(quotes)}{shown}</div>"
    )


def _prints(exhibit: CaseExhibit, papers: Mapping[str, str]) -> str:
    names = [*volumes_of(exhibit.number, papers), f"exhibit-{exhibit.number}-marked.pdf"]
    names += [f"finding-{finding}.pdf" for finding in exhibit.findings]
    folder = PAPERS.removeprefix("data/")
    links = [
        f"<a href='{folder}/{escape(name)}'>{escape(papers[name])}</a>" for name in names if name in papers
    ]
    return f"<p class=small>{'　'.join(links)}</p>" if links else ""


def _quoted(label: str, texts: list[str]) -> str:
    more = f"等 {len(texts)} 处" if len(texts) > _MOST else ""
    return f"{escape(label)}：{''.join(f'“{escape(text)}”' for text in texts[:_MOST])}{more}"


def _captured(bag: Path, facts: CaseFacts, one: Selected) -> str:
    capture = capture_of(one)
    told = (
        f"{capture.url}　{STATES_ZH[capture.state]}；{how_kept(capture)}；采集于 {moment(capture.started)}，"
        f"不早于 {moment(one.not_before)}，不晚于 {moment(one.not_after)}（北京时间）；日志序号 {one.index}"
    )
    picture = ""
    made = next((made for made in _SHOWN if capture.artefact(made) is not None), None)
    if made is not None:
        name = f"{capture.id}.png"
        (bag / PICTURES).mkdir(exist_ok=True)
        (bag / PICTURES / name).write_bytes(take_artefact(facts.archive, one.index, made).content)
        shown = f"src='pictures/{name}' alt='{escape(f'网页首屏截图 {capture.url}')}'"
        picture = f"<div class=shown><img loading=lazy {shown}></div>"
    return f"<p class=small>{escape(told)}</p>{picture}"
