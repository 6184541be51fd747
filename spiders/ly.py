"""LY.com (同程): a hotel, from the JSON of its detail page, with the one review that it shows.

That review has no number; it is known by a digest of its text, so the same text is the same review on every capture.
"""

import hashlib

from scrapy.http import TextResponse

from crawler.engine.reading import Json, json_of, of_type
from crawler.engine.rows import JsonRows
from crawler.engine.site import Output, Page, Site
from crawler.items import Listing, Review
from crawler.quoted import joined, quoted


def _known_by(row: Json) -> str | None:
    """The hotel and a digest of the text; no name is part of it."""
    hotel, body = row.get("Id"), row.get("DpContent")
    if not isinstance(hotel, str) or not isinstance(body, str):
        return None
    return quoted(f"{hotel}#{hashlib.sha256(body.encode('utf-8', 'replace')).hexdigest()[:20]}", hotel, body)


HOTEL = JsonRows(
    Listing,
    "[@]",
    identifier="Id",
    name="Name",
    location=lambda row: joined(
        " ", (part for part in map(row.get, ("CityName", "SectionName", "Address")) if isinstance(part, str))
    ),
    rating_value="DpScore?",
    review_count="DpTotalNum?",
    ignore="ClassName ClassId Address YearOpen YearFix PicUrl PicCnt MixedDpTotalNum DpUserName DpContent Facilitys "
    "HotelOrderCount CityId CityName ProvinceId ProvinceName SectionName SectionId BusinessCircle BusinessIds "
    "Introduction Longitude Latitude BDLongitude BDLatitude LocationDetail KeyHotel OneWord Phone HotelImgList "
    "HotelRecommendLevel TrafficInfoHtml themeHtml FacilityTypeList CreditCard IsStrictSelection EHotelId "
    "CommentTags",
)
REVIEW = JsonRows(
    Review,
    "[@]",
    identifier=_known_by,
    item_reviewed="Id",
    review_body="DpContent",
    author="DpUserName?",
)


class Ly(Site):
    """Hotels on LY.com, each with the review that is shown first."""

    name = "ly"
    domains = ("ly.com",)
    pages = (Page("listing", r"(?i)^/hotel(api)?/[\w/]*detail", "parse_hotel"),)
    expect = {"listing": (1, 100_000)}
    access = "assisted"

    def parse_hotel(self, response: TextResponse) -> Output:
        """The hotel, and its review."""
        hotel = of_type(json_of(response), dict, "the answer", response.url)
        yield from HOTEL.read(hotel, response.url, best_rating="5")
        if hotel.get("DpContent"):
            yield REVIEW.item(hotel, response.url)
