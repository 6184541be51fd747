"""The browser: which one exactly, with which switches and policies, a profile that was new, and Chinese fonts.

A run that shows no page in a browser skips all of it, and says so.
"""

import functools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from crawler.engine.environment.bounded import plain, plain_path, read_bounded, run_command
from crawler.engine.environment.result import Json, Judged, failed, passed, skipped
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest, digest_file

VARIABLE = "EVIDENCE_CHROMIUM"  # as in crawler.engine.browser, which needs Playwright to be imported
_SCRIPT = b"#!"
_MOST_FILES = 32
_MOST_FONTS = 20


def browser_binary(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """Path, version and digest: of what is started, and of the program behind it where that is a script."""
    if not setting.rendering:
        return [skipped("not-rendering")]
    path = _browser(setting, rule)
    if path is None:
        return [failed({}, "no-browser")]
    program = _program(path, rule)
    value: Json = {
        "path": plain_path(path),
        "sha256": file_digest(path),
        "program": plain_path(program),
        "program_sha256": file_digest(program),
        "bytes": program.stat().st_size,
    }
    try:
        value["version"] = plain(
            run_command((str(path), "--version"), rule.limits["version_seconds"]).strip()
        )
    except OSError as error:
        return [failed(value, "no-version", problem=plain(error, 120))]
    return [passed(value)]


def _browser(setting: Setting, rule: Rule) -> Path | None:
    named = setting.browser or setting.environ.get(VARIABLE)
    places = setting.environ.get("PATH")
    found = named or next(
        (p for name in rule.limits["names"] if (p := shutil.which(name, path=places))), None
    )
    return Path(found) if found and Path(found).is_file() else None


def _program(path: Path, rule: Rule) -> Path:
    """Debian's /usr/bin/chromium is a script; the program lies in a folder of its own."""
    with path.open("rb") as stream:
        if stream.read(2) != _SCRIPT:
            return path
    likely = (Path(folder.format(name=path.name)) for folder in rule.limits["programs"])
    return next((found for found in likely if found.is_file()), path)


def file_digest(path: Path) -> str:
    """The digest of a large file; read again only if the file's size or one of its times has changed.

    The time of the last change of its state (ctime) cannot be set back without setting the clock back.
    """
    at = path.stat()
    return _digest(path, at.st_dev, at.st_ino, at.st_size, at.st_mtime_ns, at.st_ctime_ns)


@functools.lru_cache(maxsize=8)
def _digest(path: Path, *_state: int) -> str:
    return digest_file(path)


def browser_flags(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Our own switches, and those that the system adds without being asked."""
    if not setting.rendering:
        return [skipped("not-rendering")]
    added = setting.environ.get("CHROMIUM_FLAGS", "")
    value: Json = {
        "ours": None if setting.flags is None else [plain(flag) for flag in setting.flags[:64]],
        "system_files": _digests((setting.places.browser_flags,), "*"),
        "variable": plain(added) or None,
    }
    if added:
        return [failed(value, "variable", flags=plain(added))]
    if setting.flags is None and not setting.doctor:
        return [skipped("not-told", value)]
    return [passed(value)]


def browser_policies(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Policies that somebody imposes on every browser here: they can add certificates, proxies, extensions."""
    if not setting.rendering:
        return [skipped("not-rendering")]
    found = _digests(setting.places.policies, "*.json")
    value: Json = {"files": found}
    return [failed(value, "imposed", count=len(found)) if found else passed(value)]


def _digests(folders: Sequence[Path], pattern: str) -> dict[str, str]:
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.glob(pattern))]
    return {
        plain(file.name, 80): digest(read_bounded(file)) for file in files[:_MOST_FILES] if file.is_file()
    }


def browser_profile(setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """A profile made for this run, without history, cache or extensions; or the operator's own, and that is said."""
    if not setting.rendering:
        return [skipped("not-rendering")]
    loaded = [flag for flag in setting.flags or () if flag.startswith("--load-extension")]
    value: Json = {"profile": setting.profile, "extensions": len(loaded)}
    if loaded:
        return [failed(value, "extensions", count=len(loaded))]
    return [passed(value, "persistent" if setting.profile == "persistent" else None)]


def fonts(setting: Setting, rule: Rule) -> Sequence[Judged]:
    """Fonts that have Chinese, as fontconfig knows them: without one a picture shows boxes."""
    if not setting.rendering:
        return [skipped("not-rendering")]
    tool = shutil.which("fc-list", path=setting.environ.get("PATH"))
    if tool is None:
        return [skipped("no-fontconfig")]
    environ_seconds = rule.seconds / 2 - 0.2
    try:
        chinese = _families(run_command((tool, ":lang=zh-cn", "family"), environ_seconds))
        every = _families(run_command((tool, ":", "family"), environ_seconds))
    except OSError as error:
        return [skipped("no-list", problem=plain(error, 120))]
    listed = os.linesep.join(every).encode("utf-8", "backslashreplace")
    value: Json = {"families": len(every), "sha256": digest(listed), "chinese": chinese[:_MOST_FONTS]}
    return [passed(value) if chinese else failed(value, "no-chinese")]


def _families(printed: str) -> list[str]:
    return sorted({plain(line.strip(), 80) for line in printed.splitlines() if line.strip()})
