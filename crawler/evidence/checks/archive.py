"""Verify an archive folder: one pass over the log, each WARC record read once and in order.

Needs no database, no network and no lock; memory does not grow with the archive. A fault never ends the
pass: what follows is checked all the same, so that the report names everything.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from crawler.config import read_config
from crawler.errors import ArchiveMissing, ConfigError, FormatError
from crawler.evidence.checks.coverage import WarcWalk, size_of
from crawler.evidence.checks.layout import check_layout, check_quarantine, check_state
from crawler.evidence.checks.leaves import Leaf, Seal, check_after, read_leaf
from crawler.evidence.checks.notes import Note, check_key, read_notes, read_verifier
from crawler.evidence.checks.records import check_record
from crawler.evidence.checks.stamps import Anchors, Stamp, check_stamps, in_beijing, not_after
from crawler.evidence.log import read_entries
from crawler.evidence.manifest import StoredRecord
from crawler.evidence.proof import Tree, leaf_digest
from crawler.evidence.report import (
    STATES_ZH,
    Check,
    Faults,
    Progress,
    Report,
    Words,
    failed,
    not_checked,
    passed,
)

GIVE_UP = 3  # unreadable entries in a row: a length is wrong, and the rest would be noise
_RESTORE = Words(
    "与证据库的另一份副本比对；不要就地修改证据",
    "compare with another copy of the archive; never repair evidence in place",
)
_SEAL_NOW = Words(
    "时间戳机构可以访问时，运行 `evidence seal`", "run `evidence seal` when the authorities answer"
)


def verify_archive(path: Path, *, trust: Path | None = None, progress: Progress | None = None) -> Report:
    """Check an archive in full. `trust` is a folder of TSA roots to use in place of the archive's own."""
    return _ArchiveVerification(path, trust, progress or _silent).report()


