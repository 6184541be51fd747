"""Apple's App Store: the feed of an app's latest reviews in one country, which Apple publishes as RSS in JSON.

https://itunes.apple.com/{cc}/rss/customerreviews/page=1/id={app}/sortby=mostrecent/json: 50 reviews a page, at most
ten pages. Values stand under ``label``. A feed with one entry holds an object in place of a list; older feeds begin
with the app itself. The version reviewed is printed as the option bought.
"""

import re
from typing import Any

from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, json_of, of_type
from crawler.engine.rows import JsonRows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review
from crawler.quoted import quoted

PAGES = 10  # Apple answers to no more


def _account(address: str) -> str | None:
    """The number in "https://itunes.apple.com/cn/reviews/id123"."""
    found = re.search(r"/id(\d+)", address)
    return quoted(found[1], address) if found else None


APP = JsonRows(
    Listing,
    "apps",
    identifier='id.attributes."im:id"',
    url="link.attributes.href?",
    name='"im:name".label',
    seller='"im:artist".label?',
    price='"im:price".label?',
    ignore="im:image summary title rights im:contentType category im:releaseDate im:bundleId",
)
REVIEWS = JsonRows(
    Review,
    "reviews",
    identifier="id.label",
    headline="title.label?",
    review_body="content.label?",
    author="author.name.label?",
    author_identifier=("author.uri.label?", _account),
    date_published="updated.label?",
    rating_value='"im:rating".label',
    variant='"im:version".label?',
    useful_count='"im:voteSum".label?',
    ignore="link im:contentType im:voteCount",
)


class AppStore(Site):
    """Reviews of an app, from the feed that Apple publishes for each country."""

    name = "app_store"
    domains = ("itunes.apple.com",)
    pages = (
        Page("review", r"^/[a-z]{2}/rss/customerreviews/(page=\d+/)?id=\d+/(sortby=\w+/)?json", "parse_feed"),
    )
    expect = {"review": (1, 500)}

    def parse_feed(self, response: TextResponse) -> Output:
        """The app if the feed names it, one page of its reviews, and the next page."""
        url = response.url
        feed = of_type(of_type(json_of(response), dict, "the answer", url).get("feed"), dict, "feed", url)
        entries = _entries(feed.get("entry"))
        apps = [entry for entry in entries if isinstance(entry, dict) and "im:name" in entry]
        reviews = [entry for entry in entries if entry not in apps]
        yield from APP.read({"apps": apps}, url)
        app = re.search(r"/id=(\d+)", url)
        yield from REVIEWS.read(
            {"reviews": reviews}, url, item_reviewed=app[1] if app else None, best_rating="5"
        )
        if not reviews:
            yield Oddity(f"no reviews on {url}: the app has none there, or no more", lost=False)
            return
        page = re.search(r"/page=(\d{1,2})/", url)
        if page and int(page[1]) < PAGES:
            following = url.replace(page[0], f"/page={int(page[1]) + 1}/", 1)
            yield self.follow(response, following, self.parse_feed)


def _entries(found: Any) -> list[Any]:
    """The entries of a feed: a list, one alone, or none."""
    return found if isinstance(found, list) else [] if found is None else [found]
