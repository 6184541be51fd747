"""What lies in an archive folder, and whether state-sha256.txt accounts for all that the log does not."""

import re
import stat
from collections.abc import Mapping
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.archive import LOCK_FILE, STATE_FILE, state_files
from crawler.evidence.checks.leaves import Leaf
from crawler.evidence.checks.pieces import size_of
from crawler.evidence.checks.reading import digest_regular, kind_of, walk
from crawler.evidence.checks.sums import read_sums
from crawler.evidence.durable import is_unfinished
from crawler.evidence.report import NO_WORDS, Check, Faults, Words

REQUIRED = (
    "evidence.toml",
    STATE_FILE,
    "log/entries",
    "log/checkpoint",
    "log/checkpoints/0",
    "trust/log.vkey",
)
RESEAL = Words(
    "如正在采集，等其结束；否则运行 `evidence seal`，由其正常关闭证据库",
    "if a run is active, wait for it to end; else run `evidence seal`, which closes the archive cleanly",
)
_RESTORE = Words(f"从副本恢复缺失的文件；{RESEAL.zh}", f"restore what is missing from a copy; {RESEAL.en}")
_STATE_LIMIT = 64 << 20
LARGEST = 16 << 20  # bytes of a file that state-sha256.txt lists and that is neither a database nor set aside
_ANY_SIZE = re.compile(r"[^/]+\.db|quarantine/.+")
_ANY_NAME = re.compile(r".+")
_UNCOMMITTED = re.compile(r".+\.db-(wal|shm|journal)")
_KNOWN = re.compile(
    r"evidence\.toml|expiring|sealing\.json|[a-z]+\.db|state-sha256\.txt|\.lock|warc/[0-9]{5,9}\.warc\.gz"
    r"|log/tile/(entries|[0-9]{1,2})/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]{1,3})?"
    r"|log/(entries|checkpoint|checkpoints/[0-9]+|stamps/[0-9]+/[A-Za-z0-9-]+\.(tsq|tsr|chain\.pem))"
    r"|trust/([A-Za-z0-9-]+\.pem|log\.vkey|roots\.toml)|keys/(log|alias|wacz)\.key|quarantine/[^/]+"
    r"|log/cosignatures/[0-9]+/[a-z0-9-]+|log/ots/[0-9]+/[A-Za-z0-9.-]+\.ots|trust/witness-[a-z0-9-]+\.vkey"
    r"|models/[a-z_]+\.json|templates/[^/]+\.docx|(official_numbers|days)\.toml"
    r"|imports/[0-9a-f]{64}/[A-Za-z0-9_][A-Za-z0-9._-]*"
    r"|keys/witness\.key|witness/(witness\.vkey|[0-9a-f]{64}/(log\.vkey|cosigned|recorded|fork/[0-9]+))"
)


def check_layout(archive: Path) -> Check:
    """Required files are there; all is regular files; what this version does not know is named.

    Unknown files fail here only where no digest can cover them; elsewhere the state digests decide.
    """
    faults, unknown = Faults("layout"), []
    for name in REQUIRED:
        if kind_of(archive / name) in (0, stat.S_IFDIR):  # what else it may be is said below
            faults.add(f"{name} is missing")
    for name, regular in walk(archive):
        if not regular:
            faults.add(f"{name} is not a regular file: links and devices do not belong into an archive")
        elif is_unfinished(Path(name)):
            faults.add(f"{name} is left over from an interrupted write, and no digest covers it")
        elif _KNOWN.fullmatch(name) is None and not _UNCOMMITTED.fullmatch(name):
            unknown.append(name)
            if Path(name).parent.name == "warc":
                faults.add(f"{name}: no file of this name belongs here, and no digest covers it")
    _check_lock(archive / LOCK_FILE, faults)
    names = ", ".join(unknown[:20])
    also = Words(f"；本版本不认识：{names}", f"; not known to this version: {names}") if unknown else NO_WORDS
    good = Words(f"必需的文件齐备{also.zh}", f"all required files are there{also.en}")
    return faults.check(good, _RESTORE)


