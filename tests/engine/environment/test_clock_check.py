"""The clock against real servers that are right, wrong, silent, or no time servers at all."""

import time
from contextlib import ExitStack

import pytest

from crawler.engine.environment.asking import stated_time
from crawler.engine.environment.clock_check import ask_ntp, clock, difference
from crawler.engine.environment.result import Judged
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Setting, StatedTime
from tests.engine.environment.places import said
from tests.engine.environment.servers import silent_server, stamp, time_server, udp, web_server


def checked(setting: Setting) -> dict[str, Judged]:
    return {judged.subject: judged for judged in clock(setting, rules()["clock"])}


@pytest.mark.parametrize("ahead", [0.0, 42.5, -3600.0, 400_000_000.0])
def test_the_offset_is_measured(ahead: float) -> None:
    """The last one lies in the next era of NTP, after 2036."""
    with time_server(ahead) as server:
        offset, took = ask_ntp(server)
    assert abs(offset - ahead * 1000) < 250
    assert 0 <= took < 2000


@pytest.mark.parametrize(
    "answers",
    [
        {"stratum": 0},  # a kiss of death
        {"stratum": 16},
        {"leap": 3},
        {"mode": 3},
        {"echo": False},  # an answer that was not made for our question
    ],
)
def test_what_is_no_answer_is_refused(answers: dict[str, int]) -> None:
    with time_server(0.0, **answers) as server, pytest.raises(OSError, match=r"SNTP|no time"):  # type: ignore[arg-type]
        ask_ntp(server)


@pytest.mark.parametrize("reply", [b"", b"\x24\x02", b"\x24\x02" + bytes(46)])
def test_rubbish_is_refused(reply: bytes) -> None:
    with udp(lambda _question: reply) as server, pytest.raises(OSError, match="none of SNTP"):
        ask_ntp(server)


def test_a_server_that_states_no_time_is_refused() -> None:
    def answer(question: bytes) -> bytes:
        return b"\x24\x02" + bytes(22) + question[40:48] + bytes(8) + stamp(time.time())

    with udp(answer) as server, pytest.raises(OSError, match="states no time"):
        ask_ntp(server)


def test_each_source_has_its_own_result_and_all_of_them_one() -> None:
    with ExitStack() as stack:
        good, also = (stack.enter_context(time_server(ahead)) for ahead in (0.0, 0.1))
        wrong = stack.enter_context(time_server(99.0))
        url, seen = stack.enter_context(web_server())
        found = checked(Setting(ntp=(good, also, wrong), date_urls=(f"{url}/tsr?x=1",)))
    assert {subject: judged.outcome for subject, judged in found.items()} == {
        f"ntp:{good}": "passed",
        f"ntp:{also}": "passed",
        f"ntp:{wrong}": "failed",
        f"http:{url.removeprefix('http://')}": "passed",
        "": "passed",  # the median: one wrong server decides nothing
    }
    assert seen == ["HEAD /tsr?x=1"]
    assert found[""].value["sources"] == 4
    assert "+99.0 秒" in said("clock", found[f"ntp:{wrong}"])


def test_a_wrong_clock_fails() -> None:
    with time_server(-30) as one, time_server(-31) as two, web_server(ahead=-30) as (url, _):
        found = checked(Setting(ntp=(one, two), date_urls=(url,)))
    assert {judged.outcome for judged in found.values()} == {"failed"}
    assert (found[""].because, -30_500 < found[""].value["median_ms"] < -28_000) == ("wrong", True)


def test_nobody_answers_in_time() -> None:
    began = time.monotonic()
    with udp(lambda _question: None) as mute, silent_server() as server:
        found = checked(Setting(ntp=(mute, "nosuch.invalid"), date_urls=(f"http://{server}/",)))
    assert time.monotonic() - began < 3.0
    assert {judged.outcome for judged in found.values()} == {"skipped"}
    assert [judged.because for judged in found.values()] == ["no-answer"] * 3 + ["too-few"]


@pytest.mark.parametrize(
    "header", [None, "gestern", "99999999999999999999", "Sun, 06 Nov 1994 08:49:37 +9999999"]
)
def test_a_date_that_is_none_is_skipped(header: str | None) -> None:
    with web_server(date=False, headers={"Date": header} if header else {}) as (url, _):
        found = checked(Setting(date_urls=(url,)))
    assert found[f"http:{url.removeprefix('http://')}"].outcome == "skipped"


def test_the_proxy_of_the_archive_is_used() -> None:
    with web_server(ahead=50) as (proxy, seen):
        found = checked(Setting(date_urls=("http://tsa.invalid/tsr",), proxy=proxy))
    assert seen == ["HEAD http://tsa.invalid/tsr"]
    assert found["http:tsa.invalid"].outcome == "failed"


def test_dates_of_recorded_pages_count() -> None:
    page = StatedTime("shop.invalid", 100_000, 50_000, 51_000)
    found = checked(Setting(dates=(page,)))
    assert (found["page:shop.invalid"].outcome, found["page:shop.invalid"].value["offset_ms"]) == (
        "failed",
        49_000,
    )


@pytest.mark.parametrize(
    ("stated", "began", "ended", "expected"),
    [
        (10_000, 10_400, 10_600, 0),  # a Date has whole seconds
        (10_000, 9_500, 12_500, 0),
        (10_000, 11_000, 11_200, 0),
        (10_000, 11_300, 11_500, -300),
        (10_000, 9_000, 9_200, 800),
    ],
)
def test_the_least_difference_that_explains_a_date(
    stated: int, began: int, ended: int, expected: int
) -> None:
    assert difference(StatedTime("x", stated, began, ended)) == expected


def test_an_answer_from_a_cache_is_as_old_as_it_says() -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    fresh, old = (stated_time("x", date, age, 0, 0) for age in (None, "90"))
    assert fresh is not None
    assert old is not None
    assert (fresh.stated, old.stated) == (784_111_777_000, 784_111_867_000)
    zoneless = stated_time("x", "Sun, 06 Nov 1994 08:49:37 -0000", "-5", 0, 0)
    assert zoneless is not None
    assert zoneless.stated == fresh.stated
    assert stated_time("x", date, "alt", 0, 0) is None
