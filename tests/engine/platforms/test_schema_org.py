"""schema.org objects as items: forms of offers and ratings, answers, and one thing told in several forms."""

import json
from typing import Any

import pytest
from scrapy.http import HtmlResponse

from crawler.engine.platforms.schema_org import SchemaOrg
from crawler.engine.reading import Oddity
from crawler.errors import ExtractionError
from crawler.items import Item, Listing, Post, Review
from crawler.quoted import place_of

URL = "http://shop.example/p/kettle-7"
PRODUCT: dict[str, Any] = {
    "@type": "Product",
    "name": "养生壶",
    "sku": "S1",
    "brand": {"name": "小熊"},
    "offers": {"price": 59.90, "priceCurrency": "CNY", "seller": {"name": "旗舰店"}},
    "aggregateRating": {"ratingValue": 4.6, "reviewCount": 2},
    "review": [
        {
            "author": "甲",
            "datePublished": "2026-11-01",
            "reviewBody": "好",
            "reviewRating": {"ratingValue": 5},
        },
        {
            "author": [{"name": "乙"}],
            "reviewBody": "好",
            "reviewRating": {"ratingValue": 8, "bestRating": 10},
        },
    ],
}
MICRODATA = """<div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">养生 壶</h1>
<div itemprop="review" itemscope itemtype="https://schema.org/Review"><b itemprop="author">甲</b>
<p itemprop="reviewBody"> 好 </p></div>
<div itemprop="review" itemscope itemtype="https://schema.org/Review"><b itemprop="author">丙</b>
<p itemprop="reviewBody">一般</p></div></div>"""


class Shop(SchemaOrg):
    """A shop."""

    name = "shop"
    domains = ("shop.example",)
    numbered = r"-(\d+)$"


def outputs(html: str, url: str = URL) -> list[Any]:
    response = HtmlResponse(url, body=f"<html><body>{html}</body></html>".encode(), encoding="utf-8")
    return list(Shop().parse_thing(response))


def scripts(*blocks: str) -> str:
    return "".join(f'<script type="application/ld+json">{block}</script>' for block in blocks)


def read(*blocks: str) -> list[Item]:
    return [output for output in outputs(scripts(*blocks)) if isinstance(output, Item)]


def variant(**changes: Any) -> str:
    return json.dumps({**PRODUCT, **changes})


def listing(**changes: Any) -> Listing:
    found = read(variant(**changes))[0]
    assert isinstance(found, Listing)
    return found


def reviews(found: list[Any]) -> list[Review]:
    return [item for item in found if isinstance(item, Review)]


@pytest.mark.parametrize(
    "block",
    [
        json.dumps(PRODUCT),
        json.dumps([{"@type": "WebSite"}, PRODUCT]),
        json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, PRODUCT]}),
        json.dumps({"@type": "ItemPage", "mainEntity": PRODUCT}),
        json.dumps({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": PRODUCT}]}),
        variant(**{"@type": ["Thing", "https://schema.org/Product"]}),
    ],
)
def test_a_product_with_its_reviews(block: str) -> None:
    product, first, second = read(block)
    assert product == Listing(
        identifier="S1",
        url=URL,
        name="养生壶",
        brand="小熊",
        seller="旗舰店",
        price="59.9 CNY",
        review_count="2",
        rating_value="4.6",
        best_rating="5",
    )
    assert isinstance(first, Review)
    assert (first.author, first.rating_value, first.best_rating) == ("甲", "5", "5")
    assert first.item_reviewed == "S1"
    assert isinstance(second, Review)
    assert (second.author, second.rating_value, second.best_rating) == ("乙", "8", "10")


def test_values_keep_their_places() -> None:
    product, first, _ = read(json.dumps(PRODUCT))
    script = "/html/body/script/text() > #"
    assert isinstance(product, Listing)
    assert isinstance(first, Review)
    assert place_of(product.price) == f"{script}/offers/price | {script}/offers/priceCurrency"
    assert place_of(first.author) == f"{script}/review/0/author"
    assert place_of(first.rating_value) == f"{script}/review/0/reviewRating/ratingValue"


@pytest.mark.parametrize(
    ("offers", "price"),
    [
        ({"lowPrice": "59", "highPrice": "89", "priceCurrency": "CNY"}, "59-89 CNY"),
        ([{"price": "59.00", "priceCurrency": "EUR"}], "59.00 EUR"),
        ([{"price": "59"}, {"@type": "AggregateOffer", "lowPrice": "49", "highPrice": "59"}], "49-59"),
        ({"priceSpecification": {"price": "59", "priceCurrency": "EUR"}}, "59 EUR"),
        ({"price": "59.00"}, "59.00"),
        ({"priceCurrency": "EUR"}, None),
        ([], None),
        ("https://schema.org/Offer", None),
        (None, None),
    ],
)
def test_offers(offers: object, price: str | None) -> None:
    assert listing(offers=offers).price == price


