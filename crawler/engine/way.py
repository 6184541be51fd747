"""What happens to a page between its answer and its reader: meta refresh, rendering. One rule each."""

from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy.http.request import NO_CALLBACK
from scrapy.settings import BaseSettings
from scrapy.utils.response import get_meta_refresh

RENDERED = (*range(200, 300), 404, 410)  # a page that says it is gone is worth a picture too


def leads_on(page: Response, settings: BaseSettings) -> bool:
    """Whether the page holds a redirect, which a live crawl follows instead of reading the page.

    The rule is that of scrapy's MetaRefreshMiddleware.
    """
    if not isinstance(page, HtmlResponse):
        return False
    try:
        seconds, url = get_meta_refresh(page, ignore_tags=settings.getlist("METAREFRESH_IGNORE_TAGS"))
        scheme = urlsplit(url or "").scheme
    except ValueError:  # an address that is none, such as http://[x
        return False
    if seconds is None or scheme not in ("http", "https"):
        return False
    return seconds < settings.getint("METAREFRESH_MAXDELAY")


def is_rendered(crawler: Crawler, request: Request, page: Response) -> bool:
    """Whether the browser will look at this page too, and its DOM be read instead of the answer."""
    return (
        crawler.settings.getbool("EVIDENCE_RENDER")
        and request.callback is not NO_CALLBACK
        and page.status in RENDERED
        and isinstance(page, HtmlResponse)
        and not leads_on(page, crawler.settings)
    )
