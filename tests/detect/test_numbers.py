"""Telephone numbers in every spelling, and figures that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.numbers import numbers


@pytest.mark.parametrize(
    "written",
    [
        "400-1865-909", "4001865909", "400 1865 909", "4001-865-909", "400－1865－909", "４００１８６５９０９",
        "400.186.5909", "(400)1865909", "400—1865—909", "4 0 0 1 8 6 5 9 0 9",
        "四零零一八六五九零九", "四〇〇-幺八六五-九〇九", "④⓪⓪①⑧⑥⑤⑨⓪⑨",
        "4OO-l865-9O9", "4️⃣0️⃣0️⃣1️⃣8️⃣6️⃣5️⃣9️⃣0️⃣9️⃣", "400\u200b1865\u200b909",
    ],
)  # fmt: skip
def test_one_hotline_in_every_spelling(written: str) -> None:
    text = f"售后电话:(1){written}（点击咨询）"
    (number,) = numbers(text)
    assert (number.digits, number.kind, number.shown) == ("4001865909", "service", "400-1865-909")
    assert written.startswith(text[number.start : number.end][:1]) or written[0] == "("
    assert text[number.end - 1] in written


@pytest.mark.parametrize(
    ("written", "digits", "kind"),
    [
        ("0755-88888888", "075588888888", "landline"),
        ("(0755) 8888 8888", "075588888888", "landline"),
        ("010-62345678转8", "01062345678", "landline"),
        ("+86 138-1234-5678", "13812345678", "mobile"),
        ("微信v13700137000", "13700137000", "mobile"),
        ("客服热线：95533", "95533", "short"),
        ("800-810-8888", "8008108888", "service"),
    ],
)
def test_other_kinds(written: str, digits: str, kind: str) -> None:
    assert [(number.digits, number.kind) for number in numbers(written)] == [(digits, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "订单号4001865909123", "价格95533元", "2026-11-22 10:00:00", "40018659", "身份编号14001865909",
        "二十四小时在线，四零零", "0123-12345678", "一共12000000000元",
    ],
)  # fmt: skip
def test_figures_that_are_no_numbers(text: str) -> None:
    assert numbers(text) == []


def test_two_numbers_side_by_side_are_two() -> None:
    text = "(1)400-1865-909(点击咨询)(2)400-1865-909、4006-189-123"
    assert [number.digits for number in numbers(text)] == ["4001865909", "4001865909", "4006189123"]


@given(st.text(alphabet=st.sampled_from("400 8-18659（)零四九Oo电话①\ud800转+"), max_size=80))
def test_numbers_are_where_they_say(text: str) -> None:
    end = 0
    for number in numbers(text):
        assert number.start >= end
        assert number.end <= len(text)
        assert number.digits.isdecimal()
        end = number.end


@pytest.mark.timeout(60)  # linear: seconds; quadratic would take hours
@pytest.mark.parametrize(
    "text", ["0" * 10**6, "4 0 0 " * 10**5, "0755 " * 10**5, "((" * 10**5, "零" * 10**6, "热线" * 10**5]
)
def test_hostile_text_is_read_in_time(text: str) -> None:
    numbers(text)
