"""Does the index agree with the truth? The database's part of `evidence verify`."""

import sqlite3
import tempfile
from pathlib import Path

from crawler.errors import EvidenceError
from crawler.evidence.archive import Archive
from crawler.evidence.checks.reading import walk
from crawler.evidence.report import Check, Faults, Words, failed, not_checked
from crawler.store.findings import changed_words
from crawler.store.index import FILE, LEAF_TABLES, Index, equal

_REBUILD = Words(
    "用日志和 WARC 重建数据库：evidence rebuild",
    "make the database again from log and WARC: evidence rebuild",
)


def check_index(path: Path) -> Check:
    """Whether evidence.db is intact and every row that comes from a log leaf equals what the leaf says.

    Items are compared by `evidence rebuild`, which reads every page again; here the file's digest covers them.
    """
    faults, waiting = Faults("database"), 0
    strange = next((name for name, regular in walk(path) if not regular), None)
    if strange is not None:  # what opens an archive trusts its files: a pipe would hold it up for ever
        return failed("database", f"{strange} is not a regular file: nothing was opened", _REBUILD)
    try:
        with Archive.open(path) as archive, Index(path / FILE, writable=False) as index:
            problems = _damage(index) or _differences(archive, index)
            waiting = index.query("select count(*) from to_read")[0][0] if not problems else 0
    except (EvidenceError, sqlite3.DatabaseError) as error:
        problems = [f"{FILE}: {error}"]
    for problem in problems:
        faults.add(problem)
    if waiting:
        return not_checked("database", _incomplete(waiting), _REBUILD)
    good = Words(f"{FILE} 完好，与日志一致", f"{FILE} is intact and agrees with the log")
    return faults.check(good, _REBUILD)


def _incomplete(waiting: int) -> Words:
    return Words(
        f"{FILE} 与日志一致，但有 {waiting} 次采集的网页内容尚未读入（数据库曾从旧副本恢复，或采集曾中断）",
        f"{FILE} agrees with the log, but the pages of {waiting} capture(s) have not been read into it",
    )


def _damage(index: Index) -> list[str]:
    rows = [str(row[0]) for row in index.query("pragma integrity_check")]
    return [] if rows == ["ok"] else [f"{FILE}: {row}" for row in rows]


def _differences(archive: Archive, index: Index) -> list[str]:
    with tempfile.TemporaryDirectory() as folder, Index(Path(folder) / FILE, writable=True) as fresh:
        fresh.catch_up(archive.log.size, archive.log.leaves())
        different = [f"{FILE}: {difference}" for difference in equal(index, fresh, LEAF_TABLES)]
    return different + [
        f"{FILE}: finding {name} does not say what was logged" for name in changed_words(index)
    ]
