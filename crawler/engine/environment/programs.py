"""What else runs: names of programs only. Never command lines, windows, users or documents."""

from collections.abc import Sequence

import psutil

from crawler.engine.environment.bounded import plain
from crawler.engine.environment.result import Json, Judged, failed, passed
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest

_KERNEL = 2  # on Linux the parent of every thread of the kernel, which are no programs
_MOST_NAMES = 150


def programs(_setting: Setting, rule: Rule) -> Sequence[Judged]:
    """How many programs run, and which; those that read or change what others fetch must not."""
    running = [
        plain(found.info["name"] or "?", 64)
        for found in psutil.process_iter(["name", "ppid"])
        if not psutil.LINUX or _KERNEL not in (found.pid, found.info["ppid"])
    ]
    names = sorted(set(running))
    value: Json = {
        "count": len(running),
        "distinct": len(names),
        "sha256": digest("\n".join(names).encode()),
        "names": names[:_MOST_NAMES],
    }
    found = intercepting(names, rule.limits["intercepting"])
    return [failed(value, "intercepting", names="、".join(found)) if found else passed(value)]


def intercepting(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """The names that are, or begin with, that of a known program that stands between us and the network."""
    return [name for name in names if name.lower().removesuffix(".exe").startswith(tuple(known))]
