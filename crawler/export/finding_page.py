"""A finding as one page for people: what was seen, where, why it matters, what else was tested, what law may apply.

`finding_pdf` makes a PDF/A of it, `finding_html` a file that opens in any browser and prints the same on A4. Both
show the same body. Nothing is loaded from elsewhere; words of pages are escaped, cut where they are endless, and
kept apart from ours (`<bdi>`: text that runs backwards turns only itself around).
"""

import base64
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crawler import clock
from crawler.evidence.report import STATES_ZH
from crawler.export.finding_crop import Crop
from crawler.export.finding_law import law_section
from crawler.export.finding_passage import Passage, Piece
from crawler.export.finding_sources import Logged, Sources
from crawler.export.finding_style import PAGE, STYLE
from crawler.export.finding_table import table_html
from crawler.export.papers.pdf import FONT, pdf
from crawler.export.plot import plot_svg
from crawler.export.plot_words import text
from crawler.law.articles import link_names
from crawler.store.findings import StoredFinding

Json = Mapping[str, Any]
GRADES = {"strong": "强线索", "medium": "中线索", "weak": "弱线索"}
STATES = {"open": "待人工核对", "confirmed": "已由人核对并采用", "rejected": "已由人核对并排除"}
KINDS = {"listing": "商品", "review": "评价", "post": "帖文"}
FIELDS = {
    "name": "名称", "headline": "标题", "review_body": "评价内容", "article_body": "正文", "seller": "卖家",
    "sales": "销量", "review_count": "评价数",
}  # fmt: skip
_FIRST = 3  # passages on the first page
_MOST_QUOTED = 600  # characters that are shown of a mark
_MOST_CAPTURES, _MOST_TITLE = 30, 60
_CROP_MM = 0.19  # millimetres for a pixel of a page: its letters are then as large as ours
_SIGNS, _MOST_SIGNS = 0x2600, 8  # where emoji begin; how many are named


def finding_html(finding: StoredFinding, found: Sources, *, detector: str) -> str:
    """A whole page; pictures are in it. `detector`: its Chinese title."""

    def embedded(crop: Crop, _number: int) -> str:
        return "data:image/png;base64," + base64.b64encode(crop.png).decode()

    body = _body(finding, found, detector, embedded)
    return PAGE.format(title=text(_title(finding)), font=FONT, style=STYLE, body=body)


def finding_pdf(finding: StoredFinding, found: Sources, *, detector: str, author: str) -> bytes:
    """A PDF/A-3b, with page numbers. Raises UsageError where a library of WeasyPrint's is missing."""
    body = _body(finding, found, detector, lambda _crop, number: f"picture:crop-{number}")
    pictures = {f"crop-{number}": crop.png for number, crop in found.crops.items()}
    until = max([finding.made, *(each.time for each in finding.decisions)])
    return pdf(_title(finding), body, author=author, until=until, style=STYLE, pictures=pictures)


def _title(finding: StoredFinding) -> str:
    return f"疑似线索 {finding.id}"


