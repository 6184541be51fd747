"""What is said of a capture is true of it: only what came over the wire is said to be kept as it came."""

from dataclasses import replace

import pytest

from crawler.evidence.manifest import FIDELITIES, STATES, Capture
from crawler.export.wording import how_kept, obstacle

EXACT = "按网络收发字节原样保存"
PAGE = Capture(
    id="c" * 32, run="r", site="s", url="http://a.example/", method="GET", state="complete",
    fidelity="wire-exact", started="2026-11-22T08:00:00.000000Z", ended="2026-11-22T08:00:01.000000Z",
    records=(), status=200,
)  # fmt: skip


def test_a_page_as_received_is_said_to_be_kept_as_received() -> None:
    assert how_kept(PAGE) == EXACT
    assert how_kept(replace(PAGE, status=404)) == f"网站应答 HTTP 404，{EXACT}"
    assert how_kept(replace(PAGE, state="partial")) == f"内容不完整，所收到的部分{EXACT}"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_nothing_else_is(fidelity: str, state: str) -> None:
    said = how_kept(replace(PAGE, fidelity=fidelity, state=state))
    assert said
    assert (EXACT in said) == (fidelity == "wire-exact" and state in ("complete", "partial"))
    if state in ("blocked", "failed") and fidelity != "imported":
        assert "未取得网页内容" in said


def test_a_refusal_by_robots_is_a_record_of_ours_only() -> None:
    refused = replace(PAGE, fidelity="derived", state="blocked", reason="robots", status=None)
    assert how_kept(refused) == "robots.txt 不允许访问；未取得网页内容，仅为本工具的记录"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("wall-login", "网站要求登录"),
        ("http-429", "网站应答 HTTP 429"),
        ("connection refused", "connection refused"),
        (None, ""),
    ],
)
def test_reasons_of_ours_are_said_in_chinese(reason: str | None, said: str) -> None:
    assert obstacle(reason) == said
