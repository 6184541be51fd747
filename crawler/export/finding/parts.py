"""The parts of a finding's page, as HTML: its head, passages, explanations, decisions and captures."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from crawler import clock
from crawler.evidence.report import STATES_ZH
from crawler.export.finding.crop import Crop
from crawler.export.finding.passage import Passage, Piece
from crawler.export.finding.plot_words import text
from crawler.export.finding.sources import Logged
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
_MOST_QUOTED = 600  # characters that are shown of a mark
_MOST_CAPTURES, _MOST_TITLE = 30, 60
_CROP_MM = 0.19  # millimetres for a pixel of a page: its letters are then as large as ours
_SIGNS, _MOST_SIGNS = 0x2600, 8  # where emoji begin; how many are named


def head(finding: StoredFinding, content: Json, detector: str) -> str:
    """What stands above everything: grade, id, detector, state and times."""
    old = "" if finding.current else "<span>（已有更新的结果，本条留存备查）</span>"
    return (
        f"<div class=head><b>疑似线索　{text(GRADES[content['grade']])}</b>"
        f"<span>编号 <code>{text(finding.id)}</code></span>"
        f"<span>检测器：{text(detector)}（{text(finding.detector)} 第 {finding.version} 版）</span>"
        f"<span>状态：{STATES[finding.state]}</span><span>形成：{clock.beijing(finding.made)}</span>{old}</div>"
    )


def chain(content: Json) -> str:
    """招募—消费—评价—返款, with the link that the finding belongs to set off."""
    links = [
        f"<span{' class=here' if name == content['link'] else ''}>{text(title)}</span>"
        for name, title in link_names().items()
    ]
    return f"<p class=chain>所属环节：{' — '.join(links)}</p>"


def passage_html(passage: Passage, picture: str) -> str:
    """A passage with its marks, and where it stands."""
    first, several = passage.quotes[0], len(passage.labels) > 1
    words = "".join(_piece(piece, labelled=several) for piece in passage.pieces)
    restored = dict.fromkeys(quote["restored"] for quote in passage.quotes if quote["restored"])
    plain = f"<p>还原：{text('；'.join(restored)[:_MOST_QUOTED])}</p>" if restored else ""
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


def crop_html(crop: Crop, source: str) -> str:
    """The picture of a passage."""
    return (
        f'<figure><img class=crop src="{source}" alt="截图局部，红框内为上述引文"'
        f' style="width:{crop.width * _CROP_MM:.0f}mm">'
        "<figcaption>该次采集截图的局部，红框为程序所加，框内为引文所在的行；原图摘要见“所依据的采集”</figcaption></figure>"
    )


def titled(passage: Passage, picture: str) -> str:
    """A picture that stands apart from its passage."""
    first = passage.quotes[0]
    thing = f"{KINDS.get(first['kind'], first['kind'])} {text(first['identifier'][:40])}"
    words = f"<bdi>{text(first['text'][:_MOST_TITLE])}</bdi>"
    return f"<div class=quote><p>{thing}：{words}</p>{picture}</div>"


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


def shown_by(fact: Json) -> str:
    """Captures that show a fact."""
    captures = fact.get("captures", ())
    if not captures:
        return ""
    first = "、".join(f"<code class=id>{text(each[:12])}</code>" for each in captures[:3])
    return (
        f" <span class=where>（采集 {first}{f' 等 {len(captures)} 次' if len(captures) > 3 else ''}）</span>"
    )


def tested(tested: Sequence[Json], most: int | None) -> str:
    """What remains stands first where not all is shown: nothing that speaks for the other side is left out."""
    ordered = tested if most is None else sorted(tested, key=lambda each: not each["remains"])
    kept = max(most or len(tested), sum(each["remains"] for each in tested))
    rows = "".join(
        f"<tr><td>{text(each['explanation'])}</td><td>{text(each['result'])}</td>"
        f"<td{' class=remains' if each['remains'] else ''}>{'未能排除' if each['remains'] else '已排除'}</td></tr>"
        for each in ordered[:kept]
    )
    widths = "<colgroup><col style='width:24%'><col><col style='width:11%'></colgroup>"
    head = "<thead><tr><th>其他解释</th><th>检验所见</th><th>结果</th></tr></thead>"
    left = len(tested) - kept
    more = f"<p class=note>另有 {left} 种解释经检验已排除，见全文。</p>" if left > 0 else ""
    return f"<table>{widths}{head}<tbody>{rows}</tbody></table>{more}"


def listed(lines: Sequence[str]) -> str:
    """Lines as a list."""
    return f"<ul>{''.join(f'<li>{text(line)}</li>' for line in lines)}</ul>"


def decided(finding: StoredFinding) -> list[str]:
    """What people decided, with their reasons; nothing where nobody did."""
    words = {"confirmed": "采用", "rejected": "排除"}
    lines = [
        f"{clock.beijing(each.time)}　{each.by}　{words[each.verdict]}：{each.reason}"
        for each in finding.decisions
    ]
    return [listed(lines)] if lines else []


def captured(captures: Sequence[Logged], brief: int | None) -> list[str]:
    """The captures that it rests on, with their digests; in `brief` so many of them, without what quotes say."""
    if not captures:
        return []
    most = _MOST_CAPTURES if brief is None else brief
    left = len(captures) - most
    more = f"<p class=note>另有 {left} 次采集，编号见 evidence findings show --json。</p>" if left > 0 else ""
    if brief is not None:
        lines = "".join(f"<li>{_in_a_line(each)}</li>" for each in captures[:most])
        return [f"<ul class=where>{lines}</ul>{more}"]
    rows = "".join(map(_capture, captures[:most]))
    widths = "<colgroup><col style='width:16%'><col style='width:33%'><col></colgroup>"
    titles = "<thead><tr><th>采集，日志序号</th><th>网址，采集时间，状态</th><th>SHA-256</th></tr></thead>"
    return [f"<table>{widths}{titles}<tbody>{rows}</tbody></table>{more}"]


def _in_a_line(logged: Logged) -> str:
    digests = "，".join(f"{name} SHA-256 <code>{text(digest)}</code>" for name, digest in logged.digests)
    return f"采集 <code>{text(logged.capture.id[:12])}</code>，日志序号 {logged.leaf}，{digests}"


def _capture(logged: Logged) -> str:
    one = logged.capture
    digests = "<br>".join(f"{name}<br><code>{text(digest)}</code>" for name, digest in logged.digests)
    removed = "；内容已按留存期限删除" if logged.removed else ""
    return (
        f"<tr><td><code>{text(one.id[:12])}</code>，{logged.leaf}</td>"
        f"<td><code>{text(one.url)}</code><br>{clock.beijing(one.started)}，{STATES_ZH[one.state]}{removed}</td>"
        f"<td>{digests}</td></tr>"
    )


def foot(finding: StoredFinding) -> str:
    """What stands below everything."""
    return (
        "<p class=foot>本页由程序依据证据库生成，只提示疑似之处，不作结论；是否成立由有权机关判断。"
        f"引文与事实以所列采集的原始记录为准。线索内容（规范 JSON）SHA-256 <code>{text(finding.digest)}</code>，"
        f"日志序号 {finding.leaf}。</p>"
    )
