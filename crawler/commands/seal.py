"""Signing and stamping."""

import sys
from pathlib import Path
from typing import Any

import click

from crawler import clock, show
from crawler.commands.root import NOT_SEALED, as_json, evidence, show_result
from crawler.commands.sealing import seal_now, tell_others
from crawler.config import read_config
from crawler.engine.passphrase import passphrase
from crawler.engine.post import post_query
from crawler.errors import UsageError
from crawler.evidence.restamp import Renewal, renew
from crawler.evidence.retry import Attempts, read_attempts
from crawler.evidence.seal import Seal
from crawler.store.session import Session


@evidence.command("seal")
@click.option("--renew", "renewing", is_flag=True, help="在时间戳机构证书到期之前续盖时间戳")
@click.option("--days", type=click.FloatRange(min=0), help="与 --renew 同用：续盖多少天之内到期的，默认 90")
@click.option("--status", is_flag=True, help="只显示各时间戳机构的状态，不签署也不请求")
@as_json
@click.pass_obj
def seal_command(archive: Path, renewing: bool, days: float | None, status: bool, as_json: bool) -> None:
    """签署检查点并加盖时间戳；补齐先前未成功的 / sign and stamp now; drains what is still missing.

    \b
    evidence seal
    evidence seal --renew --days 90
    evidence seal --status
    """
    if (status and (renewing or days is not None)) or (days is not None and not renewing):
        raise UsageError("--status stands alone, and --days goes with --renew")
    if status:
        _show_status(archive, as_json)
    elif renewing:
        _renew(archive, 90.0 if days is None else days, as_json)
    else:
        secret = passphrase(archive)
        with Session.open(archive) as session:
            state = seal_now(session.archive, secret)
        show_result(as_json, _state(state), show.sealed(state))
        if not state.sealed:
            sys.exit(NOT_SEALED)


def _renew(archive: Path, days: float, as_json: bool) -> None:
    secret = passphrase(archive)
    with Session.open(archive) as session:
        renewal = renew(session.archive, post_query, session.record_event, days=days, passphrase=secret)
        tell_others(session.archive)
    found = {
        "renewed": list(renewal.renewed),
        "seal": None if renewal.seal is None else _state(renewal.seal),
        "until": {name: clock.stamp(end) for name, end in renewal.until.items()},
        "holds_until": None if renewal.holds_until is None else clock.stamp(renewal.holds_until),
        "lapsed": list(renewal.lapsed),
        "damaged": list(renewal.damaged),
        "complete": renewal.complete,
    }
    show_result(as_json, found, _renewal(renewal))
    if not renewal.complete or (renewal.seal is not None and not renewal.seal.sealed):
        sys.exit(NOT_SEALED)


def _show_status(archive: Path, as_json: bool) -> None:
    config, attempts = read_config(archive), read_attempts(archive)
    states = {tsa.name: attempts.get(tsa.name, Attempts()) for tsa in config.authorities}
    found = {
        "authorities": {
            tsa.name: {
                "url": tsa.url,
                "asked_today": tsa.is_asked(),
                "last_success": states[tsa.name].last_success,
                "failures": states[tsa.name].failures,
                "last_attempt": states[tsa.name].last_attempt,
                "next_attempt": states[tsa.name].next_attempt,
                "reason": states[tsa.name].reason,
            }
            for tsa in config.authorities
        }
    }
    show_result(as_json, found, _status(states))


def _state(state: Seal) -> dict[str, Any]:
    return {
        "size": state.size,
        "stamped": state.stamped,
        "missing": state.missing,
        "unjudged": state.unjudged,
    }


def _status(states: dict[str, Attempts]) -> str:
    return "\n".join(line for name, known in states.items() for line in _authority(name, known)) or (
        "未配置时间戳机构。"
    )


def _authority(name: str, known: Attempts) -> list[str]:
    last = clock.beijing(known.last_success) if known.last_success else "尚无记录"
    lines = [f"时间戳机构 {name}：上次成功 {last}"]
    if known.failures:
        due = clock.beijing(known.next_attempt) if known.next_attempt else "随时"
        lines += [
            f"  连续失败 {known.failures} 次，下次自动请求 {due}",
            f"  原因：{show.unstamped(known.reason)}",
        ]
    return lines


def _renewal(renewal: Renewal) -> str:
    lines = [show.sealed(renewal.seal)] if renewal.seal is not None else []
    count = len(renewal.renewed)
    lines.append(f"已续盖 {count} 个时间戳。" if count else "没有需要续盖的时间戳。")
    lines += [
        f"  时间戳机构 {name}：最新的时间戳有效至 {clock.beijing(clock.stamp(end))}"
        for name, end in renewal.until.items()
    ]
    lines += [f"  检查点 {size} 的时间戳已经到期，未曾续盖，不能再补" for size in renewal.lapsed]
    lines += [f"  核验不通过：{problem}" for problem in renewal.damaged]
    if renewal.holds_until is None:
        lines.append("还没有核验通过的时间戳。")
    else:
        lines.append(f"尚未到期的各检查点至少有效至 {clock.beijing(clock.stamp(renewal.holds_until))}")
    if renewal.holds_until is not None and renewal.holds_until < renewal.horizon:
        lines.append("没有一家时间戳机构提供期限足够长的证书：请增加一家，见 evidence authority add")
    return "\n".join(lines)