def test_the_price_that_is_struck_out() -> None:
    struck = {"priceType": "https://schema.org/StrikethroughPrice", "price": "99", "priceCurrency": "CNY"}
    found = listing(offers={"price": "59", "priceCurrency": "CNY", "priceSpecification": [struck]})
    assert (found.price, found.list_price) == ("59 CNY", "99 CNY")
    found = listing(offers={"priceSpecification": [struck, {"price": "59", "priceCurrency": "CNY"}]})
    assert (found.price, found.list_price) == ("59 CNY", "99 CNY")
    assert listing(offers={"priceSpecification": {"price": "59"}}).list_price is None


@pytest.mark.parametrize(
    ("rating", "shown"),
    [
        ({"ratingValue": "4.64", "ratingCount": "495", "reviewCount": "13"}, ("4.64", "5", "13")),
        ({"ratingValue": "4.64", "ratingCount": "495"}, ("4.64", "5", "495")),
        ({"ratingValue": "92", "bestRating": 100}, ("92", "100", None)),
        ({"ratingValue": "8.7"}, ("8.7", None, None)),  # schema.org's 5 cannot be meant
        ({"ratingValue": "4/5"}, ("4/5", None, None)),
        ({"bestRating": "5"}, (None, None, None)),
        ({}, (None, None, None)),
    ],
)
def test_ratings(rating: object, shown: tuple[str | None, ...]) -> None:
    found = listing(aggregateRating=rating)
    assert (found.rating_value, found.best_rating, found.review_count) == shown


def test_a_rating_without_an_object_and_a_name_in_languages() -> None:
    (_, review) = read(
        variant(name={"@value": "壶", "@language": "zh"}, review={"author": "甲", "reviewRating": "4"})
    )
    assert isinstance(review, Review)
    assert (review.rating_value, review.best_rating) == ("4", None)


def test_answers_are_posts_that_belong_to_their_review() -> None:
    answer = {"@type": "Comment", "text": "谢谢亲", "author": {"name": "旗舰店"}, "dateCreated": "2026-11-02"}
    given = {"@id": "#r9", "author": "甲", "reviewBody": "好", "comment": answer, "publisherResponse": ["亲"]}
    _, review, *posts = read(variant(review=given))
    assert review.identifier == f"{URL}#r9"
    assert posts == [
        Post(identifier=f"{URL}#r9#answer-1", is_part_of=f"{URL}#r9", article_body="亲"),
        Post(
            identifier=f"{URL}#r9#answer-2",
            is_part_of=f"{URL}#r9",
            article_body="谢谢亲",
            author="旗舰店",
            date_published="2026-11-02",
        ),
    ]


def test_character_references_in_a_text_are_read_and_other_ampersands_left() -> None:
    _, review = read(variant(review={"reviewBody": "A&amp;B &#8217;s &copy 1&2; &nosuch;"}))
    assert isinstance(review, Review)
    assert review.review_body == "A&B ’s &copy 1&2; &nosuch;"
    assert place_of(review.review_body) == "/html/body/script/text() > #/review/reviewBody"


def test_an_account_a_headline_and_pictures() -> None:
    person = {"@type": "Person", "name": "甲", "url": "/u/7"}
    _, review = read(variant(review={"name": "很好", "author": person, "image": ["1.jpg", "2.jpg"]}))
    assert isinstance(review, Review)
    assert (review.headline, review.author, review.image_count) == ("很好", "甲", 2)
    assert review.author_identifier == "http://shop.example/u/7"


def test_identifiers_of_reviews_are_stable_distinct_and_free_of_names() -> None:
    same = {"reviewBody": "默认好评", "datePublished": "2026-11-01", "author": "甲"}
    _, first, second = read(variant(review=[same, same]))
    _, renamed, _ = read(variant(review=[{**same, "author": "乙"}, same]))
    assert first.identifier != second.identifier
    assert first.identifier == renamed.identifier


def test_one_review_that_is_no_list_and_none_at_all() -> None:
    assert len(read(variant(review=PRODUCT["review"][0]))) == 2
    assert len(read(variant(review=None))) == 1


@pytest.mark.parametrize(
    "odd", ["好", {"@type": "Review", "reviewRating": {"ratingValue": "=5"}}, 5, {"@id": "#none"}]
)
def test_a_review_that_is_not_understood_costs_no_other(odd: object) -> None:
    found = outputs(scripts(variant(review=[odd, *PRODUCT["review"]])))
    assert len(reviews(found)) == 2
    assert len([output for output in found if isinstance(output, Oddity)]) == 1


