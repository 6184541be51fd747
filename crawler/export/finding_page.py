"""A finding as one page for people: what was seen, where, why it matters, what else was tested, what law may apply.

`finding_pdf` makes a PDF/A of it, `finding_html` a file that opens in any browser and prints the same on A4. Both
show the same body. Nothing is loaded from elsewhere; words of pages are escaped, cut where they are endless, and
kept apart from ours (`<bdi>`: text that runs backwards turns only itself around).
"""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from crawler import clock
from crawler.evidence.report import STATES_ZH
from crawler.export.finding_crop import Crop
from crawler.export.finding_law import law_section
from crawler.export.finding_sources import Logged, Sources
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
_MOST_QUOTED, _MOST_CELL = 600, 240  # characters that are shown of a quote and of a table's cell
_MOST_ROWS, _MOST_CAPTURES = 60, 30
STYLE = """\
@page { size: A4; margin: 14mm 15mm 16mm; }
body { font-size: 9.3pt; line-height: 1.45; }
h1 { font-size: 13.5pt; line-height: 1.4; text-align: left; margin: 1mm 0 2mm; }
h2 { font-size: 10.5pt; margin: 3mm 0 1mm; border-bottom: .6pt solid #999; }
p, ul { margin: 1mm 0; } ul { padding-left: 5mm; }
table { font-size: 8.5pt; } caption { text-align: left; font-weight: bold; padding: 1mm 0; }
th, td { padding: .6mm 1.2mm; border-color: #999; }
code { font-size: 7.5pt; }
.head { display: flex; flex-wrap: wrap; gap: 0 4mm; border-bottom: 1.2pt solid #000; font-size: 9pt; padding-bottom: 1mm; }
.head b { font-size: 11pt; }
.chain { margin: 1.5mm 0; }
.chain span { border: .8pt solid #999; color: #666; padding: .3mm 2.5mm; }
.chain .here { border-color: #000; background: #000; color: #fff; font-weight: bold; }
.quote { border-left: 2pt solid #999; padding-left: 2.5mm; margin: 1.5mm 0; break-inside: avoid; }
.quote p { margin: .3mm 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.where { font-size: 7.6pt; color: #444; }
mark { background: #ffe27a; border-bottom: 1pt solid #8a6d00; }
.around { color: #555; }
figure { margin: 2mm 0; break-inside: avoid; } figure svg { width: 100%; height: auto; }
figcaption { font-size: 7.6pt; color: #444; }
.crop { max-width: 100%; border: .5pt solid #999; }
.remains { font-weight: bold; }
.foot { margin-top: 3mm; border-top: .6pt solid #999; font-size: 8pt; color: #333; }
"""
_PAGE = """\
<!DOCTYPE html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font-family: {font}; max-width: 180mm; margin: 2em auto; padding: 0 1em; color: #000; background: #fff; }}
table {{ border-collapse: collapse; width: 100%; margin: 2mm 0; }}
th, td {{ border: .5pt solid #999; vertical-align: top; text-align: left; overflow-wrap: anywhere; }}
th {{ background: #eee; }}
tr {{ break-inside: avoid; }}
h2 {{ break-after: avoid; }}
code {{ font-family: "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace; overflow-wrap: anywhere; }}
.note {{ font-size: 8.5pt; color: #333; }}
.unchecked {{ border: 1pt solid #b00; color: #b00; padding: 0 1mm; }}
{style}
@page {{ @bottom-center {{ font: 8pt {font}; content: "{title}　第 " counter(page) " 页，共 " counter(pages) " 页"; }} }}
@media print {{ body {{ max-width: none; margin: 0; padding: 0; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


def finding_html(finding: StoredFinding, found: Sources, *, detector: str) -> str:
    """A whole page; pictures are in it. `detector`: its Chinese title."""

    def embedded(crop: Crop, _number: int) -> str:
        return "data:image/png;base64," + base64.b64encode(crop.png).decode()

    body = _body(finding, found, detector, embedded)
    return _PAGE.format(title=text(_title(finding)), font=FONT, style=STYLE, body=body)


def finding_pdf(finding: StoredFinding, found: Sources, *, detector: str, author: str) -> bytes:
    """A PDF/A-3b, with page numbers. Raises UsageError where a library of WeasyPrint's is missing."""
    body = _body(finding, found, detector, lambda _crop, number: f"picture:crop-{number}")
    pictures = {f"crop-{number}": crop.png for number, crop in found.crops.items()}
    until = max([finding.made, *(each.time for each in finding.decisions)])
    return pdf(_title(finding), body, author=author, until=until, style=STYLE, pictures=pictures)


def _title(finding: StoredFinding) -> str:
    return f"疑似线索 {finding.id}"


