"""[attachments.NAME] of evidence.toml: what a site takes as attachments of one submission.

No site's limits are built in: law.md §6.6 found none that could be relied on. Whoever files looks them up.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.errors import ConfigError

MEGABYTE = 1_000_000  # what sites call one is either this or more
TYPES = ("pdf", "docx", "xlsx", "csv")  # of our papers
_KEYS = ("max_files", "max_megabytes", "max_total_megabytes", "types")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
LEAST_FILES = 2  # the index and one paper


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """What one submission may hold. `most_total` 0: no limit."""

    name: str
    most_files: int
    most_bytes: int  # of one file
    most_total: int = 0  # bytes of all files
    types: tuple[str, ...] = ("pdf",)


def attachment_limits(path: Path, content: dict[str, Any]) -> tuple[AttachmentLimits, ...]:
    """Those of the parsed evidence.toml at `path`. Raises ConfigError with the key and what is expected."""
    tables = content.get("attachments", {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise ConfigError(
            f"{path}: attachments should be sections [attachments.NAME] with {', '.join(_KEYS)}"
        )
    return tuple(_limits(path, name, table) for name, table in tables.items())


def _limits(path: Path, name: str, table: dict[str, Any]) -> AttachmentLimits:
    where = f"{path}: attachments.{name}"
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: the name should be lower-case letters, digits and hyphens")
    if unknown := [key for key in table if key not in _KEYS]:
        raise ConfigError(f"{where}: unknown setting {unknown[0]}; known: {', '.join(_KEYS)}")
    files = table.get("max_files")
    if not isinstance(files, int) or isinstance(files, bool) or files < LEAST_FILES:
        raise ConfigError(
            f"{where}.max_files = {files!r} should be a whole number from {LEAST_FILES} on: one is the index"
        )
    types = table.get("types", ["pdf"])
    if not isinstance(types, list) or not types or any(one not in TYPES for one in types):
        raise ConfigError(f"{where}.types = {types!r} should be a list of: {', '.join(TYPES)}")
    if "pdf" not in types:
        raise ConfigError(f"{where}.types = {types!r} lacks pdf: the index and the prints are PDF")
    most = _bytes(where, "max_megabytes", table.get("max_megabytes"))
    total = (
        _bytes(where, "max_total_megabytes", table["max_total_megabytes"])
        if "max_total_megabytes" in table
        else 0
    )
    if total and total < most:
        raise ConfigError(f"{where}.max_total_megabytes should not be less than max_megabytes")
    return AttachmentLimits(name, files, most, total, tuple(dict.fromkeys(types)))


def _bytes(where: str, key: str, value: object, least: float = 0.001) -> int:
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value < MEGABYTE:
        raise ConfigError(f"{where}.{key} = {value!r} should be a number of megabytes, at least {least}")
    return int(value * MEGABYTE)
