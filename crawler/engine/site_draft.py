"""The first draft of a spider, made of one page of the site: `evidence site new`.

Where the page shows which software made it, the draft is the base class of that software. Else it is a table: what
repeats most on the page is taken for its rows, and parts of a row for fields by the words in their class names. All
of that is guessed, and says so: a person looks at the page and corrects it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from parsel import Selector
from scrapy.http import Response, TextResponse

from crawler.engine.reading import text
from crawler.errors import UsageError

# Software → what its pages show, in order: the first that fits. XPath, on the whole document.
SOFTWARE = (
    ("discuz", "Discuz", '//meta[@name="generator"][starts-with(@content, "Discuz")] | //*[@id="discuz_tips"]'),
    ("xenforo", "XenForo", '//html[@id="XenForo" or @id="XF"]'),
    ("vbulletin", "VBulletin", '//meta[@name="generator"][starts-with(@content, "vBulletin")]'),
    ("discourse", "Discourse", '//meta[@name="generator"][starts-with(@content, "Discourse")]'),
    ("vanilla", "Vanilla", '//body[starts-with(@id, "vanilla_")] | //*[@id="vanilla_discussion_index"]'),
    ("woocommerce", "WooCommerce", '//body[contains(concat(" ", @class, " "), " woocommerce ")]'),
    ("shopify", "Shopify", '//script[contains(., "Shopify.theme")] | //link[contains(@href, "cdn.shopify.com")]'),
    ("discussion", "Discussion", '//*[contains(@itemtype, "schema.org/DiscussionForumPosting")]'),
    ("schema_org", "SchemaOrg", '//*[contains(@itemtype, "schema.org/Product")]'
     ' | //script[contains(@type, "ld+json")][contains(., "Product") or contains(., "Review")]'),
)  # fmt: skip
FIELDS = {  # of an item → words in class names that suggest it
    "author": "user|author|nick|name|member",
    "date_published": "date|time|posted|when",
    "rating_value": "star|score|rating|grade",
    "location": "location|region|area|ip",
}
BODY = {"review": "review_body", "post": "article_body", "listing": "name"}
LEAST_ROWS, LEAST_TEXT = 3, 10
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_MARK = re.compile(r"data-[a-z][a-z0-9-]*")
_CLASS = re.compile(r"[A-Za-z_][\w-]*")


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft: `source` of the spider, the software that was recognised (None: a table), rows that it matches."""

    source: str
    software: str | None
    rows: int


def name_of(url: str) -> str:
    """A spider's name from a host: ``www.tea-shop.example`` → ``tea_shop``."""
    parts = (urlsplit(url).hostname or "").removeprefix("www.").split(".")
    name = re.sub(r"[^a-z0-9]+", "_", parts[0] if len(parts) > 1 else "").strip("_")
    return name if _NAME.fullmatch(name) else f"site_{name}"


