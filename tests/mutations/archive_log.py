"""Damage to the log of an archive: entries, bundles, tiles, the journal."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from crawler.evidence.tiles import WIDTH, encode_entry
from tests.mutations.archive_forger import (
    JOURNAL,
    Damage,
    Json,
    add,
    append,
    change_leaf,
    drop,
    edit,
    event,
    find_leaf,
    flip,
    leaves_of,
    move,
    put_leaves,
    put_tiles,
    resign_all,
    rewrite_log,
    swap,
    tools,
)
from tests.mutations.archive_maker import made, stamp_again
from tests.mutations.model import Mutation

BUNDLE, TILE, UPPER = "log/tile/entries/000", "log/tile/0/000", "log/tile/1/000.p/2"
_PARTIAL = "log/tile/entries/002.p"
_ROOT = r"the root at \d+ is not the one in log/checkpoints"


def _changed(archive: Path, index: int = -1) -> list[bytes]:
    """All leaves; an old page's address (or the note `index`) was changed."""

    def other(content: Json) -> None:
        if "url" in content:
            content["url"] = "http://shop.invalid/other"
        else:
            content["by"] = "李四"

    place = index if index >= 0 else find_leaf(leaves_of(archive), b'"kind":"capture"', b"/r2/")
    return change_leaf(archive, place, other)


def _entry(archive: Path) -> None:
    put_leaves(archive, _changed(archive))


def _entry_and_tile(archive: Path) -> None:
    leaves = _changed(archive)
    put_leaves(archive, leaves)
    upper = {path: path.read_bytes() for path in (archive / "log/tile/1").rglob("*") if path.is_file()}
    put_tiles(archive, leaves)
    for path, content in upper.items():
        path.write_bytes(content)


def _entry_and_tiles(archive: Path) -> None:
    rewrite_log(archive, _changed(archive))


def _journal_entry(archive: Path) -> None:
    put_leaves(archive, _changed(archive, 560))


def _journal_entry_and_tiles(archive: Path) -> None:
    rewrite_log(archive, _changed(archive, 560))


def _tile_only(archive: Path) -> None:
    leaves = _changed(archive)
    put_tiles(archive, leaves)


def _leaves(change: Callable[[list[bytes]], list[bytes]], *, tiles: bool = True) -> Damage:
    """The log holds other leaves; with `tiles`, every tile fits."""

    def damage(archive: Path) -> None:
        leaves = change(leaves_of(archive))
        put_leaves(archive, leaves)
        if tiles:
            put_tiles(archive, leaves)

    return damage


def _history(*, stamped: bool, witnessed: bool = True) -> Damage:
    """The owner's own forgery: an old page is changed, everything after is signed anew with the right keys."""

    def damage(archive: Path) -> None:
        rewrite_log(archive, _changed(archive))
        sizes = resign_all(archive, 300)
        if stamped:
            for size in sizes:
                if size in made().sizes:
                    stamp_again(archive, size, made().authorities)
        if not witnessed:
            shutil.rmtree(archive / "log/cosignatures")

    return tools(damage)


def _shortened(*, signed: bool) -> Damage:
    """The newest entries go; with `signed` false the checkpoints that told of them go too."""

    def damage(archive: Path) -> None:
        entries = [encode_entry(leaf) for leaf in leaves_of(archive)[:560]]
        (archive / JOURNAL).write_bytes(b"".join(entries[2 * WIDTH :]))
        if not signed:
            newest = made().newest
            (archive / f"log/checkpoints/{newest}").unlink()
            shutil.rmtree(archive / f"log/stamps/{newest}")
            shutil.rmtree(archive / "log/cosignatures")
            shutil.rmtree(archive / _PARTIAL)
            shutil.rmtree(archive / "log/tile/0/002.p")
            (archive / "log/checkpoint").write_bytes((archive / "log/checkpoints/310").read_bytes())

    return tools(damage)


def _appended(leaf: bytes) -> Damage:
    return tools(lambda archive: append(archive, leaf))


