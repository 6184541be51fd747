"""What is a contact and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.redaction.contacts import contacts
from crawler.redaction.grade import GRADES

EVERY = GRADES["public"].masked(None)
MOBILE = "13800138000"
RESIDENT = "11010519491231002X"  # the example of GB 11643-1999, its check character right


def kinds(text: str) -> set[str]:
    return {one.kind for one in contacts(text, EVERY)}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"加我{MOBILE}返现", "mobile"),
        ("138 0013 8000", "mobile"),
        ("138-0013-8000", "mobile"),
        ("+86 13800138000", "mobile"),
        ("１３８００１３８０００", "mobile"),
        ("①③⑧〇〇①③⑧〇〇〇", "mobile"),
        ("一三八零零一三八零零零", "mobile"),
        ("l38OOl38OOO", "mobile"),
        ("1\u200b3800\u200b138000", "mobile"),
        ("电话010-62345678", "landline"),
        ("客服 62345678", "landline"),
        ("400-820-8820", "service"),
        ("a.b-c@example.com", "email"),
        ("xiaomei88 艾特 qq 点 com", "email"),
        ("QQ：123456789", "qq"),
        ("扣扣 1 2 3 4 5 6 7 8 9", "qq"),
        ("微信号: liu_mei2020", "weixin"),
        ("加薇：liumei2020", "weixin"),
        ("支付宝账号 liumei@", "account"),
        (f"身份证 {RESIDENT}", "id_card"),
        (f"证件{RESIDENT.lower()}", "id_card"),
        ("6222 0212 3456 7894 ", "bank_card"),
        ("京A·12345", "plate"),
        ("SF1234567890123", "parcel"),
        ("取件码：12-3-4567", "parcel"),
        ("订单号 2026112012345678", "order"),
        ("@小美爱购物 看这里", "mention"),
        ("回复 小美：收到", "mention"),
        ("晋安区茶会路18号3栋2单元501室", "address"),
        ("https://example.invalid/x?u=1", "link"),
    ],
)
def test_a_contact_in_any_writing_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "¥138.00 销量13800件",
        "2026-11-20 13:20:11",
        "月销1380013",
        "型号 11010519491231",
        "5.0分 4.9分 4.8分 4.7分",
        "微信小程序 android",
        "编号4111111111111112",  # no check digit of a card
        "110105194912310021",  # no check character of a resident's number, and nothing says that it is one
        "3号线地铁",
        "100%棉 180cm 75kg",
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert contacts(text, EVERY) == []


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 9_999_999))
def test_a_mobile_number_is_found_whatever_stands_around_it(before: str, after: str, number: int) -> None:
    written = f"1385{number:07}"
    text = f"{before} {written} {after}"
    place = text.index(written)
    assert any(one.start <= place and one.end >= place + len(written) for one in contacts(text, EVERY))


@given(st.text(alphabet="1380 -@.微信QQ号：a①\u200b省市路号", max_size=300))
def test_places_are_in_the_text_in_order_and_apart(text: str) -> None:
    found = contacts(text, EVERY)
    at = 0
    for one in found:
        assert at <= one.start < one.end <= len(text)
        at = one.end
