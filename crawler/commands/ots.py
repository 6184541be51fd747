"""OpenTimestamps, the optional extra."""

import sys
from pathlib import Path

import click

from crawler.commands.root import NOT_SEALED, Group, as_json, evidence, show_result
from crawler.config import read_config
from crawler.engine.ots_http import ask_calendar
from crawler.errors import ConfigError
from crawler.evidence.ots import INSTALL, Submitted, installed, submit_newest, upgrade_all
from crawler.store.session import Session

_STATES = {
    "complete": "已指向比特币区块（尚待与区块核对）",
    "pending": "待完成：仅为日历服务器的承诺，不能证明时间",
}


@evidence.group(cls=Group)
def ots() -> None:
    """OpenTimestamps（可选，不能代替时间戳机构） / optional, never the only anchor.

    \b
    evidence ots stamp
    evidence ots upgrade
    """


@ots.command("stamp")
@as_json
@click.pass_obj
def ots_stamp(archive: Path, as_json: bool) -> None:
    """把最新检查点的摘要提交给日历服务器 / submit the newest checkpoint.

    \b
    evidence ots stamp
    """
    _require(archive)
    with Session.open(archive) as session:
        state = submit_newest(session.archive, ask_calendar)
    found = {"size": state.size, "kept": state.kept, "missing": state.missing}
    show_result(as_json, found, submitted_text(state))
    if state.missing:
        sys.exit(NOT_SEALED)


@ots.command("upgrade")
@as_json
@click.pass_obj
def ots_upgrade(archive: Path, as_json: bool) -> None:
    """向日历服务器索取区块路径 / ask the calendars for completion.

    \b
    evidence ots upgrade
    """
    _require(archive)
    with Session.open(archive) as session:
        found = upgrade_all(session.archive, ask_calendar)
    lines = [f"{name}：{_STATES.get(state, state)}" for name, state in found.items()]
    show_result(as_json, found, "\n".join(lines) or "没有 OpenTimestamps 文件。")
    if set(found.values()) - {"complete"}:
        sys.exit(NOT_SEALED)


def submitted_text(state: Submitted) -> str:
    """What submitting came to, for the terminal; empty if nobody was asked."""
    lines = [f"检查点 {state.size} 已提交 {calendar}：{_STATES['pending']}" for calendar in state.kept]
    lines += [f"{calendar} 未接受：{reason}" for calendar, reason in state.missing.items()]
    return "\n".join(lines)


def _require(archive: Path) -> None:
    if not read_config(archive).calendars:
        raise ConfigError(
            'no calendar is configured: add [opentimestamps] calendars = ["https://…"] to evidence.toml'
        )
    if not installed():
        raise ConfigError(INSTALL)
