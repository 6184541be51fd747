"""The chain of custody."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from crawler import clock
from crawler.commands.root import as_json, evidence, show_result
from crawler.evidence.archive import Archive
from crawler.evidence.report import WIDTH
from crawler.evidence.wrapping import wrapped
from crawler.export.custody import Step, custody

_INDENT = " " * 8


@evidence.command("custody")
@click.argument("case_id", metavar="[CASE]", required=False)
@as_json
@click.pass_obj
def custody_command(archive: Path, case_id: str | None, as_json: bool) -> None:
    """按时间列出谁在何时做了什么；给出案件则只列与该案有关的 / who did what, when.

    内容全部出自日志，不出自数据库。序号是日志条目的序号；时间戳不是日志条目，没有序号。

    \b
    evidence custody
    evidence custody K1
    """
    with Archive.open(archive) as opened:
        steps = custody(opened, case_id)
    show_result(as_json, [asdict(step) for step in steps], _text(steps))


def _text(steps: Sequence[Step]) -> str:
    return "\n".join(line for step in steps for line in _lines(step))


def _lines(step: Step) -> list[str]:
    """Entry, time, who and what; below it the particulars."""
    entry = "—" if step.entry is None else str(step.entry)
    when = clock.beijing(step.time) if step.time else "时间不明"
    act, _, particulars = step.text.partition("  ")
    head = f"{entry:>6}  {when}  {step.by}  {act}"
    return [head, *(wrapped(_INDENT + particulars, WIDTH, _INDENT) if particulars else [])]
