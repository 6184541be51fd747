"""Aliases: stable under one key, different under another, honest about names that several people share."""

import re
from pathlib import Path

import pytest
from scrapy import Spider
from scrapy.utils.test import get_crawler

from crawler.errors import ArchiveError, FormatError
from crawler.evidence.alias_key import read_key
from crawler.items import Listing, Post, Review
from pipelines.pseudonymize import Pseudonymize

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


def review(author: str | None = "王小明", account: str | None = None, site: str = "shop") -> Review:
    return Review(identifier="1", review_body="好", author=author, author_identifier=account, site=site)


def alias(item: Review | Post, key: bytes = KEY) -> str | None:
    stored = Pseudonymize(key).process_item(item)
    assert isinstance(stored, Review | Post)
    assert (stored.author, stored.author_identifier) == (None, None)
    return stored.author_alias


def test_an_alias_is_the_keyed_digest_of_site_and_account() -> None:
    # printf '\0\0\0\4shop\0\0\0\7account\0\0\0\2u7' | openssl dgst -sha256 -mac hmac -macopt hexkey:000102…1f
    assert alias(review(account="u7")) == "评价人-2dfaae2381ba"


def test_the_same_account_is_the_same_alias_under_any_name() -> None:
    assert alias(review("旧名", "u7")) == alias(review("新名", "u7"))
    assert alias(review("旧名", "u7")) != alias(review("旧名", "u8"))


def test_site_key_and_sort_of_identity_matter() -> None:
    aliases = [
        alias(review(account="u7")),
        alias(review(account="u7", site="other")),
        alias(review(account="u7"), OTHER_KEY),
        alias(review("u7")),
        alias(review("7", site="shopu")),
    ]
    assert len(set(aliases)) == len(aliases)


def test_posters_have_a_role_of_their_own_and_listings_keep_their_seller() -> None:
    poster = alias(Post(identifier="1", author="王小明", site="shop"))
    assert poster is not None
    assert poster.startswith("发帖人-")
    assert poster.rpartition("-")[2] == str(alias(review())).rpartition("-")[2]
    listing = Listing(identifier="1", name="壶", seller="云岚家居")
    assert Pseudonymize(KEY).process_item(listing) is listing


def test_a_name_masked_by_the_site_is_marked_as_such() -> None:
    assert re.fullmatch(r"隐名评价人-[0-9a-f]{12}", str(alias(review("j***珂"))))
    assert re.fullmatch(r"评价人-[0-9a-f]{12}", str(alias(review("j***珂", "u7"))))


@pytest.mark.parametrize("name", [None, "", " ", "匿名用户", "匿名", "Anonymous"])
def test_an_anonymous_author_has_no_alias(name: str | None) -> None:
    assert alias(review(name)) is None


def test_the_key_comes_from_the_archive(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "alias.key").write_text(KEY.hex() + "\n", encoding="ascii")
    pipeline = Pseudonymize.from_crawler(get_crawler(Spider, {"EVIDENCE_ARCHIVE": str(tmp_path)}))
    assert pipeline.process_item(review()) == Pseudonymize(KEY).process_item(review())


def test_a_missing_key_is_refused_and_never_made(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"alias\.key is missing"):
        read_key(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "00" * 31, "00" * 33, "zz" * 32, "密"])
def test_a_damaged_key_is_refused_without_showing_it(tmp_path: Path, content: str) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "alias.key").write_text(content, encoding="utf-8")
    with pytest.raises(FormatError) as refusal:
        Pseudonymize(read_key(tmp_path))
    assert "zz" not in str(refusal.value)