def draft(response: Response, name: str, kind: str) -> Draft:
    """Draft a spider for the page. Raises UsageError for a name that cannot be one, or a page that is no HTML."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a spider: use small letters, digits and _, as in tea_shop")
    if not isinstance(response, TextResponse) or response.selector.type != "html":
        raise UsageError(f"{response.url} is no HTML: write the spider by hand, see docs/adding-a-site.md")
    url = _plain(response.url)
    for module, base, sign in SOFTWARE:
        if response.xpath(sign):
            return Draft(_of_software(url, name, module, base), base, 0)
    rows = _rows(response)
    if rows is None:
        raise UsageError(
            f"nothing repeats on {response.url}: is it a list of reviews or posts, and does it need a browser?"
            " Write the spider by hand, see docs/adding-a-site.md"
        )
    query, found = rows
    return Draft(_table(url, name, kind, query, found), None, len(found))


def _plain(url: str) -> str:
    """The address as it may stand in a source file: nothing in it ends a string."""
    return "".join(
        sign if sign.isascii() and sign.isprintable() and sign not in "\"'\\ " else quote(sign)
        for sign in url
    )


def _of_software(url: str, name: str, module: str, base: str) -> str:
    host = urlsplit(url).hostname
    return f'''"""{_title(name)}: runs {base}."""

from crawler.engine.platforms.{module} import {base}


class {_title(name)}({base}):
    """{host}."""

    name = "{name}"
    domains = ("{_domain(url)}",)
    expect = {{"post": (1, 100_000), "review": (0, 100_000), "listing": (0, 100_000)}}
'''


def _table(url: str, name: str, kind: str, query: str, rows: list[Selector]) -> str:
    item = kind.capitalize()
    fields = "".join(f"    {field}={_quoted(found)},\n" for field, found in _fields(rows, kind))
    return f'''"""{_title(name)}. Drafted from {url}; every selector is a guess: look at the page."""

from scrapy.http import TextResponse

from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import {item}

ROWS = Rows(
    {item},
    {_quoted(query)},
{fields})


class {_title(name)}(Site):
    """{urlsplit(url).hostname}."""

    name = "{name}"
    domains = ("{_domain(url)}",)
    pages = (Page("{kind}", r"{_pattern(url)}", "parse_page"),)
    expect = {{"{kind}": (1, 100_000)}}

    def parse_page(self, response: TextResponse) -> Output:
        """The rows of one page."""
        yield from ROWS.read(response)
'''


def _rows(response: TextResponse) -> tuple[str, list[Selector]] | None:
    """The query of what repeats with the most text, and its matches; rows within rows do not count."""
    counted: Counter[str] = Counter()
    for element in response.xpath("//body//*[@class]"):
        length = len(text(element))
        if length >= LEAST_TEXT:
            counted.update({f"{element.root.tag}.{name}": length for name in _classes(element)})
    for query, _ in counted.most_common(200):
        found = list(response.css(query))
        within = response.css(f"{query} {query}")
        if len(found) >= LEAST_ROWS and not within and _siblings(found):
            return query, found
    return None


def _siblings(found: list[Selector]) -> bool:
    """Whether they stand in one list, and not e.g. all over the page."""
    return Counter(element.root.getparent() for element in found).most_common(1)[0][1] >= LEAST_ROWS


def _classes(element: Selector) -> list[str]:
    return [name for name in (element.attrib.get("class") or "").split() if _CLASS.fullmatch(name)]


def _fields(rows: list[Selector], kind: str) -> Iterator[tuple[str, str]]:
    """Field and query, of those that match at most once in each row."""
    yield "identifier", _identifier(rows)
    parts = _parts(rows)
    longest = max(
        parts,
        key=lambda query: sum(len(text(row.css(query)[0])) for row in rows if row.css(query)),
        default=".",
    )
    yield BODY[kind], longest
    for field, words in FIELDS.items():
        if kind == "listing" and field in ("author", "date_published"):
            continue
        match = re.compile(words, re.IGNORECASE)
        query = next(
            (query for query in parts if query != longest and match.search(query.partition(".")[2])), None
        )
        if query is not None:
            yield field, f"{query}?"


def _parts(rows: list[Selector]) -> list[str]:
    """Queries of elements with text that occur at most once in each row and in most of them, innermost first."""
    seen: Counter[str] = Counter()
    for row in rows:
        queries = Counter(
            f"{element.root.tag}.{name}"
            for element in row.xpath(".//*[@class]")
            for name in _classes(element)
        )
        seen.update(query for query, times in queries.items() if times == 1)
    usual = [query for query, times in seen.items() if times * 2 >= len(rows)]
    return [query for query in usual if all(len(row.css(query)) <= 1 for row in rows)]


def _identifier(rows: list[Selector]) -> str:
    """An attribute that every row has and that tells them apart; else the address of its first link."""
    names = [name for name in rows[0].attrib if name == "id" or _MARK.fullmatch(name)]
    for name in names:
        values = [row.attrib.get(name) for row in rows]
        if all(values) and len(set(values)) == len(rows):
            return f"@{name}"
    return "(.//a[@href])[1]/@href"


def _pattern(url: str) -> str:
    """A regular expression for addresses like this one: numbers are any numbers."""
    parts = urlsplit(url)
    path = re.sub(r"\d+", "0", parts.path or "/")
    escaped = re.escape(path).replace("0", r"\d+")
    return f"^{escaped}" + (r"\?" if parts.query else "$")


def _domain(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _title(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _quoted(value: str) -> str:
    return f'"{value}"' if '"' not in value else repr(value)
