"""What people see of findings in the terminal: Chinese, no verdicts. Text in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.detect.kit.finding import GRADES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crawler.detect.kit.detecting import Detected


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
