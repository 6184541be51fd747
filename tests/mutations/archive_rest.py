"""Damage to the rest of an archive: retention, quarantine, settings, state digests, databases, strange files."""

import json
import os
import sqlite3
from pathlib import Path

from crawler.evidence.archive import STATE_FILE
from crawler.evidence.digest import digest
from tests.mutations.archive_forger import (
    Damage,
    Json,
    add,
    append,
    change_leaf,
    drop,
    edit,
    event,
    find_leaf,
    fit,
    flip,
    leaves_of,
    rewrite_log,
    sign_at,
    tools,
)
from tests.mutations.archive_maker import made, stamp_again
from tests.mutations.model import Mutation

CLOSED, CUT = "warc/00002.warc.gz", "warc/00001.warc.gz"


def _lines(change: str) -> Damage:
    def edited(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return {
            "drop": b"".join(lines[1:]),
            "duplicate": b"".join([lines[0], *lines]),
            "reorder": b"".join([lines[1], lines[0], *lines[2:]]),
            "add": content + b"0" * 64 + b"  zz.pem\n",
            "tear": content[:-1],
        }[change]

    return edit(STATE_FILE, edited)


def _sealed_event(archive: Path, *leaves: bytes) -> None:
    """Somebody with the key appends entries, signs and has them stamped."""
    append(archive, *leaves)
    size = len(leaves_of(archive))
    sign_at(archive, size)
    stamp_again(archive, size, made().authorities)
    fit(archive)


def removal(archive: Path, index: int, *, cut: bool = True, **changes: object) -> None:
    """A removal of the records of entry `index`, by somebody with the key. `changes` are lies in its details."""
    (record,) = json.loads(leaves_of(archive)[index])["records"]
    locator = record["locator"]
    file, offset, length = locator["file"], locator["offset"], locator["length"]
    content = (archive / file).read_bytes()
    rest = content[:offset] + content[offset + length :]
    if cut:
        (archive / file).write_bytes(rest)
    details: Json = {
        "days": 30,
        "entries": [index],
        "files": {file: {"length": len(rest), "sha256": digest(rest)}},
        "records": [[file, offset, length]],
    }
    _sealed_event(archive, event("payloads-removed", details | changes))


def _capture(archive: Path, number: int = 3) -> int:
    """The index of a capture in a file that was never cut."""
    leaves = leaves_of(archive)
    place = b'"url":"http://shop.invalid/r2/%d"' % number
    return find_leaf(leaves, place, f'"file":"{CLOSED}"'.encode())


def _removed_elsewhere(archive: Path) -> None:
    """The event says that it removed another entry's records."""
    index = _capture(archive)
    removal(archive, index, entries=[index + 1])


def _removed_not(archive: Path) -> None:
    removal(archive, _capture(archive), cut=False)


def _removed_other_bytes(archive: Path) -> None:
    """The event says that other bytes were left."""
    index = _capture(archive)
    (record,) = json.loads(leaves_of(archive)[index])["records"]
    length = (archive / CLOSED).stat().st_size - record["locator"]["length"]
    removal(archive, index, files={CLOSED: {"length": length, "sha256": f"sha256:{'0' * 64}"}})


def _removed_half(archive: Path) -> None:
    index = _capture(archive)
    (record,) = json.loads(leaves_of(archive)[index])["records"]
    file, offset, length = (record["locator"][name] for name in ("file", "offset", "length"))
    removal(archive, index, records=[[file, offset, length - 10]])


def removed_exhibit(archive: Path) -> None:
    """The page of an exhibit is removed as if its time had come."""
    leaves = leaves_of(archive)
    exhibit = json.loads(leaves[find_leaf(leaves, b'"act":"exhibit-added"')])["details"]["captures"][0]
    index = find_leaf(leaves, b'"kind":"capture"', exhibit.encode())
    (record,) = json.loads(leaves[index])["records"]
    file, offset, length = (record["locator"][name] for name in ("file", "offset", "length"))
    content = (archive / file).read_bytes()
    rest = content[:offset] + content[offset + length :]  # nothing before it was removed
    (archive / file).write_bytes(rest)
    files = {file: {"length": len(rest), "sha256": digest(rest)}}
    details = {"days": 30, "entries": [index], "files": files, "records": [[file, offset, length]]}
    _sealed_event(archive, event("payloads-removed", details))


def _event_dropped(archive: Path) -> None:
    """The removal's entry becomes a note, tiles fit."""
    leaves = leaves_of(archive)
    index = find_leaf(leaves, b'"act":"payloads-removed"')
    rewrite_log(archive, change_leaf(archive, index, lambda content: content.update(act="note", details={})))


def _tail(archive: Path) -> Path:
    (path,) = (archive / "quarantine").iterdir()
    return path


def _tail_exchanged(archive: Path) -> None:
    path = _tail(archive)
    path.write_bytes(bytes(path.stat().st_size))


def _pipe(archive: Path) -> None:
    path = _tail(archive)
    path.unlink()
    os.mkfifo(path)


def _endless(archive: Path) -> None:
    path = _tail(archive)
    path.unlink()
    path.symlink_to("/dev/zero")


def _database(archive: Path) -> None:
    """A page's address in the index is another."""
    with sqlite3.connect(archive / "evidence.db") as connection:
        connection.execute("update capture set url = 'http://shop.invalid/other' where leaf = 3")
    connection.close()


def _rest(
    name: str, damage: str, apply: Damage, reason: str, *, check: str = "state", forger: str = "nothing",
) -> Mutation:  # fmt: skip
    return Mutation(name, "archive", damage, forger, check, reason, apply)


_KEYS = "the log's keys and the TSAs"

MUTATIONS = (
    _rest(
        "retention-event-dropped",
        "the entry of a removal becomes another, tiles made to fit",
        tools(_event_dropped),
        r"the root at 601 is not the one",
        check="log",
        forger="the tools",
    ),
    _rest(
        "retention-not-carried-out",
        "a removal is logged, signed and stamped, the file is as it was",
        _removed_not,
        rf"{CLOSED}: .* are in no record",
        check="coverage",
        forger=_KEYS,
    ),
    _rest(
        "retention-other-entry",
        "a removal names another entry",
        _removed_elsewhere,
        "which does not name entry",
        check="retention",
        forger=_KEYS,
    ),
    _rest(
        "retention-half-a-record",
        "a removal of a part of a record",
        _removed_half,
        "names another length",
        check="retention",
        forger=_KEYS,
    ),
    _rest(
        "quarantine-flip",
        "one bit of a tail that was set aside",
        tools(lambda a: flip(f"quarantine/{_tail(a).name}", 5)(a)),
        "does not have the digest in its event",
        check="quarantine",
        forger="the tools",
    ),
    _rest(
        "quarantine-exchanged",
        "another file in the place of a tail",
        tools(_tail_exchanged),
        "does not have the digest in its event",
        check="quarantine",
        forger="the tools",
    ),
    _rest(
        "quarantine-missing",
        "the tail is missing",
        tools(lambda a: _tail(a).unlink()),
        "is missing, though the log tells of it",
        check="quarantine",
        forger="the tools",
    ),
    _rest(
        "quarantine-extra",
        "a file in quarantine/ that nobody logged",
        tools(add("quarantine/x.tail")),
        "no event of the log tells where it comes from",
        check="quarantine",
        forger="the tools",
    ),
    _rest(
        "config-edited",
        "another operator in the settings",
        edit("evidence.toml", lambda c: c.replace("张三".encode(), "李四".encode())),
        "evidence.toml has SHA-256",
    ),
    _rest(
        "config-broken",
        "the settings are no TOML",
        tools(edit("evidence.toml", lambda _: b"[[")),
        "evidence.toml",
        check="sealed",
        forger="the tools",
    ),
    _rest(
        "config-missing",
        "the settings are missing",
        tools(drop("evidence.toml")),
        "evidence.toml is missing",
        check="layout",
        forger="the tools",
    ),
    _rest(
        "state-line-dropped",
        "a line of state-sha256.txt is dropped",
        _lines("drop"),
        "is not listed in state-sha256.txt",
    ),
    _rest("state-line-duplicated", "a line stands twice", _lines("duplicate"), "names a file twice"),
    _rest("state-lines-reordered", "lines in another order", _lines("reorder"), "lines are not in order"),
    _rest(
        "state-line-added",
        "a line for a file that is not there",
        _lines("add"),
        "zz.pem is listed in state-sha256.txt but is not there",
    ),
    _rest("state-torn", "the last line is torn", _lines("tear"), "does not end with a whole line"),
    _rest(
        "state-missing",
        "state-sha256.txt is missing",
        drop(STATE_FILE),
        "state-sha256.txt is missing",
        check="layout",
    ),
    _rest(
        "state-flip",
        "one digit of a digest",
        edit(STATE_FILE, lambda c: (b"1" if c[:1] == b"0" else b"0") + c[1:]),
        "has SHA-256",
    ),
    _rest(
        "state-ten-gigabytes",
        "a state-sha256.txt that claims 10 GB",
        lambda a: os.truncate(a / STATE_FILE, 10 << 30),
        "state-sha256.txt has more than",
    ),
    _rest("database-flip", "one bit of the database", flip("evidence.db", 5_000), "evidence.db has SHA-256"),
    _rest("database-edited", "an address in the database is another", _database, "evidence.db has SHA-256"),
    _rest(
        "database-missing",
        "the database is missing",
        drop("evidence.db"),
        "evidence.db is listed in state-sha256.txt but is not there",
    ),
    _rest(
        "database-uncommitted",
        "pages that a killed writer left beside the database",
        tools(add("evidence.db-wal")),
        "uncommitted database pages",
        forger="the tools",
    ),
    _rest(
        "alias-key-flip",
        "one bit of the key of pseudonyms",
        flip("keys/alias.key", 3),
        "keys/alias.key has SHA-256",
    ),
    _rest(
        "schedule-flip",
        "one bit of the schedule of retries",
        flip("sealing.json", 3),
        "sealing.json has SHA-256",
    ),
    _rest("extra-file", "a file that no list names", add("notes.txt"), "notes.txt is not listed"),
    _rest("extra-hidden-file", "a hidden file", add(".x"), r"\.x is not listed"),
    _rest("extra-in-log", "a file in log/", add("log/x"), "log/x is not listed"),
    _rest(
        "extra-in-tiles",
        "a file under log/tile",
        tools(add("log/tile/readme")),
        "tile/readme: no tile",
        check="log",
        forger="the tools",
    ),
    _rest(
        "extra-unfinished",
        "a file named like an interrupted write",
        tools(add("trust/.x.unfinished")),
        "left over from an interrupted write",
        check="layout",
        forger="the tools",
    ),
    _rest(
        "lock-not-empty",
        "bytes in the lock file, which no digest covers",
        edit(".lock", lambda _: b"x"),
        ".lock is not empty",
        check="layout",
    ),
    _rest(
        "link-to-a-file",
        "a link",
        tools(lambda a: (a / "x").symlink_to("evidence.toml")),
        "x is not a regular file",
        check="layout",
        forger="the tools",
    ),
    _rest(
        "link-to-itself",
        "a link to itself",
        tools(lambda a: (a / "x").symlink_to("x")),
        "x is not a regular file",
        check="layout",
        forger="the tools",
    ),
    _rest(
        "link-to-the-folder",
        "a link to the archive's own folder",
        tools(lambda a: (a / "log/x").symlink_to("..")),
        "log/x is not a regular file",
        check="layout",
        forger="the tools",
    ),
    _rest(
        "pipe-anywhere",
        "a named pipe",
        tools(lambda a: os.mkfifo(a / "trust/x.pem")),
        "trust/x.pem is not a regular file",
        check="layout",
        forger="the tools",
    ),
    _rest(
        "pipe-for-a-token",
        "a named pipe in the place of a token",
        lambda a: _pipe_at(a / "log/stamps/300/tsa-a.tsr"),
        "tsa-a.tsr is not a regular file",
        check="timestamps",
    ),
    _rest(
        "pipe-for-the-settings",
        "a named pipe in the place of the settings",
        lambda a: _pipe_at(a / "evidence.toml"),
        "evidence.toml",
        check="sealed",
    ),
    _rest(
        "device-for-the-list-of-keys",
        "a link to a device in the place of the public keys",
        lambda a: _device_at(a / "trust/log.vkey"),
        "trust/log.vkey",
        check="signature",
    ),
    _rest(
        "retention-other-bytes",
        "a removal says that other bytes were left",
        _removed_other_bytes,
        rf"{CLOSED}: sha256:.*; entry \d+ of the log says",
        check="coverage",
        forger=_KEYS,
    ),
    _rest(
        "retention-of-an-exhibit",
        "the page of an exhibit is removed as if its time had come, signed and stamped",
        removed_exhibit,
        r"though entry \d+ had made it an exhibit",
        check="retention",
        forger=_KEYS,
    ),
    _rest(
        "config-edited-and-listed",
        "another operator in the settings, state-sha256.txt made to fit",
        tools(edit("evidence.toml", lambda c: c.replace("张三".encode(), "李四".encode()))),
        "evidence.toml has sha256:",
        check="settings",
        forger="the tools",
    ),
    _rest(
        "checkpoint-unstamped-missing",
        "a checkpoint that was never stamped is missing, state-sha256.txt made to fit",
        tools(drop("log/checkpoints/301")),
        r"checkpoints/301 is missing; entry \d+, key-rotated, names it",
        check="signature",
        forger="the tools",
    ),
)

# These hang or end a verification without a report; not to be run before they are mended.
FATAL = (
    _rest(
        "quarantine-pipe",
        "a named pipe in the place of a tail",
        _pipe,
        "is not a regular file",
        check="quarantine",
    ),
    _rest(
        "quarantine-endless",
        "a link to an endless device in the place of a tail",
        _endless,
        "is not a regular file",
        check="quarantine",
    ),
    _rest(
        "folder-for-a-file",
        "a folder in the place of a checkpoint",
        lambda a: _folder_at(a / "log/checkpoints/0"),
        "log/checkpoints/0",
        check="signature",
    ),
    _rest(
        "config-gigabytes",
        "settings that claim 3 GB",
        lambda a: os.truncate(a / "evidence.toml", 3 << 30),
        "evidence.toml",
        check="sealed",
    ),
)


def _pipe_at(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _device_at(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def _folder_at(path: Path) -> None:
    path.unlink()
    path.mkdir()
