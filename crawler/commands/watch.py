"""Watching: the same pages again and again, and what changed between the looks."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from crawler import show
from crawler.commands.crawl import crawl_and_report, require_address, require_browser
from crawler.commands.root import Group, as_json, evidence, open_index, show_result
from crawler.config import read_config
from crawler.engine import schedule as schedules
from crawler.engine.reader import Sites
from crawler.engine.run import SINGLE, Order, project_settings
from crawler.errors import UsageError
from crawler.store import timeline

_PAGES = click.option(
    "--pages", type=click.IntRange(1, 100), default=3, show_default=True, help="每个地址的列表最多翻这么多页"
)
_RENDER = click.option("--render", is_flag=True, help="同时用浏览器打开每一页")


@evidence.group(cls=Group)
def watch() -> None:
    """反复查看同样的网页，记录其变化 / the same pages again and again.

    \b
    evidence watch add "0 */6 * * *" https://tieba.baidu.com/p/9119688421
    evidence watch changes --since 2026-11-01
    """


@watch.command("add")
@click.argument("cron")
@click.argument("urls", nargs=-1, required=True)
@_PAGES
@_RENDER
@click.pass_obj
def add(archive: Path, cron: str, urls: tuple[str, ...], pages: int, render: bool) -> None:
    """按 cron 表达式（北京时间）反复查看这些地址 / look at these pages on schedule.

    由 evidence schedule run 执行；用 evidence schedule remove 取消。每次都是一次新的固定，不使用缓存。

    \b
    evidence watch add "0 */6 * * *" https://tieba.baidu.com/p/9119688421
    evidence watch add --pages 10 --render "30 2 * * *" https://bbs.example.com/thread-1-1-1.html
    """
    read_config(archive)
    orders = _orders(urls, pages, render=render)
    sites = list(dict.fromkeys(order.site for order in orders))
    added = schedules.add(archive, cron, sites, render=render, watched=urls, pages=pages)
    click.echo(f"已添加 {show.schedule([added], [])}")


@watch.command("look")
@click.argument("urls", nargs=-1, required=True)
@_PAGES
@_RENDER
@as_json
@click.pass_obj
def look(archive: Path, urls: tuple[str, ...], pages: int, render: bool, as_json: bool) -> None:
    """现在查看一次：只固定这些地址及其列表的后续页 / look at these pages now.

    \b
    evidence watch look --pages 5 https://tieba.baidu.com/p/9119688421
    """
    orders = _orders(urls, pages, render=render)
    require_browser(orders)
    sys.exit(crawl_and_report(archive, orders, None, {}, as_json))


@watch.command("changes")
@click.option("--site", help="只列这个网站")
@click.option("--url", help="只列这个网页")
@click.option("--since", default="", metavar="DATE", help="此日（UTC）以后的变化，如 2026-11-01")
@as_json
@click.pass_obj
def changes(archive: Path, site: str | None, url: str | None, since: str, as_json: bool) -> None:
    """各次查看之间的变化：计数、改动的文字、出现和消失的内容、打不开的页面 / what changed between looks.

    每一处变化都给出前后两次采集的编号。“后次未见”不等于“已被删除”：网站可能改变了排序。

    \b
    evidence watch changes --since 2026-11-01
    evidence watch changes --url https://tieba.baidu.com/p/9119688421 --json
    """
    with open_index(archive) as index:
        found = timeline.changes(index, site=site, url=url, since=since)
    show_result(as_json, [asdict(change) for change in found], show.changes(found))


@watch.command("series")
@click.argument("site")
@click.argument("identifier")
@click.argument(
    "counter", type=click.Choice(sorted({name for names in timeline.COUNTERS.values() for name in names}))
)
@click.option("--kind", type=click.Choice(list(timeline.COUNTERS)), default="listing", show_default=True)
@as_json
@click.pass_obj
def series(archive: Path, site: str, identifier: str, counter: str, kind: str, as_json: bool) -> None:
    """一个计数的历次数值，以及显示它的采集 / one counter over time.

    \b
    evidence watch series jd_reviews 100012043978 review_count
    """
    if counter not in timeline.COUNTERS[kind]:
        raise UsageError(f"a {kind} has no counter {counter}; it has: {', '.join(timeline.COUNTERS[kind])}")
    with open_index(archive) as index:
        points = timeline.series(index, site, identifier, counter, kind=kind)
    show_result(as_json, [asdict(point) for point in points], show.series(points))


def _orders(urls: tuple[str, ...], pages: int, *, render: bool) -> list[Order]:
    """An order for each address. Raises UsageError for what cannot be looked at without a person."""
    for url in urls:
        require_address(url)
    sites = Sites(project_settings(Path()))
    found = [(url, sites.reader(url)) for url in urls]
    for url, reader in found:
        if reader is not None and sites.access(reader[0]) == "assisted":
            raise UsageError(
                f"{url} is a page of {reader[0]}, which only a person may browse:"
                " look at it yourself with `evidence assist URL`, as often as needed"
            )
    return [Order(reader[0] if reader else SINGLE, url, render=render, watch=pages) for url, reader in found]
