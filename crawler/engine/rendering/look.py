"""What one look at a page in a browser gives: the exchanges that it made, and the artefacts that were made of it.

Plain values. `crawler.engine.browser` fills them, `page_drafts` turns them into WARC records and manifests.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = dict[str, Any]


class Cdp(Protocol):
    """A session of the Chrome DevTools Protocol with one page; Playwright's CDPSession is one."""

    async def send(self, method: str, params: Json | None = None) -> Json:
        """Call a method and wait for its result. Raises the driver's error when the browser refuses."""
        ...

    def on(self, event: str, handler: Callable[[Json], Any]) -> None:
        """Call `handler` with the parameters of each such event."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """How pages are looked at: one browser window for every capture of a run, so that any two can be compared."""

    width: int = 1366  # CSS pixels
    height: int = 900
    device_scale: int = 1
    locale: str = "zh-CN"
    zone: str = "Asia/Shanghai"
    user_agent_suffix: str = ""  # our name and contact, behind the browser's own
    seconds: float = 90.0  # for one page with all its artefacts; then it ends as it is
    settle_seconds: float = 30.0  # of these, for scrolling and waiting
    quiet_seconds: float = 0.5  # a page without traffic for so long is at rest
    screens: int = 60  # scrolled at most; a page that goes on growing is cut there, and says so
    more: str | None = None  # CSS selector of the site's "load more" button
    more_clicks: int = 0
    max_body: int = 100 << 20  # bytes of one exchange's body
    max_total: int = 400 << 20  # bytes of all bodies of one page
    wanted: frozenset[str] | None = None  # names of artefacts to make; None: all
    screencast: bool = False
    scroll: bool = True  # False: leave the page as it stands (assisted capture)


@dataclass(slots=True, kw_only=True)
class Seen:
    """One exchange as the browser saw it. What it did not tell is None, never invented.

    `head` is the answer's head with its blank line; `head_exact` says that the browser gave it as it came
    (``headersText`` on HTTP/1.1), else it was put together from what the browser told. `request_head` likewise.
    `body` is what the browser gave: transfer and content coding are undone, unless there were none.
    """

    id: str  # of the request within the browser; the same for all hops of a redirect
    url: str
    method: str
    kind: str  # CDP resource type: Document, Image, Script, XHR, Fetch, …
    started: str  # UTC, RFC 3339, microseconds
    ended: str | None = None
    main: bool = False  # the page's own document
    frame: str | None = None
    initiator: str | None = None
    request_head: bytes = b""
    request_body: bytes = b""
    status: int | None = None
    head: bytes | None = None
    head_exact: bool = False
    body: bytes | None = None
    truncated: str | None = None  # WARC-Truncated: length, time, disconnect, unspecified
    protocol: str | None = None  # as the browser names it: http/1.1, h2
    peer: str | None = None  # address:port
    tls: Json | None = None  # protocol, cipher, key exchange, subject, issuer, validity as CDP tells them
    origin: str | None = None  # where the certificate chain belongs to
    cache: bool = False  # from the browser's own cache: no exchange took place now
    worker: str | None = None  # "answered": by a service worker; "asked": the worker itself made the request
    failed: str | None = None  # net::ERR_… or the reason it was blocked
    blocked: bool = False  # the browser or the page's policy (CSP, mixed content) refused to send it
    redirected_to: str | None = None


@dataclass(frozen=True, slots=True)
class Artefact:
    """One thing made of the page, e.g. ``screenshot``. `about`: small facts for the metadata record."""

    name: str
    media_type: str
    content: bytes
    about: Json = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Look:
    """One look at one page. `state` is one of the manifest's STATES; `reason` says why it is not complete."""

    url: str  # as asked for
    final_url: str
    started: str  # UTC
    ended: str
    state: str
    reason: str | None = None
    title: str = ""
    exchanges: list[Seen] = field(default_factory=list)
    artefacts: list[Artefact] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)  # artefact name → why it could not be made
    certificates: dict[str, list[bytes]] = field(default_factory=dict)  # origin → DER chain, leaf first
    notes: list[Json] = field(
        default_factory=list
    )  # popups, dialogs, downloads, console errors …: {"what": …}
    settled: Json = field(default_factory=dict)  # how the page came to rest: `Settled.facts`
    browser: str = ""  # product and version as it names itself
    viewing: Viewing = field(default_factory=Viewing)
