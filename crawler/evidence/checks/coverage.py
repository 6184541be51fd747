"""Every byte of every WARC file lies in exactly one record that the log names."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from crawler.errors import FormatError
from crawler.evidence.checks.layout import RESEAL
from crawler.evidence.manifest import StoredRecord
from crawler.evidence.report import Check, Faults, Progress, Words


class WarcWalk:
    """Reads records in log order and sees to it that each file's bytes are covered once, from 0 to its end."""

    def __init__(self, archive: Path, progress: Progress) -> None:
        self.count = 0
        self._archive = archive
        self._faults = Faults("coverage")
        self._ends: dict[str, int] = {}
        self._open: tuple[str, BinaryIO] | None = None
        self._stack = ExitStack()
        self._progress = progress
        self._total = sum(path.stat().st_size for path in (archive / "warc").glob("*") if path.is_file())
        self._seen = 0

    def __enter__(self) -> "WarcWalk":
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def take(self, record: StoredRecord) -> bytes:
        """The stored bytes of the next record. Raises FormatError if the file does not hold them."""
        locator = record.locator
        end = self._ends.get(locator.file, 0)
        if locator.offset != end:
            kind = "gap" if locator.offset > end else "overlap"
            first, last = sorted((end, locator.offset))
            self._faults.add(f"{locator.file}: {kind} from {first} to {last}, before record {record.id}")
        self._ends[locator.file] = max(end, locator.end)
        stream = self._stream(locator.file)
        stream.seek(locator.offset)
        stored = stream.read(min(locator.length, self._total))
        if len(stored) != locator.length:
            raise FormatError(f"the file ends after {locator.offset + len(stored)} bytes")
        self.count += 1
        self._seen += len(stored)
        self._progress(self._seen, self._total)
        return stored

    def check(self) -> Check:
        """Every file ends where its last record ends, and no file is there that the log does not name."""
        folder = self._archive / "warc"
        present = {f"warc/{path.name}": size_of(path) for path in folder.iterdir()} if folder.is_dir() else {}
        for name in sorted(set(present) - set(self._ends)):
            self._faults.add(f"{name}: no entry of the log names a record in this file")
        for name, end in sorted(self._ends.items()):
            size = present.get(name)
            if size is None:
                self._faults.add(f"{name} is missing; the log names records in it up to byte {end}")
            elif size > end:
                self._faults.add(f"{name}: {size - end} byte(s) from {end} to its end are in no record")
            elif size < end:
                self._faults.add(f"{name}: has {size} bytes, its last record should end at {end}")
        files, size = len(present), sum(present.values())
        good = Words(
            f"{files} 个文件，共 {size} 字节：每个字节恰好属于日志所列的一条记录",
            f"{files} file(s), {size} bytes: each byte lies in exactly one logged record",
        )
        return self._faults.check(good, RESEAL)

    def _stream(self, name: str) -> BinaryIO:
        if self._open is None or self._open[0] != name:
            self._stack.close()
            try:
                stream = self._stack.enter_context((self._archive / name).open("rb"))
            except OSError as error:
                self._open = None
                raise FormatError(f"{name} cannot be read: {error.strerror}") from error
            self._open = (name, stream)
        return self._open[1]


def size_of(path: Path) -> int:
    """Bytes in a file; 0 if there is none."""
    return os.lstat(path).st_size if os.path.lexists(path) else 0