def _body(finding: StoredFinding, found: Sources, detector: str, shown: Callable[[Crop, int], str]) -> str:
    content: Json = finding.content or {}
    quotes = [_quote(quote, number, found, shown) for number, quote in enumerate(content.get("quotes", ()))]
    facts = "".join(f"<li>{text(fact['text'])}{_shown_by(fact)}</li>" for fact in content.get("facts", ()))
    parts = [
        _head(finding, content, detector),
        f"<h1>{text(content['claim'])}</h1>",
        _chain(content),
        f"<p>{text(content['why'])}</p>",
        *_section("原文", quotes),
        *_section("所见事实", [f"<ul>{facts}</ul>"] if facts else []),
        *(f"<figure>{plot_svg(plot)}</figure>" for plot in content.get("plots", ())),
        *map(_table, content.get("tables", ())),
        *_section("已检验的其他解释", [_innocent(content["innocent"])]),
        *_section("偶然性", [f"<p>{text(content['chance'])}</p>"] if content.get("chance") else []),
        *_section("本线索不能说明的", [_list(content.get("limits", ()))] if content.get("limits") else []),
        *_section("可能涉及的条文（按行为时间）", law_section(content)),
        *_section("人工核对", _decisions(finding)),
        *_section("所依据的采集", _captures(found.captures)),
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


def _quote(quote: Json, number: int, found: Sources, shown: Callable[[Crop, int], str]) -> str:
    words, around = quote["text"], found.contexts.get(number)
    more = f"……（引文共 {len(words)} 字）" if len(words) > _MOST_QUOTED else ""
    marked = f"<mark>{text(words[:_MOST_QUOTED])}</mark>{more}"
    if around is not None:
        before = ("……" if around.cut_before else "") + around.before.lstrip()
        after = around.after.rstrip() + ("……" if around.cut_after else "")
        marked = f"<span class=around>{text(before)}</span>{marked}<span class=around>{text(after)}</span>"
    restored = f"<p>还原：{text(quote['restored'])}</p>" if quote.get("restored") else ""
    field = FIELDS.get(quote["field"], quote["field"])
    where = (
        f"{KINDS.get(quote['kind'], quote['kind'])} {text(quote['identifier'][:40])} 的{text(field)}"
        f"第 {quote['start'] + 1}–{quote['end']} 字；采集 <code>{text(quote['capture'][:12])}</code>，"
        f"{clock.beijing(quote['captured_at'])}；<code>{text(quote['url'])}</code>"
    )
    crop = found.crops.get(number)
    return (
        f"<div class=quote><p><b>{text(quote['label'])}</b>：<bdi>{marked}</bdi></p>{restored}"
        f"<p class=where>{where}</p>{_crop(crop, shown(crop, number)) if crop else ''}</div>"
    )


def _crop(crop: Crop, source: str) -> str:
    return (
        f'<figure><img class=crop src="{source}" alt="截图局部，红框内为上述引文" width="{crop.width}">'
        f"<figcaption>该次采集截图的局部；红框为程序所加，框内为引文所在的行。原图 SHA-256 "
        f"<code>{text(crop.original.removeprefix('sha256:'))}</code></figcaption></figure>"
    )


def _shown_by(fact: Json) -> str:
    captures = fact.get("captures", ())
    if not captures:
        return ""
    first = "、".join(f"<code>{text(each[:12])}</code>" for each in captures[:3])
    return (
        f" <span class=where>（采集 {first}{f' 等 {len(captures)} 次' if len(captures) > 3 else ''}）</span>"
    )


def _table(table: Json) -> str:
    head = "".join(f"<th>{text(name)}</th>" for name in table["columns"])
    rows = "".join(
        f"<tr>{''.join(f'<td><bdi>{text(_cell(cell))}</bdi></td>' for cell in row)}</tr>"
        for row in table["rows"][:_MOST_ROWS]
    )
    left = len(table["rows"]) - _MOST_ROWS
    more = f"<p class=note>另有 {left} 行，见 evidence findings show --json。</p>" if left > 0 else ""
    caption = f"<caption>{text(table['title'])}</caption>"
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}"


def _cell(words: str) -> str:
    return words if len(words) <= _MOST_CELL else words[:_MOST_CELL] + "……"


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
    widths = "<colgroup><col style='width:15%'><col style='width:33%'><col></colgroup>"
    head = "<thead><tr><th>采集，日志序号</th><th>网址，采集时间，状态</th><th>SHA-256</th></tr></thead>"
    return [f"<table>{widths}{head}<tbody>{rows}</tbody></table>{more}"]


def _capture(logged: Logged) -> str:
    one = logged.capture
    digests = "<br>".join(f"{name} <code>{text(digest)}</code>" for name, digest in logged.digests)
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
