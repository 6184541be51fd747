"""Today's parsers over what is in the archive."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from crawler import show
from crawler.commands.root import as_json, evidence, show_result
from crawler.config import read_config
from crawler.engine.extraction import Extraction, SiteExtraction, extract
from crawler.engine.run import known_sites, project_settings
from crawler.errors import UsageError
from crawler.store.session import Session


@evidence.command("extract")
@click.option("--site", help="只读这个网站的采集")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="此日（UTC）以后的采集，如 2026-11-01"
)
@as_json
@click.pass_obj
def extract_command(archive: Path, site: str | None, since: Any, as_json: bool) -> None:
    """用现行的解析程序重新读取全部采集 / read the archive's captures again with today's parsers.

    采集、人工浏览、导入的网页都读；采集时没有指定解析程序的，按网址选择。新旧版本读出的内容并存，不覆盖；
    同一版本读过的网页不再读，因此中断后再次运行即可继续。有可能漏掉的内容时，退出码为 1。

    \b
    evidence extract
    evidence extract --site tieba --since 2026-11-01
    """
    read_config(archive)
    settings = project_settings(archive)
    if site is not None and site not in known_sites(settings):
        raise UsageError(f"unknown site {site}; known: {', '.join(known_sites(settings))}")
    with Session.open(archive) as session, show.progress("读取") as advance:
        first = f"{since:%Y-%m-%d}" if since is not None else ""
        found = extract(session, settings, site=site, since=first, progress=advance)
    show_result(as_json, _as_json(found), show.extracted(found))
    if not found.complete:
        sys.exit(1)


def _as_json(found: Extraction) -> dict[str, Any]:
    return {
        "sites": [_site(one) for one in found.sites.values()],
        "unknown": found.unknown,
        "odd": [asdict(one) for one in found.odd],
        "interrupted": found.interrupted,
        "complete": found.complete,
    }


def _site(one: SiteExtraction) -> dict[str, Any]:
    plain = {name: getattr(one, name) for name in one.__slots__ if name != "difference"}
    differing = one.difference
    return {**plain, "difference": {name: dict(getattr(differing, name)) for name in differing.__slots__}}
