"""The door: help with examples, JSON, exit codes, clear messages. What commands do is tested with their rooms."""

import importlib
import json
import os
import pkgutil
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import crawler.commands
from crawler.commands import root
from crawler.demo.market import Market
from crawler.demo.plan import World
from crawler.demo.tsa import DemoAuthority
from crawler.engine.passphrase import PASSPHRASE
from crawler.engine.schedule_history import history
from crawler.evidence.archive import Archive
from tests.archives import nothing_failed
from tests.cli_docs import DOCUMENT, contexts, document
from tests.commands import Printed, evidence

ROOT = Path(__file__).parents[1]
PERSON = ("--organisation", "某消委会", "--operator", "张三", "--contact", "wq@example.org")
WHO = (*PERSON, "--delay", "0", "--environment", "none")
PAGE = "http://load.example/page/1.html"


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """Pages to capture."""
    with Market(World(seed=7, reviews=200), robots_delay=None, load_pages=5) as market:
        yield market


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoAuthority]:
    """One authority."""
    with DemoAuthority(tmp_path_factory.mktemp("tsa") / "a", "tsa-a") as tsa:
        yield tsa


class Door:
    """`evidence --archive A …`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], archive: Path) -> None:
        self._capsys = capsys
        self.archive = archive

    def __call__(self, *arguments: object) -> Printed:
        return evidence(self._capsys, "--archive", self.archive, *arguments)


@pytest.fixture
def door(tmp_path: Path, market: Market, tsa: DemoAuthority, capsys: pytest.CaptureFixture[str]) -> Door:
    """An archive whose path has blanks and Chinese."""
    door = Door(capsys, tmp_path / "证据 库 2026")
    trust = f"tsa-a={tsa.url}={tsa.folder / 'trust.pem'}"
    made = door("init", *WHO, "--proxy", market.proxy, "--tsa", trust)
    assert made.code == 0, made.err
    return door


# Help


def test_the_document_of_commands_is_up_to_date() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "docs/cli.md is out of date: run `make docs`"


@pytest.mark.parametrize("context", contexts(), ids=lambda context: context.command_path)
def test_every_command_shows_an_example(context: click.Context) -> None:
    command, name = context.command, context.command_path
    text = command.help or ""
    examples = re.findall(r"^ *(evidence .*)$", text, flags=re.MULTILINE)
    assert examples, f"{name} --help shows no example"
    if not isinstance(command, click.Group):
        assert any(name in example for example in examples)
    assert " / " in text.splitlines()[0] or "。" in text.splitlines()[0], "Chinese and English"


@pytest.mark.parametrize("context", contexts(), ids=lambda context: context.command_path)
def test_every_example_parses(context: click.Context) -> None:
    """Commands, option names and arity in the examples are real ones; nothing is run."""
    text = (context.command.help or "").replace("\\\n", " ")
    for example in re.findall(r"^ *evidence (.*)$", text, flags=re.MULTILINE):
        words, found = shlex.split(example), contexts()[0]
        while isinstance(found.command, click.Group):
            _, rest, _ = found.command.make_parser(found).parse_args(words)
            part = found.command.get_command(found, rest[0])
            assert part is not None, example
            found, words = click.Context(part, parent=found), rest[1:]
        found.command.make_parser(found).parse_args(words)


def test_help_is_on_both_switches(capsys: pytest.CaptureFixture[str]) -> None:
    for switch in ("-h", "--help"):
        printed = evidence(capsys, "crawl", switch)
        assert (printed.code, "robots.txt" in printed.out) == (0, True), printed.err


# Usage


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("crawl",), "which site? One of:"),
        (("crawl", "nosuch"), "unknown site nosuch; known:"),
        (("crawl", "tieba", "--url", "http://elsewhere.invalid/"), "is not a page of tieba"),
        (("crawl", "tieba"), "give one with --url"),
        (("crawl", "market_shop", "-s", "DELAY"), "expected NAME=VALUE"),
        (("crawl", "--resume", "20200101T000000-0000"), "interrupted runs: none"),
        (("crawl", "tieba", "--kind", "video"), "Invalid value for '--kind'"),
        (("capture",), "Missing argument"),
        (("capture", PAGE, "ftp://shop.invalid/"), "'ftp://shop.invalid/' is not the address of a web page"),
        (("capture", "http://"), "is not the address of a web page"),
        (("capture", "http://shop.invalid:99999/"), "is not the address of a web page"),
        (("capture", "http://me:secret@shop.invalid/"), "no user name or password"),
        (("crawl", "market_shop", "-s", "DOWNLOAD_DELAY=abc"), "DOWNLOAD_DELAY=abc"),
        (("crawl", "market_shop", "--resume", "20200101T000000-0000"), "give no site"),
        (("crawl", "--resume", "20200101T000000-0000", "--url", PAGE), "give no site"),
        (("case", "new", " "), "title must not be empty"),
        (("captures", "--state", "fake"), "Invalid value for '--state'"),
        (("case", "show", "K1"), "no case 'K1'"),
        (("case", "add", "K1", "abc", "--title", "t", "--purpose", "p"), "no case 'K1'"),
        (("export", "K1", "--to", "out"), "no case 'K1'"),
        (("schedule", "add", "99 * * * *", "tieba"), "99"),
        (("schedule", "add", "0 1 * * *", "nosuch"), "unknown site nosuch"),
        (("schedule", "remove", "7"), "7"),
        (("nosuch",), "No such command"),
        (("verify", "--nosuch"), "No such option"),
    ],
)
def test_wrong_usage_is_2_and_says_what_to_do(door: Door, arguments: tuple[str, ...], says: str) -> None:
    size = _size(door)
    printed = door(*arguments)
    assert (printed.code, printed.out) == (2, "")
    assert says in printed.err
    assert "Traceback" not in printed.err
    if arguments[0] != "export":  # it seals first
        assert _size(door) == size, "nothing was done"


def _size(door: Door) -> int:
    with Archive.open(door.archive) as archive:
        return archive.log.size


@pytest.mark.parametrize(
    "arguments",
    [
        ("crawl", "market_shop"),
        ("capture", "--no-render", PAGE),
        ("captures",),
        ("seal",),
        ("case", "list"),
        ("case", "new", "案"),
        ("export", "K1", "--to", "out"),
        ("rebuild",),
        ("schedule", "list"),
        ("schedule", "add", "0 1 * * *", "tieba"),
    ],
)
def test_no_archive_is_said_and_none_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    printed = evidence(capsys, "--archive", tmp_path / "none", *arguments)
    assert printed.code == 1
    assert "evidence init" in printed.err
    assert not (tmp_path / "none").exists()


def test_verifying_what_is_neither_archive_nor_bundle_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = evidence(capsys, "verify", tmp_path)
    assert printed.code == 2
    assert "neither an archive" in printed.err


# init


def test_init_in_a_folder_with_something_in_it(door: Door, tmp_path: Path) -> None:
    before = (door.archive / "keys/log.key").read_bytes()
    printed = door("init", *WHO)
    assert (printed.code, "not empty" in printed.err) == (2, True)
    assert (door.archive / "keys/log.key").read_bytes() == before
    (tmp_path / "file").write_text("x")
    printed = door("init", tmp_path / "file", *WHO)
    assert printed.code in (1, 2)
    assert "Traceback" not in printed.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--tsa", "tsa-a"), "NAME=URL=ROOT.pem"),
        (("--tsa", "tsa-a=http://tsa.invalid/=nosuch.pem"), "must exist"),
        (("--tsa", f"机构=http://tsa.invalid/={__file__}"), "ASCII"),
        (("--tsa", f"tsa-a=http://tsa.invalid/={__file__}"), "certificate"),
        (("--contact", " "), "contact must not be empty"),
        (("--origin", "有 空格"), "有 空格"),
        (("--delay", "-1"), "politeness.delay_seconds"),
        (("--proxy", "proxy.invalid:80"), "network.proxy"),
    ],
)
def test_init_with_wrong_values_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], says: str
) -> None:
    printed = evidence(capsys, "init", tmp_path / "new", *WHO, *options)
    assert (printed.code, says in printed.err) == (2, True), printed.err
    assert not (tmp_path / "new").exists()


def test_a_key_with_a_passphrase(
    tmp_path: Path, market: Market, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(capsys, tmp_path / "a")
    monkeypatch.setenv(PASSPHRASE, "开门")
    assert door("init", *WHO, "--proxy", market.proxy).code == 0
    assert "ENCRYPTED" in (door.archive / "keys/log.key").read_text()
    crawled = door("capture", "--no-render", PAGE, "--json").json[0]
    assert not [reason for reason in crawled["unsealed"] if "not signed" in reason], "the crawl can sign"
    monkeypatch.delenv(PASSPHRASE)
    printed = door("seal")
    assert printed.code == 1
    assert PASSPHRASE in printed.err or "passphrase" in printed.err


# Reports


def test_every_reporting_command_prints_json(door: Door, tmp_path: Path) -> None:
    crawled = door("capture", "--no-render", PAGE, "--json")
    assert crawled.code == 0, crawled.err
    (report,) = crawled.json
    assert (report["site"], report["exit_code"], report["complete"]) == ("page", 0, True)
    (robots, page) = sorted(door("captures", "--json").json, key=lambda row: row["leaf"])
    assert (robots["url"], page["url"], page["state"]) == ("http://load.example/robots.txt", PAGE, "complete")
    assert door("case", "new", "某店涉嫌虚假评价").code == 0
    added = door("case", "add", "K1", page["id"][:12], "--title", "商品页", "--purpose", "初步证明")
    assert (added.code, "4-1" in added.out) == (0, True)
    assert [row["id"] for row in door("case", "list", "--json").json] == ["K1"]
    assert door("case", "show", "K1", "--json").json["exhibits"][0]["captures"] == [page["id"]]
    exported = door("export", "K1", "--to", tmp_path / "包 1", "--json")
    assert (exported.code, exported.json["sealed"]) == (0, True), exported.err
    assert door("items", "review", "--json").json == []
    assert door("watch", "changes", "--json").json == []
    assert door("seal", "--json").json["missing"] == {}
    assert door("schedule", "list", "--json").json == {"scheduled": [], "history": []}
    assert door("rebuild", "--json").json == {"differences": [], "carried": []}
    verified = door("verify", "--json")
    assert (verified.code, verified.json["result"], verified.json["exit_code"]) == (0, "passed", 0)
    assert "database" in {check["name"] for check in verified.json["checks"]}
    assert evidence_of_bundle(door, tmp_path / "包 1")["kind"] == "bundle"


def evidence_of_bundle(door: Door, bundle: Path) -> dict[str, Any]:
    printed = door("verify", bundle, "--trust", door.archive / "trust", "--json")
    assert printed.code == 0, printed.out
    report: dict[str, Any] = printed.json
    return report


def test_a_failed_verification_is_1(door: Door) -> None:
    door("capture", "--no-render", PAGE)
    path = door.archive / "warc/00001.warc.gz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    printed = door("verify")
    assert printed.code == 1
    assert "warc/00001.warc.gz" in printed.out


def test_a_tampered_database_row_is_named_by_rebuild(door: Door) -> None:
    door("capture", "--no-render", PAGE)
    database = sqlite3.connect(door.archive / "evidence.db")
    database.execute("update capture set url = 'http://other.invalid/'")
    database.commit()
    database.close()
    assert door("verify").code == 1
    printed = door("rebuild")
    assert (printed.code, "capture: " in printed.out) == (1, True)
    assert door("rebuild").code == 0
    assert door("verify").code == 0


def test_a_damaged_database_is_said_to_be_one(door: Door) -> None:
    door("capture", "--no-render", PAGE)
    (door.archive / "evidence.db").write_bytes(b"not a database" * 500)
    for command in (("captures",), ("seal",), ("capture", "--no-render", PAGE), ("case", "list")):
        printed = door(*command)
        assert (printed.code, "evidence rebuild" in printed.err) == (1, True), command
    assert door("rebuild").code == 1
    assert door("captures").code == 0


def test_an_archive_that_somebody_writes_to(door: Door) -> None:
    with Archive.open(door.archive, writable=True):
        for command in (("seal",), ("capture", "--no-render", PAGE), ("rebuild",), ("case", "new", "案")):
            printed = door(*command)
            assert (printed.code, "another evidence command" in printed.err) == (1, True), printed
        printed = door("verify")
        assert (printed.code, "when that has ended" in printed.err, printed.out) == (1, True, "")
        assert door("captures").code == 0
        assert door("case", "list").code == 0
    assert "FAILED" not in door("verify").out


def test_captures_are_found_by_an_address_as_one_reads_it(door: Door) -> None:
    door("capture", "--no-render", f"{PAGE}?q=养生壶")
    assert len(door("captures", "--url", "养生壶", "--json").json) == 1
    assert len(door("captures", "--url", "?q=", "--json").json) == 1


def test_an_error_says_in_chinese_what_it_means(door: Door) -> None:
    assert "→ 命令的写法" in door("case", "show", "K7").err
    (door.archive / "evidence.toml").unlink()
    printed = door("captures")
    assert (printed.code, "put back your copy" in printed.err, "→ 没有找到" in printed.err) == (1, True, True)


def test_anchors_that_cannot_be_read_are_no_fault_of_what_is_verified(door: Door, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/tsa-a.pem").write_text("letter")
    (tmp_path / "empty").mkdir()
    for option, given in (("--trust", "nosuch"), ("--trust", "empty"), ("--trust", "odd"), ("--vkey", "x")):
        printed = door("verify", option, tmp_path / given if option == "--trust" else given)
        assert (printed.code, printed.out, option in printed.err) == (2, "", True)


def test_a_page_that_was_not_fetched_is_told(door: Door) -> None:
    printed = door("capture", "--no-render", "http://load.example/page/77.html", "http://unknown.invalid/")
    assert "Traceback" not in printed.out + printed.err
    (page,) = [row for row in door("captures", "--json").json if row["url"].endswith("77.html")]
    assert page["status"] == 404


# Scrapy's own command, and the scheduler


def in_project(archive: Path, *command: str, **more: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "EVIDENCE_ARCHIVE": str(archive), "PYTHONUTF8": "1", **more}
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_scrapy_crawl_records_just_the_same(door: Door) -> None:
    with in_project(
        door.archive, "-m", "scrapy", "crawl", "market_news", "-s", "DOWNLOAD_DELAY=0"
    ) as process:
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    rows = door("captures", "--site", "market_news", "--json").json
    assert {row["state"] for row in rows} == {"complete"}
    assert len(rows) > 5
    assert len(door("items", "post", "--json").json) > 3
    assert door("verify").code == 0, "sealed and closed in order"
    assert door("rebuild").code == 0


def test_a_schedule_is_added_listed_run_and_removed(door: Door) -> None:
    added = door("schedule", "add", "* * * * *", "market_doorway", "market_news")
    assert (added.code, "1：* * * * *（北京时间）  market_doorway, market_news" in added.out) == (0, True)
    assert door("schedule", "list").out.startswith("1：* * * * *")
    (row,) = door("schedule", "list", "--json").json["scheduled"]
    assert (row["number"], row["sites"]) == (1, ["market_doorway", "market_news"])
    with in_project(door.archive, "-m", "crawler", "schedule", "run") as process:
        until = time.monotonic() + 60
        while not (door.archive / ".scheduler.lock").exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=120)
    assert process.returncode in (0, 1), printed  # the minute may have begun and its crawl been ended
    assert "Traceback" not in printed
    removed = door("schedule", "remove", "1")
    assert (removed.code, "1：* * * * *" in removed.out) == (0, True)
    assert "没有定时采集" in door("schedule", "list").out
    assert all(step.crawl == 1 for step in history(door.archive))
    nothing_failed(door.archive)


def test_python_m_crawler_is_the_command() -> None:
    with in_project(Path("none"), "-m", "crawler", "--version") as process:
        printed, _ = process.communicate(timeout=60)
    assert printed.startswith("evidence, version ")


def test_the_archive_comes_from_the_environment(
    door: Door, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_ARCHIVE", str(door.archive))
    assert json.loads(evidence(capsys, "captures", "--json").out) == []


def test_every_command_has_its_home() -> None:
    """A command in a file that HOMES does not name would exist only by accident of imports."""
    for module in pkgutil.iter_modules(crawler.commands.__path__):
        importlib.import_module(f"crawler.commands.{module.name}")
    assert set(root.evidence.commands) == set(root.HOMES)


def test_verify_needs_no_scrapy() -> None:
    code = "import sys, crawler.cli, crawler.commands.verify; print(sorted({'scrapy', 'twisted'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"
