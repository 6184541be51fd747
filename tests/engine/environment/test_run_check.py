"""A run writes the state of the machine to the log, before its first request and after its last."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crawler.config import read_config
from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.engine.environment.event import ACT
from crawler.engine.environment.run_check import RunEnvironment, recorded_dates
from crawler.engine.environment.setting import Setting
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import parse_leaf
from crawler.store.session import Session
from tests.archives import RUN, drafted, make, nothing_failed, page
from tests.commands import evidence
from tests.engine.environment.places import clean_places

WHO = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org", "--delay", "0")
PAGE = "http://load.example/page/1.html"


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with Market(World(seed=7, reviews=200), robots_delay=None, load_pages=3) as market:
        yield market


def leaves(path: Path) -> list[dict[str, Any]]:
    with Archive.open(path) as archive:
        return [parse_leaf(leaf) for leaf in archive.log.leaves()]


def crawled(
    capsys: pytest.CaptureFixture[str], path: Path, market: Market, *options: str
) -> list[dict[str, Any]]:
    made = evidence(capsys, "init", path, *WHO, "--proxy", market.proxy, *options)
    assert made.code == 0, made.err
    assert evidence(capsys, "--archive", path, "capture", PAGE, "--no-render").code == 3  # nobody stamps
    return leaves(path)


def test_a_run_is_framed_by_two_checks(
    tmp_path: Path, market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    entries = crawled(capsys, tmp_path / "a", market, "--environment", "local")
    acts = [entry.get("act", "capture") for entry in entries]
    acts = acts[acts.index("run-started") :]
    assert [act for act in acts if act != "warc-opened"] == [
        "run-started",
        ACT,
        "capture",
        "capture",
        ACT,
        "run-closed",
    ]
    before, after = (entry["details"] for entry in entries if entry.get("act") == ACT)
    run = next(entry["details"]["run"] for entry in entries if entry.get("act") == "run-started")
    assert (before["run"], before["moment"], after["run"], after["moment"]) == (run, "before", run, "after")
    assert before["differences"] == []
    results = {(found["name"], found.get("subject", "")): found for found in after["results"]}
    assert results["name-answers", "load.example"]["because"] == "proxy-resolves"
    assert results["browser-binary", ""]["because"] == "not-rendering"
    assert results["proxy-setting", ""]["value"] == {"proxy": market.proxy}
    dated = results["clock", "page:load.example"]
    assert dated["value"]["kind"] == "page", "the Date header of the page that was recorded"
    assert {change["check"] for change in after["differences"]} <= {"programs"}
    started = next(entry for entry in entries if entry.get("act") == "run-started")
    assert started["details"]["settings"]["EVIDENCE_ENVIRONMENT"] is True
    nothing_failed(tmp_path / "a")
    shown = evidence(capsys, "--archive", tmp_path / "a", "custody").out
    assert shown.count("清洁性检查") == 2
    assert "时点 before" in shown
    assert evidence(capsys, "--archive", tmp_path / "a", "rebuild").code == 0


def test_it_can_be_left_out(tmp_path: Path, market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    entries = crawled(capsys, tmp_path / "a", market, "--environment", "none")
    assert ACT not in [entry.get("act") for entry in entries]
    switched_on = make(tmp_path / "b")
    assert not read_config(switched_on).environment.check, "only `evidence init` switches it on"


def test_one_run_can_do_without(tmp_path: Path, market: Market, capsys: pytest.CaptureFixture[str]) -> None:
    assert evidence(capsys, "init", tmp_path / "a", *WHO, "--proxy", market.proxy).code == 0
    setting = ("-s", "EVIDENCE_ENVIRONMENT=False", "--pages", "1")
    evidence(capsys, "--archive", tmp_path / "a", "crawl", "market_news", *setting)
    (started,) = (entry for entry in leaves(tmp_path / "a") if entry.get("act") == "run-started")
    assert started["details"]["settings"]["EVIDENCE_ENVIRONMENT"] == "False"
    assert ACT not in [entry.get("act") for entry in leaves(tmp_path / "a")]


def test_init_says_what_it_switched_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = evidence(capsys, "init", tmp_path / "a", *WHO).out
    assert "清洁性检查：已开启" in full
    assert "ntp.ntsc.ac.cn" in full
    assert "223.5.5.5" in full
    local = evidence(capsys, "init", tmp_path / "b", *WHO, "--environment", "local").out
    assert "不询问任何服务器" in local
    assert "未开启" in evidence(capsys, "init", tmp_path / "c", *WHO, "--environment", "none").out
    assert (read_config(tmp_path / "b").environment.check, read_config(tmp_path / "b").environment.ntp) == (
        True,
        (),
    )


def test_what_changed_during_a_run_is_listed(tmp_path: Path) -> None:
    places = clean_places(tmp_path / "machine")
    with Session.open(make(tmp_path / "a")) as session:
        setting = Setting(places=places, environ={}, folder=tmp_path, hosts=("shop.invalid",))
        environment = RunEnvironment(session, RUN, setting)
        environment.before()
        places.hosts.write_text("10.9.8.7 shop.invalid\n")
        environment.after()
    before, after = (e["details"] for e in leaves(tmp_path / "a") if e.get("act") == ACT)
    assert "hosts-file" not in before["failed"]
    assert "hosts-file" in after["failed"]
    changed = {(found["check"], found["field"]) for found in after["differences"]}
    assert {("hosts-file", "outcome"), ("hosts-file", "sha256")} <= changed
    assert after["changed"] == len(after["differences"])


def test_nothing_private_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies in the environment, the home folder or the machine's name stays out of the log."""
    home = tmp_path / "home/zhangsan-secret"
    (home / "Documents/离婚协议.docx").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PRIVATE_TOKEN", "token-1234")
    monkeypatch.setenv("https_proxy", "http://li:geheim@proxy.invalid:3128")
    with Session.open(make(tmp_path / "a")) as session:
        RunEnvironment(session, RUN, Setting(rendering=True)).before()
    (found,) = (json.dumps(e, ensure_ascii=False) for e in leaves(tmp_path / "a") if e.get("act") == ACT)
    for private in ("zhangsan-secret", "离婚协议", "token-1234", "geheim"):
        assert private not in found


def test_dates_come_from_the_newest_page_of_each_host(tmp_path: Path) -> None:
    with Session.open(make(tmp_path / "a")) as session:
        for url in ("http://a.invalid/1", "http://b.invalid/1"):
            session.record(drafted(page(url=url))).result()
        assert list(recorded_dates(session, RUN)) == [], "these answers have no Date"
        assert list(recorded_dates(session, "another")) == []
