"""What was recorded of a page's exchanges, to answer the page with when it is replayed: nothing else exists then.

A page asks again for what it asked for when it was captured, except that scripts put times and random numbers into
addresses. So an address is looked for as it stands, then without its query's volatile values, and what is not found
is refused and noted. Where one address was answered more than once, the answer is that to the same request body, or
the bytes that are asked for; else the order is kept: the second time gets the second answer. Recorded redirects are
followed here, because a browser asks the network for the target of a redirect that it is given in this way.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urljoin, urlsplit

from crawler.engine.rendering.conversations import Conversation, conversations
from crawler.engine.rendering.jsonp import renamed
from crawler.engine.rendering.page_drafts import ORIGINAL
from crawler.engine.rendering.sliced import cut_out
from crawler.evidence import http
from crawler.evidence.digest import digest
from crawler.evidence.warc import Record

MOST_REFUSED = 1000  # addresses that are noted

_VOLATILE = re.compile(
    r"_|t|ts|time|timestamp|r|rnd|rand|random|nonce|callback|cb|jsonp|v|_t|_r|\d+", re.IGNORECASE
)
_REDIRECTS, _MOST_HOPS = (301, 302, 303, 307, 308), 20
_NOT_MODIFIED = 304  # the answer to a browser that has the thing already; the one of a replay has nothing
_NOT_REPLAYED = (
    "connection",
    "keep-alive",
    "set-cookie",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    # A browser reports and reconnects by these on its own, past whoever answers the page.
    "alt-svc",
    "nel",
    "report-to",
    "reporting-endpoints",
    "strict-transport-security",
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded exchange: its answer, and the digest of the request's body where it had one."""

    method: str
    record: Record  # a response
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """One recorded answer, ready to be given again. No name of `fields` occurs twice."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes
    url: str
    asked: str | None = None  # digest of the request's body

    def value(self, name: str) -> str | None:
        """A field's value by its name in lower case."""
        return next((value for known, value in self.fields if known.lower() == name), None)


class Answers:
    """Recorded answers by method and address; `refused` lists what was asked for and not found, each once."""

    def __init__(self, exchanges: Iterable[Recorded], frames: bytes = b"") -> None:
        """`exchanges` in the order in which they began; what is no answer for a replay (1xx, 304) is left out.

        `frames`: the page's artefact ``websocket``, if it has one.
        """
        self._conversations = conversations(frames)
        self._exact: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._loose: dict[tuple[str, str], list[Answer]] = defaultdict(list)
        self._given: Counter[tuple[str, str, str | None]] = Counter()
        self._refused: dict[str, None] = {}
        self._moved: dict[str, str] = {}  # folder of an address → that of the one to which it was redirected
        for exchange in exchanges:
            answer = _answer(exchange)
            if answer is not None:
                self._exact[exchange.method, _bare(answer.url)].append(answer)
                self._loose[exchange.method, loose(answer.url)].append(answer)

    @property
    def refused(self) -> list[str]:
        """Addresses that the record could not answer, in the order in which they were asked for."""
        return list(self._refused)

    def to(
        self, method: str, url: str, *, body: bytes | None = None, wanted: str | None = None
    ) -> Answer | None:
        """The recorded answer to a request; None, and noted, where there is none.

        `body` is the request's; `wanted` the value of its Range field. Redirects are followed to their end.
        """
        asked = digest(body) if body else None
        for _ in range(_MOST_HOPS):
            found = self._found(method, url, asked) or self._beside(method, url, asked)
            if found is None:
                break
            target = found.value("location")
            if found.status not in _REDIRECTS or not target:
                return found if wanted is None else self._part(found, wanted, method)
            here, url = url, _joined(url, target)
            self._moved[_folder(here)] = _folder(url)
            if found.status == 303 or (found.status in (301, 302) and method == "POST"):
                method, asked = "GET", None  # RFC 9110, 15.4
        self._refuse(url)
        return None

    def conversation(self, url: str) -> Conversation | None:
        """What was said over the WebSocket at an address; None, and noted, where nothing was."""
        if url not in self._conversations:
            self._refuse(url)
        return self._conversations.get(url)

    def _refuse(self, url: str) -> None:
        if len(self._refused) < MOST_REFUSED:
            self._refused[url[:500]] = None

    def _found(self, method: str, url: str, asked: str | None) -> Answer | None:
        for kept, key in ((self._exact, _bare(url)), (self._loose, loose(url))):
            if found := kept.get((method, key)):
                same = [answer for answer in found if answer.asked == asked]
                answer = self._next(same or found, (method, key, asked if same else None))
                return answer if kept is self._exact else _in_its_name(answer, url)
        return None

    def _beside(self, method: str, url: str, asked: str | None) -> Answer | None:
        """What stands beside the target of a redirect.

        A document or a style sheet that is given under the address before the redirect asks for its neighbours there.
        """
        for old, new in self._moved.items():
            if url.startswith(old) and (found := self._found(method, new + url[len(old) :], asked)):
                return found
        return None

    def _next(self, found: Sequence[Answer], key: tuple[str, str, str | None]) -> Answer:
        turn = min(self._given[key], len(found) - 1)
        self._given[key] += 1
        return found[turn]

    def _part(self, found: Answer, wanted: str, method: str) -> Answer:
        """The bytes that a Range field asks for, from whichever recorded answer holds them."""
        for one in (found, *self._exact.get((method, _bare(found.url)), ())):
            if one.status in (200, 206) and (part := cut_out(one.body, one.value("content-range"), wanted)):
                fields = tuple(each for each in one.fields if each[0].lower() != "content-range")
                content_range = ("Content-Range", part.content_range)
                return Answer(206, (*fields, content_range), part.content, one.url, one.asked)
        return found


def loose(url: str) -> str:
    """An address without the parts that scripts make anew each time: values of volatile names, long digits."""
    try:
        parts = urlsplit(url)
        named = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:  # no address after all: it is like itself alone
        return url
    kept = [
        f"{name}={re.sub('[0-9]{10,}', '', value)}" for name, value in named if not _VOLATILE.fullmatch(name)
    ]
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{'&'.join(sorted(kept))}"


def _bare(url: str) -> str:
    return url.partition("#")[0]


def _folder(url: str) -> str:
    """An address up to the last slash of its path."""
    return re.split("[?#]", url, maxsplit=1)[0].rpartition("/")[0] + "/"


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        return target


def _in_its_name(answer: Answer, url: str) -> Answer:
    """What was recorded for an address with other volatile values: a JSONP answer calls the function by its name."""
    return replace(answer, body=renamed(answer.body, answer.url, url))


def _answer(exchange: Recorded) -> Answer | None:
    record = exchange.record
    head = http.parse_head(record.block)
    if not 200 <= head.status < 600 or head.status == _NOT_MODIFIED:
        return None
    body = http.payload(record.block)
    return Answer(head.status, _fields(head), body, record.target_uri or "", exchange.body)


def _fields(head: http.Head) -> tuple[tuple[str, str], ...]:
    """The fields that are given again; the values of one name in one field (RFC 9110, 5.3)."""
    joined: dict[str, tuple[str, str]] = {}
    for raw, value in head.fields:
        name = raw.decode("latin-1")
        low, text = name.lower(), value.decode("latin-1")
        if low in _NOT_REPLAYED or raw.startswith(ORIGINAL):
            continue
        if low in joined and low != "content-type":
            text = f"{joined[low][1]}, {text}"
        joined[low] = (name, text)
    return tuple(joined.values())
