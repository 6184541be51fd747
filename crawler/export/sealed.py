"""Originals for a medium of their own, sealed: what a redacted bundle was made from, for the judge alone.

The form is in crawler.evidence.checks.opened, which holds such a folder against the bundle.
"""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from crawler.errors import UsageError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import RECEIPT_SUMS, SIGNATURE
from crawler.evidence.bundle_signature import sign_bundle
from crawler.evidence.digest import digest
from crawler.evidence.signing_key import LOG_KEY, load_key
from crawler.export.receipt import listed_sums

README = "README-zh.txt"
_TOLD = """封存原件

本文件夹含有未经脱敏的原件，以及脱敏副本中隐去的内容，载有个人信息。
只供受理案件的法官查阅；应当封存于单独的介质，不随证据包一并送达，也不得公开。

leaves/     原件的采集清单，即日志的条目
records/    原件的 WARC 记录，逐字节与证据库一致
openings/   隐去的内容及其盐值，用以核对副本所载的承诺值

核验：evidence verify 证据包 --sealed 本文件夹
      sha256sum -c sha256sums.txt
"""


class Original(NamedTuple):
    """One original: entry and bytes of its leaf, its stored records, and what opens the commitments (may be none)."""

    entry: int
    leaf: bytes
    records: bytes
    opening: list[dict[str, Any]]


def write_sealed(
    archive: Archive, originals: Iterable[Original], to: Path, *, passphrase: bytes | None
) -> str:
    """Write the folder `to`, readable by its owner alone; returns the digest of its list of files.

    Raises UsageError if `to` is not empty, LogError for the key.
    """
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise UsageError(f"{to} is not empty: choose a new folder for the sealed originals")
    key = load_key(archive.path / LOG_KEY, passphrase)
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(f".{to.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(mode=0o700)
        for folder in ("leaves", "records", "openings"):
            (unfinished / folder).mkdir()
        for one in originals:
            _write(unfinished, one)
        (unfinished / README).write_text(_TOLD, "utf-8")
        sums = listed_sums(unfinished)
        (unfinished / RECEIPT_SUMS).write_bytes(sums)
        (unfinished / (RECEIPT_SUMS + SIGNATURE)).write_bytes(sign_bundle(sums, key))
        if to.exists():
            to.rmdir()
        unfinished.replace(to)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    return digest(sums)


def _write(folder: Path, one: Original) -> None:
    (folder / f"leaves/{one.entry}.json").write_bytes(one.leaf)
    (folder / f"records/{one.entry}.warc.gz").write_bytes(one.records)
    opening = json.dumps(one.opening, ensure_ascii=False, indent=1)
    (folder / f"openings/{one.entry}.json").write_bytes(opening.encode("utf-8", "surrogatepass"))
