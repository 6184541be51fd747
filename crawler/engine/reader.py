"""Who reads a page that no crawl asked for (assisted, imported): the site of ours that knows its address."""

from functools import cache
from pathlib import Path
from typing import Any

from scrapy.spiderloader import SpiderLoader

from crawler.engine.run import project_settings
from crawler.engine.site import Site


def reader_of(url: str) -> tuple[str | None, dict[str, Any] | None]:
    """Name of the site and what goes into `Capture.read_with`; None and None where no spider knows the address."""
    for name, site in _sites():
        if callback := site.reads(url):
            return name, {"callback": callback, "arguments": {}}
    return None, None


@cache
def _sites() -> tuple[tuple[str, type[Site]], ...]:
    loader = SpiderLoader.from_settings(project_settings(Path()))
    found = ((name, loader.load(name)) for name in sorted(loader.list()))
    return tuple((name, site) for name, site in found if issubclass(site, Site) and site.domains)
