"""What people see of findings in the terminal: Chinese, no verdicts. Text in, text out."""

from __future__ import annotations

import unicodedata
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from crawler import clock
from crawler.detect.kit.finding import GRADES, LINKS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.detect.kit.detecting import Detected
    from crawler.detect.kit.storyline import Storyline
    from crawler.store.findings import StoredFinding

STATES = {"open": "待核对", "confirmed": "已采用", "rejected": "已排除"}
_MOST_SHOWN = 300  # characters of a text on one line
_MOST_NAMED = 12  # captures that are named


def detected(found: Mapping[str, Detected]) -> str:
    """One line for each detector: how many findings of which grade, how many of them new."""
    lines = [_line(name, one) for name, one in found.items()]
    total, new = (
        sum(sum(one.found.values()) for one in found.values()),
        sum(one.new for one in found.values()),
    )
    return "\n".join([*lines, f"共 {total} 条疑似线索，其中新增 {new} 条；逐条查看：evidence findings list"])


def _line(name: str, one: Detected) -> str:
    grades = "、".join(f"{title} {one.found[grade]}" for grade, title in GRADES.items() if one.found[grade])
    return f"{one.title}（{name}）：{grades or '没有'}{f'，新增 {one.new}' if one.new else ''}"


def rank(finding: StoredFinding) -> tuple[int, str, int, str]:
    """For sorting: strong before weak, then by detector and in the order in which they were made."""
    grades = list(GRADES)
    grade = grades.index(finding.content["grade"]) if finding.content else len(grades)
    return grade, finding.detector, finding.leaf, finding.id


def listed(found: Sequence[StoredFinding], every: Sequence[StoredFinding], titles: Mapping[str, str]) -> str:
    """One line for each finding, under a heading for each grade; then how many there are of each state."""
    lines: list[str] = []
    for grade, group in groupby(found, key=_grade):
        lines += [f"{grade}：", *(_listed(each, titles) for each in group)]
    counts = Counter(each.state for each in every)
    states = "，".join(f"{title} {counts[state]}" for state, title in STATES.items())
    return "\n".join([*(lines or ["没有符合条件的线索。"]), f"共 {len(every)} 条：{states}"])


def one(finding: StoredFinding, title: str, captures: Sequence[str]) -> str:
    """All that a finding says."""
    content = finding.content
    lines = [
        f"疑似线索 {finding.id}　{_grade(finding)}　{title}（{finding.detector} 第 {finding.version} 版）"
    ]
    if not finding.current:
        lines.append("  已有更新的结果，本条留存备查")
    if content is None:
        lines.append("  内容已随所引的采集删除；仍在的部分可用 evidence detect --again 重新得出")
        return "\n".join([*lines, *_decisions(finding)])
    lines += [f"  {_flat(content['claim'])}", f"  环节：{LINKS[content['link']]}；{_flat(content['why'])}"]
    lines += ["原文："] if content["quotes"] else []
    for quote in content["quotes"]:
        restored = f"（还原：{_flat(quote['restored'])}）" if quote["restored"] else ""
        lines.append(f"  {quote['label']}：“{_flat(quote['text'])}”{restored}")
        lines.append(
            f"    采集 {quote['capture'][:12]}，{clock.beijing(quote['captured_at'])}，{quote['url']}"
        )
    lines += (
        ["所见事实：", *(f"  {_flat(fact['text'])}" for fact in content["facts"])] if content["facts"] else []
    )
    lines.append("已检验的其他解释：")
    lines += [
        f"  {'未能排除' if each['remains'] else '已排除'}：{_flat(each['explanation'])}——{_flat(each['result'])}"
        for each in content["innocent"]
    ]
    lines += [f"偶然性：{_flat(content['chance'])}"] if content["chance"] else []
    lines += (
        ["本线索不能说明的：", *(f"  {_flat(limit)}" for limit in content["limits"])]
        if content["limits"]
        else []
    )
    kept = f"所依据的采集 {len(captures)} 次：{'、'.join(each[:12] for each in captures[:_MOST_NAMED])}"
    lines.append(kept + ("……" if len(captures) > _MOST_NAMED else ""))
    parts = [f"表 {len(content['tables'])} 张"] * bool(content["tables"])
    parts += [f"图 {len(content['plots'])} 张"] * bool(content["plots"])
    about = f"（含{'、'.join(parts)}）" if parts else ""
    lines.append(f"导出为一页{about}：evidence findings export {finding.id} --to 线索.pdf")
    return "\n".join([*lines, *_decisions(finding)])


def decided(finding: StoredFinding) -> str:
    """What was decided, and that it was not the first decision."""
    last = finding.decisions[-1]
    lines = [f"{finding.id} {STATES[finding.state]}：{last.reason}（{last.by}，{clock.beijing(last.time)}）"]
    if len(finding.decisions) > 1:
        before = finding.decisions[-2]
        lines.append(f"  先前的决定保留在日志中：{STATES[before.verdict]}，{before.reason}（{before.by}）")
    return "\n".join(lines)


def stories(found: Sequence[Storyline], gone: int) -> str:
    """Each storyline along the four links, with its gaps. `gone`: findings whose words are not kept any more."""
    lines: list[str] = []
    for story in found:
        lines.append(f"{story.id}　{GRADES[story.grade]}　{_flat(story.title)}")
        for stage in story.stages:
            lines.append(f"  {LINKS[stage.link]}：{'' if stage.members else stage.gap}")
            lines += [
                f"    {each.finding}　{GRADES[each.grade]}　{_flat(each.claim)}（{each.because}）"
                for each in stage.members
            ]
        lines += [f"  注意：{remark}" for remark in story.remarks]
    lines = lines or ["没有可以串联的线索。"]
    return "\n".join([*lines, *([f"（{gone} 条线索的内容已不在，未计入）"] if gone else [])])


def _listed(finding: StoredFinding, titles: Mapping[str, str]) -> str:
    claim = _flat(finding.content["claim"]) if finding.content else "（内容已不在：evidence detect --again）"
    state = "" if finding.state == "open" else f"〔{STATES[finding.state]}〕"
    return f"  {finding.id}  {titles.get(finding.detector, finding.detector)}  {state}{claim}"


def _grade(finding: StoredFinding) -> str:
    return GRADES[finding.content["grade"]] if finding.content else "内容不在"


def _decisions(finding: StoredFinding) -> list[str]:
    lines = [
        f"  {clock.beijing(each.time)}　{each.by}　{STATES[each.verdict]}：{each.reason}"
        for each in finding.decisions
    ]
    return ["人工决定：", *lines] if lines else [f"状态：{STATES['open']}"]


def _flat(words: str) -> str:
    """On one line, without what moves a terminal's cursor or turns its text around, and not endless."""
    flat = " ".join(words[: 2 * _MOST_SHOWN].split())
    plain = "".join(each for each in flat if unicodedata.category(each) not in ("Cc", "Cf", "Cs"))
    return plain if len(plain) <= _MOST_SHOWN else plain[:_MOST_SHOWN] + "……"
