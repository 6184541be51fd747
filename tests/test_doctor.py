"""`evidence doctor`: every check on the screen, with why and what to do; exit 0 only if nothing failed."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.config import AuthorityConfig, EnvironmentConfig
from crawler.demo.tsa import DemoAuthority
from crawler.engine.environment.result import Result
from crawler.engine.environment.rules import rules
from crawler.evidence.archive import Archive
from crawler.store.session import Session
from tests.archives import config, make
from tests.commands import evidence
from tests.engine.environment.servers import name_server, time_server, web_server

Capsys = pytest.CaptureFixture[str]


def results(printed: object) -> dict[str, Result]:
    fields = Result.__slots__
    found = [Result(**{name: entry[name] for name in fields}) for entry in printed["results"]]  # type: ignore[index]
    return {result.name + (f":{result.subject}" if result.subject else ""): result for result in found}


def made(path: Path, environment: EnvironmentConfig, authorities: Sequence[DemoAuthority] = ()) -> Path:
    """An archive that asks these servers, and these authorities where they really are."""
    asked = tuple(AuthorityConfig(tsa.name, tsa.url) for tsa in authorities)
    archive = Archive.create(path, replace(config(), environment=environment, authorities=asked))
    for tsa in authorities:
        (path / f"trust/{tsa.name}.pem").write_bytes(tsa.trust_pem)
    Session.take(archive).close()
    return path


NOBODY = EnvironmentConfig(ntp=(), resolvers=())


def test_without_an_archive(tmp_path: Path, capsys: Capsys) -> None:
    """Outside of an archive the public servers of the defaults would be asked: the guard of the tests refuses."""
    printed = evidence(capsys, "--archive", tmp_path / "none", "doctor", "--json")
    found = results(printed.json)
    assert {result.name for result in found.values()} == set(rules())
    assert (found["database"].outcome, found["database"].because) == ("skipped", "no-archive")
    assert found["authorities"].because == "no-archive"
    assert found["clock:ntp:ntp.aliyun.com"].outcome == "skipped"
    assert not (tmp_path / "none").exists()
    counts = printed.json["counts"]
    assert sum(counts.values()) == len(found)
    assert printed.code == (1 if counts["failed"] else 0)


def test_an_archive_with_servers_and_authorities(tmp_path: Path, capsys: Capsys) -> None:
    with ExitStack() as stack:
        clock = stack.enter_context(time_server(0.0))
        resolver = stack.enter_context(name_server({"localhost.": {"A": ["127.0.0.1"]}}))
        url, seen = stack.enter_context(web_server(ahead=3600))
        tsa = stack.enter_context(DemoAuthority(tmp_path / "tsa", "tsa-a"))
        path = made(tmp_path / "a", EnvironmentConfig(ntp=(clock,), resolvers=(resolver,)), [tsa])
        host = url.removeprefix("http://")
        command = ("--archive", path, "doctor", "--host", "localhost", "--host", host, "--json")
        printed = evidence(capsys, *command)
        found = results(printed.json)
        assert found["authorities"].because == "not-asked"
        asked = results(evidence(capsys, *command, "--tsa").json)
    assert seen[0] == "HEAD /robots.txt", "the one page that anybody may ask for"
    assert found["clock:ntp:" + clock].outcome == "passed"
    assert found["clock:http:" + host].outcome == "failed"
    assert found["name-answers:localhost"].outcome == "passed"
    assert found["database"].outcome == "passed"
    assert asked["authorities:tsa-a"].outcome == "passed"
    assert asked["authorities:tsa-a"].value["stamped"]
    assert printed.code == 1


def test_an_authority_that_does_not_answer_fails(tmp_path: Path, capsys: Capsys) -> None:
    tsa = DemoAuthority(tmp_path / "tsa", "tsa-a")
    with tsa:
        path = made(tmp_path / "a", NOBODY, [tsa])
    printed = evidence(capsys, "--archive", path, "doctor", "--tsa")
    assert printed.code == 1
    assert "✗ 未通过  时间戳机构（tsa-a）：tsa-a 没有给出可以核验的时间戳" in printed.out


def test_an_authority_with_a_strange_root_fails(tmp_path: Path, capsys: Capsys) -> None:
    with DemoAuthority(tmp_path / "tsa", "tsa-a") as tsa:
        path = made(tmp_path / "a", NOBODY, [tsa])
        (path / "trust/tsa-a.pem").write_bytes(DemoAuthority(tmp_path / "other", "tsa-b").trust_pem)
        found = results(evidence(capsys, "--archive", path, "doctor", "--tsa", "--json").json)
    assert found["authorities:tsa-a"].outcome == "failed"


def test_a_damaged_database_fails(tmp_path: Path, capsys: Capsys) -> None:
    path = made(tmp_path / "a", NOBODY)
    database = path / "evidence.db"
    content = bytearray(database.read_bytes())
    with sqlite3.connect(database) as connection:
        size = connection.execute("pragma page_size").fetchone()[0]
    content[size * 3 : size * 3 + 200] = os.urandom(200)
    database.write_bytes(content)
    printed = evidence(capsys, "--archive", path, "doctor")
    assert printed.code == 1
    assert "数据库" in printed.out
    assert "evidence rebuild" in printed.out
    database.write_bytes(b"none")
    found = results(evidence(capsys, "--archive", path, "doctor", "--json").json)
    assert (found["database"].outcome, found["database"].because) == ("failed", "unreadable")


def test_every_line_is_said_with_what_to_do(tmp_path: Path, capsys: Capsys) -> None:
    path = made(tmp_path / "a", NOBODY)
    printed = evidence(capsys, "--archive", path, "doctor")
    lines = printed.out.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("  ✗", "  –")):
            assert lines[number + 1].startswith("      → "), line
    assert lines[-1].startswith("通过 ")
    assert "✗ 未通过  时间戳机构：没有配置时间戳机构" in printed.out


@pytest.mark.parametrize("host", ["http://a.example/", "a b", "", "-" * 300, "a:b:c"])
def test_a_host_that_is_none_is_wrong_usage(tmp_path: Path, capsys: Capsys, host: str) -> None:
    printed = evidence(capsys, "--archive", tmp_path, "doctor", "--host", host)
    assert (printed.code, "--host" in printed.err) == (2, True)


def test_broken_settings_are_said(tmp_path: Path, capsys: Capsys) -> None:
    path = make(tmp_path / "a")
    with (path / "evidence.toml").open("a") as stream:
        stream.write("\n[environment]\nntp = 5\n")
    printed = evidence(capsys, "--archive", path, "doctor")
    assert (printed.code, "environment.ntp" in printed.err) == (1, True)
