"""JD.com (京东): recommended products ("猜你喜欢", "为你推荐"), from the JSON that a page loads.

One-letter names: ``t`` title, ``jp`` price at JD, ``mp`` the maker's price, ``bn`` brand.
"""

from scrapy.http import TextResponse

from crawler.engine.reading import json_of, of_type
from crawler.engine.rows import JsonRows, search
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing
from crawler.quoted import quoted

PRODUCTS = JsonRows(
    Listing,
    "products",
    identifier="sku",
    name="t",
    url=lambda row: quoted(f"https://item.jd.com/{row.get('sku')}.html", row.get("sku")),
    price="jp?",
    brand="bn?",
    ignore="spu originImgUrl img impr clk c3 mp w wt rt renl stk subsku tips type yuYue yuyueStatus yuShou "
    "yushouStatus skuDateType resultMessage userCoupon",
)


class JdRecommend(Site):
    """Products that JD.com recommends."""

    name = "jd_recommend"
    domains = ("diviner.jd.com",)
    pages = (Page("listing", r"^/diviner($|\?)", "parse_recommended"),)
    expect = {"listing": (1, 1000)}

    def parse_recommended(self, response: TextResponse) -> Output:
        """The products; cards that show brands instead are left out, for they are none."""
        rows = search(json_of(response), "result.data || dat.data || data")
        rows = of_type(rows, list, "result.data", response.url)
        products = [row for row in rows if not (isinstance(row, dict) and "brandList" in row)]
        yield from PRODUCTS.read({"products": products}, response.url)
