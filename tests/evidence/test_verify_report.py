"""The three outcomes, and what people and machines are shown of them."""

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from crawler import clock
from crawler.evidence.archive import Archive
from crawler.evidence.report import (
    MOST_NAMED,
    WIDTH,
    Check,
    Faults,
    Lang,
    Report,
    Words,
    failed,
    not_checked,
    passed,
)
from crawler.evidence.verify import verify
from crawler.evidence.wrapping import columns
from crawler.export.bundle import export_bundle
from crawler.store.check import check_index
from tests.export.sample import CASE, Sample, exhibits, make_authorities, make_sample

NINE = Words("9 条", "9 entries")


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
        failed("state", "a 评价", Words("封存", "run `evidence seal`")),
        not_checked("sealed", Words("未封存", "unsealed")),
    )
    text = Report("/a", checks, "bundle").to_json()
    assert json.loads(text) == {
        "format": "web-evidence-report/1",
        "kind": "bundle",
        "subject": "/a",
        "result": "failed",
        "exit_code": 1,
        "at": None,
        "keys": [],
        "times": [],
        "checks": [
            {"name": "state", "status": "failed", "detail": "1 fault(s)", "remedy": "run `evidence seal`",
             "problems": ["a 评价"], "detail_zh": "1 处问题", "remedy_zh": "封存"},
            {"name": "sealed", "status": "not-checked", "detail": "unsealed", "remedy": "", "problems": [],
             "detail_zh": "未封存", "remedy_zh": ""},
        ],
    }  # fmt: skip
    assert "评价" in text


def test_text_names_checks_faults_and_remedy_in_chinese_and_english() -> None:
    faults = Faults("records")
    faults.add("warc/00001.warc.gz:0+5: broken")
    spoilt = faults.check(remedy=Words("与副本比对", "compare with a copy"))
    text = Report("/a", (passed("log", NINE), spoilt)).to_text()
    assert text.splitlines() == [
        "核验 / verify: /a",
        "[通过] 日志 / log: 9 条 / 9 entries",
        "[未通过] WARC 记录 / WARC records: 1 处问题 / 1 fault(s)",
        "    - warc/00001.warc.gz:0+5: broken",
        "    → 与副本比对 / compare with a copy",
        "核验未通过 / verification FAILED",
        "    未通过 / FAILED 1: WARC 记录 / WARC records",
    ]


