"""Crawling sites and recording single pages."""

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from crawler import show
from crawler.commands.root import as_json, evidence, show_result
from crawler.engine.run import SINGLE, Order, RunReport, crawl, known_sites, project_settings, resumable
from crawler.errors import UsageError
from crawler.items import ITEM_TYPES

_NUMBER_OR_BOOLEAN = re.compile(r"[0-9]+(\.[0-9]+)?|[Tt]rue|[Ff]alse")


@evidence.command("crawl")
@click.argument("sites", nargs=-1)
@click.option("--url", help="从这个地址开始，代替起始页")
@click.option("--kind", type=click.Choice(list(ITEM_TYPES)), help="只采集这一类")
@click.option(
    "--pages", type=click.IntRange(min=1), help="最多采集这么多页（不含 robots.txt）；之后可用 --resume 继续"
)
@click.option("--resume", metavar="RUN", help="继续被中断的采集")
@click.option(
    "--render", is_flag=True, help="同时用浏览器打开每一页：截图、页面文字、PDF，以及页面的全部请求"
)
@click.option("--screencast", is_flag=True, help="再录下每一页打开的过程（与 --render 同用）")
@click.option("--no-replay-check", is_flag=True, help="采集结束后不重放比对（与 --render 同用）")
@click.option("--log-file", type=click.Path(path_type=Path), help="采集过程日志写入此文件")
@click.option("-s", "settings", multiple=True, metavar="NAME=VALUE", help="Scrapy 设置，写入日志")
@as_json
@click.pass_obj
def crawl_command(
    archive: Path,
    sites: tuple[str, ...],
    url: str | None,
    kind: str | None,
    pages: int | None,
    resume: str | None,
    render: bool,
    screencast: bool,
    no_replay_check: bool,
    log_file: Path | None,
    settings: tuple[str, ...],
    as_json: bool,
) -> None:
    """采集网站：先固定，后解析；始终遵守 robots.txt / crawl sites.

    \b
    evidence crawl tieba --url http://tieba.baidu.com/p/9119688421
    evidence crawl tieba --render --url http://tieba.baidu.com/p/9119688421
    evidence crawl --resume 20261122T081641-3f9a
    """
    if resume is None and not sites:
        raise UsageError(f"which site? One of: {', '.join(known_sites())}")
    if resume and (sites or url is not None or kind):
        raise UsageError("--resume goes on with what was ordered then: give no site, --url or --kind with it")
    if url is not None:
        require_address(url)
    fresh = [Order(site, url, kind, render=render) for site in sites]
    orders = [resumable(archive, resume)] if resume else fresh
    require_browser(orders)
    given = {**_settings(settings, pages), **_looking(screencast, no_replay_check)}
    sys.exit(crawl_and_report(archive, orders, log_file, given, as_json))


@evidence.command()
@click.argument("urls", nargs=-1, required=True)
@click.option("--render/--no-render", default=True, show_default=True, help="同时用浏览器打开并截图")
@click.option("--screencast", is_flag=True, help="再录下打开的过程")
@click.option("--no-replay-check", is_flag=True, help="结束后不重放比对")
@click.option("--log-file", type=click.Path(path_type=Path), help="采集过程日志写入此文件")
@as_json
@click.pass_obj
def capture(
    archive: Path,
    urls: tuple[str, ...],
    render: bool,
    screencast: bool,
    no_replay_check: bool,
    log_file: Path | None,
    as_json: bool,
) -> None:
    """固定单个网页：原始字节、截图、全部请求 / record single pages now: bytes, picture, every exchange.

    \b
    evidence capture http://www.example.com/item/1 http://www.example.com/item/2
    evidence capture --no-render http://www.example.com/api/reviews.json
    """
    for url in urls:  # all before the first is fetched
        require_address(url)
    orders = [Order(SINGLE, url, render=render) for url in urls]
    require_browser(orders)
    looking = _looking(screencast, no_replay_check)
    sys.exit(crawl_and_report(archive, orders, log_file, looking, as_json))


def require_browser(orders: list[Order]) -> None:
    """Nothing is fetched that could not be looked at. Raises BrowserMissing."""
    if any(order.render for order in orders):
        from crawler.engine.browser import find_chromium  # only a run that renders needs Playwright

        find_chromium()


def _looking(screencast: bool, no_replay_check: bool) -> dict[str, str]:
    recorded = {"EVIDENCE_SCREENCAST": "True"} if screencast else {}
    return recorded | ({"EVIDENCE_REPLAY_CHECK": "False"} if no_replay_check else {})


def crawl_and_report(
    archive: Path, orders: list[Order], log_file: Path | None, settings: dict[str, str], as_json: bool
) -> int:
    """Crawl, show the reports, and return the exit code."""
    with show.live() as watch:
        try:
            reports = crawl(archive, orders, watch=watch, log_file=log_file, **settings)
        except ValueError as error:
            if not settings:
                raise
            # Scrapy reads a setting where it needs it, before anything is fetched.
            given = ", ".join(f"{name}={value}" for name, value in settings.items())
            raise UsageError(f"a setting has a wrong value ({given}): {error}") from error
    show_result(as_json, [_as_json(report) for report in reports], show.runs(reports))
    return _worst(reports, len(orders))


def _worst(reports: list[RunReport], ordered: int) -> int:
    codes = {report.exit_code for report in reports} | ({1} if len(reports) < ordered else set())
    return 1 if 1 in codes else max(codes, default=0)


def _as_json(report: RunReport) -> dict[str, Any]:
    fields = {name: getattr(report, name) for name in report.__slots__}
    fields |= {name: [asdict(one) for one in fields[name]] for name in ("yields", "odd")}
    return {**fields, "complete": report.complete, "exit_code": report.exit_code}


def require_address(url: str) -> None:
    """Raise UsageError for what is no address of a web page, or holds a password."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, an IPv6 address that is none
        usable = False
    if not usable:
        raise UsageError(
            f"{url!r} is not the address of a web page: expected http://HOST/… or https://HOST/…"
        )
    if "@" in parts.netloc:
        raise UsageError(
            f"the address on {parts.hostname} must hold no user name or password: it is recorded"
        )


def _settings(given: tuple[str, ...], pages: int | None) -> dict[str, str]:
    wrong = [entry for entry in given if not re.fullmatch(r"[A-Z][A-Z0-9_]*=.*", entry)]
    if wrong:
        raise UsageError(f"-s {wrong[0]!r}: expected NAME=VALUE, as in -s DOWNLOAD_DELAY=10")
    values = {name: value for name, _, value in (entry.partition("=") for entry in given)}
    known = project_settings(Path())
    for name, value in values.items():
        if isinstance(known.get(name), int | float) and not _NUMBER_OR_BOOLEAN.fullmatch(value):
            raise UsageError(f"-s {name}={value}: expected a number, or True or False")
    return {**({} if pages is None else {"EVIDENCE_PAGES": str(pages)}), **values}
