"""All checks together: bounded in time and size, never an exception, and two moments compared."""

import json
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.engine.environment import check
from crawler.engine.environment.bounded import plain, plain_path, read_bounded, run_command, run_each
from crawler.engine.environment.check import check_environment
from crawler.engine.environment.differences import differences
from crawler.engine.environment.event import details, fitted
from crawler.engine.environment.result import Judged, Result
from crawler.engine.environment.rules import Rule, rules
from crawler.engine.environment.setting import Setting
from crawler.evidence.manifest import canonical
from tests.engine.environment.places import clean_places
from tests.engine.environment.servers import name_server, silent_server, time_server, udp, web_server


def by_name(results: Sequence[Result]) -> dict[str, Result]:
    return {result.name + result.subject: result for result in results}


def test_a_clean_machine_with_servers_around_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        clocks = tuple(stack.enter_context(time_server(0.0)) for _ in range(2))
        resolver = stack.enter_context(name_server({"localhost.": {"A": ["127.0.0.1"]}}))
        url, _ = stack.enter_context(web_server(body=b"203.0.113.9"))
        setting = Setting(
            hosts=("localhost",),
            ntp=clocks,
            resolvers=(resolver,),
            egress=url,
            places=clean_places(tmp_path),
            folder=tmp_path,
            environ={},
        )
        # hosts names localhost on every machine
        results = by_name(check_environment(setting))
    assert set(rules()) - {"database", "authorities"} <= {result.name for result in results.values()}
    asked = ("hosts-file", "name-answerslocalhost", "clock", "egress", "route", "added-certificates")
    assert {name: results[name].outcome for name in asked} == dict.fromkeys(asked, "passed")
    assert not [r for r in results.values() if r.because in ("broken", "too-slow")]


def test_when_nobody_answers_it_ends_in_time(tmp_path: Path) -> None:
    with udp(lambda _question: None) as mute, silent_server() as server:
        began = time.monotonic()
        results = check_environment(
            Setting(
                hosts=("shop.invalid", "localhost"),
                ntp=(mute,) * 2,
                resolvers=(mute, "127.0.0.1:1"),
                egress=f"http://{server}/",
                date_urls=(f"http://{server}/",),
                places=clean_places(tmp_path),
            )
        )
        assert time.monotonic() - began < 5
    unasked = [r for r in results if r.name in ("egress", "clock", "name-answers")]
    assert {r.outcome for r in unasked} == {"skipped"}
    assert all(r.reason and r.remedy for r in unasked)


def test_nothing_of_this_machine_is_there(tmp_path: Path) -> None:
    """Every place is missing: checks are skipped or failed with words, none breaks."""
    places = clean_places(tmp_path)
    for file in (places.hosts, places.resolv, places.release, places.routes, *places.bundles):
        file.unlink()
    results = check_environment(Setting(places=places, environ={}, rendering=True, browser="/none"))
    assert not [r for r in results if r.because == "broken"]
    assert by_name(results)["hosts-file"].outcome == "skipped"


@pytest.mark.parametrize("place", ["hosts", "resolv", "release", "routes", "bundles"])
def test_places_that_are_no_files_of_reasonable_size_end_as_results(tmp_path: Path, place: str) -> None:
    places = clean_places(tmp_path)
    file = places.bundles[0] if place == "bundles" else getattr(places, place)
    with file.open("wb") as stream:
        stream.truncate(1 << 40)
    outcomes = {r.name: r for r in check_environment(Setting(places=places, environ={}))}
    broken = [r for r in outcomes.values() if r.because == "broken"]
    assert len(broken) == 1
    assert "bytes" in broken[0].reason


