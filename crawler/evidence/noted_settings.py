"""The settings and trusted keys of an archive as its log notes them, so that nobody changes them unseen.

An event ``settings-noted`` has the details

    {"files": {"evidence.toml": "sha256:…", "trust/NAME.pem": "sha256:…", …}}

over evidence.toml and every file in trust/ but log.vkey: what stands in that one, the events about keys say. It is
first written when the archive is sealed; from then on before any checkpoint is signed, and when the archive is opened
or closed for writing. Only when the files differ from the newest such event: never twice for the same content.
"""

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from crawler.config import FILE as CONFIG_FILE
from crawler.errors import FormatError
from crawler.evidence.checks.reading import read_small, walk
from crawler.evidence.digest import digest, parse_digest
from crawler.evidence.durable import is_unfinished
from crawler.evidence.key_change import VKEYS
from crawler.evidence.manifest import Json, event_beginning, parse_leaf

NOTED = "settings-noted"  # act of the custody event
TRUST = "trust"
MOST_FILES = 150  # that one leaf has room for, however long their names

_BEGINNING = event_beginning(NOTED)


class Noted(NamedTuple):
    """The newest event: index of its leaf, and digest (``sha256:…``) of each file by name."""

    entry: int
    files: Mapping[str, str]


def settings_files(archive: Path) -> dict[str, str]:
    """Digests of the settings and trusted files as they are now, by name relative to the archive.

    What is no regular file is left out: the check ``layout`` names it. Raises FormatError for a file that cannot be
    read or has more than 4 MiB, and for more than `MOST_FILES` files.
    """
    trusted = (
        f"{TRUST}/{name}"
        for name, regular in walk(archive / TRUST)
        if regular and not is_unfinished(Path(name)) and f"{TRUST}/{name}" != VKEYS
    )
    names = [*((CONFIG_FILE,) if _is_regular(archive / CONFIG_FILE) else ()), *trusted]
    if len(names) > MOST_FILES:
        raise FormatError(
            f"{TRUST}/ holds {len(names)} files, more than {MOST_FILES}: take out what is not used"
        )
    return {_text(name): _digest(archive, name) for name in names}


def newest_noted(leaves: Iterable[tuple[int, bytes]]) -> Noted | None:
    """The first event among (index, leaf), which come newest first; None if there is none. Raises FormatError."""
    for index, leaf in leaves:
        if leaf.startswith(_BEGINNING):
            return Noted(index, noted_files(parse_leaf(leaf)["details"]))
    return None


def noted_files(details: Json) -> dict[str, str]:
    """The files in an event's details. Raises FormatError for anything that we would not write."""
    files = details.get("files")
    if set(details) != {"files"} or not isinstance(files, dict):
        raise FormatError("its details should be one object, files, with a digest for each name")
    for name, label in files.items():
        if not isinstance(label, str) or parse_digest(label)[0] != "sha256":
            raise FormatError(f"{name[:80]}: a sha256 digest expected, found {str(label)[:80]!r}")
    return files


def _is_regular(path: Path) -> bool:
    return os.path.lexists(path) and stat.S_ISREG(path.lstat().st_mode)


def _digest(archive: Path, name: str) -> str:
    try:
        return digest(read_small(archive / name))
    except FormatError as error:
        raise FormatError(f"{_text(name)}: {error}") from error


def _text(name: str) -> str:
    """A file's name as text: what is no UTF-8 in it is spelled out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
