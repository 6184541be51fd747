"""JD.com (京东): the result pages of a search and of a category, whose cards the server renders.

Newer pages ask for a login first. Advertisements carry the word 广告 in ``.p-promo-flag``.
"""

from scrapy.http import TextResponse

from crawler.engine.reading import Oddity
from crawler.engine.rows import Rows, value_of
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing

CARDS = Rows(
    Listing,
    "//li[contains(@class, 'gl-item')][@data-sku]",
    identifier="@data-sku",
    name=".p-name em",
    url=(".p-name > a::attr(href)?", lambda link: f"https:{link}" if link.startswith("//") else link),
    # The sign alone stands there until a script has fetched the price.
    price=(
        '.p-price strong[class^="J_"]?',
        lambda shown: shown.replace("\n", "") if shown.strip("¥￥ \n") else None,
    ),
    seller="(.//*[contains(@class, 'p-shop')]//a)[1]?",
    seller_identifier="[data-venid]::attr(data-venid)?",
    review_count='.p-commit a[id^="J_comment_"]?',
    promoted=".p-promo-flag",
)


class JdSearch(Site):
    """Products that a search on JD.com finds, as cards."""

    name = "jd_search"
    domains = ("search.jd.com", "list.jd.com")
    pages = (Page("listing", r"^/([Ss]earch|s_new\.php|list\.html)($|\?)", "parse_search"),)
    expect = {"listing": (1, 10_000)}
    access = "assisted"

    def parse_search(self, response: TextResponse) -> Output:
        """The cards, advertisements marked."""
        given = {"query": value_of(response, "title?"), "result_count": value_of(response, "#J_resCount?")}
        found = list(CARDS.read(response, **given))
        yield from found
        if not found:
            yield Oddity(
                f"no products on {response.url}; look at the capture: is it a page to log in, or was nothing found?"
            )
