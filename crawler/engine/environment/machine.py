"""The device: operating system and image, users, uptime, disk space."""

import os
import platform
import shlex
import shutil
import time
from collections.abc import Sequence

import psutil

from crawler.engine.environment.bounded import plain, read_bounded
from crawler.engine.environment.result import Json, Judged, failed, passed
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest

IMAGE = "EVIDENCE_IMAGE_DIGEST"  # who starts a container may say here which image it is


def operating_system(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Name, build and kernel; whether this is a container, of which image, with a root that cannot be written."""
    release = _release(setting)
    value: Json = {
        "system": platform.system(),
        "kernel": plain(platform.release()),
        "build": plain(platform.version()),
        "machine": plain(platform.machine()),
        "name": release.get("PRETTY_NAME", ""),
        "image": plain(setting.environ.get(IMAGE, "")) or None,
        "container": any(mark.exists() for mark in setting.places.container),
        "root_read_only": bool(os.statvfs("/").f_flag & os.ST_RDONLY),
    }
    if setting.places.release.is_file():
        value["release_sha256"] = digest(read_bounded(setting.places.release))
    return [passed(value)]


def _release(setting: Setting) -> dict[str, str]:
    """The settings in os-release(5)."""
    if not setting.places.release.is_file():
        return {}
    found = {}
    for line in read_bounded(setting.places.release).decode("utf-8", "replace").splitlines()[:100]:
        name, equals, value = line.partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = plain(" ".join(shlex.split(value)) if _quotes_close(value) else value)
    return found


def _quotes_close(text: str) -> bool:
    return text.count('"') % 2 == 0 and text.count("'") % 2 == 0 and not text.rstrip().endswith("\\")


def users(_setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """How many people are logged in, and whether we run as root. Nobody is named."""
    sessions = psutil.users()
    people = len({session.name for session in sessions})
    root = os.geteuid() == 0
    value: Json = {"sessions": len(sessions), "people": people, "runs_as": "root" if root else "ordinary"}
    if people > 1:
        return [failed(value, "several-people", people=people)]
    return [passed(value, "runs-as-root" if root else None)]


def uptime(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """For how long the machine runs, and on Linux the digest of this start's number: another one after a restart."""
    value: Json = {"minutes": max(0, int(time.time() - psutil.boot_time())) // 60}
    if setting.places.boot.is_file():
        value["boot_sha256"] = digest(read_bounded(setting.places.boot))
    return [passed(value)]


def disk_space(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """Room where the archive lies."""
    free = shutil.disk_usage(setting.folder).free
    least = int(rule.limits["free_mebibytes"])
    value: Json = {"free_mebibytes": free >> 20, "least_mebibytes": least}
    if free >> 20 < least:
        return [failed(value, "too-little", free=free >> 20, least=least)]
    return [passed(value)]
