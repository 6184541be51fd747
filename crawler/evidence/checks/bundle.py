"""Verify a bundle, from the outside in and back out: bag, key, checkpoints, tokens, leaves, records, documents.

Whoever holds a bundle may have made all of it. What anchors it comes from the verifier: the TSA's roots and
the log's key, obtained elsewhere. Without them the checks show only that the bundle agrees with itself, and
the check `anchor` says so (not checked, exit code 3).
"""

import hashlib
import zipfile
from datetime import datetime
from pathlib import Path

from crawler.errors import FormatError, TimestampError
from crawler.evidence.bundle import CATALOGUE_CSV, CATALOGUE_DOCX, LOG, SHEET, STAMPS, TRUST, WACZ, public_pem
from crawler.evidence.checkpoint import Verifier
from crawler.evidence.checks.bag import Found, check_bag
from crawler.evidence.checks.hash_list import check_hash_list
from crawler.evidence.checks.inclusion import (
    Included,
    check_references,
    read_checkpoints,
    read_key,
    read_leaves,
)
from crawler.evidence.checks.reading import read_small
from crawler.evidence.checks.stamps import (
    Anchors,
    Stamp,
    check_stamps,
    fingerprint,
    in_beijing,
    not_after,
    not_before,
)
from crawler.evidence.checks.wacz import Placed, check_index, check_package, check_records, open_wacz
from crawler.evidence.report import NO_WORDS, Check, Faults, Progress, Report, Words, not_checked, passed

_SEALED = Words(
    "请索取运行 `evidence seal` 之后导出的证据包", "ask for a bundle exported after `evidence seal`"
)
_ASK = Words("请索取另一份证据包，并保留本份", "ask for another copy of the bundle, and keep this one")
_COMPARE = Words(
    "将这些与日志所有人和时间戳机构公布的比对，再用 --trust 和 --vkey 给出",
    "compare these with what the log's owner and the authorities publish, then give --trust and --vkey",
)


def verify_bundle(
    path: Path, *, trust: Path | None = None, vkey: str | None = None, progress: Progress | None = None
) -> Report:
    """Check a bundle in full.

    `trust` is the verifier's own folder of TSA roots (*.pem; a log.vkey in it is used too), `vkey` the log's
    public key line. Never raises for what is in the bundle: that is a failed check.
    """
    return _BundleVerification(path, trust, vkey, progress or _silent).report()


