"""The browser: the real one, where there is one, and broken ones under a folder."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from crawler.engine.environment.browser_check import (
    browser_binary,
    browser_flags,
    browser_policies,
    browser_profile,
    file_digest,
    fonts,
)
from crawler.engine.environment.result import Judged
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest, digest_file
from tests.engine.environment.places import clean_places

CHECKS = {
    "browser-binary": browser_binary,
    "browser-flags": browser_flags,
    "browser-policies": browser_policies,
    "browser-profile": browser_profile,
    "fonts": fonts,
}


def checked(name: str, setting: Setting) -> Judged:
    (judged,) = CHECKS[name](setting, rules()[name])
    return judged


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", CHECKS)
def test_a_run_without_a_browser_skips_all_of_it(name: str) -> None:
    judged = checked(name, Setting())
    assert (judged.outcome, judged.because) == ("skipped", "not-rendering")


@pytest.mark.browser
def test_the_real_browser(chromium: str) -> None:
    judged = checked("browser-binary", Setting(rendering=True, browser=chromium))
    assert judged.outcome == "passed"
    assert "hrom" in judged.value["version"]
    assert judged.value["sha256"] == digest_file(Path(chromium))
    assert judged.value["bytes"] > 1 << 20, "the program, not the script that starts it"


def test_a_digest_is_made_again_when_the_file_changes(tmp_path: Path) -> None:
    file = tmp_path / "chromium"
    file.write_bytes(b"one")
    assert file_digest(file) == digest(b"one")
    file.write_bytes(b"two")
    assert file_digest(file) == digest(b"two")


def test_no_browser_fails(tmp_path: Path) -> None:
    for environ in ({"PATH": str(tmp_path)}, {"PATH": "", "EVIDENCE_CHROMIUM": str(tmp_path / "none")}):
        assert checked("browser-binary", Setting(rendering=True, environ=environ)).because == "no-browser"


def test_a_browser_is_found_on_the_path_and_by_its_variable(tmp_path: Path) -> None:
    found = program(tmp_path / "bin/chromium", "echo Chromium 1.2.3")
    for environ in ({"PATH": f"{found.parent}:/bin"}, {"EVIDENCE_CHROMIUM": str(found), "PATH": "/bin"}):
        judged = checked("browser-binary", Setting(rendering=True, environ=environ))
        assert judged.value["version"] == "Chromium 1.2.3"


def test_a_browser_that_hangs_ends_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    broken = program(tmp_path / "chromium", "sleep 60 & wait")
    rule = rules()["browser-binary"]
    rule = replace(rule, limits={**rule.limits, "version_seconds": 0.3})
    (judged,) = browser_binary(Setting(rendering=True, browser=str(broken)), rule)
    assert judged.because == "no-version"
    assert time.monotonic() - began < 3
    broken = program(tmp_path / "other", "exit 3")
    assert checked("browser-binary", Setting(rendering=True, browser=str(broken))).because == "no-version"


def test_switches_from_outside_are_seen(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    (places.browser_flags / "default-flags").write_text("export CHROMIUM_FLAGS=...")
    setting = Setting(rendering=True, places=places, flags=("--disable-quic",), environ={})
    judged = checked("browser-flags", setting)
    assert (judged.outcome, judged.value["ours"]) == ("passed", ["--disable-quic"])
    assert list(judged.value["system_files"]) == ["default-flags"]
    judged = checked("browser-flags", Setting(rendering=True, places=places, environ={}))
    assert (judged.outcome, judged.because, judged.value["ours"]) == ("skipped", "not-told", None)
    environ = {"CHROMIUM_FLAGS": "--ignore-certificate-errors"}
    judged = checked("browser-flags", Setting(rendering=True, places=places, environ=environ))
    assert judged.outcome == "failed"


def test_policies_and_extensions_fail(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    setting = Setting(rendering=True, places=places, flags=("--load-extension=/x",), profile="persistent")
    assert checked("browser-policies", setting).outcome == "passed"
    (tmp_path / "policies/office.json").write_text('{"ProxyMode": "fixed_servers"}')
    judged = checked("browser-policies", setting)
    assert (judged.outcome, list(judged.value["files"])) == ("failed", ["office.json"])
    assert checked("browser-profile", setting).because == "extensions"
    own = checked("browser-profile", Setting(rendering=True, profile="persistent"))
    assert (own.outcome, own.because) == ("passed", "persistent")


def test_chinese_fonts(tmp_path: Path) -> None:
    setting = Setting(rendering=True, environ={"PATH": f"{tmp_path}:/bin:/usr/bin"})
    listed = 'if [ "$1" = ":lang=zh-cn" ]; then echo "Noto Sans CJK SC"; fi; echo "DejaVu Sans"'
    program(tmp_path / "fc-list", listed)
    judged = checked("fonts", setting)
    assert (judged.outcome, judged.value["families"]) == ("passed", 1)
    assert "Noto Sans CJK SC" in judged.value["chinese"]
    program(tmp_path / "fc-list", 'if [ "$1" = ":" ]; then echo "DejaVu Sans"; fi')
    assert checked("fonts", setting).because == "no-chinese"
    program(tmp_path / "fc-list", "exit 1")
    assert checked("fonts", setting).because == "no-list"
    assert checked("fonts", Setting(rendering=True, environ={"PATH": ""})).because == "no-fontconfig"
