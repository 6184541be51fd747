"""`evidence witness` between two archives: by files, and over HTTP with a witness in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import crawler.commands.witness  # noqa: F401 - the commands under test
from crawler.evidence.archive import Archive
from crawler.evidence.manifest import parse_leaf
from crawler.store.session import Session
from tests.archives import drafted, make, page
from tests.commands import Printed, evidence

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = make(tmp_path / "ours")
    with Session.open(path) as session:
        session.record(drafted(page())).result()
        session.archive.sign_checkpoint()
    return path


@pytest.fixture
def theirs(tmp_path: Path, capsys: Capsys, ours: Path) -> Path:
    """A witness that watches our log and is known to us."""
    path = make(tmp_path / "theirs")
    assert at(capsys, path, "init", "--name", "witness.example").code == 0
    assert at(capsys, path, "trust", (ours / "trust/log.vkey").read_text().strip()).code == 0
    return path


def at(capsys: Capsys, archive: Path, *arguments: object) -> Printed:
    return evidence(capsys, "--archive", archive, "witness", *arguments)


def vkey(theirs: Path) -> str:
    return (theirs / "witness/witness.vkey").read_text().strip()


def events(archive: Path) -> list[str]:
    with Archive.open(archive) as opened:
        return [parse_leaf(entry.leaf).get("act", "capture") for entry in opened.entries()]


def grow(archive: Path) -> int:
    with Session.open(archive) as session:
        session.record(drafted(page())).result()
        session.archive.sign_checkpoint()
        return session.archive.log.latest_checkpoint()[0].size


def test_by_file(tmp_path: Path, capsys: Capsys, ours: Path, theirs: Path) -> None:
    assert at(capsys, ours, "add", "national", vkey(theirs)).code == 0
    size = grow(ours)
    asked, answered = tmp_path / "asked.txt", tmp_path / "answered.txt"
    assert at(capsys, ours, "request", "national", "--to", asked).code == 0
    assert asked.read_bytes().startswith(b"old 0\n\n")
    assert at(capsys, theirs, "cosign", asked, "--to", answered).code == 0
    done = at(capsys, ours, "collect", answered)
    assert (done.code, f"检查点 {size} 由 national 联署" in done.out) == (0, True)
    assert (ours / f"log/cosignatures/{size}/national").read_bytes() == answered.read_bytes()
    assert events(theirs)[-3:] == ["witness-created", "log-trusted", "checkpoint-cosigned"]
    assert events(ours)[-2:] == ["witness-added", "capture"]
    assert at(capsys, ours, "request", "national", "--to", asked).code == 0
    assert asked.read_bytes().startswith(b"old %d\n\n" % size)
    listed = at(capsys, theirs, "list", "--json").json
    assert (listed["vkey"], listed["watched"][0]["size"]) == (vkey(theirs), size)
    assert at(capsys, ours, "list", "--json").json["witnesses"][0]["cosigned"] == size
    assert "最近联署检查点" in at(capsys, ours, "list").out


def test_a_refusal_says_how_to_go_on(tmp_path: Path, capsys: Capsys, ours: Path, theirs: Path) -> None:
    at(capsys, ours, "add", "national", vkey(theirs))
    first = grow(ours)
    asked, answered = tmp_path / "asked.txt", tmp_path / "answered.txt"
    at(capsys, ours, "request", "national", "--to", asked)
    at(capsys, theirs, "cosign", asked, "--to", answered)
    answered.unlink()  # lost on the way
    size = grow(ours)
    at(capsys, ours, "request", "national", "--to", asked)
    refused = at(capsys, theirs, "cosign", asked, "--to", answered)
    assert (refused.code, f"--old {first}" in refused.err, answered.exists()) == (2, True, False)
    assert "与备份比对" not in refused.err  # a wrong file is no damage
    at(capsys, ours, "request", "national", "--old", first, "--to", asked)
    assert at(capsys, theirs, "cosign", asked, "--to", answered).code == 0
    assert f"检查点 {size}" in at(capsys, ours, "collect", answered).out


def test_over_http(capsys: Capsys, ours: Path, theirs: Path) -> None:
    with served(theirs) as url:
        assert at(capsys, ours, "add", "national", vkey(theirs), "--url", url).code == 0
        for _ in range(2):
            size = grow(ours)
            done = at(capsys, ours, "request", "--now", "--json")
            assert (done.code, list(done.json["signed"]), done.json["size"]) == (0, ["national"], size)
        with Archive.open(
            theirs, writable=True
        ):  # busy: told at once would be better, a crawl may take hours
            grow(ours)
            done = at(capsys, ours, "request", "--now", "--json")
            assert (done.code, "503" in done.json["missing"]["national"]) == (3, True)
        assert at(capsys, ours, "request", "--now").code == 0
    done = at(capsys, ours, "request", "--now")
    assert done.code == 0  # nothing left to ask for
    assert events(theirs).count("checkpoint-cosigned") == 3


@contextmanager
def served(archive: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "crawler", "--archive", str(archive), "witness", "serve", "--port", "0"]
    program = (
        "import sys; from crawler.commands import witness; from crawler.cli import main; main(sys.argv[1:])"
    )
    command[1:3] = ["-c", program]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        try:
            yield line.partition("：")[2].split("（")[0]
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read().decode()
        assert (process.wait(10), "已结束" in rest) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("add", "National", "x"), "base64|key name|vkey"),
        (("request",), "either NAME"),
        (("request", "national"), "either NAME"),
        (("request", "--now", "--to", "x"), "either NAME"),
        (("trust", "nonsense"), "no witness yet|whole line"),
        (("serve",), "no witness yet"),
    ],
)
def test_wrong_usage(capsys: Capsys, ours: Path, arguments: tuple[str, ...], why: str) -> None:
    done = at(capsys, ours, *arguments)
    assert done.code == 2
    assert any(part in done.err for part in why.split("|")), done.err


def test_a_name_that_is_no_file_name_or_is_taken(capsys: Capsys, ours: Path, theirs: Path) -> None:
    assert at(capsys, ours, "add", "../x", vkey(theirs)).code == 2
    assert at(capsys, ours, "add", "a", vkey(theirs), "--url", "ftp://x").code == 2
    assert at(capsys, ours, "add", "a", (ours / "trust/log.vkey").read_text().strip()).code == 2
    assert at(capsys, ours, "add", "a", vkey(theirs)).code == 0
    assert at(capsys, ours, "add", "a", vkey(theirs)).code == 2
    assert (ours / "evidence.toml").read_text().count("[[witness]]") == 1


def test_the_key_is_under_the_same_passphrase(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVIDENCE_PASSPHRASE", "secret")
    path = tmp_path / "protected"
    who = ("--organisation", "o", "--operator", "p", "--contact", "c@example.org")
    assert evidence(capsys, "init", path, *who).code == 0
    assert at(capsys, path, "init").code == 0
    assert b"ENCRYPTED" in (path / "keys/witness.key").read_bytes()
    request = tmp_path / "request"
    request.write_bytes(b"old 0\n\nx\n")
    assert "400" in at(capsys, path, "cosign", request, "--to", tmp_path / "out").err
    monkeypatch.delenv("EVIDENCE_PASSPHRASE")
    assert "passphrase" in at(capsys, path, "cosign", request, "--to", tmp_path / "out").err
