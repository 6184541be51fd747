"""Yelp: a business and its reviews, which stand on the page twice: to be read, and hidden, in microdata.

What is shown names the review and its writer; the hidden copy has the date in a form that is the same everywhere
("2016-10-09" for "10/9/2016"). The owner's name also stands below photographs and in a box: no review is there.
"""

from parsel import Selector
from scrapy.http import TextResponse

from crawler.engine.reading import Oddity, address, attribute, each, of_type, only, own_text, select
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review

BUSINESS = Rows(
    Listing,
    "/html",
    identifier='meta[name="yelp-biz-id"]::attr(content)',
    url='meta[property="og:url"][content*="/biz/"]::attr(content)?',
    name='h1[itemprop="name"]',
    rating_value='[itemprop="aggregateRating"] meta[itemprop="ratingValue"]::attr(content)',
    review_count='[itemprop="aggregateRating"] [itemprop="reviewCount"]',
    location='[itemprop="streetAddress"]?',
)


def date(row: Selector) -> str:
    """When a review was written, without the remark "Updated review" below it."""
    return own_text(only(row, ".rating-qualifier"))


def stars(title: str) -> str:
    """ "5.0" of "5.0 star rating"."""
    return title.removesuffix(" star rating")


REVIEW = Rows(
    Review,
    "div.review[data-review-id]",
    identifier="@data-review-id",
    author="a.user-display-name",
    author_identifier=("@data-signup-object?", lambda value: value.removeprefix("user_id:")),
    author_level=".is-elite?",
    location=".user-location?",
    rating_value=(".review-content > .biz-rating i.star-img::attr(title)", stars),
    review_body=".review-content > p",
    useful_count='./div[@class="review-wrapper"]/div[contains(@class, "review-footer")]//a[@rel="useful"]'
    '/span[@class="count"]?',
    image_count=lambda row: len(select(row, ".review-content .photo-box")) or None,
)
PREVIOUS = (
    Rows(  # what the same person had written before: folded away, and part of the review that replaced it
        Review,
        ".previous-review",
        identifier=".rateReview::attr(data-review-id)",
        date_published=date,
        rating_value=("i.star-img::attr(title)", stars),
        review_body="span.js-content-toggleable.hidden",
        useful_count="a[rel=useful] > .count?",
        image_count=lambda row: len(select(row, ".photo-box")) or None,
    )
)


class Yelp(Site):
    """Yelp: businesses and their reviews."""

    name = "yelp"
    domains = ("yelp.com",)
    pages = (Page("review", r"^/biz/", "parse_business"), Page("listing", r"^/biz/", "parse_business"))
    expect = {"listing": (1, 100_000), "review": (1, 1_000_000)}

    def parse_business(self, response: TextResponse) -> Output:
        """Yield the business, its reviews, and those they replaced; then the next page."""
        business = attribute(only(response, 'meta[name="yelp-biz-id"]'), "content")
        yield from BUSINESS.read(response, best_rating="5")
        rows, hidden = select(response, "div.review[data-review-id]"), select(response, '[itemprop="review"]')
        if len(rows) != len(hidden):
            yield Oddity(f"{len(rows)} reviews shown, {len(hidden)} hidden, on {response.url}", lost=False)
            hidden = []
        dates = dict(zip((row.attrib["data-review-id"] for row in rows), hidden, strict=False))
        yield from each(rows, lambda row: _review(row, business, dates.get(row.attrib["data-review-id"])))
        yield from (
            self.follow(response, link, self.parse_business) for link in select(response, "a.next[href]")
        )


def _review(row: Selector, business: str, hidden: Selector | None) -> Output:
    dated = (
        date(row) if hidden is None else attribute(only(hidden, 'meta[itemprop="datePublished"]'), "content")
    )
    review = of_type(
        REVIEW.item(row, item_reviewed=business, date_published=dated, best_rating="5"),
        Review,
        "row",
        address(row),
    )
    yield review
    same = {"author": review.author, "author_identifier": review.author_identifier, "item_reviewed": business}
    yield from PREVIOUS.read(row, is_part_of=review.identifier, best_rating="5", **same)
