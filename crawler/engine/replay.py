"""A recorded page as a Scrapy response again: for reading after a crash, for `extract`, for `rebuild`.

The response is built from the WARC record alone, so a parser sees exactly what it saw on the day.
"""

from typing import Self

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Headers, Response
from scrapy.responsetypes import responsetypes

from crawler.engine.frontier import KEY
from crawler.errors import FormatError
from crawler.evidence import http, warc
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import Capture, Locator
from crawler.store.session import Session, session_of

CAPTURE, REPLAYED = "capture", "replayed"  # request.meta keys: the Capture; whether it is read again
NOT_FINAL = (301, 302, 303, 307, 308, 500, 502, 503, 504)  # redirects, and what is retried


class RecordedPages:
    """Downloader middleware of resumed runs: hands out a page that was recorded but not yet read.

    It stands before robots.txt and stopped hosts: a page that is there already needs nobody's leave.
    """

    def __init__(self, crawler: Crawler, session: Session) -> None:
        self._session = session
        self._run: str = crawler.settings["EVIDENCE_RUN"]
        self._resumed = crawler.settings.getbool("EVIDENCE_RESUME")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Takes the session of this crawl."""
        return cls(crawler, session_of(crawler, crawler.settings["EVIDENCE_ARCHIVE"]))

    def process_request(self, request: Request) -> Response | None:
        """The recorded page, if there is one and this is not the next hop or attempt after it."""
        if not self._resumed or KEY not in request.meta or CAPTURE in request.meta:
            return None
        return recorded_page(self._session, self._run, request)


def response_of(archive: Archive, locator: Locator, url: str, status: int = 200) -> Response:
    """The response in a WARC record, body still content-coded; the DOM of a rendered page as an answer of its own.

    `status` is that of the page itself where the record holds no answer: an error page stays one.
    Raises FormatError if the record is damaged, UsageError if it was removed when its retention period ended.
    """
    record = warc.decode(archive.stored(locator))
    if record.type == "resource":
        return dom_response(url, record.block, record.content_type, status)
    if record.type != "response":
        raise FormatError(f"{locator} is a {record.type} record, neither a response nor a resource")
    head = http.parse_head(record.block)
    headers = Headers(list(head.fields))
    body = http.payload(record.block)
    cls = responsetypes.from_args(headers=headers, url=url, body=body)
    return cls(url=url, status=head.status, headers=headers, body=body, protocol="HTTP/1.1")


def dom_response(url: str, content: bytes, media_type: str, status: int = 200) -> Response:
    """A page that no answer carried as it stands: the DOM of a rendered page, an imported file."""
    headers = Headers({"Content-Type": media_type})
    cls = responsetypes.from_args(headers=headers, url=url, body=content)
    return cls(url=url, status=status, headers=headers, body=content)


def recorded_page(session: Session, run: str, request: Request) -> Response | None:
    """The final page that this run recorded for a request before it was interrupted, or None.

    None also where the last thing recorded was a redirect, a failure, a server error or a cut page, or where the
    page was removed since: that is fetched again, and is then an honest second capture.
    """
    leaf = session.index.query(
        "select leaf, status, removed from capture where run = ? and request_key = ? and page is null"
        " order by leaf desc limit 1",
        (run, request.meta[KEY]),
    )
    if not leaf or leaf[0]["status"] in NOT_FINAL or leaf[0]["removed"]:
        return None
    capture = Capture.from_leaf(session.archive.log.leaf(leaf[0]["leaf"]))
    if not capture.readable or capture.reading is None:
        return None
    response = response_of(session.archive, capture.reading.locator, capture.url, capture.status or 200)
    request.meta[CAPTURE] = capture
    request.meta[REPLAYED] = True
    return response
