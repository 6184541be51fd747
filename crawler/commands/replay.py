"""Replaying rendered pages from their records, and how like the capture that is."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from crawler.commands.root import as_json, evidence, show_result
from crawler.engine.browser import Browser
from crawler.engine.replay_check import ReplayScore, check_replay
from crawler.engine.viewing import viewing_of
from crawler.errors import UsageError
from crawler.store.session import Session

_WANTED = (
    "select id from capture where look is not null and not withheld and redacted is null and removed is null"
)


@evidence.command("replay")
@click.argument("captures", nargs=-1, metavar="CAPTURE…")
@click.option("--run", help="这一次采集的全部渲染网页")
@as_json
@click.pass_obj
def replay_command(archive: Path, captures: tuple[str, ...], run: str | None, as_json: bool) -> None:
    """只用已固定的记录重放网页，与采集时的文字和截图比对 / replay pages from their records and compare.

    \b
    evidence replay 3f9a2b7c
    evidence replay --run 20261122T081641-3f9a
    """
    if bool(captures) == bool(run):
        raise UsageError("name the captures to replay, or a whole run with --run")
    with Session.open(archive) as session:
        scores = asyncio.run(_replay(session, _chosen(session, captures, run)))
    show_result(as_json, [{**asdict(score), "good": score.good} for score in scores], _shown(scores))
    if not all(score.good for score in scores):
        sys.exit(1)


def _chosen(session: Session, captures: Sequence[str], run: str | None) -> list[str]:
    if run is not None:
        found = [row["id"] for row in session.index.query(f"{_WANTED} and run = ? order by leaf", (run,))]
        if not found:
            raise UsageError(f"run {run!r} has no rendered page: see `evidence captures --run {run}`")
        return found
    rows = [session.index.capture_row(name) for name in captures]
    if plain := [row["id"] for row in rows if row["look"] is None]:
        raise UsageError(
            f"capture {plain[0]} was not rendered, so there is no picture to compare a replay with"
        )
    return [row["id"] for row in rows]


async def _replay(session: Session, captures: Sequence[str]) -> list[ReplayScore]:
    scores = []
    async with Browser(viewing_of(session.archive.config)) as browser:
        for number, capture in enumerate(captures, 1):
            click.echo(f"重放 {number}/{len(captures)}：{capture}", err=True)
            scores.append(await check_replay(session, browser, capture))
    return scores


def _shown(scores: Sequence[ReplayScore]) -> str:
    return "\n".join(_line(score) for score in scores)


def _line(score: ReplayScore) -> str:
    text, pixels = (_percent(value) for value in (score.text, score.pixels))
    missing = f"，{len(score.refused)} 个请求在记录中没有答复" if score.refused else ""
    return f"{'一致' if score.good else '有差异'}  采集 {score.capture}  文字 {text}，画面 {pixels}{missing}"


def _percent(permille: int | None) -> str:
    return "未能比对" if permille is None else f"{permille / 10:.1f}%"
