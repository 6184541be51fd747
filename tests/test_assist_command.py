"""`evidence assist` as an operator starts it: what it asks, what it prints, and how Ctrl-C ends it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crawler.commands.assist import default_profile
from tests.archives import make, nothing_failed
from tests.commands import evidence
from tests.engine.assist_site import Site, wait_for
from tests.engine.importers.imported import captures, events

Capsys = pytest.CaptureFixture[str]


@pytest.mark.usefixtures("display", "chromium")
def test_ctrl_c_ends_it_with_all_that_was_captured(tmp_path: Path) -> None:
    archive, site = make(tmp_path / "证据 库"), Site()
    words = ["--archive", archive, "assist", site.url("/links"), "--profile", tmp_path / "profile"]
    words += ["--account", "未登录", "--authority", "本会履职调查", "--every-page", "--json"]
    with (tmp_path / "told").open("wb") as told:
        program = subprocess.Popen(
            [sys.executable, "-m", "crawler", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=told,
            env={**os.environ, "HOME": str(tmp_path)},
        )
    try:
        wait_for(lambda: "已固定" in (tmp_path / "told").read_text("utf-8"), 60)
        program.send_signal(signal.SIGINT)
        printed, _ = program.communicate(timeout=40)
    finally:
        program.kill()
        site.close()
    assert program.returncode == 3  # not sealed: no authority is asked in this archive
    report = json.loads(printed)
    (page,) = report["captures"]
    assert (page["url"], page["state"], report["errors"]) == (site.url("/links"), "complete", [])
    (started,) = events(archive, "run-started")
    assert (started["settings"]["account"], started["settings"]["every_page"]) == ("未登录", True)
    assert len([capture for capture in captures(archive) if capture.look]) == 1
    nothing_failed(archive)


def test_without_a_screen_nothing_is_asked(
    tmp_path: Path, capsys: Capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    archive, begun = make(tmp_path / "archive"), time.monotonic()
    words = ("assist", "http://shop.invalid/", "--account", "未登录", "--authority", "调查")
    printed = evidence(capsys, "--archive", archive, *words)
    assert printed.code == 1
    assert "没有图形界面" in printed.err
    assert events(archive, "run-started") == []
    assert time.monotonic() - begun < 30


def test_what_is_no_address_is_wrong_usage(tmp_path: Path, capsys: Capsys) -> None:
    archive = make(tmp_path / "archive")
    printed = evidence(capsys, "--archive", archive, "assist", "shop", "--account", "a", "--authority", "b")
    assert printed.code == 2


def test_each_archive_has_a_profile_of_its_own() -> None:
    names = {default_profile(origin) for origin in ("a.example/log", "a.example_log", "b.example/log")}
    assert len(names) == 3
    assert all(name.is_relative_to(Path.home() / ".local/share/web-evidence/profiles") for name in names)
