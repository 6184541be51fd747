"""The three outcomes, and what people and machines are shown of them."""

import json

import pytest

from crawler.evidence.report import MOST_NAMED, Check, Faults, Report, not_checked, passed


def report(*statuses: str) -> Report:
    checks = tuple(Check(f"c{n}", status, "detail") for n, status in enumerate(statuses))  # type: ignore[arg-type]
    return Report("x", checks)


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (("passed", "passed"), 0),
        (("passed", "not-checked"), 3),
        (("not-checked", "failed", "passed"), 1),
        (("failed",), 1),
        ((), 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst_check(statuses: tuple[str, ...], code: int) -> None:
    assert report(*statuses).exit_code == code


def test_json_is_stable() -> None:
    checks = (
        Check("state", "failed", "1 fault(s)", "run `evidence seal`", ("a 评价",)),
        not_checked("sealed", "unsealed", "seal"),
    )
    text = Report("/a", checks, "bundle").to_json()
    assert json.loads(text) == {
        "format": "web-evidence-report/1",
        "kind": "bundle",
        "subject": "/a",
        "result": "failed",
        "exit_code": 1,
        "checks": [
            {"name": "state", "status": "failed", "detail": "1 fault(s)", "remedy": "run `evidence seal`",
             "problems": ["a 评价"]},
            {"name": "sealed", "status": "not-checked", "detail": "unsealed", "remedy": "seal", "problems": []},
        ],
    }  # fmt: skip
    assert "评价" in text


def test_text_names_checks_faults_and_remedy_in_chinese_and_english() -> None:
    faults = Faults("records")
    faults.add("warc/00001.warc.gz:0+5: broken")
    text = Report("/a", (passed("log", "9 entries"), faults.check("", "compare with a copy"))).to_text()
    assert text.splitlines() == [
        "核验 / verify: /a",
        "[通过] 日志 / log: 9 entries",
        "[未通过] WARC 记录 / WARC records: 1 fault(s)",
        "    - warc/00001.warc.gz:0+5: broken",
        "    → compare with a copy",
        "核验未通过 / verification FAILED",
    ]


def test_no_fault_is_a_pass() -> None:
    assert Faults("log").check("fine", "never shown") == passed("log", "fine")


def test_faults_are_counted_beyond_what_is_listed_and_hostile_text_is_made_printable() -> None:
    faults = Faults("bag")
    for _ in range(MOST_NAMED + 7):
        faults.add("\x1b[2J" + "x" * 10_000)
    check = faults.check("")
    assert check.detail == f"{MOST_NAMED + 7} fault(s) (7 more not listed)"
    assert len(check.problems) == MOST_NAMED
    assert "\x1b" not in check.problems[0]
    assert len(check.problems[0]) == 500


def test_a_check_is_found_by_its_name() -> None:
    found = Report("/a", (passed("log", "9 entries"),))
    assert found.check("log").detail == "9 entries"
    with pytest.raises(KeyError):
        found.check("nonsense")
