"""Names in any writing go; what is no name stays; marks say nothing and are the same within a capture."""

import base64
import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.redaction.seal import MARK
from tests.redaction.masks import ACCOUNT, KEY, NAME, OTHER, TOKEN, masker


@pytest.mark.parametrize(
    "written",
    [
        NAME,
        "云 上 清 风 徐 来",
        "云\u200b上\u200b清风徐来",
        OTHER.upper(),
        "Ｍａｒｌｅｎｅ Dietrich",
        "Marlène Dietrich",
        f"@{NAME}:",
        ACCOUNT,
        TOKEN,
    ],
)
def test_a_name_goes_in_any_writing(written: str) -> None:
    shown = masker().text(f"（{written}）说很好")
    assert MARK.search(shown)
    assert written not in shown
    assert shown.startswith("（")
    assert shown.endswith("说很好")


@pytest.mark.parametrize(
    "spell",
    [
        lambda value: quote(value),
        lambda value: json.dumps(value)[1:-1],
        lambda value: html.escape("".join(f"&#{ord(each)};" for each in value), quote=False).replace(
            "&amp;", "&"
        ),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: quote(quote(value)),
        lambda value: "".join(f"\\x{each:02x}" for each in value.encode()),
    ],
    ids=["percent", "json", "entities", "base64", "percent-twice", "hex-escapes"],
)
def test_a_name_goes_in_any_coding(spell: object) -> None:
    spelled = spell(NAME)  # type: ignore[operator]
    done = masker()
    shown = done.text(f"<x y='{spelled}'>说很好")
    assert spelled not in shown
    assert done.left(shown.encode()) == []


@given(st.text(max_size=20), st.text(max_size=20))
def test_no_name_is_left_whatever_stands_around_it(before: str, after: str) -> None:
    done = masker()
    shown = done.text(f"{before} {NAME} {after}")
    assert NAME not in shown
    assert done.left(shown.encode("utf-8", "replace")) == []


@given(
    st.lists(
        st.sampled_from([NAME[:3], NAME[3:], OTHER[:5], OTHER[5:], "好评", " ", "138", "00138000"]),
        max_size=9,
    )
)
def test_what_is_divided_over_pieces_goes_too(pieces: list[str]) -> None:
    done = masker()
    shown = done.pieces(pieces)
    assert len(shown) == len(pieces)
    assert NAME not in "".join(shown)
    assert OTHER not in "".join(shown)
    assert not re.search(r"(?<!\d)13800138000(?!\d)", "".join(shown)), "with more digits it is no number"


def test_marks_are_the_same_within_a_capture_and_others_in_the_next() -> None:
    first, again, next_one = masker(), masker(), masker(capture="c2")
    assert first.text(NAME) == again.text(NAME) != next_one.text(NAME)
    assert first.text(NAME) != masker(key=KEY[::-1]).text(NAME)
    assert first.text(NAME) != first.text(OTHER)


def test_platform_shows_the_alias_and_public_nothing() -> None:
    assert masker("platform").text(NAME) == "[person:0123456789abcdef]"
    assert "0123456789abcdef" not in masker("public").text(NAME)


def test_the_platform_sees_a_recruiters_contact_and_not_a_reviewers() -> None:
    said = "加微信号 liumei2020 或 13800138000"
    assert masker("platform", "post").text(said) == said
    assert "13800138000" not in masker("platform", "review").text(said)
    assert "13800138000" not in masker("public", "post").text(said)


def test_words_that_reviews_are_made_of_stay() -> None:
    said = "包装很好，物流快，五星好评！2026-11-20 ¥138.00 匿名用户"
    assert masker().text(said) == said


@pytest.mark.parametrize("grade", ["platform", "public"])
def test_addresses_hold_no_account_and_no_credential(grade: str) -> None:
    url = f"https://shop.example/user/{ACCOUNT}/p?token={TOKEN}&nick={quote(NAME)}&page=2"
    shown = masker(grade).url(url)
    for value in (ACCOUNT, TOKEN, NAME, quote(NAME)):
        assert value not in shown
    assert ("page=2" in shown) is (grade == "platform")
    assert (
        masker("platform")
        .url("https://shop.example/item/610001.html?page=2")
        .endswith("/item/610001.html?page=2")
    )


@given(
    st.recursive(
        st.sampled_from([NAME, ACCOUNT, TOKEN, "好", 5, None, True, 88120946]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([NAME, "a", "b"]), inner, max_size=3)
        ),
        max_leaves=12,
    )
)
def test_nothing_is_left_in_json(value: object) -> None:
    done = masker()
    assert done.left(json.dumps(done.tree(value), ensure_ascii=False).encode()) == []