def _body(finding: StoredFinding, found: Sources, detector: str, shown: Callable[[Crop, int], str]) -> str:
    """First what tells the finding, on one page where there is little of it; then all the rest of its material."""
    content: Json = finding.content or {}
    pictures = {number: _crop(crop, shown(crop, number)) for number, crop in found.crops.items()}
    first = min(pictures, default=None)  # one picture beside its words; the others would fill the first page
    passages = [
        _passage(each, pictures[number] if number == first else "")
        for number, each in enumerate(found.passages)
    ]
    others = [_titled(found.passages[number], each) for number, each in pictures.items() if number != first]
    left = len(passages) - _FIRST
    more = [f"<p class=note>另有 {left} 处原文，附后。</p>"] if left > 0 else []
    facts = "".join(f"<li>{text(fact['text'])}{_shown_by(fact)}</li>" for fact in content.get("facts", ()))
    parts = [
        _head(finding, content, detector),
        f"<h1>{text(content['claim'])}</h1>",
        _chain(content),
        f"<p>{text(content['why'])}</p>",
        *_section("所见事实", [f"<ul>{facts}</ul>"] if facts else []),
        *_section("原文", [*passages[:_FIRST], *more]),
        *(f"<figure>{plot_svg(plot)}</figure>" for plot in content.get("plots", ())),
        *_section("已检验的其他解释", [_innocent(content["innocent"])]),
        *_section("偶然性", [f"<p>{text(content['chance'])}</p>"] if content.get("chance") else []),
        *_section("本线索不能说明的", [_list(content.get("limits", ()))] if content.get("limits") else []),
        *_section("可能涉及的条文（按行为时间）", law_section(content)),
        *_section("人工核对", _decisions(finding)),
        *_section("附：其余原文", passages[_FIRST:]),
        *_section("附：原文的截图", others),
        *_section("附：表", [table_html(table) for table in content.get("tables", ())]),
        *_section("附：所依据的采集", _captures(found.captures)),
        _foot(finding),
    ]
    return "\n".join(parts)


def _head(finding: StoredFinding, content: Json, detector: str) -> str:
    old = "" if finding.current else "<span>（已有更新的结果，本条留存备查）</span>"
    return (
        f"<div class=head><b>疑似线索　{text(GRADES[content['grade']])}</b>"
        f"<span>编号 <code>{text(finding.id)}</code></span>"
        f"<span>检测器：{text(detector)}（{text(finding.detector)} 第 {finding.version} 版）</span>"
        f"<span>状态：{STATES[finding.state]}</span><span>形成：{clock.beijing(finding.made)}</span>{old}</div>"
    )


def _chain(content: Json) -> str:
    """招募—消费—评价—返款, with the link that the finding belongs to set off."""
    links = [
        f"<span{' class=here' if name == content['link'] else ''}>{text(title)}</span>"
        for name, title in link_names().items()
    ]
    return f"<p class=chain>所属环节：{' — '.join(links)}</p>"


def _section(title: str, parts: Sequence[str]) -> Iterator[str]:
    if parts:
        yield f"<h2>{title}</h2>"
        yield from parts


def _passage(passage: Passage, picture: str) -> str:
    first, several = passage.quotes[0], len(passage.labels) > 1
    words = "".join(_piece(piece, labelled=several) for piece in passage.pieces)
    restored = dict.fromkeys(quote["restored"] for quote in passage.quotes if quote["restored"])
    plain = f"<p>还原：{text('；'.join(restored))}</p>" if restored else ""
    field = str(FIELDS.get(first["field"], first["field"]))
    spans = dict.fromkeys(f"{quote['start'] + 1}–{quote['end']}" for quote in passage.quotes)
    where = (
        f"{KINDS.get(first['kind'], first['kind'])} {text(first['identifier'][:40])} 的{text(field)}"
        f"第 {'、'.join(spans)} 字；采集 <code>{text(first['capture'][:12])}</code>，"
        f"{clock.beijing(first['captured_at'])}；<code>{text(first['url'])}</code>{_signs(passage)}"
    )
    return (
        f"<div class=quote><p><b>{text('、'.join(passage.labels))}</b>：<bdi>{words}</bdi></p>{plain}"
        f"<p class=where>{where}</p>{picture}</div>"
    )


def _titled(passage: Passage, picture: str) -> str:
    """A picture that stands apart from its passage."""
    first = passage.quotes[0]
    words = text(first["text"][:_MOST_TITLE])
    return f"<div class=quote><p>{KINDS.get(first['kind'], '')} {text(first['identifier'][:40])}：<bdi>{words}</bdi></p>{picture}</div>"


def _signs(passage: Passage) -> str:
    """Which emoji stand there: not every machine has a font that shows them."""
    marked = "".join(piece.text for piece in passage.pieces)
    signs = [
        each for each in dict.fromkeys(marked) if ord(each) >= _SIGNS and unicodedata.category(each) == "So"
    ]
    return f"；文中符号 {'、'.join(f'U+{ord(each):X}' for each in signs[:_MOST_SIGNS])}" if signs else ""


