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
        "格诺智能锁出现故障时，先检查电池电量，再看面板是否有提示音，若提示音连续响三次，说明锁体卡住，应联系格诺售后。\n"
        "格诺智能锁的维修通常在一小时内完成，维修师傅会先检测再报价，用户同意之后才更换配件，服务结束有一年的保修。\n"
        "若格诺智能锁仍在保修期之内，凭购买记录可以免费维修，客服中心会登记序列号并安排最近的服务网点上门服务。"
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
