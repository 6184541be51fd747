"""黑猫投诉 (tousu.sina.com.cn): complaints in lists, as Posts.

schema.org has no type for a complaint. It is read as a posting on the platform, which is its publisher: to name the
company there would say that the company wrote it. Whom it is against and what it demands are therefore lines of the
text, labelled as the cards of the site label them: ``[投诉对象]…``, ``[投诉要求]…``.

Two forms: the inner text of the cards, as a person's recorder exports it (``[{"title": …, "href": …}]``, where
"title" is the whole card), and the answers of /api/company/received_complaints and /api/index/s. The shape of these
is taken from public scrapers (``result.data.complaints[].main.{sn,title,summary,appeal,timestamp}``), not from a
saved page.
"""

import re
from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Json, Oddity, fragment, json_of, of_type, only, printed, text
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Post
from crawler.quoted import joined, quoted

ADDRESS = re.compile(r"/complaint/view/(\d+)")
BEGUN = re.compile(r"(?P<date>\d{4}-\d{1,2}-\d{1,2}(?: \d{1,2}:\d{2})?)\s*于(?P<where>\S{1,20}?)发起")


def _number(address: str) -> str | None:
    found = ADDRESS.search(address)
    return found[1] if found else None


def _begun(part: str) -> Any:
    """What changes a card to the date, or to the platform, of its first line."""

    def change(card: str) -> str | None:
        found = BEGUN.match(card)
        return found[part] if found else None

    return change


def _lines(card: str) -> list[str]:
    """The lines of a card below the first, if that is its date."""
    rest = card.partition("\n")[2] if BEGUN.match(card) else card
    return [line.strip() for line in rest.splitlines() if line.strip()]


def _headline(card: str) -> str | None:
    return next(iter(_lines(card)), None)


def _body(card: str) -> str:
    return "\n".join(_lines(card)[1:])


def _words(value: Any) -> str | None:
    """A text without the tags that mark the words searched for, or several, in one."""
    written = joined(",", map(printed, value)) if isinstance(value, list) else printed(value)
    return text(only(fragment(written, ""), "body")) if written and "<" in written else written


def _title(row: Json) -> str | None:
    return _words(search(row, "main.title"))


def _told(row: Json) -> str | None:
    """The text of a complaint, with the lines that a card has below it."""
    against, demand = _words(search(row, "main.cotitle")), _words(search(row, "main.appeal"))
    lines = (
        _words(search(row, "main.summary")),
        quoted(f"[投诉对象]{against}", against) if against else None,
        quoted(f"[投诉要求]{demand}", demand) if demand else None,
    )
    return joined("\n", lines)


CARDS = JsonRows(
    Post,
    "cards",
    identifier=("href", _number),
    url="href",
    headline=("title", _headline),
    article_body=("title", _body),
    publisher=("title", _begun("where")),
    date_published=("title", _begun("date")),
    query="keyword?",
    ignore="content time",
)
COMPLAINTS = JsonRows(
    Post,
    "complaints",
    identifier="main.sn",
    url=("main.url?", lambda link: f"https:{link}" if link.startswith("//") else link),
    headline=_title,
    article_body=_told,
    author="author.title?",
    date_published="main.timestamp?",
)


class Heimao(Site):
    """Complaints on 黑猫投诉, from lists."""

    name = "heimao"
    domains = ("tousu.sina.com.cn",)
    pages = (
        Page("post", r"^/api/(company/\w+_complaints|index/(s|feed)|grp_comp/feed)($|\?)", "parse_answer"),
        Page("post", r"^/(index/search|complaint/view/\d+|company/view)/?($|\?)", "parse_cards"),
    )
    expect = {"post": (1, 1_000_000)}
    access = "assisted"

    def parse_cards(self, response: TextResponse) -> Output:
        """The cards that somebody exported."""
        cards = of_type(json_of(response), list, "the cards", response.url)
        yield from CARDS.read({"cards": cards}, response.url)
        if not cards:
            yield Oddity(f"no complaints on {response.url}; look at the capture", lost=False)

    def parse_answer(self, response: TextResponse) -> Output:
        """The complaints of one answer."""
        answer = of_type(json_of(response), dict, "the answer", response.url)
        query = "result.data.complaints || result.data.lists || result.data.list"
        said = str(search(answer, "result.status.msg"))[:100]
        found = of_type(search(answer, query), list, f"result.data ({said})", response.url)
        rows = [row if search(row, "main") else {"main": row} for row in found]
        yield from COMPLAINTS.read({"complaints": rows}, response.url, publisher="黑猫投诉")
        if not rows:
            yield Oddity(f"no complaints on {response.url}; look at the capture", lost=False)