def _raw(content: bytes) -> Damage:
    """Bytes behind the last entry of the journal."""
    return edit(JOURNAL, lambda before: before + content)


def _pretty(leaves: list[bytes]) -> list[bytes]:
    """The same content, with a blank more: not canonical."""
    index = find_leaf(leaves, b'"kind":"capture"')
    return [*leaves[:index], leaves[index].replace(b'":', b'": ', 1), *leaves[index + 1 :]]


def _length(change: int) -> Callable[[bytes], bytes]:
    def damage(content: bytes) -> bytes:
        return (int.from_bytes(content[:2], "big") + change).to_bytes(2, "big") + content[2:]

    return damage


def _log(
    name: str, damage: str, apply: Damage, reason: str, *, check: str = "log", forger: str = "nothing",
    status: str = "failed",
) -> Mutation:  # fmt: skip
    return Mutation(name, "archive", damage, forger, check, reason, apply, status=status)


_DEEP = b'{"a":' * 10_000 + b"1" + b"}" * 10_000
_LONG = event("note", {"text": "x" * 65_400})
_LONG = event("note", {"text": "x" * (65_400 + 65_535 - len(_LONG))})

MUTATIONS = (
    _log(
        "log-entry",
        "an entry in a full bundle, canonical",
        tools(_entry),
        r"entries/000: entry \d+ was changed.*which leads to the signed roots",
        forger="the tools",
    ),
    _log(
        "log-entry-and-tile",
        "an entry, and its tile of level 0",
        tools(_entry_and_tile),
        _ROOT,
        forger="the tools",
    ),
    _log(
        "log-entry-and-tiles",
        "an entry, and all tiles up to the root",
        tools(_entry_and_tiles),
        _ROOT,
        forger="the tools",
    ),
    _log(
        "log-tile-only",
        "the tiles fit another entry, which is not there",
        tools(_tile_only),
        r"tile/0/000: entry \d+ was changed: the digest is not that of the entry",
        forger="the tools",
    ),
    _log(
        "log-journal-entry",
        "an entry in the journal",
        tools(_journal_entry),
        "entries: entry 560 was changed",
        forger="the tools",
    ),
    _log(
        "log-journal-entry-and-tiles",
        "an entry in the journal, and the partial tiles",
        tools(_journal_entry_and_tiles),
        _ROOT,
        forger="the tools",
    ),
    _log(
        "log-flip-bundle",
        "one bit of an entry bundle",
        flip(BUNDLE, b'"kind":"capture"'),
        "entries/000: entry",
    ),
    _log(
        "log-flip-length",
        "the length of an entry in a bundle",
        edit(BUNDLE, _length(1)),
        "entries/000: .* whole entries",
    ),
    _log("log-flip-tile", "one bit of a tile", flip(TILE, 40), r"tile/0/000: entry 1 was changed"),
    _log(
        "log-flip-upper-tile",
        "one bit of a tile of level 1",
        flip(UPPER, 40),
        "tile/1/000.p/2: digest 1 is not that of the tile below",
    ),
    _log(
        "log-flip-partial-bundle",
        "one bit of a partial bundle",
        flip(f"{_PARTIAL}/89", 40),
        r"002\.p/89: does not hold entry",
    ),
    _log(
        "log-flip-partial-tile",
        "one bit of a partial tile",
        flip("log/tile/0/002.p/89", 40),
        r"tile/0/002\.p/89: entry 513",
    ),
    _log(
        "log-drop-entry",
        "an entry of a bundle is left out",
        _leaves(lambda e: e[:20] + e[21:]),
        "dropped|lost|ends after entry",
        forger="the tools",
    ),
    _log(
        "log-add-entry",
        "an entry is put in",
        _leaves(lambda e: [*e[:20], e[20], *e[20:]]),
        _ROOT,
        forger="the tools",
    ),
    _log(
        "log-reorder-entries",
        "two entries change places",
        _leaves(lambda e: [*e[:20], e[21], e[20], *e[22:]]),
        _ROOT,
        forger="the tools",
    ),
    _log(
        "log-reorder-entries-only",
        "two entries change places, tiles unchanged",
        _leaves(lambda e: [*e[:20], e[21], e[20], *e[22:]], tiles=False),
        r"among 20 to 21 was changed, or entries were added, dropped or reordered",
        forger="the tools",
    ),
    _log(
        "log-swap-bundles",
        "two entry bundles change places",
        swap(BUNDLE, "log/tile/entries/001"),
        "entries/000",
    ),
    _log(
        "log-shortened",
        "the newest entries are cut off",
        _shortened(signed=True),
        "ends after entry 560, but 601 were signed",
        forger="the tools",
    ),
    _log(
        "log-shortened-with-checkpoints",
        "the newest entries go, and with them checkpoint, tokens and cosignature",
        _shortened(signed=False),
        "entries 310 to 559 are in no signed checkpoint",
        check="sealed",
        forger="the tools",
        status="not-checked",
    ),
    _log(
        "log-forked-with-key",
        "history from an old page on is signed anew with the right keys",
        _history(stamped=False),
        "stamps/300/tsa-a.tsr",
        check="timestamps",
        forger="the log's keys",
    ),
    _log(
        "log-forked-and-stamped",
        "the same, stamped anew by the true authorities; entries still name the old tokens",
        _history(stamped=True),
        "commits to a checkpoint of size 300 that is not there or is another one",
        check="manifests",
        forger="the log's keys and the TSAs",
    ),
    _log(
        "log-forked-against-witness",
        "the same: the witness's signature is over the old history",
        _history(stamped=True),
        "cosignatures/601/national",
        check="witnesses",
        forger="the log's keys and the TSAs",
    ),
    _log(
        "log-bundle-missing",
        "an entry bundle is missing",
        tools(drop(BUNDLE)),
        "tile/entries/000",
        forger="the tools",
    ),
    _log(
        "log-tile-missing",
        "a tile is missing",
        tools(drop(TILE)),
        "tile/0/000 is missing",
        forger="the tools",
    ),
    _log(
        "log-upper-tile-missing",
        "a partial tile of level 1 is missing",
        tools(drop(UPPER)),
        r"tile/1/000\.p/2 is missing",
        forger="the tools",
    ),
    _log(
        "log-partial-missing",
        "a partial bundle is missing",
        tools(drop(f"{_PARTIAL}/89")),
        r"entries/002\.p/89 is missing",
        forger="the tools",
    ),
    _log(
        "log-tile-extra",
        "a tile that the log has no entries for",
        tools(add("log/tile/0/003", bytes(8192))),
        "tile/entries/003",
        forger="the tools",
    ),
    _log(
        "log-partial-extra",
        "a partial tile longer than the log",
        tools(add("log/tile/0/002.p/200", bytes(6400))),
        r"002\.p/200",
        forger="the tools",
    ),
    _log(
        "log-bundle-extra",
        "a bundle behind the last",
        tools(add("log/tile/entries/004", b"x")),
        "tile/entries/004",
        forger="the tools",
    ),
    _log(
        "log-bundle-far",
        "a bundle of a number that means millions of entries",
        tools(add("log/tile/entries/x123/456", b"x")),
        "x123/456",
        forger="the tools",
    ),
    _log(
        "log-tile-misnamed",
        "a tile of a name that is none",
        tools(move(TILE, "log/tile/0/0")),
        "tile/0/0: no tile or entry bundle has this name",
        forger="the tools",
    ),
    _log(
        "log-tile-of-level-9",
        "a tile on a level that no log reaches",
        tools(add("log/tile/9/000", bytes(32))),
        "tile/9/000: no tile",
        forger="the tools",
    ),
    _log(
        "log-tile-of-other-level",
        "a tile of level 0 on level 1",
        tools(lambda a: shutil.copy(a / TILE, a / "log/tile/1/000")),
        "tile/1/000",
        forger="the tools",
    ),
    _log(
        "log-tile-truncated",
        "a tile lacks its last byte",
        tools(edit(TILE, lambda c: c[:-1])),
        "has 8191 bytes, not 8192",
        forger="the tools",
    ),
    _log(
        "log-bundle-truncated",
        "a bundle lacks its last byte",
        tools(edit(BUNDLE, lambda c: c[:-1])),
        "entries/000: 255 whole entries",
        forger="the tools",
    ),
    _log(
        "log-bundle-longer",
        "a byte behind a bundle's last entry",
        tools(edit(BUNDLE, lambda c: c + b"\0")),
        "entries/000: 256 whole entries in",
        forger="the tools",
    ),
    _log(
        "log-bundle-ten-gigabytes",
        "a bundle that claims 10 GB",
        lambda a: os.truncate(a / BUNDLE, 10 << 30),
        "more than 256 entries can have: refused",
    ),
    _log(
        "log-tile-ten-gigabytes",
        "a tile that claims 10 GB",
        lambda a: os.truncate(a / TILE, 10 << 30),
        "tile/0/000: 000 has more than 8192 bytes: refused",
    ),
    _log(
        "log-journal-ten-gigabytes",
        "a journal that claims 10 GB",
        lambda a: os.truncate(a / JOURNAL, 10 << 30),
        r"byte\(s\) after the last whole entry",
    ),
    _log(
        "log-journal-missing",
        "the journal is missing",
        tools(drop(JOURNAL)),
        "log/entries is missing",
        forger="the tools",
    ),
    _log(
        "log-journal-torn",
        "the journal's last entry is torn",
        edit(JOURNAL, lambda c: c[:-5]),
        "ends after entry 600, but 601 were signed",
    ),
    _log(
        "log-journal-half-entry",
        "half an entry behind the last",
        _raw(b"\x01\x00{"),
        r"3 byte\(s\) after the last whole entry",
    ),
    _log(
        "log-journal-zeros",
        "zeros behind the last entry, as a power cut leaves them",
        _raw(bytes(512)),
        r"512 byte\(s\) after the last whole entry",
    ),
    _log(
        "log-journal-zero-length-within",
        "an entry of length 0 between two others",
        edit(JOURNAL, lambda c: c[:-100] + b"\0\0" + c[-100:]),
        "log/entries",
    ),
    _log(
        "log-entry-of-65535",
        "an unsigned entry of 65,535 bytes",
        _appended(_LONG),
        "entries 601 to 601 are in no signed checkpoint",
        check="sealed",
        forger="the tools",
        status="not-checked",
    ),
    _log(
        "log-entry-deep",
        "an unsigned entry of deep JSON",
        _appended(_DEEP),
        "entry 601 at offset .*(nested|recursion)",
        forger="the tools",
    ),
    _log(
        "log-entry-endless-number",
        "an unsigned entry with a number of 60,000 digits",
        _appended(b'{"a":' + b"1" * 60_000 + b"}"),
        "entry 601 at offset",
        forger="the tools",
    ),
    _log(
        "log-entry-not-canonical",
        "an entry with a blank more, tiles made to fit",
        tools(_leaves(_pretty)),
        "not a canonical JSON object",
        forger="the tools",
    ),
    _log(
        "log-entry-not-json",
        "an unsigned entry that is no JSON",
        _appended(b"\xff" * 100),
        "entry 601 at offset .*: leaf is not JSON",
        forger="the tools",
    ),
    _log(
        "log-entry-double-key",
        "an unsigned entry with one key twice",
        _appended(event("note", {}).replace(b'"by":', b'"by":"x","by":')),
        "not a canonical JSON object",
        forger="the tools",
    ),
    _log(
        "log-tile-symlink",
        "a tile is a link",
        tools(lambda a: _link(a / TILE)),
        "tile/0/000: no tile|tile/0/000 is not",
        forger="the tools",
    ),
    _log("log-pipe", "a named pipe in the place of the journal", lambda a: _pipe(a / JOURNAL), "log/entries"),
)


def _link(path: Path) -> None:
    path.rename(path.parent.parent.parent / "elsewhere")
    path.symlink_to("../../elsewhere")


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
