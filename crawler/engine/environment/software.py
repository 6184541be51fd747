"""Our own code: version, commit, digest of what is installed, and the libraries beside it."""

import importlib.metadata
import importlib.util
import platform
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import crawler
from crawler.engine.environment.bounded import read_bounded
from crawler.engine.environment.result import Json, Judged, passed
from crawler.engine.environment.rules import Rule
from crawler.engine.environment.setting import Setting
from crawler.evidence.digest import digest, digest_file

PACKAGES = ("crawler", "spiders", "pipelines")
LOCK = "requirements.lock"
_SUFFIXES = (".py", ".toml", ".json", ".html", ".css", ".js")
_MOST_FILES = 5000
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def software(_setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """Which code ran. The digest covers every source file, so a change that no commit knows is seen."""
    listing = source_listing()
    value: Json = {
        "version": crawler.__version__,
        "commit": commit(_home()),
        "files": listing.count("\n"),
        "sha256": digest(listing.encode()),
        "python": platform.python_version(),
    }
    return [passed(value)]


def _home() -> Path:
    return Path(crawler.__file__).resolve().parents[1]


def source_listing() -> str:
    """A line ``digest  path`` for every source file, in the order of their paths."""
    lines = [f"{digest_file(file)}  {name}\n" for name, file in sorted(_sources())]
    return "".join(lines)


def _sources() -> Iterator[tuple[str, Path]]:
    count = 0
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            for file in Path(folder).rglob("*"):
                if file.suffix in _SUFFIXES and count < _MOST_FILES and file.is_file():
                    count += 1
                    yield f"{package}/{file.relative_to(folder).as_posix()}", file


def commit(home: Path) -> str | None:
    """The commit that a checkout stands on (gitrepository-layout(5)); None outside of one, or if unreadable."""
    folder = home / ".git"
    try:
        if folder.is_file():  # a worktree: the file says where its folder is
            folder = home / read_bounded(folder).decode().removeprefix("gitdir:").strip()
        head = read_bounded(folder / "HEAD").decode().strip()
        found = _resolved(folder, head.removeprefix("ref:").strip()) if head.startswith("ref:") else head
    except (OSError, UnicodeDecodeError):
        return None
    return found if _COMMIT.fullmatch(found) else None


def _resolved(folder: Path, reference: str) -> str:
    shared = folder / "commondir"
    homes = [folder, folder / read_bounded(shared).decode().strip()] if shared.is_file() else [folder]
    for home in homes:
        if (home / reference).is_file():
            return read_bounded(home / reference).decode().strip()
        packed = home / "packed-refs"
        for line in read_bounded(packed, 16 << 20).decode().splitlines() if packed.is_file() else ():
            if line.endswith(f" {reference}"):
                return line.split()[0]
    return ""


def dependencies(_setting: Setting, _rule: Rule) -> Sequence[Judged]:
    """The libraries that are installed, as one digest over ``name==version`` lines, and that of the lock."""
    installed = sorted(
        {
            f"{str(found.metadata['Name']).lower()}=={found.version}\n"
            for found in importlib.metadata.distributions()
        }
    )
    lock = _home() / LOCK
    value: Json = {
        "installed": len(installed),
        "sha256": digest("".join(installed).encode("utf-8", "backslashreplace")),
        "lock_sha256": digest_file(lock) if lock.is_file() else None,
    }
    return [passed(value)]
