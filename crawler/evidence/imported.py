"""Imported files: where they lie, what the log says of them, and what an interrupted import leaves behind.

A file that another recorder made is kept unchanged as ``imports/<sha256>/<name>``, and the event ``file-imported``
covers its bytes (docs/formats.md). One that is refused goes to ``quarantine/``, and ``import-refused`` covers it.

Order of writing, and what a crash means in each gap:

1. Copied to ``imports/.incoming.unfinished``, fsync; renamed to ``imports/.<sha256>.unfinished``. Crash before 2: no
   event tells of it, so the next start removes the copy; the file itself is where the operator has it.
2. The event is durable. Crash before 3: the event tells where the copy belongs, and the next start puts it there.
3. Renamed to its place, fsync of the folders.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.durable import sync_folder
from crawler.evidence.manifest import Json, event_beginning, parse_leaf

FOLDER = "imports"
IMPORTED, REFUSED = "file-imported", "import-refused"  # acts of custody events
INCOMING = ".incoming.unfinished"
NAME = re.compile(r"imports/[0-9a-f]{64}/[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
KEPT = re.compile(r"[0-9a-f]{64}\.[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")  # in quarantine/
BEGINNINGS = tuple(event_beginning(act) for act in (IMPORTED, REFUSED))

_WAITING = re.compile(r"\.([0-9a-f]{64})\.unfinished")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_NAME_LIMIT = 80


def waiting_name(sha256: str) -> str:
    """Name in imports/ of a copy that waits for its event; `sha256` are 64 hex digits."""
    return f".{sha256}.unfinished"


def safe_name(name: str) -> str:
    """A name in ASCII for a file of any name: never hidden, never a path, never empty."""
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        stem, suffix = name, ""
    stem = _UNSAFE.sub("-", stem).strip("-.")[:_NAME_LIMIT] or "file"
    suffix = _UNSAFE.sub("-", suffix).strip("-.")[:10]
    return f"{stem}.{suffix}" if suffix else stem


def move_into_place(archive: Path, waiting: Path, target: str) -> None:
    """Give a copy its name once its event is durable. What is already there under that name stays."""
    place = archive / target
    if place.exists():
        waiting.unlink()
    else:
        if not place.parent.is_dir():
            place.parent.mkdir()
            sync_folder(place.parent.parent)
        waiting.rename(place)
        sync_folder(place.parent)
    sync_folder(waiting.parent)


def finish_imports(archive: Path, leaves: Iterable[bytes]) -> None:
    """Put in place, or remove, what an interrupted import left in imports/. `leaves`: the log, read if need be."""
    folder = archive / FOLDER
    left = sorted(folder.glob(".*.unfinished")) if folder.is_dir() and not folder.is_symlink() else []
    if not left:
        return
    logged: dict[str, str] = {}
    for leaf in leaves:
        if leaf.startswith(BEGINNINGS):
            sha256, place = kept_at(parse_leaf(leaf))
            logged[sha256] = place
    for waiting in left:
        found = _WAITING.fullmatch(waiting.name)
        target = logged.get(f"sha256:{found[1]}") if found else None
        if target is None:
            waiting.unlink()
        else:
            move_into_place(archive, waiting, target)
    sync_folder(folder)


def kept_at(event: Json) -> tuple[str, str]:
    """Digest and place, relative to the archive, that an event of either act names. Raises FormatError."""
    details = event.get("details")
    details = details if isinstance(details, dict) else {}
    if event.get("act") == IMPORTED:
        sha256, target, form = details.get("sha256"), details.get("file"), NAME
    else:
        sha256, target, form = details.get("digest"), details.get("kept"), KEPT
    if not isinstance(sha256, str) or not isinstance(target, str) or not form.fullmatch(target):
        raise FormatError(f"{event.get('act')}: it names no file that an import keeps: {str(target)[:120]!r}")
    if sha256.removeprefix("sha256:") not in target:
        raise FormatError(f"{event.get('act')}: {target[:120]} is not named after {sha256[:80]}")
    return sha256, target if event.get("act") == IMPORTED else f"quarantine/{target}"
