"""The benchmark runs and its numbers have their places. Nothing here looks at how fast anything is."""

import json
from pathlib import Path

import pytest

from bench import capture, memory
from bench.__main__ import main
from bench.runs import Load, Run, RunnerFailed, _checked

SPREAD = {"min", "median", "max"}
ROW = {
    "speed",
    "speed_whole_process",
    "speed_scrapy_elapsed",
    "cpu",
    "pages_per_second",
    "cpu_ms_per_page",
    "peak_mb",
}


def test_all_runners_crawl_the_same_pages_and_are_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tmp_path / "result.json"
    sizes = [
        "--pages=3",
        "--rounds=1",
        "--rich=2",
        "--looks=2",
        "--read=2",
        "--few=2",
        "--many=3",
        "--entries=600",
        "--megabytes=2",
        "--handed=2",
        "--compared=400",
        "--reviews=500",
        "--no-warm-up",
    ]
    assert main([*sizes, f"--folder={tmp_path / 'work'}", f"--json={result}"]) == 0
    found = json.loads(result.read_text("utf-8"))
    assert set(found["capture"]["runners"]) == {"plain", "warcio", "ours"}
    for row in found["capture"]["runners"].values():
        assert set(row) == ROW
        assert set(row["speed"]) == SPREAD
        assert row["peak_mb"] > 10
        assert row["cpu_ms_per_page"] > 0
    assert found["capture"]["runners"]["plain"]["speed"] == {"min": 1.0, "median": 1.0, "max": 1.0}
    assert [run["pages"] for run in found["memory"]["runs"]] == [2, 3]
    assert all(len(run["resident_mb"]) == 10 for run in found["memory"]["runs"])
    printed = capsys.readouterr().out
    assert capture.table(found["capture"]) in printed
    assert memory.table(found["memory"]) in printed
    assert list((tmp_path / "work").iterdir()) == []


def line(**changed: object) -> list[str]:
    full = {"seconds": 1.0, "scrapy_seconds": 1.0, "requests": 152, "items": 150, "peak_bytes": 1}
    return [json.dumps({**full, **changed})]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    return Load(pages=150, proxy="http://127.0.0.1:1", authorities=(), folder=tmp_path)


def test_requests_are_pages_lists_and_robots(load: Load) -> None:
    assert load.requests == 150 + 2 + 1
    assert Load(100, load.proxy, (), load.folder).requests == 100 + 1 + 1


@pytest.mark.parametrize(
    ("code", "lines", "why"),
    [
        (1, [], "exit code 1"),
        (0, [], "exit code 0"),
        (0, line(requests=152), "expected 153 and 150"),
        (0, line(requests=153, items=149), "149 items"),
        (0, line(requests=153, incomplete="unsealed"), "unsealed"),
    ],
)
def test_a_runner_that_did_less_is_not_compared(load: Load, code: int, lines: list[str], why: str) -> None:
    with pytest.raises(RunnerFailed, match=why):
        _checked("ours", load, code, lines)


def test_ratios_are_taken_within_a_round() -> None:
    # The second round is slower as a whole: ours is 0.5 and 0.8 of plain, not something in between.
    rounds = [{"plain": run(10.0), "ours": run(20.0)}, {"plain": run(40.0), "ours": run(50.0)}]
    speed = capture.summary("ours", rounds)["speed"]
    assert (speed["min"], speed["max"]) == (0.5, 0.8)


@pytest.mark.parametrize(
    ("least", "greatest", "word"),
    [(0.8, 0.9, "reached"), (0.7, 0.79, "MISSED"), (0.7, 0.9, "UNDECIDED")],
)
def test_rounds_on_both_sides_of_the_target_decide_nothing(least: float, greatest: float, word: str) -> None:
    speed = {"min": least, "median": greatest, "max": greatest}
    assert word in capture.verdict({"target": 0.8, "runners": {"ours": {"speed": speed}}})


@pytest.mark.parametrize(("drift", "busy"), [(1.1, False), (1.4, True)])
def test_a_busy_machine_is_named(drift: float, busy: bool) -> None:
    rounds = [{name: run(seconds) for name in capture.RUNNERS} for seconds in (10.0, 10.0 * drift)]
    found = {
        "pages": 1,
        "rounds": 2,
        "fsync_ms": {"median": 1.0, "p90": 1.0},
        "target": 0.8,
        "baseline_drift": capture.drift(rounds),
        "runners": {name: capture.summary(name, rounds) for name in capture.RUNNERS},
    }
    assert ("The machine was busy" in capture.table(found)) is busy


def test_memory_over_time_keeps_the_greatest_of_each_tenth() -> None:
    samples = ((0.0, 1_000_000), (0.5, 3_000_000), (0.9, 2_000_000), (10.0, 5_000_000))
    assert memory.course(run(10.0, samples)) == [3.0, 0, 0, 0, 0, 0, 0, 0, 0, 5.0]


def run(seconds: float, resident: tuple[tuple[float, int], ...] = ()) -> Run:
    return Run(
        runner="x",
        pages=100,
        seconds=seconds,
        scrapy_seconds=seconds,
        wall_seconds=seconds,
        cpu_seconds=1.0,
        peak_bytes=1,
        resident=resident,
    )
