"""Derived fields are filled from printed ones; printed ones stay."""

from dataclasses import fields, replace

import pytest
from sqlite_utils import Database

from crawler.errors import ExtractionError
from crawler.items import ITEM_TYPES, Item, Listing, Post, Provenance, Review
from crawler.store.schema import columns, migrations
from pipelines.normalize import DERIVE, Normalize

PROVENANCE = Provenance(
    capture="c1",
    captured_at="2026-11-22T06:00:00.123456Z",
    url="http://shop.example/item/1.html",
    locator="warc/00001.warc.gz:0+100",
    payload_digest="sha256:" + "0" * 64,
    extractor="shop:parse_product",
    version=1,
    ordinal=0,
)
LISTING = Listing(
    identifier="1",
    name="养生壶",
    price="券后价 ￥59.9起",
    list_price="￥99.00",
    location="浙江 宁波",
    sales="月销1.2万+",
    review_count="2.3万+条评价",
    rating_value="4.8分",
    best_rating="5",
    date_published="2026-11-01",
    provenance=PROVENANCE,
)
REVIEW = Review(
    identifier="2",
    review_body="好用",
    author="小***7",
    date_published="昨天 12:30",
    rating_value="5",
    best_rating="5",
    useful_count="有用(12)",
    purchase_date="2026-11-11 20:00:01",
    location="IP属地：广东",
    provenance=PROVENANCE,
)
POST = Post(
    identifier="3",
    date_published="11-20",
    date_last_reply="刚刚",
    location="发布于 江苏",
    comment_count="999+",
    like_count="1.2万",
    share_count="3千",
    view_count="88",
    provenance=PROVENANCE,
)


def test_a_listing() -> None:
    assert Normalize().process_item(LISTING) == replace(
        LISTING,
        price_amount="59.90",
        price_currency="CNY",
        price_is_minimum=True,
        sales_number=12_000,
        sales_is_minimum=True,
        review_number=23_000,
        review_number_is_minimum=True,
        rating_number="4.8",
        rating_scale="5",
        published_at="2026-10-31T16:00:00Z",
        published_precision="day",
        list_price_amount="99.00",
        region="浙江",
    )


def test_a_review_is_dated_as_of_its_capture() -> None:
    assert Normalize().process_item(REVIEW) == replace(
        REVIEW,
        published_at="2026-11-21T04:30:00Z",
        published_precision="minute",
        rating_number="5",
        rating_scale="5",
        useful_number=12,
        purchased_at="2026-11-11T12:00:01Z",
        purchased_precision="second",
        region="广东",
    )


def test_a_post() -> None:
    assert Normalize().process_item(POST) == replace(
        POST,
        published_at="2026-11-19T16:00:00Z",
        published_precision="day",
        comment_number=999,
        comment_number_is_minimum=True,
        like_number=12_000,
        share_number=3000,
        view_number=88,
        last_reply_at="2026-11-22T06:00:00Z",
        last_reply_precision="minute",
        region="江苏",
    )


def test_what_is_not_understood_stays_none() -> None:
    listing = Listing(
        identifier="1", name="壶", price="面议", sales="-", rating_value="好评", provenance=PROVENANCE
    )
    assert Normalize().process_item(listing) == listing


def test_normalising_twice_changes_nothing() -> None:
    for item in (LISTING, REVIEW, POST):
        once = Normalize().process_item(item)
        assert Normalize().process_item(once) == once


def test_an_item_without_provenance_is_refused() -> None:
    with pytest.raises(ExtractionError, match="review 2 has no provenance"):
        Normalize().process_item(replace(REVIEW, provenance=None))


def test_half_a_surrogate_pair_becomes_storable_text() -> None:
    mended = Normalize().process_item(replace(REVIEW, review_body="好\ud83c评😀"))
    assert isinstance(mended, Review)
    assert mended.review_body == "好\ufffd评😀"
    assert mended.review_body.encode()


@pytest.mark.parametrize("kind", ITEM_TYPES)
def test_every_kind_is_normalised(kind: str) -> None:
    assert kind in DERIVE


def derived(item: type[Item]) -> set[str]:
    """Fields that items.py lists under "derived", except the alias: those after the last printed field."""
    first = {"listing": "price_amount", "review": "published_at", "post": "published_at"}[item.kind]
    names = [field.name for field in fields(item)]
    return set(names[names.index(first) :]) - {"author_alias"}


@pytest.mark.parametrize("item", [LISTING, REVIEW, POST])
def test_exactly_the_derived_fields_are_filled(item: Item) -> None:
    normalised = Normalize().process_item(item)
    changed = {
        field.name for field in fields(item) if getattr(item, field.name) != getattr(normalised, field.name)
    }
    assert changed == derived(type(item))


@pytest.mark.parametrize("kind", ITEM_TYPES)
def test_a_database_made_before_a_derived_field_gets_its_column(kind: str) -> None:
    db = Database(memory=True)
    migrations.apply(db)
    db.execute(f"alter table {kind} drop column region")
    db.execute("delete from _sqlite_migrations where name like 'm010%'")
    migrations.apply(db)
    assert set(db.table(kind).columns_dict) == set(columns(ITEM_TYPES[kind]))