def test_what_is_not_read_of_a_review_is_told() -> None:
    found = outputs(scripts(variant(review={"author": "甲", "purchasedWith": "coupon", "inLanguage": "zh"})))
    (odd,) = (output for output in found if isinstance(output, Oddity))
    assert "['purchasedWith']" in odd.reason
    assert not odd.lost


def test_several_forms_of_one_thing_give_it_once_with_the_reviews_of_both() -> None:
    found = outputs(scripts(json.dumps(PRODUCT)) + MICRODATA)
    product, *told = found
    assert isinstance(product, Listing)
    assert (product.identifier, product.price) == ("S1", "59.9 CNY")
    assert [review.author for review in reviews(told)] == ["甲", "乙", "丙"]
    assert {review.item_reviewed for review in reviews(told)} == {"S1"}
    assert len(outputs(scripts(json.dumps(PRODUCT), json.dumps(PRODUCT)))) == 3  # a theme and a plug-in


def test_what_one_form_lacks_another_adds() -> None:
    bare = json.dumps({"@type": "Product", "name": "养生壶", "aggregateRating": {}})
    product, *told = read(bare, json.dumps(PRODUCT))
    assert isinstance(product, Listing)
    assert (product.identifier, product.rating_value, len(told)) == ("S1", "4.6", 2)


def test_alike_reviews_in_one_form_are_two() -> None:
    same = {"author": "匿名", "reviewBody": "好评"}
    assert len(reviews(read(variant(review=[same, same]), variant(review=[same])))) == 2


def test_variants_of_one_name_in_one_form_stay_apart() -> None:
    found = read(json.dumps([PRODUCT, {**PRODUCT, "sku": "S2", "review": []}]))
    assert [item.identifier for item in found if isinstance(item, Listing)] == ["S1", "S2"]


def test_variants_of_one_name_stay_apart_beside_another_form_that_knows_but_one() -> None:
    bare = json.dumps({"@type": "Product", "name": "养生壶"})
    found = read(bare, json.dumps([PRODUCT, {**PRODUCT, "sku": "S2", "review": []}]))
    assert [item.identifier for item in found if isinstance(item, Listing)] == ["S1", "S2"]


def test_things_without_a_number_are_named_by_their_page() -> None:
    found = read(json.dumps([{"@type": "Product", "name": "壶"}, {"@type": "Product", "name": "杯"}]))
    assert [item.identifier for item in found] == ["7", "7#2"]


def test_reviews_that_stand_alone_go_to_what_they_name() -> None:
    cup = {"@type": "Product", "name": "杯"}
    review = {"@type": "Review", "reviewBody": "好", "itemReviewed": {"@type": "Product", "name": "养生壶"}}
    found = read(json.dumps([PRODUCT, cup]), json.dumps(review))
    assert [item.item_reviewed for item in reviews(found)] == ["S1", "S1", "S1"]
    (product, alone) = read(json.dumps(review))
    assert isinstance(product, Listing)
    assert product.name == "养生壶"
    assert isinstance(alone, Review)


def test_reviews_that_stand_alone_and_name_nothing_go_to_the_one_thing_or_are_told() -> None:
    review, rating = {"@type": "Review", "reviewBody": "行"}, {"@type": "AggregateRating", "ratingValue": "4"}
    product, one = read(json.dumps([{"@type": "Product", "name": "壶"}, review, rating]))
    assert isinstance(product, Listing)
    assert product.rating_value == "4"
    assert isinstance(one, Review)
    odd = outputs(scripts(json.dumps([PRODUCT, {"@type": "Product", "name": "杯"}, review])))[0]
    assert isinstance(odd, Oddity)
    assert "does not say which of 2 things" in odd.reason


@pytest.mark.parametrize("block", ['{"@type": "WebSite"}', '{"a": ', "[1]", "", '{"@type": {"a": 1}}'])
def test_a_page_without_a_thing_is_refused(block: str) -> None:
    with pytest.raises(ExtractionError, match=r"no schema.org thing of type"):
        read(block)


def test_a_thing_without_name_is_reported_and_costs_no_other() -> None:
    (odd, found) = outputs(
        scripts(json.dumps([{"@type": "Product", "sku": "1"}, {"@type": "Product", "name": "壶"}]))
    )
    assert isinstance(odd, Oddity)
    assert "name of a Product is missing" in odd.reason
    assert isinstance(found, Listing)


@pytest.mark.parametrize(
    "name", ["name", "brand", "offers", "aggregateRating", "review", "sku", "url", "@id"]
)
@pytest.mark.parametrize(
    "value", [True, [], [[]], [{}], {"name": {}}, {"name": [[1]]}, "http://[", " ", 1e400]
)
def test_hostile_members_never_break_a_page(name: str, value: object) -> None:
    outputs(scripts(variant(**{name: value})))
    outputs(
        scripts(
            variant(review=[{"author": "甲", **dict.fromkeys((name, "author", "comment", "@id"), value)}])
        )
    )