def test_a_check_that_breaks_or_hangs_is_a_result(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hold = threading.Event()

    def hangs(_setting: Setting, _rule: Rule) -> Sequence[Judged]:
        hold.wait(30)
        return []

    def breaks(_setting: Setting, _rule: Rule) -> Sequence[Judged]:
        raise ZeroDivisionError("division by {zero}")

    short = replace(rules()["users"], seconds=0.2)
    monkeypatch.setattr(check, "rules", lambda: {**rules(), "users": short})
    monkeypatch.setattr(check, "CHECKS", {**check.CHECKS, "users": hangs, "route": breaks})
    results = by_name(check_environment(Setting(places=clean_places(tmp_path), environ={})))
    hold.set()
    assert (results["users"].outcome, results["users"].because) == ("skipped", "too-slow")
    assert (results["route"].outcome, "division by {zero}" in results["route"].reason) == ("skipped", True)


def test_each_task_has_its_own_deadline() -> None:
    hold = threading.Event()
    tasks = {"quick": lambda: 1, "late": lambda: hold.wait(20), "bad": lambda: int("x")}
    began = time.monotonic()
    ended = run_each(tasks, lambda name: 0.3 if name == "late" else 5.0)
    hold.set()
    assert time.monotonic() - began < 2
    assert ended["quick"].value == 1
    assert (ended["late"].late, ended["late"].value, ended["late"].error) == (True, None, None)
    assert isinstance(ended["bad"].error, ValueError)


# Before and after


def result(name: str, outcome: str = "passed", subject: str = "", **value: object) -> Result:
    return Result(name, "题", outcome, dict(value), subject=subject)  # type: ignore[arg-type]


def test_what_changed_between_two_moments() -> None:
    before = [
        result("hosts-file", sha256="a", entries=1),
        result("programs", names=["bash", "chromium"], count=2),
        result("clock", subject="ntp:a", offset_ms=5),
        result("egress", "skipped"),
        result("name-answers", subject="a.test", system={"addresses": ["1.1.1.1"]}, agreement="same-address"),
        result("users", people=1, runs_as="root"),
    ]
    after = [
        result("hosts-file", "failed", sha256="b", entries=1),
        result("programs", names=["bash", "fiddler"], count=3),
        result("clock", subject="ntp:a", offset_ms=9),
        result("egress", address="203.0.113.9"),
        result("name-answers", subject="a.test", system={"addresses": ["8.8.8.8"]}, agreement="same-address"),
        result("name-answers", subject="b.test", agreement="same-address"),
        result("users", people=1, runs_as="root"),
    ]
    assert differences(before, after) == [
        {"check": "hosts-file", "field": "outcome", "before": "passed", "after": "failed"},
        {"check": "hosts-file", "field": "sha256", "before": "a", "after": "b"},
        {"check": "programs", "field": "names", "appeared": ["fiddler"], "gone": ["chromium"]},
        {"check": "egress", "field": "outcome", "before": "skipped", "after": "passed"},
        {
            "check": "name-answers",
            "subject": "a.test",
            "field": "system.addresses",
            "appeared": ["8.8.8.8"],
            "gone": ["1.1.1.1"],
        },
    ]


def test_nothing_changes_where_nothing_changed(tmp_path: Path) -> None:
    setting = Setting(places=clean_places(tmp_path), environ={}, folder=tmp_path)
    one, two = check_environment(setting), check_environment(setting)
    changed = differences(one, two)
    assert [change for change in changed if change["check"] != "programs"] == []
    with setting.places.hosts.open("a") as stream:
        stream.write("10.0.0.1 shop.invalid\n")
    assert {"check": "hosts-file", "field": "sha256"}.items() <= next(
        change.items()
        for change in differences(one, check_environment(setting))
        if change["check"] == "hosts-file"
    )


# The event


def test_the_event_says_all_and_keeps_no_advice(tmp_path: Path) -> None:
    results = check_environment(Setting(places=clean_places(tmp_path, "tun0"), environ={}))
    found = details("r", "before", results, [])
    assert sum(found["counts"].values()) == len(results) == len(found["results"])
    assert "route" in found["failed"]
    (route,) = (entry for entry in found["results"] if entry["name"] == "route")
    assert set(route) == {"name", "title", "outcome", "because", "reason", "value"}
    assert json.loads(canonical(found)) == found


def test_the_event_always_fits_a_leaf() -> None:
    huge = [result("programs", names=["好" * 64] * n) for n in (10, 2000, 300, 5)]
    many = [result("clock", subject=f"ntp:{n}", kind="ntp") for n in range(3000)]
    changed = [{"check": "programs", "field": "names", "before": "x" * 9000, "after": "y"}] * 500
    for results in (huge, many, [*huge, *many]):
        found = details("r" * 40, "after", results, changed)
        assert len(canonical(found)) < 60_000
        assert sum(found["counts"].values()) == len(results), "what is left out is still counted"
        assert found["changed"] == 500
    small = details("r", "after", huge, [])["results"]
    assert small[0]["value"] == {"names": ["好" * 64] * 10}, "small values stay"
    assert set(small[1]["left_out"]) == {"sha256", "bytes"}
    assert fitted([{"a": 1}], 100) == [{"a": 1}]


# Bounds


def test_texts_can_stand_in_the_log() -> None:
    assert plain("\udcff\x00\x1b[31m好\u202e") == "\ufffd\ufffd\ufffd[31m好\ufffd"
    assert plain("x" * 500, 10) == "x" * 9 + "…"
    canonical({"x": plain(b"\xff\xfe".decode("utf-8", "surrogateescape"))})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/usr/bin/chromium", "/usr/bin/chromium"),
        ("/home/zhangsan/.cache/chrome", "~/.cache/chrome"),
        ("/Users/Zhang San/chrome", "~/chrome"),
        (str(Path.home() / "x"), "~/x"),
    ],
)
def test_paths_name_nobody(path: str, expected: str) -> None:
    assert plain_path(path) == expected


def test_reading_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    assert read_bounded(tmp_path / "a", 100) == b"x" * 100
    with pytest.raises(OSError, match="more than 99 bytes"):
        read_bounded(tmp_path / "a", 99)
    with pytest.raises(OSError, match="regular"):
        read_bounded(Path("/dev/zero"))


def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(OSError, match="did not end"):
        run_command(("sh", "-c", f"(sleep 1; touch {tmp_path}/late) & wait"), 0.2)
    assert time.monotonic() - began < 0.9
    time.sleep(1.3)
    assert not (tmp_path / "late").exists()
