"""Every byte of every WARC file lies in exactly one record that the log names, or in one that was removed."""

import stat
from collections.abc import Mapping
from pathlib import Path

from crawler.errors import FormatError
from crawler.evidence.checks.closed import Statement
from crawler.evidence.checks.entries import Run
from crawler.evidence.checks.layout import RESEAL
from crawler.evidence.report import Check, Faults, Words
from crawler.evidence.retention import Removals


class Coverage:
    """Takes the runs of records in log order and sees to it that each file is covered once, from 0 to its end.

    Offsets are as logged; what was removed under retention is taken off each file's end.
    """

    def __init__(self, archive: Path, removals: Removals) -> None:
        self.ends: dict[str, int] = {}
        self.opened: set[str] = set()  # files that the log says were begun
        self.present, self._strange = warc_files(archive)
        self._removals = removals
        self._faults = Faults("coverage")
        self._closed: dict[str, Statement] = {}
        self._fixed: set[str] = set()

    @property
    def size(self) -> int:
        """Bytes in all WARC files."""
        return sum(self.present.values())

    def take(self, run: Run) -> None:
        """Records that lie one behind the other."""
        end = self.ends.get(run.file, 0)
        if run.start != end:
            kind = "gap" if run.start > end else "overlap"
            first, last = sorted((end, run.start))
            self._faults.add(f"{run.file}: {kind} from {first} to {last}, before record {run.record}")
        self.ends[run.file] = max(end, run.end)

    def expect(self, closed: Mapping[str, Statement], *, fixed: bool) -> None:
        """What the log says of whole files. `fixed`: records in them are not read, so only this is compared."""
        self._closed = dict(closed)
        self._fixed = set(closed) if fixed else set()

    def check(self, statements: Faults) -> Check:
        """Every file ends where its last record ends, and no file is there that the log does not name."""
        self._faults.merge(statements)
        for name in self._strange:
            self._faults.add(f"{name} is not a regular file")
        for name in sorted(set(self.present) - set(self.ends) - self._fixed):
            self._faults.add(f"{name}: no entry of the log names a record in this file")
        for name, end in sorted(self.ends.items()):
            self._compare_end(name, end)
        for name in sorted(self.opened - set(self.present) - set(self.ends) - set(self._closed)):
            self._faults.add(f"{name} is missing; the log says that it was begun")
        for name, statement in sorted(self._closed.items()):
            self._compare_length(name, statement)
        files, size = len(self.present), self.size
        if self._fixed:
            return self._faults.check(self._digested(), RESEAL)
        good = Words(
            f"{files} 个文件，共 {size} 字节：每个字节恰好属于日志所列的一条记录",
            f"{files} file(s), {size} bytes: each byte lies in exactly one logged record",
        )
        return self._faults.check(good, RESEAL)

    def _digested(self) -> Words:
        files, closed = len(self.present), len(self._fixed)
        return Words(
            f"{files} 个文件，共 {self.size} 字节：{closed} 个已写完的文件整体摘要与日志一致，其余逐条比对记录摘要",
            f"{files} file(s), {self.size} bytes: {closed} finished file(s) have the digest that the log says, the"
            " records of the others theirs",
        )

    def _compare_length(self, name: str, statement: Statement) -> None:
        size = self.present.get(name)
        if size is None and name not in self.ends:
            self._faults.add(f"{name} is missing; entry {statement.entry} of the log tells of it")
        elif size is not None and size != statement.length:
            says = f"entry {statement.entry} says {statement.length}"
            self._faults.add(f"{name} has {size} bytes, {says}")

    def _compare_end(self, name: str, logged: int) -> None:
        size = self.present.get(name)
        try:
            end = self._removals.length_of(name, logged)
        except FormatError as error:
            self._faults.add(str(error))
            return
        if size is None:
            self._faults.add(f"{name} is missing; the log names records in it up to byte {end}")
        elif size > end:
            self._faults.add(f"{name}: {size - end} byte(s) from {end} to its end are in no record")
        elif size < end:
            self._faults.add(f"{name}: has {size} bytes, its last record should end at {end}")


def warc_files(archive: Path) -> tuple[dict[str, int], list[str]]:
    """Sizes of the regular files in warc/ by name (relative to the archive), and the names of what is none."""
    try:
        states = {f"warc/{path.name}": path.lstat() for path in sorted((archive / "warc").iterdir())}
    except OSError:
        return {}, []
    regular = {name: state.st_size for name, state in states.items() if stat.S_ISREG(state.st_mode)}
    return regular, [name for name in states if name not in regular]
