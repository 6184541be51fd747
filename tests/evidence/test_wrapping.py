"""Lines for a terminal: nothing is lost, nothing is too wide, what belongs together stays together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler import clock
from crawler.evidence.wrapping import columns, wrapped

WHEN = clock.beijing("2026-11-22T08:16:41.123456Z")
TEXTS = st.text(alphabet="ab 中文，；。（）“”`:/-1年", max_size=300)


def test_a_chinese_character_takes_two_columns() -> None:
    assert (columns("ab"), columns("中文"), columns("a中，")) == (2, 4, 5)


@settings(max_examples=100)
@given(TEXTS)
def test_nothing_is_lost_or_too_wide(text: str) -> None:
    lines = wrapped(text, 40, "  ")
    assert "".join("".join(lines).split()) == "".join(text.split())
    for line in lines:
        assert columns(line) <= 40 or " " not in line.strip() or "`" in line or "）" in line


@pytest.mark.parametrize("whole", [WHEN, "`evidence seal --renew --days 90`", "sha256:" + "0" * 64])
def test_times_commands_and_digests_stay_whole(whole: str) -> None:
    for before in range(60):
        assert sum(whole in line for line in wrapped("甲" * before + whole + "乙" * 60, 80, "")) == 1


def test_a_line_is_broken_behind_a_pause_and_no_line_begins_with_one() -> None:
    assert wrapped("甲" * 35 + "，" + "乙" * 20, 80, "  ") == ["甲" * 35 + "，", "  " + "乙" * 20]
    assert wrapped("甲" * 40 + "，" + "乙" * 5, 80, "  ") == ["甲" * 39, "  甲，" + "乙" * 5]
    assert wrapped("甲" * 5 + "，" + "乙" * 60, 80, "  ") == ["甲" * 5 + "，" + "乙" * 34, "  " + "乙" * 26]
