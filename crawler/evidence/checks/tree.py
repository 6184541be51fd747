"""The tree of the log as it is computed anew: against every signed root, and against every stored tile.

Each checkpoint is compared with the root over the entries that are there now, so every checkpoint is a prefix of
each later one: two that all agree with one list of entries cannot contradict each other.

Tiles of level 0 hold the digest of each entry. So an entry that was changed is named, as long as the tiles still
lead to the signed roots; and a tile that was changed is told from an entry that was.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from crawler.errors import FormatError
from crawler.evidence.checks.entries import Reading
from crawler.evidence.checks.notes import Note
from crawler.evidence.checks.pieces import ENTRIES, TileFolder, TileName, split_entries
from crawler.evidence.checks.reading import read_small
from crawler.evidence.proof import DIGEST_SIZE, leaf_digest, node_digest, root
from crawler.evidence.report import Faults
from crawler.evidence.tiles import MAX_BUNDLE, WIDTH, full_of, partials_of

MOST = 1000  # differences that are remembered: enough to name, and a bound


class Spine:
    """The right edge of a tree of whole tiles: 32 bytes for each level."""

    def __init__(self) -> None:
        self.tiles = 0
        self._edge: list[bytes] = []

    def append(self, node: bytes) -> None:
        """Add the root of one full tile of level 0."""
        size, self.tiles = self.tiles, self.tiles + 1
        while size & 1:
            node, size = node_digest(self._edge.pop(), node), size >> 1
        self._edge.append(node)

    def root(self, rest: list[bytes]) -> bytes:
        """The root over all tiles, and over the fewer than 256 leaf digests that follow them."""
        edge = [*self._edge, root(rest)] if rest or not self._edge else list(self._edge)
        digest = edge.pop()
        while edge:
            digest = node_digest(edge.pop(), digest)
        return digest


class LogTree:
    """Takes the readings in order; then `finish` compares what only the whole log can tell."""

    def __init__(self, archive: Path, folder: TileFolder, notes: Mapping[int, Note], faults: Faults) -> None:
        self.entries = 0
        self.wrong: list[int] = []  # sizes whose signed root is not that of the entries, rising
        self._tiles = StoredTiles(archive, folder, faults)
        self._roots = {size: note.checkpoint.root for size, note in notes.items()}
        self._faults = faults
        self._spine = Spine()
        self._nodes: list[bytes] = []  # roots of 256 entries each
        self._differs: list[Difference] = []
        self._good = 0  # the largest size whose root is right, before the first that is wrong
        if 0 in self._roots:
            self._compare_root(0, [])

    def take(self, reading: Reading) -> None:
        """Compare one piece with the roots and the tiles that it reaches."""
        piece, digests = reading.piece, reading.digests
        for width in range(1, len(digests) + 1):
            if piece.first + width in self._roots:
                self._compare_root(piece.first + width, digests[:width])
        self._differs += self._tiles.differences(piece.first, digests, MOST - len(self._differs))
        if piece.entries == WIDTH:
            self._nodes.append(reading.node)
            self._spine.append(reading.node)
        self.entries = piece.first + piece.entries

    def finish(self, bundles: int) -> None:
        """Name what was changed, compare the tiles above level 0, and see what is missing or does not belong.

        `bundles` is the number of full entry bundles before the journal.
        """
        newest = max(self._roots, default=0)
        if newest > self.entries:
            self._faults.add(f"{ENTRIES} ends after entry {self.entries}, but {newest} were signed")
        nodes = list(self._nodes)
        for number in sorted({found.number for found in self._differs if found.number < len(nodes)}):
            nodes[number] = self._tiles.node(number) or nodes[number]
        tiles_are_right = bool(self.wrong and self._differs) and self._lead_to_roots(nodes)
        self._name_changes(tiles_are_right)
        self._tiles.compare_upper(nodes if tiles_are_right else self._nodes)
        signed = [size for size in self._roots if size <= self.entries]
        self._tiles.compare_names(signed, bundles, self.entries)

    def _compare_root(self, size: int, digests: list[bytes]) -> None:
        if self._spine.root(digests) != self._roots[size]:
            self.wrong.append(size)
        elif not self.wrong:
            self._good = size

    def _lead_to_roots(self, nodes: list[bytes]) -> bool:
        """Whether the tiles of level 0 lead to every signed root that the entries reach."""
        spine = Spine()
        for size in sorted(size for size in self._roots if size <= self.entries):
            number, width = divmod(size, WIDTH)
            for node in nodes[spine.tiles : number]:
                spine.append(node)
            rest = self._tiles.digests(number, width) if width else []
            if rest is None or spine.root(rest) != self._roots[size]:
                return False
        return True

    def _name_changes(self, tiles_are_right: bool) -> None:
        if self.wrong and not tiles_are_right:
            size = self.wrong[0]
            self._faults.add(
                f"{ENTRIES}: an entry among {self._good} to {size - 1} was changed, or entries were added, dropped"
                f" or reordered: the root at {size} is not the one in log/checkpoints/{size}"
            )
        for found in self._differs:
            if tiles_are_right:
                how = f"not the one in {found.tile}, which leads to the signed roots"
                self._faults.add(f"{found.source}: {found}: the digest is {how}")
            elif not self.wrong:
                self._faults.add(
                    f"{found.tile}: {found}: the digest is not that of the entry, which was signed"
                )
            else:
                self._faults.add(f"{found.tile}, {found.source}: {found}: entry and tile have other digests")


class Difference(NamedTuple):
    """Entries that lie one behind the other in one file and whose digests are not those in their tile."""

    first: int
    last: int
    source: str
    tile: TileName

    @property
    def number(self) -> int:
        """The number of the tile."""
        return self.tile.number

    def __str__(self) -> str:
        if self.first == self.last:
            return f"entry {self.first} was changed"
        return f"an entry among {self.first} to {self.last} was changed, or entries were added, dropped or reordered"


class StoredTiles:
    """The files under log/tile, each read when it is needed and compared byte for byte."""

    def __init__(self, archive: Path, folder: TileFolder, faults: Faults) -> None:
        self._archive = archive
        self._folder = folder
        self._faults = faults
        self._partial: dict[tuple[int | None, int], list[TileName]] = {}
        for tile in sorted((tile for tile in folder.tiles if not tile.full), key=_order):
            self._partial.setdefault((tile.level, tile.number), []).append(tile)

    def differences(self, first: int, digests: list[bytes], most: int) -> list[Difference]:
        """Where the tiles over the entries from `first` on say otherwise than their digests; at most `most`."""
        number = first // WIDTH
        source = str(TileName(None, number))
        if TileName(None, number) not in self._folder.tiles:
            source = ENTRIES
        found: list[Difference] = []
        for tile in self._over(0, number):
            stored = self._digests(tile)
            if stored is not None and stored != digests[: tile.width]:
                found = list(_ranges(first, digests, stored, source, tile)) or found
        for tile in self._partial.get((None, number), ()):
            self._compare_bundle(tile, first, digests)
        return found[: max(0, most)]

    def digests(self, number: int, width: int) -> list[bytes] | None:
        """The first `width` leaf digests that a tile of level 0 holds; None where none is there."""
        tile = next((tile for tile in self._over(0, number) if tile.width >= width), None)
        stored = None if tile is None else self._digests(tile)
        return None if stored is None else stored[:width]

    def node(self, number: int) -> bytes | None:
        """The root over a full tile of level 0, as stored."""
        stored = self.digests(number, WIDTH)
        return None if stored is None else root(stored)

    def compare_upper(self, nodes: list[bytes]) -> None:
        """Compare every tile above level 0; `nodes` are the roots of the full tiles of level 0."""
        level = 1
        while nodes:
            for number in range(-(-len(nodes) // WIDTH)):
                expected = nodes[number * WIDTH : (number + 1) * WIDTH]
                for tile in self._over(level, number):
                    stored = self._digests(tile) if tile.width <= len(expected) else None
                    if stored is not None and stored != expected[: tile.width]:
                        self._faults.add(
                            f"{tile}: digest {_first_other(stored, expected)} is not that of the tile below"
                        )
            nodes = [root(nodes[start : start + WIDTH]) for start in range(0, len(nodes) - WIDTH + 1, WIDTH)]
            level += 1

    def compare_names(self, signed: list[int], bundles: int, entries: int) -> None:
        """Every tile that the signed sizes need is there, and no other."""
        for name in self._folder.strange:
            self._faults.add(f"{name}: no tile or entry bundle has this name")
        wanted = {f"log/{path}" for path in full_of(max([bundles * WIDTH, *signed]))}
        for size in signed:
            wanted |= {
                f"log/{path}" for path in partials_of(size) if f"log/{path}".partition(".p/")[0] not in wanted
            }
        present = {str(tile) for tile in self._folder.tiles}
        for name in sorted(wanted - present):
            self._faults.add(f"{name} is missing: the tree of the signed log has this tile")
        for tile in sorted(self._folder.tiles, key=str):
            if str(tile) not in wanted and not self._fits(tile, entries):
                self._faults.add(
                    f"{tile} does not belong here: the log has {entries} entries in {bundles} bundles"
                )

    def _fits(self, tile: TileName, entries: int) -> bool:
        """Whether a tile that no signed size needs may be there: a partial one, and all in it is in the log.

        It was compared then. A writer that was killed may leave such a one, and removes it later.
        """
        held = (tile.number * WIDTH + tile.width) * WIDTH ** (tile.level or 0)
        return not tile.full and held <= entries

    def _over(self, level: int, number: int) -> list[TileName]:
        """Stored tiles of one place, from the shortest to the full one."""
        full = TileName(level, number)
        found = list(self._partial.get((level, number), ()))
        return [*found, full] if full in self._folder.tiles else found

    def _digests(self, tile: TileName) -> list[bytes] | None:
        try:
            content = read_small(self._archive / str(tile), WIDTH * DIGEST_SIZE)
        except FormatError as error:
            self._faults.add(f"{tile}: {error}")
            return None
        if len(content) != tile.width * DIGEST_SIZE:
            self._faults.add(f"{tile} has {len(content)} bytes, not {tile.width * DIGEST_SIZE}")
            return None
        return [content[start : start + DIGEST_SIZE] for start in range(0, len(content), DIGEST_SIZE)]

    def _compare_bundle(self, tile: TileName, first: int, digests: list[bytes]) -> None:
        """A partial entry bundle holds the entries that the journal, or the full bundle, begins with."""
        try:
            content = read_small(self._archive / str(tile), MAX_BUNDLE)
        except FormatError as error:
            self._faults.add(f"{tile}: {error}")
            return
        leaves = split_entries(content)
        end = leaves[-1][0] + 2 + len(leaves[-1][1]) if leaves else 0
        found = [leaf_digest(leaf) for _, leaf in leaves]
        if found == digests[: tile.width] and (len(found), end) == (tile.width, len(content)):
            return
        other = first + _first_other(found, digests)
        self._faults.add(
            f"{tile}: does not hold entry {other} as it stands in the log, or not exactly {tile.width} entries"
        )


def _order(tile: TileName) -> tuple[int, int, int]:
    return -1 if tile.level is None else tile.level, tile.number, tile.width


def _ranges(
    first: int, digests: list[bytes], stored: list[bytes], source: str, tile: TileName
) -> Iterator[Difference]:
    """The differing entries, those that follow each other taken together."""
    differing = [
        place for place, (ours, theirs) in enumerate(zip(digests, stored, strict=False)) if ours != theirs
    ]
    start = 0
    for position, place in enumerate(differing):
        if position + 1 == len(differing) or differing[position + 1] != place + 1:
            yield Difference(first + differing[start], first + place, source, tile)
            start = position + 1


def _first_other(found: list[bytes], expected: list[bytes]) -> int:
    """The first position at which two lists differ."""
    pairs = enumerate(zip(found, expected, strict=False))
    return next((place for place, (one, other) in pairs if one != other), min(len(found), len(expected)))