class _BundleVerification:
    """What one verification has seen so far."""

    def __init__(self, path: Path, trust: Path | None, vkey: str | None, progress: Progress) -> None:
        self.path = path
        self.trust = trust
        self.vkey = vkey or _vkey_in(trust)
        self.progress = progress
        names = ("signature", "timestamps", "manifests", "inclusion", "wacz", "coverage", "records", "index")
        self.faults = {name: Faults(name) for name in names}
        self.stamps: list[Stamp] = []
        self.leaves: dict[int, Included] = {}
        self.placed: list[Placed] = []

    def report(self) -> Report:
        """All checks, in their fixed order."""
        bag, found = check_bag(self.path, self.progress)
        verifier = self._read_log()
        self._read_wacz()
        good = self._good(verifier)
        checks = {name: faults.check(good[name], _ASK) for name, faults in self.faults.items()}
        if not self.stamps and not self.faults["timestamps"].count:
            nothing = Words("没有时间戳", "there is no timestamp token")
            checks["timestamps"] = not_checked("timestamps", nothing, _SEALED)
        ordered = (
            bag,
            *checks.values(),
            self._sealed(),
            self._bracket(),
            check_hash_list(self.path, found, self.placed),
            self._documents(found),
            self._anchor(verifier),
        )
        return Report(str(self.path), ordered, "bundle")

    def _good(self, verifier: Verifier | None) -> dict[str, Words]:
        """What to say of each check that finds no fault."""
        tokens, leaves, records = len(self.stamps), len(self.leaves), len(self.placed)
        name = verifier.name if verifier is not None else ""
        return {
            "signature": Words(f"检查点由 {name} 签名", f"the log's checkpoints are signed by {name}"),
            "timestamps": Words(f"{tokens} 个时间戳核验无误", f"{tokens} token(s) verify"),
            "manifests": Words(f"日志中的 {leaves} 条", f"{leaves} leaves of the log"),
            "inclusion": Words(f"{leaves} 条均在已签名的日志之中", f"{leaves} leaves are in the signed log"),
            "wacz": Words("成员、清单和摘要一致", "members, listing and digests agree"),
            "coverage": Words(
                "WARC 文件的每个字节都属于日志所列的记录",
                "each byte of each WARC file lies in a record that a leaf names",
            ),
            "records": Words(f"{records} 条记录与日志一致", f"{records} record(s) agree with the log"),
            "index": Words("索引和页面列表与记录相符", "index and pages name the records truly"),
        }

    def _read_log(self) -> Verifier | None:
        faults = self.faults
        verifier = read_key(self.path, self.vkey, faults["signature"])
        notes = read_checkpoints(self.path, verifier, faults["signature"])
        own = Anchors(self.path / TRUST)
        anchors = own if self.trust is None else Anchors(self.trust, pooled=True)
        contents = {size: note.content for size, note in notes.items()}
        self.stamps, seals = check_stamps(self.path / STAMPS, contents, anchors, faults["timestamps"])
        self.leaves = read_leaves(self.path, notes, faults["manifests"], faults["inclusion"])
        check_references(self.leaves, seals, faults["manifests"])
        if not any(included.leaf.capture for included in self.leaves.values()):
            faults["manifests"].add(f"{LOG}/leaves holds no capture")
        return verifier

    def _read_wacz(self) -> None:
        faults = self.faults
        try:
            with open_wacz(self.path / WACZ) as package:
                check_package(package, faults["wacz"])
                leaves = [(index, included.leaf) for index, included in sorted(self.leaves.items())]
                self.placed = check_records(package, leaves, faults["coverage"], faults["records"])
                check_index(package, self.placed, faults["index"])
        except FormatError as error:
            faults["wacz"].add(str(error))

    def _sealed(self) -> Check:
        sealed = {stamp.size for stamp in self.stamps}
        open_leaves = [index for index, included in self.leaves.items() if included.size not in sealed]
        if open_leaves or not self.leaves:
            named = ", ".join(str(index) for index in open_leaves[:20])
            detail = Words(
                f"没有核验通过的时间戳覆盖日志序号 {named}", f"no verified timestamp covers leaves {named}"
            )
            return not_checked("sealed", detail, _SEALED)
        return passed("sealed", Words("各条均有核验通过的时间戳", "a verified timestamp covers every leaf"))

    def _bracket(self) -> Check:
        lower, upper = [], []
        for index, included in self.leaves.items():
            after = included.leaf.after
            lower.append(not_before(after.size, self.stamps) if after is not None else None)
            upper.append(not_after(index, self.stamps))
        last = max((time for time in upper if time is not None), default=None)
        if last is None:
            nothing = Words("没有可信时间：没有核验通过的时间戳", "no trusted time: no token verified")
            return not_checked("bracket", nothing, _SEALED)
        known = [time for time in lower if time is not None]
        return passed("bracket", _span(min(known, default=None), last, len(lower) - len(known)))

    def _documents(self, found: dict[str, Found]) -> Check:
        faults = Faults("documents")
        for name in (CATALOGUE_DOCX, CATALOGUE_CSV, SHEET):
            if name not in found or not found[name].size:
                faults.add(f"{name} is missing or empty")
        if CATALOGUE_DOCX in found and not zipfile.is_zipfile(self.path / CATALOGUE_DOCX):
            faults.add(f"{CATALOGUE_DOCX} is not a Word document")
        good = Words(
            "证据目录和核验说明齐备，内容由文件清单保护",
            "catalogue and verification sheet are there; the bag's manifest covers their bytes",
        )
        return faults.check(good, _ASK)

    def _anchor(self, verifier: Verifier | None) -> Check:
        missing = []
        if self.vkey is None:
            digest = (
                hashlib.sha256(public_pem(verifier)).hexdigest() if verifier is not None else "unreadable"
            )
            key_id = f"{verifier.name}+{verifier.key_id.hex()}" if verifier is not None else "?"
            missing.append(f"log key {key_id} (log.pem SHA-256 {digest})")
        if self.trust is None:
            missing += _root_fingerprints(self.path / TRUST)
        if not missing:
            given = Words(
                "日志公钥和根证书与您自行取得的一致",
                "the log's key and the TSA roots are those that you gave",
            )
            return passed("anchor", given)
        detail = Words(
            "公钥或者根证书取自证据包本身，只能说明证据包前后一致",
            f"taken from the bundle itself: {'; '.join(missing)}",
        )
        return not_checked("anchor", detail, _COMPARE)


def _span(first: datetime | None, last: datetime, unbounded: int) -> Words:
    """The bracket in words; `unbounded` is the number of leaves that commit to no earlier stamp."""
    until = in_beijing(last)
    if first is None:
        return Words(f"无下限，不晚于 {until}", f"no lower bound, not after {until}")
    since = in_beijing(first)
    also = Words(f"；其中 {unbounded} 条无下限", f"; {unbounded} leaves commit to no earlier stamp")
    more = also if unbounded else NO_WORDS
    return Words(
        f"不早于 {since}，不晚于 {until}{more.zh}", f"not before {since}, not after {until}{more.en}"
    )


def _root_fingerprints(trust: Path) -> list[str]:
    fingerprints = []
    for path in sorted(trust.glob("*.pem"))[:20]:
        try:
            roots, _ = Anchors(trust).roots(path.stem)
        except (FormatError, TimestampError, ValueError):
            continue  # named by the timestamps check
        fingerprints += [f"root {path.stem} (SHA-256 {fingerprint(root)})" for root in roots]
    return fingerprints


def _vkey_in(trust: Path | None) -> str | None:
    if trust is None or not (trust / "log.vkey").is_file():
        return None
    return read_small(trust / "log.vkey").decode("utf-8", "replace")


def _silent(_seen: int, _total: int) -> None:
    """Progress that nobody watches."""
