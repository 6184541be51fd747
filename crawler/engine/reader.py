"""Who reads a page that no crawl asked for (assisted, imported): the first site of ours that knows its address."""

from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from crawler.engine.site import Site


class Sites:
    """All spiders of a project, each loaded once."""

    def __init__(self, settings: Settings) -> None:
        loader = SpiderLoader.from_settings(settings)
        loaded = (loader.load(name) for name in sorted(loader.list()))
        self._sites = [site for site in loaded if issubclass(site, Site) and site.domains]

    def access(self, name: str) -> str:
        """How a site may be looked at, see `Site.access`."""
        return next(site.access for site in self._sites if site.name == name)

    def reader(self, url: str) -> tuple[str, str] | None:
        """Name of the site and of its callback; None where no spider knows the address."""
        found = ((site.name, site.reads(url)) for site in self._sites)
        return next(((name, callback) for name, callback in found if callback is not None), None)
