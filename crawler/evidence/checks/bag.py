"""BagIt 1.0, strictly: every file listed once in its manifest, nothing else in the folder, digests and sizes true."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.bundle import (
    BAG_INFO,
    BAGIT,
    BAGIT_TEXT,
    CMS_SIGNATURE,
    MANIFEST,
    MANIFEST_LIMIT,
    SIGNATURE,
    TAG_FILES,
    TAG_MANIFEST,
)
from crawler.evidence.checks.reading import read_small, walk
from crawler.evidence.checks.sums import read_sums
from crawler.evidence.digest import new_hasher
from crawler.evidence.report import Check, Faults, Progress, Words

_NAME = re.compile(r"\S(?:.*\S)?")
_PIECE = 1 << 20
_SIGNATURES = (TAG_MANIFEST + SIGNATURE, TAG_MANIFEST + CMS_SIGNATURE)
_ASK = Words("请索取另一份证据包", "ask for another copy of the bundle")


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it is: size, and labelled digests."""

    size: int
    sha256: str
    sm3: str


def check_bag(bag: Path, progress: Progress) -> tuple[Check, dict[str, Found]]:
    """Check the bag; also returns what the files are, by name relative to the bag."""
    faults, names = Faults("bag"), []
    for name, regular in walk(bag):
        if not regular:
            faults.add(f"{name} is not a regular file: links and devices are refused")
        elif name in _SIGNATURES:
            continue  # over the tag manifest, so not listed in it: the checks of signatures read them
        elif not name.startswith("data/") and name not in TAG_FILES:
            faults.add(f"{name} does not belong into the bundle")
        elif name in TAG_FILES and (bag / name).lstat().st_size > MANIFEST_LIMIT:
            faults.add(f"{name} has more than {MANIFEST_LIMIT} bytes: refused")
        elif not name.isascii() or "\n" in name or "\\" in name:
            faults.add(f"{name!r}: file names in a bundle are ASCII")
        else:
            names.append(name)
    found = _digest_all(bag, names, progress, faults)
    payload = {name: file for name, file in found.items() if name.startswith("data/")}
    tags = {name: file for name, file in found.items() if name in TAG_FILES and name != TAG_MANIFEST}
    _compare(bag, MANIFEST, payload, faults)
    _compare(bag, TAG_MANIFEST, tags, faults)
    for name in sorted(set(TAG_FILES) - set(found)):
        faults.add(f"{name} is missing")
    _check_tags(bag, payload, faults)
    count, size = len(payload), sum(file.size for file in payload.values())
    good = Words(
        f"{count} 个文件，共 {size} 字节，各列出一次", f"{count} files, {size} bytes, each listed once"
    )
    return faults.check(good, _ASK), found


def _digest_all(bag: Path, names: list[str], progress: Progress, faults: Faults) -> dict[str, Found]:
    total, seen, found = sum((bag / name).lstat().st_size for name in names), 0, {}
    for name in names:
        size, sha256, sm3 = 0, new_hasher("sha256"), new_hasher("sm3")
        try:
            with (bag / name).open("rb") as stream:
                while piece := stream.read(_PIECE):
                    sha256.update(piece)
                    sm3.update(piece)
                    size += len(piece)
                    progress(seen + size, total)
        except OSError as error:
            faults.add(f"{name} cannot be read: {error.strerror}")
            continue
        seen += size
        found[name] = Found(size, f"sha256:{sha256.hexdigest()}", f"sm3:{sm3.hexdigest()}")
    return found


def _compare(bag: Path, manifest: str, files: dict[str, Found], faults: Faults) -> None:
    listed: dict[str, str] = {}
    with contextlib.suppress(FormatError):  # missing or too large: named by check_bag
        listed = read_sums(bag / manifest, _NAME, MANIFEST_LIMIT, faults)
    for name in sorted(set(files) - set(listed)):
        faults.add(f"{name} is not listed in {manifest}")
    for name in sorted(set(listed) - set(files)):
        faults.add(f"{name} is listed in {manifest} but is not there")
    for name in sorted(set(listed) & set(files)):
        if files[name].sha256 != f"sha256:{listed[name]}":
            faults.add(f"{name} has {files[name].sha256}, {manifest} says {listed[name]}")
    if list(listed) != sorted(listed):
        faults.add(f"{manifest}: lines are not in order")


def _check_tags(bag: Path, payload: dict[str, Found], faults: Faults) -> None:
    try:
        if read_small(bag / BAGIT) != BAGIT_TEXT:
            faults.add(f"{BAGIT} is not that of a BagIt 1.0 bag in UTF-8")
        lines = read_small(bag / BAG_INFO).decode("utf-8", "replace").split("\n")
    except FormatError:
        return  # missing: named by check_bag
    wanted = f"Payload-Oxum: {sum(file.size for file in payload.values())}.{len(payload)}"
    if lines.count(wanted) != 1:
        faults.add(f"{BAG_INFO} does not say {wanted}")
