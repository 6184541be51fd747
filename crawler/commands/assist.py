"""Assisted capture: the operator's own browser window."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import click

from crawler.commands.crawl import require_address
from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.commands.sealing import seal_now
from crawler.config import read_config
from crawler.engine.assist import HOTKEY, Assignment, Assistant, AssistReport, require_screen
from crawler.engine.passphrase import passphrase
from crawler.engine.viewing import viewing_of
from crawler.evidence.digest import digest
from crawler.evidence.manifest import Capture
from crawler.evidence.report import STATES_ZH
from crawler.store.session import Session


@evidence.command("assist")
@click.argument("url")
@click.option(
    "--account",
    prompt="使用哪个账号浏览（例如：本人京东账号，尾号 1234；未登录请填“未登录”）",
    help="使用的账号，写入日志",
)
@click.option(
    "--authority",
    prompt="依据（例如：当事人 2026-11-20 授权书；本会履职调查）",
    help="浏览和使用该账号的依据，写入日志",
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path, file_okay=False),
    help="浏览器用户数据文件夹，须在证据库之外；默认每个证据库一个",
)
@click.option("--every-page", is_flag=True, help="每打开一个网页就自动固定")
@as_json
@click.pass_obj
def assist_command(
    archive: Path,
    url: str,
    account: str,
    authority: str,
    profile: Path | None,
    every_page: bool,
    as_json: bool,
) -> None:
    """人工浏览取证：打开浏览器窗口，由您浏览，按按钮固定当前网页 / browse yourself, capture what you see.

    程序不代您点击、填写、滚动，不解验证码。Cookie 和令牌只留在证据库内的封存原件中，不随证据包移交。

    \b
    evidence assist https://item.jd.com/100012043978.html
    evidence assist https://www.xiaohongshu.com/ --account 未登录 --authority 本会履职调查 --every-page
    """
    require_address(url)
    require_screen()  # before anybody is asked for a passphrase
    secret = passphrase(archive)
    config = read_config(archive)
    chosen = profile or default_profile(config.origin)
    assignment = Assignment(
        url=url, account=account, authority=authority, profile=chosen, every_page=every_page
    )
    click.echo(f"浏览器窗口打开后，请用“取证控制台”的按钮或 {HOTKEY} 固定网页；关闭窗口即结束。", err=True)
    with Session.open(archive) as session:
        assistant = Assistant(
            session, assignment, viewing_of(config), lambda text: click.echo(text, err=True)
        )
        report = asyncio.run(_run(assistant))
        sealed = seal_now(session.archive, secret).sealed
    show_result(as_json, _as_json(report, sealed), _shown(report, sealed))
    if report.errors:
        sys.exit(1)
    if not sealed:
        sys.exit(NOT_SEALED)


def default_profile(origin: str) -> Path:
    """Where the operator's browser keeps its profile for an archive: in their home, never in the archive."""
    name = "".join(character if character.isalnum() or character in ".-" else "_" for character in origin)
    # Two origins may become one name: `a/b` and `a_b`.
    return Path.home() / ".local/share/web-evidence/profiles" / f"{name}-{digest(origin.encode())[-8:]}"


async def _run(assistant: Assistant) -> AssistReport:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        return await assistant.run(stop)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _as_json(report: AssistReport, sealed: bool) -> dict[str, Any]:
    captures = [
        {"id": capture.id, "url": capture.url, "state": capture.state, "reason": capture.reason}
        for capture in report.captures
    ]
    return {"run": report.run, "captures": captures, "errors": report.errors, "sealed": sealed}


def _shown(report: AssistReport, sealed: bool) -> str:
    lines = [f"人工取证 {report.run}：固定 {len(report.captures)} 页"]
    lines += [_line(capture) for capture in report.captures]
    lines += [f"  未能固定：{error}" for error in report.errors]
    if not sealed:
        lines.append("  尚未封存（unsealed）：请运行 evidence seal")
    return "\n".join(lines)


def _line(capture: Capture) -> str:
    reason = f"（{capture.reason}）" if capture.reason else ""
    return f"  {capture.id[:12]}  {STATES_ZH[capture.state]}{reason}  {capture.url}"