class _ArchiveVerification:
    """What one verification has seen so far."""

    def __init__(self, path: Path, trust: Path | None, progress: Progress) -> None:
        self.path = path
        self.anchors = Anchors(trust, pooled=True) if trust is not None else Anchors(path / "trust")
        self.log = Faults("log")
        self.signature = Faults("signature")
        self.manifests = Faults("manifests")
        self.records = Faults("records")
        self.timestamps = Faults("timestamps")
        self.entries = 0
        self.captures = 0
        self.states: Counter[str] = Counter()
        self.recovered: list[Leaf] = []
        self.notes: dict[int, Note] = {}
        self.stamps: list[Stamp] = []
        self.seals: dict[int, Seal] = {}
        self.warcs = WarcWalk(path, progress)

    def report(self) -> Report:
        """All checks, in their fixed order."""
        layout, state = check_layout(self.path), check_state(self.path)
        verifier = None
        try:
            verifier = read_verifier(self.path / "trust/log.vkey")
        except FormatError as error:
            self.signature.add(f"trust/{error}")
        self.notes = read_notes(self.path / "log", verifier, self.signature)
        notes = {size: note.content for size, note in self.notes.items()}
        self.stamps, self.seals = check_stamps(self.path / "log/stamps", notes, self.anchors, self.timestamps)
        with self.warcs:
            self._read_log()
        coverage, good = self.warcs.check(), self._good()
        checks = (
            layout,
            state,
            self.log.check(good["log"], _RESTORE),
            self.signature.check(good["signature"], _RESTORE),
            self._sealed(),
            self.manifests.check(good["manifests"], _RESTORE),
            coverage,
            self.records.check(good["records"], _RESTORE),
            check_quarantine(self.path, self.recovered),
            self._timestamps(),
            self._bracket(),
            check_key(self.path, verifier),
        )
        return Report(str(self.path), checks, "archive")

    def _good(self) -> dict[str, Words]:
        """What to say of each check that finds no fault."""
        entries, notes, captures, records = self.entries, len(self.notes), self.captures, self.warcs.count
        states = self._states()
        return {
            "log": Words(
                f"{entries} 条，格式规范；各检查点的根与之相符",
                f"{entries} entries, canonical; every checkpoint has their root",
            ),
            "signature": Words(
                f"{notes} 个检查点由 trust/log.vkey 签名", f"{notes} checkpoint(s) signed by trust/log.vkey"
            ),
            "manifests": Words(f"{captures} 次采集：{states.zh}", f"{captures} capture(s): {states.en}"),
            "records": Words(
                f"{records} 条记录与采集清单一致", f"{records} record(s) agree with their manifests"
            ),
        }

    def _read_log(self) -> None:
        tree, unreadable, end, last_good = Tree(), 0, 0, 0
        size = size_of(self.path / "log/entries")
        for offset, leaf in self._entries():
            tree.append(leaf_digest(leaf))
            end = offset + 2 + len(leaf)
            unreadable = 0 if self._read_entry(leaf, offset) else unreadable + 1
            self.entries += 1
            note = self.notes.get(self.entries)
            if note is not None and last_good >= 0:
                last_good = self._compare_root(tree, note, last_good)
            if unreadable == GIVE_UP:
                self.log.add(f"log/entries: unreadable from offset {offset} on; the rest is not read")
                break
        if end != size:
            self.log.add(f"log/entries: {size - end} byte(s) after the last whole entry, at offset {end}")
        beyond = [signed for signed in self.notes if signed > self.entries]
        if beyond:
            self.log.add(f"log/entries ends after entry {self.entries}, but {max(beyond)} were signed")

    def _compare_root(self, tree: Tree, note: Note, last_good: int) -> int:
        """The size up to which the log is good, or -1: after one wrong root all later ones are wrong."""
        if tree.root() == note.checkpoint.root:
            return self.entries
        self.log.add(
            f"log/entries: an entry among {last_good} to {self.entries - 1} was changed, or entries were added,"
            f" dropped or reordered: the root at {self.entries} is not the one in log/checkpoints/{self.entries}"
        )
        return -1

    def _entries(self) -> Iterator[tuple[int, bytes]]:
        path = self.path / "log/entries"
        if not path.is_file():
            self.log.add("log/entries is missing")
            return
        with path.open("rb") as stream:
            yield from read_entries(stream)

    def _read_entry(self, content: bytes, offset: int) -> bool:
        index = self.entries
        try:
            leaf = read_leaf(content)
        except FormatError as error:
            self.log.add(f"log/entries: entry {index} at offset {offset}: {error}")
            return False
        try:
            check_after(leaf, index, self.seals)
        except FormatError as error:
            self.manifests.add(f"entry {index}, {leaf}: {error}")
        if leaf.capture is not None:
            self.captures += 1
            self.states[leaf.capture.state] += 1
        elif leaf.event is not None and leaf.event.act == "recovered":
            self.recovered.append(leaf)
        for record in sorted(leaf.records, key=lambda record: (record.locator.file, record.locator.offset)):
            self._read_record(record, leaf, index)
        return True

    def _read_record(self, record: StoredRecord, leaf: Leaf, index: int) -> None:
        try:
            check_record(self.warcs.take(record), record, leaf)
        except FormatError as error:
            self.records.add(f"{record.locator}: record {record.id} of entry {index}, {leaf}: {error}")

    def _states(self) -> Words:
        counts = sorted(self.states.items())
        return Words(
            "，".join(f"{STATES_ZH[state]} {count}" for state, count in counts) or "无",
            ", ".join(f"{count} {state}" for state, count in counts) or "none",
        )

    def _sealed(self) -> Check:
        newest = max(self.notes, default=0)
        missing: list[Words] = []
        if newest < self.entries:
            first, last = newest, self.entries - 1
            missing.append(
                Words(
                    f"日志序号 {first} 至 {last} 尚未列入已签名的检查点",
                    f"entries {first} to {last} are in no signed checkpoint",
                )
            )
        try:
            wanted = {authority.name for authority in read_config(self.path).authorities}
        except (ConfigError, ArchiveMissing) as error:
            restore = Words("从副本恢复 evidence.toml", "restore evidence.toml from a copy")
            return failed("sealed", str(error), restore)
        stamped = {stamp.authority for stamp in self.stamps if stamp.size == newest}
        if not wanted:
            missing.append(
                Words(
                    "evidence.toml 未配置时间戳机构",
                    "no time-stamping authority is configured in evidence.toml",
                )
            )
        missing += [_without_token(newest, name) for name in sorted(wanted - stamped)]
        if missing:
            zh, en = "；".join(words.zh for words in missing), "; ".join(words.en for words in missing)
            return not_checked("sealed", Words(f"尚未封存：{zh}", f"unsealed: {en}"), _SEAL_NOW)
        names = sorted(wanted)
        detail = Words(
            f"检查点 {newest} 覆盖全部日志，已由 {'、'.join(names)} 加盖时间戳",
            f"checkpoint {newest} covers all entries and is stamped by {', '.join(names)}",
        )
        return passed("sealed", detail)

    def _timestamps(self) -> Check:
        if not self.stamps and not self.timestamps.count:
            return not_checked("timestamps", Words("没有时间戳", "there is no timestamp token"), _SEAL_NOW)
        tokens, sizes = len(self.stamps), len({stamp.size for stamp in self.stamps})
        given = Words("您提供的根证书", "the given roots")
        whose = given if self.anchors.pooled else Words("证据库 trust/ 中的根证书", "the archive's trust/")
        good = Words(
            f"{sizes} 个检查点的 {tokens} 个时间戳，以{whose.zh}核验无误",
            f"{tokens} token(s) over {sizes} checkpoint(s) verify against {whose.en}",
        )
        return self.timestamps.check(good, _RESTORE)

    def _bracket(self) -> Check:
        last = max((stamp.size for stamp in self.stamps), default=0)
        bounds = [not_after(0, self.stamps), not_after(last - 1, self.stamps)] if last else []
        times = [bound for bound in bounds if isinstance(bound, datetime)]
        if not times:
            nothing = Words("没有可信时间：没有核验通过的时间戳", "no trusted time: no token verified")
            return not_checked("bracket", nothing, _SEAL_NOW)
        first, newest = in_beijing(times[0]), in_beijing(times[-1])
        detail = Words(
            f"日志序号 0 不晚于 {first}，至序号 {last - 1} 不晚于 {newest}",
            f"entry 0 existed by {first}, entries up to {last - 1} by {newest}",
        )
        return passed("bracket", detail)


def _without_token(size: int, authority: str) -> Words:
    return Words(f"检查点 {size} 尚无 {authority} 的时间戳", f"checkpoint {size} has no token of {authority}")


def _silent(_seen: int, _total: int) -> None:
    """Progress that nobody watches."""