def _check_lock(lock: Path, faults: Faults) -> None:
    kind = kind_of(lock)
    if kind == stat.S_IFDIR:
        faults.add(
            f"{LOCK_FILE} is a folder: it is an empty file, by which writers keep out of each other's way"
        )
    elif kind == stat.S_IFREG and size_of(lock):
        faults.add(f"{LOCK_FILE} is not empty: no digest covers it, so nothing may stand in it")


def check_state(archive: Path) -> Check:
    """state-sha256.txt lists every file outside warc/ and log/entries, once, in order, with its digest."""
    faults = Faults("state")
    expected = state_files(archive)
    for name in expected:
        if _UNCOMMITTED.fullmatch(name):
            faults.add(f"{name}: uncommitted database pages; a writer is active or was killed")
    try:
        listed = read_sums(archive / STATE_FILE, _ANY_NAME, _STATE_LIMIT, faults)
    except FormatError as error:
        faults.add(f"{error}: the files outside the log are not covered by any digest")
        return faults.check(remedy=RESEAL)
    for name in sorted(set(expected) - set(listed)):
        faults.add(f"{name} is not listed in {STATE_FILE}: added or changed since the last clean close")
    for name in sorted(set(listed) - set(expected)):
        faults.add(f"{name} is listed in {STATE_FILE} but is not there")
    if not faults.count and list(listed) != expected:
        faults.add(f"{STATE_FILE}: lines are not in order")
    for name in sorted(set(listed) & set(expected)):
        _compare_state(archive, name, listed[name], faults)
    good = Words(
        f"日志以外的 {len(listed)} 个文件与 {STATE_FILE} 所列摘要一致",
        f"{len(listed)} files outside the log have the digests in {STATE_FILE}",
    )
    return faults.check(good, RESEAL)


def check_quarantine(archive: Path, recovered: list[Leaf]) -> Check:
    """Every file in quarantine/ is described by a ``recovered`` event, with its digest; and the other way."""
    faults = Faults("quarantine")
    described: dict[str, Mapping[str, object]] = {}
    for leaf in recovered:
        if leaf.event is not None and isinstance(kept := leaf.event.details.get("kept"), str):
            described[kept] = leaf.event.details
    present = {name for name, _ in walk(archive / "quarantine")}
    if "." in present:
        present.remove(".")
        if kind_of(archive / "quarantine"):
            faults.add("quarantine is no folder, or cannot be read")
    for name in sorted(present - set(described)):
        faults.add(f"quarantine/{name}: no event of the log tells where it comes from")
    for name in sorted(set(described) - present):
        faults.add(f"quarantine/{name} is missing, though the log tells of it")
    for name in sorted(present & set(described)):
        _compare_tail(archive / "quarantine" / name, name, described[name], faults)
    good = Words(
        f"{len(present)} 个文件，日志均有记载", f"{len(present)} file(s), each described by an event"
    )
    return faults.check(good, Words("运行 `evidence seal`", "run `evidence seal`"))


def _compare_state(archive: Path, name: str, listed: str, faults: Faults) -> None:
    """A file of terabytes that takes no room on a disk must not keep a verifier busy: it is not digested."""
    try:
        limit = None if _ANY_SIZE.fullmatch(name) else LARGEST
        actual = digest_regular(archive / name, limit).removeprefix("sha256:")
    except FormatError as error:
        faults.add(f"{name}: {error}")
        return
    if actual != listed:
        faults.add(f"{name} has SHA-256 {actual}, {STATE_FILE} says {listed}")


def _compare_tail(path: Path, name: str, event: Mapping[str, object], faults: Faults) -> None:
    """As `_compare_state`: what is longer than logged is another file, and is not digested."""
    length, expected = event.get("length"), event.get("digest")
    wrong = f"quarantine/{name} does not have the digest in its event, {expected}"
    size = size_of(path)
    if isinstance(length, int) and size > length:
        faults.add(f"{wrong}: it has {size} bytes, not {length}")
        return
    try:
        if digest_regular(path) != expected:
            faults.add(wrong)
    except FormatError as error:
        faults.add(f"quarantine/{name}: {error}")
