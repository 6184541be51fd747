"""Scheduled crawls."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from crawler import show
from crawler.commands.root import Group, as_json, evidence, show_result
from crawler.config import read_config
from crawler.engine import schedule as schedules
from crawler.engine.run import known_sites
from crawler.engine.schedule_history import history
from crawler.errors import UsageError


@evidence.group(cls=Group)
def schedule() -> None:
    """定时采集 / scheduled crawls.

    \b
    evidence schedule add "30 2 * * 1-5" tieba douban_group
    evidence schedule run
    """


@schedule.command("add")
@click.argument("cron")
@click.argument("sites", nargs=-1, required=True)
@click.option("--render", is_flag=True, help="同时用浏览器打开每一页")
@click.pass_obj
def schedule_add(archive: Path, cron: str, sites: tuple[str, ...], render: bool) -> None:
    """按 cron 表达式定时采集（北京时间） / crawl on schedule.

    \b
    evidence schedule add "30 2 * * 1-5" tieba douban_group
    evidence schedule add --render "0 3 * * 1" tieba
    """
    read_config(archive)
    unknown = [site for site in sites if site not in known_sites()]
    if unknown:
        raise UsageError(f"unknown site {', '.join(unknown)}; known: {', '.join(known_sites())}")
    added = schedules.add(archive, cron, list(sites), render=render)
    click.echo(f"已添加 {show.schedule([added], [])}")


@schedule.command("list")
@as_json
@click.pass_obj
def schedule_list(archive: Path, as_json: bool) -> None:
    """列出定时采集与最近的执行情况 / list schedules and what became of them.

    \b
    evidence schedule list
    """
    scheduled, past = schedules.scheduled(archive), history(archive)[-10:]
    found = {"scheduled": [asdict(crawl) for crawl in scheduled], "history": [asdict(step) for step in past]}
    show_result(as_json, found, show.schedule(scheduled, past))


@schedule.command("remove")
@click.argument("number", type=int)
@click.pass_obj
def schedule_remove(archive: Path, number: int) -> None:
    """删除定时采集 / remove a schedule.

    \b
    evidence schedule remove 1
    """
    removed = schedules.remove(archive, number)
    click.echo(f"已删除 {show.schedule([removed], [])}")


@schedule.command("run")
@click.pass_obj
def schedule_run(archive: Path) -> None:
    """在前台执行定时采集，按 Ctrl-C 结束 / run the scheduler in the foreground.

    \b
    evidence schedule run
    """
    schedules.run(archive, command=[sys.executable, "-m", "crawler"], report=click.echo)
