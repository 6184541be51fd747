"""Amazon: the page of a product with its most helpful reviews, and the pages of all its reviews.

Above the list of reviews stand the "Top positive" and the "Top critical review", often of the list too: they are
given with that title as `query`, once. They name their writers without a link.
"""

from scrapy.http import TextResponse

from crawler.engine.platforms.board import number
from crawler.engine.reading import own_text, select
from crawler.engine.rows import Rows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review

ASIN = r"/(?:dp|gp/product|product-reviews)/(\w{10})(?:[/?#]|$)"
ACCOUNT = number(r"/profile/(\w+)")
VOTES = number(r"^([\d,]+|One)(?: of [\d,]+)? (?:people|person)")  # "97 of 104 people found this helpful"
VERIFIED = '(.//*[normalize-space()="Verified Purchase"])[last()]?'


def date(shown: str) -> str:
    """ "February 20, 2016" of "on February 20, 2016"."""
    return shown.removeprefix("on ")


def option(shown: str) -> str | None:
    """What was bought of several: "Paperback" of "Format: Paperback"."""
    return shown.partition(":")[2].strip() or None


PRODUCT = Rows(
    Listing,
    "/html",
    identifier='(//input[@id="ASIN"])[1]/@value',
    name="#productTitle",
    brand="#bylineInfo?",
    price='(//*[@id="priceblock_ourprice" or @id="priceblock_dealprice" or @id="miniATF_price"])[1]?',
    rating_value="#acrPopover::attr(title)?",
    review_count="#acrCustomerReviewText?",
    seller=("#merchant-info?", number(r"sold by ([^.]+(?:\.\w+)?)")),
)
HELPFUL = Rows(
    Review,
    '//*[starts-with(@id, "rev-dpReviews")]',
    identifier=("@id", lambda name: name.rpartition("-")[2]),
    headline=".a-icon-row .a-text-bold",
    rating_value=".a-icon-row .a-icon-alt",
    author='a[href*="/profile/"]?',
    author_identifier=('a[href*="/profile/"]::attr(href)?', ACCOUNT),
    date_published=("./div[1]/span/span[last()]", date),
    review_body='[id^="revData-"] > .a-section',
    variant=('[id^="revData-"] > .a-size-mini.a-color-secondary?', option),
    badges=VERIFIED,
    useful_count=(".cr-vote-buttons?", VOTES),
)
REVIEWED = Rows(
    Listing,
    "/html",
    identifier=('link[rel="canonical"]::attr(href)', number(ASIN)),
    name=".product-title a",
    price=".product-price-line .a-color-price.arp-price?",
    rating_value=".averageStarRating .a-icon-alt?",
    review_count=".totalReviewCount?",
)
REVIEWS = Rows(
    Review,
    "#cm_cr-review_list .review[id]",
    identifier="@id",
    author=".author?",
    author_identifier=(".author::attr(href)?", ACCOUNT),
    headline=".review-title",
    rating_value=".review-rating .a-icon-alt",
    date_published=(".review-date", date),
    review_body=".review-text",
    variant=(".review-data > a.a-color-secondary?", option),
    badges=VERIFIED,
    useful_count=(".review-votes?", VOTES),
)
TOP = Rows(
    Review,
    ".view-point-review",
    identifier=(
        './/*[starts-with(@id, "viewpoint-")][1]/@id',
        lambda name: name.removeprefix("viewpoint-"),
    ),
    query=".view-point-title",
    author=lambda row: next((own_text(found) or None for found in select(row, ".review-byline")), None),
    headline=".review-title",
    rating_value=".review-rating .a-icon-alt",
    date_published=(".review-date", date),
    review_body='.//div[*[contains(@class, "review-date")]]/following-sibling::div[1]',
    useful_count=(".review-votes?", VOTES),
)


class Amazon(Site):
    """Amazon (USA): products and their reviews."""

    name = "amazon"
    domains = ("amazon.com",)
    pages = (
        Page("review", r"/product-reviews/\w{10}", "parse_reviews"),
        Page("listing", r"/(dp|gp/product)/\w{10}", "parse_product"),
    )
    expect = {"listing": (1, 100_000), "review": (0, 1_000_000)}

    def parse_product(self, response: TextResponse) -> Output:
        """Yield the product and the reviews shown with it; then ask for all of them."""
        product = PRODUCT.item(response, url=response.url, best_rating="5")
        yield product
        yield from HELPFUL.read(response, item_reviewed=product.identifier, best_rating="5")
        links = select(response, 'a[href*="/product-reviews/"]')  # others lead to products like this one
        own = (link for link in links if number(ASIN)(link.attrib["href"]) == product.identifier)
        yield from (self.follow(response, link, self.parse_reviews) for link in list(own)[:1])

    def parse_reviews(self, response: TextResponse) -> Output:
        """Yield the product, its reviews, the two above the list if it does not hold them; the next page."""
        product = REVIEWED.item(response, best_rating="5")
        yield product
        given = {"item_reviewed": product.identifier, "best_rating": "5"}
        reviews = list(REVIEWS.read(response, **given))
        yield from reviews
        listed = {found.identifier for found in reviews if isinstance(found, Review)}
        for top in TOP.read(response, **given):
            if not (isinstance(top, Review) and top.identifier in listed):
                yield top
        for link in select(response, ".a-pagination li.a-last a[href]"):
            yield self.follow(response, link, self.parse_reviews)