def _piece(piece: Piece, *, labelled: bool) -> str:
    if not piece.labels:
        return f"<span class=around>{text(piece.text)}</span>"
    more = f"……（引文共 {len(piece.text)} 字）" if len(piece.text) > _MOST_QUOTED else ""
    label = f"<small>〔{text('、'.join(piece.labels))}〕</small>" if labelled else ""
    return f"<mark>{text(piece.text[:_MOST_QUOTED])}</mark>{more}{label}"


def _crop(crop: Crop, source: str) -> str:
    return (
        f'<figure><img class=crop src="{source}" alt="截图局部，红框内为上述引文"'
        f' style="width:{crop.width * _CROP_MM:.0f}mm">'
        "<figcaption>该次采集截图的局部，红框为程序所加，框内为引文所在的行；原图摘要见附表</figcaption></figure>"
    )


def _shown_by(fact: Json) -> str:
    captures = fact.get("captures", ())
    if not captures:
        return ""
    first = "、".join(f"<code>{text(each[:12])}</code>" for each in captures[:3])
    return (
        f" <span class=where>（采集 {first}{f' 等 {len(captures)} 次' if len(captures) > 3 else ''}）</span>"
    )


def _innocent(tested: Sequence[Json]) -> str:
    rows = "".join(
        f"<tr><td>{text(each['explanation'])}</td><td>{text(each['result'])}</td>"
        f"<td{' class=remains' if each['remains'] else ''}>{'未能排除' if each['remains'] else '已排除'}</td></tr>"
        for each in tested
    )
    widths = "<colgroup><col style='width:24%'><col><col style='width:11%'></colgroup>"
    head = "<thead><tr><th>其他解释</th><th>检验所见</th><th>结果</th></tr></thead>"
    return f"<table>{widths}{head}<tbody>{rows}</tbody></table>"


def _list(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"


def _decisions(finding: StoredFinding) -> list[str]:
    words = {"confirmed": "采用", "rejected": "排除"}
    lines = [
        f"{clock.beijing(each.time)}　{each.by}　{words[each.verdict]}：{each.reason}"
        for each in finding.decisions
    ]
    return [_list(lines)] if lines else []


def _captures(captures: Sequence[Logged]) -> list[str]:
    if not captures:
        return []
    rows = "".join(map(_capture, captures[:_MOST_CAPTURES]))
    left = len(captures) - _MOST_CAPTURES
    more = f"<p class=note>另有 {left} 次采集，编号见 evidence findings show --json。</p>" if left > 0 else ""
    widths = "<colgroup><col style='width:16%'><col style='width:33%'><col></colgroup>"
    head = "<thead><tr><th>采集，日志序号</th><th>网址，采集时间，状态</th><th>SHA-256</th></tr></thead>"
    return [f"<table>{widths}{head}<tbody>{rows}</tbody></table>{more}"]


def _capture(logged: Logged) -> str:
    one = logged.capture
    digests = "<br>".join(f"{name}<br><code>{text(digest)}</code>" for name, digest in logged.digests)
    removed = "；内容已按留存期限删除" if logged.removed else ""
    return (
        f"<tr><td><code>{text(one.id[:12])}</code>，{logged.leaf}</td>"
        f"<td><code>{text(one.url)}</code><br>{clock.beijing(one.started)}，{STATES_ZH[one.state]}{removed}</td>"
        f"<td>{digests}</td></tr>"
    )


def _foot(finding: StoredFinding) -> str:
    return (
        "<p class=foot>本页由程序依据证据库生成，只提示疑似之处，不作结论；是否成立由有权机关判断。"
        f"引文与事实以所列采集的原始记录为准。线索内容（规范 JSON）SHA-256 <code>{text(finding.digest)}</code>，"
        f"日志序号 {finding.leaf}。</p>"
    )
