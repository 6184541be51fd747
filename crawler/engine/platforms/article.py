"""Article: a newspaper's or a blog's page of one article, as a Post.

A site names the elements of its page, as a table (`crawler.engine.rows`); what it does not name is read from JSON-LD
and from the meta elements of Open Graph, if the page has them. ::

    class Gazette(Article):
        \"""The Gazette.\"""

        name, domains, numbered = "gazette", ("gazette.example",), r"/news/(\\d+)"
        shown = Rows(Post, "/html", headline="h1", article_body=prose("#text", without=".share"), author=".by?")

Sources: https://schema.org/Article, https://ogp.me/#type_article.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from typing import Any, ClassVar

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.platforms import jsonld
from crawler.engine.platforms.jsonld import several
from crawler.engine.platforms.schema_items import text_of, types
from crawler.engine.reading import Json, Oddity, each, element_text, of_type, only, select
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.errors import ExtractionError
from crawler.items import Post

TYPES = re.compile(r"(Article|Posting|Report)$")  # of schema.org: NewsArticle, BlogPosting, Report, …
MEMBERS = {
    "headline": ("headline", "name"),
    "article_body": ("articleBody", "text"),
    "author": ("author", "creator"),
    "publisher": ("publisher",),
    "date_published": ("datePublished", "dateCreated"),
    "comment_count": ("commentCount",),
}
METAS = {
    "headline": ("og:title",),
    "author": ("article:author", "og:article:author", "author"),
    "publisher": ("og:site_name",),
    "date_published": ("article:published_time", "og:article:published_time"),
}


class Article(Site):
    """A site of articles; the subclass declares where things stand.

    ``numbered``  pattern for the address of an article; its groups are the identifier, else the address is
    ``shown``     a Post for the page, without identifier and url
    ``filled``    the fields that JSON-LD and meta elements give where `shown` finds nothing
    ``further``   query for links to the other pages of a long article, each a Post of its own
    """

    pages: ClassVar[tuple[Page, ...]] = (Page("post", "", "parse_article"),)
    numbered: ClassVar[str | None] = None
    shown: ClassVar[Rows] = Rows(Post, "/html")
    filled: ClassVar[Collection[str]] = tuple(MEMBERS)
    further: ClassVar[str | None] = None

    def parse_article(self, response: TextResponse) -> Output:
        """Yield the article, then follow its other pages. Raises ExtractionError if the page is none."""
        given = {"identifier": identifier(response.url, self.numbered), "url": response.url}
        post = of_type(self.shown.item(response, **given), Post, "shown", response.url)
        for described in [*_linked(response), _tagged(response)]:
            known: Any = {name: described[name] for name in self.filled if not getattr(post, name)}
            post = replace(post, **known)
        if not post.headline:
            raise ExtractionError(f"no article has a headline on {response.url}; look at the capture")
        yield post
        if not post.article_body:
            yield Oddity(f"the text of the article is not on {response.url}", lost=False)
        if self.further:
            yield from self.follow_articles(response, self.further)

    def follow_articles(self, response: TextResponse, query: str) -> Output:
        """Requests for those links of a query that lead to articles other than this one."""

        def read(link: Selector) -> Output:
            request = self.follow(response, link, self.parse_article)
            if request.url != response.url and self.reads(request.url) == "parse_article":
                yield request

        yield from each(select(response, query), read)


def identifier(url: str, pattern: str | None) -> str:
    """What the groups of a pattern find in an address, with "/" between; without a pattern, the address.

    Raises ExtractionError if the pattern finds nothing.
    """
    if pattern is None:
        return url
    found = re.search(pattern, url)
    if found is None:
        raise ExtractionError(f"no number of an article ({pattern}) in the address {url}")
    return "/".join(group for group in found.groups() if group)


def prose(body: str, without: str = "") -> Callable[[Any], str | None]:
    """A rule: the running text of the one element that `body` finds, less what `without` finds in it."""

    def find(row: Selector | TextResponse) -> str | None:
        element = only(row, body)
        return running_text(element, select(element, without) if without else []) or None

    return find


def running_text(body: Selector, unwanted: Collection[Selector] = ()) -> str:
    """As `reading.text`, less some of the elements within: share bars, related links, the editor's name."""
    return element_text(body.root, {node.root for node in unwanted})


def _linked(response: TextResponse) -> Iterator[dict[str, str | None]]:
    """What each article in JSON-LD says; a block that cannot be read costs nothing, for the page shows it too."""
    for block in jsonld.blocks(response):
        for found in [] if isinstance(block, Oddity) else block:
            if any(TYPES.search(name) for name in types(found)):
                yield {field: _first(found, names) for field, names in MEMBERS.items()}


def _first(found: Json, names: Collection[str]) -> str | None:
    """The first member with a text; of several authors, the first."""
    values = (text_of(next(iter(several(found.get(name))), None)) for name in names)
    return next((value for value in values if value), None)


def _tagged(response: TextResponse) -> dict[str, str | None]:
    """What the meta elements say. The address of an author's page is no name."""
    tagged: dict[str, str | None] = dict.fromkeys(MEMBERS)
    kind = _meta(response, "og:type") or ""
    if not re.match(r"article|news|blog", kind):
        return tagged
    for field, names in METAS.items():
        values = (value for name in names if (value := _meta(response, name)))
        tagged[field] = next((value for value in values if "://" not in value), None)
    return tagged


def _meta(response: TextResponse, name: str) -> str | None:
    return value_of(response, f'(//meta[@property="{name}" or @name="{name}"])[1]/@content?')
