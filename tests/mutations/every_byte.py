"""Every single byte of every file of a small bundle, changed: each change must be caught.

1. the list of files: `check_bag`'s own parts digest the changed file and compare it, for every byte of every file;
2. somebody without a key makes both lists fit: for every byte the signature over the bundle must fail;
3. the log's part and the WACZ: an inner check fails for every byte.

Files are really changed on disk and really read. Two bits are tried at each place: the lowest and the highest.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.archive import Archive
from crawler.evidence.bundle import BAG_INFO, BAGIT, MANIFEST, SIGNATURE, TAG_MANIFEST, WACZ
from crawler.evidence.bundle_signature import verify_bundle_signature
from crawler.evidence.checks.bag import _check_tags, _compare, _digest_all, check_bag
from crawler.evidence.checks.inclusion import (
    Part,
    check_consistency,
    read_checkpoints,
    read_keys,
    read_leaves,
)
from crawler.evidence.checks.log_part import check_bundle_signature
from crawler.evidence.checks.notes import read_verifiers
from crawler.evidence.checks.wacz import check_index, check_package, check_records
from crawler.evidence.checks.witnesses import check_witnesses
from crawler.evidence.checks.zip_members import open_package
from crawler.evidence.digest import digest
from crawler.evidence.note import Verifier
from crawler.evidence.report import Faults
from crawler.export.bundle import export_bundle
from crawler.export.model import Exhibit
from tests.export.sample import CASE, Sample, make_authorities, make_sample

FLIPS = (0x01, 0x80)
TAGS = (BAGIT, BAG_INFO, MANIFEST)


@dataclass(frozen=True)
class Miss:
    """A change that was not caught."""

    layer: str
    file: str
    place: int
    flip: int


def small_bundle(folder: Path) -> Path:
    """One capture of a small page, one authority."""
    sample: Sample = make_sample(folder / "archive", make_authorities(folder)[:1])
    exhibit = Exhibit(
        number="1-1", group="A", title="评价", purpose="证明", captures=(sample.captures["reviews"],)
    )
    with Archive.open(sample.path) as archive:
        return export_bundle(archive, CASE, (exhibit,), folder / "bundle").path


def files_of(bundle: Path) -> list[str]:
    """Every file, relative to the bundle."""
    return sorted(path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file())


def _flipped(
    path: Path, stride: int, flips: tuple[int, ...], judge: Callable[[], bool]
) -> Iterator[tuple[int, int]]:
    """Change one byte after the other on disk, ask, and change it back; yields what the judge let pass."""
    content = path.read_bytes()
    descriptor = os.open(path, os.O_WRONLY)
    try:
        for place in range(0, len(content), stride):
            for flip in flips:
                os.pwrite(descriptor, bytes([content[place] ^ flip]), place)
                if not judge():
                    yield place, flip
                os.pwrite(descriptor, content[place : place + 1], place)
    finally:
        os.close(descriptor)


def by_list(bundle: Path, name: str, stride: int, flips: tuple[int, ...] = FLIPS) -> list[Miss]:
    """The list of files sees each change (for the signature file: its own check; see `by_signature`)."""
    _, found = check_bag(bundle, lambda _seen, _total: None)
    payload = {file: facts for file, facts in found.items() if file.startswith("data/")}
    tags = {file: facts for file, facts in found.items() if file in TAGS}
    newest = read_verifiers(bundle / "data/log/log.vkey")[-1]

    def caught() -> bool:
        faults = Faults("bag")
        changed = _digest_all(bundle, [name], lambda _seen, _total: None, faults)
        if name.startswith("data/"):
            _compare(bundle, MANIFEST, payload | changed, faults)
        else:
            _compare(bundle, TAG_MANIFEST, tags | (changed if name in TAGS else {}), faults)
            _check_tags(bundle, payload, faults)
        return bool(faults.count) and _unsigned(
            bundle, name, found[name].sha256, changed[name].sha256, newest
        )

    return [Miss("bag", name, *miss) for miss in _flipped(bundle / name, stride, flips, caught)]


def _unsigned(bundle: Path, name: str, before: str, after: str, key: Verifier) -> bool:
    """Whether the signature over the bundle fails once both lists have been made to fit the change."""
    lists = (bundle / TAG_MANIFEST).read_bytes()
    if name.startswith("data/"):
        listed = (bundle / MANIFEST).read_bytes()
        fitted = listed.replace(before[7:].encode(), after[7:].encode())
        before, after = digest(listed), digest(fitted)
    lists = lists.replace(before[7:].encode(), after[7:].encode())
    try:
        verify_bundle_signature(lists, (bundle / (TAG_MANIFEST + SIGNATURE)).read_bytes(), key)
    except FormatError:
        return True
    return False


def by_signature(bundle: Path, name: str, stride: int, flips: tuple[int, ...] = FLIPS) -> list[Miss]:
    """Tag manifest and signature: the signature over the bundle sees each change."""
    newest = read_verifiers(bundle / "data/log/log.vkey")[-1]

    def caught() -> bool:
        return check_bundle_signature(TAG_MANIFEST, bundle, newest).status == "failed"

    return [Miss("bundle-signature", name, *miss) for miss in _flipped(bundle / name, stride, flips, caught)]


def by_log(bundle: Path, name: str, stride: int, flips: tuple[int, ...] = FLIPS) -> list[Miss]:
    """The checks of the log's part, but for the tokens: keys, checkpoints, consistency, leaves, proofs."""

    def caught() -> bool:
        faults, part = Faults("log"), Part(bundle / "data", "data/")
        notes = read_checkpoints(part, read_keys(part, faults), faults)
        check_consistency(part, notes, faults)
        read_leaves(part, notes, faults, faults)
        witnesses, _ = check_witnesses(part.log / "cosignatures", notes, part.root / "trust")
        return bool(faults.count) or (witnesses is not None and witnesses.status == "failed")

    return [Miss("log", name, *miss) for miss in _flipped(bundle / name, stride, flips, caught)]


