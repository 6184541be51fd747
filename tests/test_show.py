"""What people read when something is missing: Chinese first, what it means, what to do."""

import pytest

from crawler.errors import ArchiveError, LogError, UsageError
from crawler.evidence.seal import NOBODY, Seal
from crawler.show import failure, sealed


def seal(missing: dict[str, str], unjudged: dict[str, str] | None = None) -> Seal:
    return Seal(size=3, stamped={}, missing=missing, unjudged=unjudged or {})


def test_a_token_that_nobody_here_can_judge_is_told_in_chinese_first() -> None:
    (line,) = [line for line in sealed(seal({}, {"gm": "signed with SM2"})).splitlines() if "gm" in line]
    assert line.strip().startswith("时间戳机构 gm 的时间戳已留存，但本软件不能核验，不计入")
    assert line.endswith("（signed with SM2）")
    assert "已封存。" not in sealed(seal({}, {"gm": "signed with SM2"}))


def test_no_authority_and_a_silent_one_are_told_in_chinese() -> None:
    assert "未配置时间戳机构" in sealed(seal({"-": NOBODY}))
    assert "no authority" not in sealed(seal({"-": NOBODY}))
    silent = sealed(seal({"a": "TSA a (http://127.0.0.1:1/) did not answer: refused"}))
    assert "未盖章 a：没有应答" in silent
    assert "refused" in silent


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (ArchiveError("the key keys/log.key is missing; restore it"), "先从备份恢复"),
        (ArchiveError("the key a/keys/log.key cannot be opened: the passphrase is wrong"), "口令不对"),
        (ArchiveError("anything else"), "证据库目前不能完成这一步"),
        (UsageError("not cosigned (404): the log is not watched here"), "witness trust"),
        (LogError("not cosigned (409): x shows two histories: at size 3"), "两份不同的历史"),
        (LogError("the entries contradict a checkpoint"), "与备份比对"),
        (UsageError("anything else"), "--help"),
    ],
)
def test_every_error_says_in_chinese_what_to_do(error: Exception, hint: str) -> None:
    said, *hints = failure(error).splitlines()
    assert str(error) in said
    assert len(hints) == 1
    assert hint in hints[0]
