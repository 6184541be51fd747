"""The device, the programs, our own software: what is said of them, and what is not."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

import crawler
from crawler.engine.environment import software as module
from crawler.engine.environment.machine import IMAGE, disk_space, operating_system, uptime, users
from crawler.engine.environment.programs import intercepting, programs
from crawler.engine.environment.rules import rules
from crawler.engine.environment.setting import Setting
from crawler.engine.environment.software import commit, dependencies, software, source_listing
from crawler.evidence.digest import digest, digest_file
from tests.engine.environment.places import clean_places, said

ROOT = Path(__file__).parents[3]
COMMIT = "46cc9bb0" * 5


def test_the_operating_system(tmp_path: Path) -> None:
    places = clean_places(tmp_path)
    image = "sha256:" + "0" * 64
    setting = Setting(places=places, environ={IMAGE: image})
    (judged,) = operating_system(setting, rules()["operating-system"])
    assert (judged.value["name"], judged.value["image"]) == ("Debian GNU/Linux 12", image)
    assert judged.value["kernel"] == os.uname().release
    assert os.uname().nodename not in str(judged.value), "the machine's name is nobody's business"
    places.release.write_text("PRETTY_NAME=\"unclosed\nX='\nNAME=a\\\n=\n")
    assert operating_system(setting, rules()["operating-system"])[0].outcome == "passed"


def test_users_are_counted_and_not_named() -> None:
    (judged,) = users(Setting(), rules()["users"])
    assert judged.value["runs_as"] == ("root" if os.geteuid() == 0 else "ordinary")
    assert set(judged.value) == {"sessions", "people", "runs_as"}


def test_several_people_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    logins = [psutil._ntuples.suser(name, "pts/1", "", 1.0, 1) for name in ("li", "li", "wang")]
    monkeypatch.setattr(psutil, "users", lambda: logins)
    (judged,) = users(Setting(), rules()["users"])
    assert (judged.outcome, judged.value["sessions"], judged.value["people"]) == ("failed", 3, 2)
    assert "li" not in said("users", judged)


def test_a_restart_is_another_state(tmp_path: Path) -> None:
    found = uptime(Setting(), rules()["uptime"])[0].value
    assert found["boot_sha256"] == uptime(Setting(), rules()["uptime"])[0].value["boot_sha256"]
    assert found["minutes"] >= 0


def test_disk_space(tmp_path: Path) -> None:
    (judged,) = disk_space(Setting(folder=tmp_path), rules()["disk-space"])
    free = os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize >> 20
    assert abs(judged.value["free_mebibytes"] - free) < 512
    for least, outcome in ((0, "passed"), (1 << 40, "failed")):
        rule = replace(rules()["disk-space"], limits={"free_mebibytes": least})
        assert disk_space(Setting(folder=tmp_path), rule)[0].outcome == outcome


def test_programs_are_named_without_their_command_lines(tmp_path: Path) -> None:
    secret = tmp_path / "张三的离婚协议.docx"
    running = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", str(secret)])
    try:
        (judged,) = programs(Setting(), rules()["programs"])
    finally:
        running.kill()
        running.wait()
    assert psutil.Process().name() in judged.value["names"]
    assert "离婚" not in str(judged)
    assert judged.value["count"] >= judged.value["distinct"] >= 1


def test_programs_that_intercept_are_found() -> None:
    known = rules()["programs"].limits["intercepting"]
    assert intercepting(["bash", "Clash-Verge", "Fiddler.exe", "chromium"], known) == [
        "Clash-Verge",
        "Fiddler.exe",
    ]


def test_our_software_is_digested_file_by_file() -> None:
    (judged,) = software(Setting(), rules()["software"])
    listing = source_listing()
    assert judged.value["version"] == crawler.__version__
    assert judged.value["sha256"] == digest(listing.encode())
    own = Path(module.__file__)
    assert f"{digest_file(own)}  crawler/engine/environment/software.py\n" in listing
    assert "  spiders/" in listing
    assert "  pipelines/" in listing
    assert str(ROOT) not in listing


def test_the_libraries_are_digested() -> None:
    (judged,) = dependencies(Setting(), rules()["dependencies"])
    assert judged.value["lock_sha256"] == digest_file(ROOT / "requirements.lock")
    assert judged.value["installed"] > 20


def plant(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        file = folder / name.replace("__", "/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


def test_the_commit_of_a_checkout(tmp_path: Path) -> None:
    branch = {".git__HEAD": "ref: refs/heads/main\n"}
    assert commit(plant(tmp_path / "detached", **{".git__HEAD": f"{COMMIT}\n"})) == COMMIT
    assert commit(plant(tmp_path / "a", **branch, **{".git__refs__heads__main": f"{COMMIT}\n"})) == COMMIT
    packed = f"# pack-refs with: peeled\n{'0' * 40} refs/heads/x\n{COMMIT} refs/heads/main\n"
    assert commit(plant(tmp_path / "b", **branch, **{".git__packed-refs": packed})) == COMMIT
    tree = plant(tmp_path / "c", **{".git": f"gitdir: {tmp_path}/b/.git/worktrees/c\n"})
    plant(
        tmp_path / "b",
        **{".git__worktrees__c__HEAD": "ref: refs/heads/main\n", ".git__worktrees__c__commondir": "../..\n"},
    )
    assert commit(tree) == COMMIT


def test_no_checkout_has_no_commit(tmp_path: Path) -> None:
    assert commit(tmp_path) is None
    assert commit(plant(tmp_path / "new", **{".git__HEAD": "ref: refs/heads/main\n"})) is None
    assert commit(plant(tmp_path / "odd", **{".git__HEAD": "ref: ../../hosts\n"})) is None
    assert commit(plant(tmp_path / "odder", **{".git": "gitdir: /nowhere\n"})) is None