def test_the_schema_takes_real_reports_and_refuses_others(made: Path, tmp_path: Path) -> None:
    schema = json.loads((Path(__file__).parents[2] / "docs/verify-report.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    spoilt = shutil.copytree(made / "archive", tmp_path / "archive")
    _lose_most(spoilt)
    found = [verify(made / name, times=True) for name in ("archive", "archive-bare", "bundle", "bundle-bare")]
    for one in (
        *found,
        verify(spoilt),
        verify(made / "archive", quick=True, at=datetime(2030, 1, 1, tzinfo=UTC)),
    ):
        validator.validate(json.loads(one.to_json()))
    whole = json.loads(found[0].to_json())
    assert whole["keys"]
    assert whole["times"][0]["not_before"]["tokens"]
    changes: list[dict[str, object]] = [
        {"exit_code": 3},
        {"kind": "x"},
        {"checks": []},
        {"keys": [{"role": "log"}]},
    ]
    for change in changes:
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(whole | change)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_text_in_one_language_has_nothing_of_the_other(made: Path, lang: Lang) -> None:
    """Lawyers read the Chinese one; what stays English there are names, units and digests."""
    for name in ("archive", "archive-bare"):
        report = verify(made / name, times=True)
        text = report.to_text(lang).replace(str(made), "")
        for key in report.keys:
            assert key.fingerprint in text
        if lang == "en":
            assert not _is_chinese(text), text
            continue
        prose = [line.split(": ", 1)[1] for line in text.splitlines() if line.startswith("[")]
        for line in prose:
            assert _is_chinese(line)
            assert not re.search(r"\b(the|of|are|is|and|not)\b", line), line


def test_each_capture_has_lines_with_both_times_their_tokens_and_policies(made: Path) -> None:
    report = verify(made / "archive", times=True)
    assert len(report.times) == 5
    time = report.times[0]
    assert time.not_before is not None
    assert time.not_after is not None
    assert time.not_before.time <= time.not_after.time
    lines = report.to_text("zh").splitlines()
    (at,) = [n for n, line in enumerate(lines) if line.startswith(f"    序号 {time.entry} ")]
    for bound, line in ((time.not_before, lines[at + 1]), (time.not_after, lines[at + 2])):
        assert clock.beijing(bound.time) in line
        for token in bound.tokens:
            assert f"{token.authority} 策略 {token.policy}" in line
    assert "不早于" in lines[at + 1]
    assert "不晚于" in lines[at + 2]
    assert verify(made / "archive").times == ()


def test_long_lines_are_broken_and_each_language_has_its_own() -> None:
    long = Words("甲" * 60 + "，运行 `evidence seal --renew --days 90` 乙", "word " * 30 + "end")
    lines = Report("/a", (not_checked("sealed", long),)).to_text().splitlines()
    assert all(columns(line) <= WIDTH for line in lines)
    assert sum("`evidence seal --renew --days 90`" in line for line in lines) == 1
    chinese = [line for line in lines if "甲" in line or "乙" in line]
    assert not any("word" in line for line in chinese)
    assert "".join(lines).count("甲") == 60
    assert lines[-1] == "    未核验 / not checked 1: 封存状态 / sealed"


def test_no_fault_is_a_pass() -> None:
    assert Faults("log").check(NINE, Words("不显示", "never shown")) == passed("log", NINE)


def test_faults_are_counted_beyond_what_is_listed_and_hostile_text_is_made_printable() -> None:
    faults = Faults("bag")
    for _ in range(MOST_NAMED + 7):
        faults.add("\x1b[2J" + "x" * 10_000)
    check = faults.check()
    assert check.detail == f"{MOST_NAMED + 7} fault(s) (7 more not listed)"
    assert check.detail_zh == f"{MOST_NAMED + 7} 处问题（另有 7 处未列出）"
    assert len(check.problems) == MOST_NAMED
    assert "\x1b" not in check.problems[0]
    assert len(check.problems[0]) == 500


def test_a_check_is_found_by_its_name() -> None:
    found = Report("/a", (passed("log", NINE),))
    assert found.check("log").detail == "9 entries"
    with pytest.raises(KeyError):
        found.check("nonsense")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one archive, its bundle, and both without a single timestamp."""
    folder = tmp_path_factory.mktemp("bilingual")
    samples = {
        "": make_sample(folder / "archive", make_authorities(folder)[:1]),
        "-bare": make_sample(folder / "archive-bare", ()),
    }
    for name, sample in samples.items():
        _export(sample, folder / f"bundle{name}")
    return folder


def _export(sample: Sample, to: Path) -> None:
    with Archive.open(sample.path) as archive:
        export_bundle(archive, CASE, exhibits(sample), to)


def _lose_most(folder: Path) -> None:
    """Empty every file but those by which the folder is told for what it is."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "bagit.txt":
            path.write_bytes(b"")


@pytest.mark.parametrize("name", ["archive", "archive-bare", "bundle", "bundle-bare"])
@pytest.mark.parametrize("spoilt", [False, True])
def test_every_check_speaks_chinese_and_english(made: Path, tmp_path: Path, name: str, spoilt: bool) -> None:
    path = shutil.copytree(made / name, tmp_path / name)
    if spoilt:
        _lose_most(path)
    report = verify(path)
    assert {check.status for check in report.checks} & ({"failed"} if spoilt else {"passed"})
    for check in (*report.checks, check_index(path)):
        chinese, _, english = check.title.partition(" / ")
        assert _is_chinese(chinese), check.name
        assert english
        assert _is_chinese(check.detail_zh), check
        assert check.detail
        assert bool(check.remedy) == _is_chinese(check.remedy_zh), check
        assert check.status != "failed" or check.remedy, check
    assert "认定" not in report.to_text()


def _is_chinese(text: str) -> bool:
    return bool(re.search("[\u4e00-\u9fff]", text))