def by_package(bundle: Path, name: str, stride: int, flips: tuple[int, ...] = FLIPS) -> list[Miss]:
    """The checks of the WACZ."""
    part = Part(bundle / "data", "data/")
    ignored = Faults("log")
    leaves = read_leaves(part, read_checkpoints(part, read_keys(part, ignored), ignored), ignored, ignored)
    known = [(index, included.leaf) for index, included in leaves.items()]

    def caught() -> bool:
        faults = Faults("wacz")
        try:
            with open_package(bundle / name) as package:
                check_package(package, faults)
                if not faults.count:  # the cheap and outer layer first
                    check_index(package, check_records(package, known, faults, faults), faults)
        except FormatError:
            return True
        return bool(faults.count)

    return [Miss("wacz", name, *miss) for miss in _flipped(bundle / name, stride, flips, caught)]


@dataclass(frozen=True)
class Work:
    """One layer over one file."""

    layer: Callable[..., list[Miss]]
    file: str
    stride: int
    flips: tuple[int, ...] = FLIPS


def works(bundle: Path, *, fast: bool) -> list[Work]:
    """What to do. `fast`: every byte of the small files with one flip, some of the others."""
    flips, work = (FLIPS[:1] if fast else FLIPS), []
    for name in files_of(bundle):
        size = (bundle / name).stat().st_size
        if name in (TAG_MANIFEST, TAG_MANIFEST + SIGNATURE):
            work.append(Work(by_signature, name, 1, flips))
        else:
            stride = max(1, size // 400) if fast else 1
            work.append(Work(by_list, name, stride, flips if size < 30_000 else FLIPS[:1]))
        if name.startswith("data/log/"):
            # The second bit of a byte tells nothing that the first did not, and each costs two signatures.
            work.append(Work(by_log, name, 2 if fast else 1, FLIPS[:1]))
        if name == WACZ:
            work.append(Work(by_package, name, 4 if fast else 1, flips))
    return work


@cache
def _own_copy(bundle: Path) -> Path:
    """Each process changes its own copy."""
    folder = Path(tempfile.mkdtemp(prefix="every-byte-"))
    return Path(shutil.copytree(bundle, folder / "bundle"))


def _one(bundle: Path, work: Work) -> list[Miss]:
    return work.layer(_own_copy(bundle), work.file, work.stride, work.flips)


def misses(bundle: Path, *, fast: bool) -> tuple[int, list[Miss]]:
    """How many bytes were changed (counted once for each layer), and which changes were not caught."""
    todo = sorted(works(bundle, fast=fast), key=lambda work: -(bundle / work.file).stat().st_size)
    count = sum(
        len(range(0, (bundle / work.file).stat().st_size, work.stride)) * len(work.flips) for work in todo
    )
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("fork")) as pool:
        found = [miss for some in pool.map(partial(_one, bundle), todo) for miss in some]
    return count, found
