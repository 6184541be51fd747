"""A page in blocks: its own lines, and the article that was pasted on."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.detect.text.blocks import blocks
from tests.detect.doorway_pages import ARTICLE, doorway_page


def test_an_article_below_a_doorway_is_pasted() -> None:
    text = doorway_page("格诺", "智能锁", "400-000-0001", article=ARTICLE)
    found = blocks(text)
    (pasted,) = found.pasted
    assert text[pasted.start : pasted.end] == ARTICLE
    assert "格诺" in found.topic


def test_an_article_alone_is_one_block() -> None:
    assert [block.pasted for block in blocks(ARTICLE).blocks] == [False]


def test_a_guide_on_the_pages_own_topic_is_not_pasted() -> None:
    guide = (
        "格诺智能锁的面板连续响三次，说明锁体卡住，先检查电池电量，再看锁舌有没有对准门框上的锁扣，不要用力扳动把手。\n"
        "格诺智能锁换过电池之后，时间会回到出厂的时候，要在面板上按住设置键五秒，再输入管理密码，把日期和时间重新设好。\n"
        "若格诺智能锁的指纹不灵，先用软布擦干净采集窗，冬天手指太干也会这样，可以多录几个手指，并且保留一把机械钥匙。"
    )
    assert blocks(doorway_page("格诺", "智能锁", "400-000-0001", article=guide)).pasted == ()


@given(st.text(alphabet=st.sampled_from("维修售后电话北京市、。格诺锁\n a400-1\ud800"), max_size=200))
def test_blocks_cover_every_line_once(text: str) -> None:
    found = blocks(text)
    end = 0
    for block in found.blocks:
        assert not text[end : block.start].strip()
        assert block.start < block.end
        end = block.end
    assert not text[end:].strip()
    assert all(one.pasted != other.pasted for one, other in zip(found.blocks, found.blocks[1:], strict=False))


@pytest.mark.timeout(60)  # linear: seconds; quadratic would take hours
@pytest.mark.parametrize("text", ["维修" * 10**5, "维\n" * 10**5, "，" * 10**6])
def test_hostile_text_is_read_in_time(text: str) -> None:
    blocks(text)


def test_the_real_page_as_it_was_found(detect_data: Path) -> None:
    doorway = (detect_data / "real_doorway_page.txt").read_text("utf-8")
    article = (detect_data / "real_news_article.txt").read_text("utf-8")
    text = f"{doorway}\n{article}"
    (pasted,) = blocks(text).pasted
    assert text[pasted.start : pasted.end] == article.strip()
