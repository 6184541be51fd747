"""Merkle trees of RFC 6962 section 2.1 and RFC 9162 section 2.1, over SHA-256. All digests are 32 raw bytes.

    leaf = SHA-256(0x00 ‖ leaf bytes)      node = SHA-256(0x01 ‖ left ‖ right)      empty tree = SHA-256("")

A tree of n > 1 leaves splits at the largest power of two *less than* n; an odd leaf is never paired with
itself. The prefixes keep leaves and nodes apart, so a node can never be passed off as a leaf.

`Tree` keeps the right edge only (to check a stream of leaves). Paths are made from any store of complete nodes
(`Node`; ours is `crawler.evidence.tiles.TileTree`). Verifying needs neither: `verify_inclusion` and
`verify_consistency` are all a stranger has to read.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from crawler.errors import FormatError

DIGEST_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()

Node = Callable[[int, int], bytes]
"""(height, position): the root over the 2^height leaves from position · 2^height on, all of which exist."""


def leaf_digest(leaf: bytes) -> bytes:
    """The digest under which a leaf enters the tree."""
    return sha256(b"\x00" + leaf).digest()


def node_digest(left: bytes, right: bytes) -> bytes:
    """The digest of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_digests: Iterable[bytes]) -> bytes:
    """The root over leaf digests, in order (the tree head's root of RFC 6962 section 2.1)."""
    tree = Tree()
    for digest in leaf_digests:
        tree.append(digest)
    return tree.root()


class Tree:
    """A growing tree that remembers its right edge only: 32 bytes per level, one root at a time."""

    __slots__ = ("_edge", "size")

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[bytes] = []  # roots of the complete subtrees, one per 1-bit of `size`, largest first

    def append(self, digest: bytes) -> None:
        """Add one leaf, given as its `leaf_digest`. Raises FormatError unless it has 32 bytes."""
        _require_digest(digest)
        for _ in range(_trailing_ones(self.size)):
            digest = node_digest(self._edge.pop(), digest)
        self._edge.append(digest)
        self.size += 1

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _fold(self._edge)


def tree_root(node: Node, size: int) -> bytes:
    """The root over the first `size` leaves of the tree whose complete nodes `node` gives."""
    return _range_root(node, 0, size)


def inclusion_path(node: Node, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1: from the leaf's sibling to the root's child.

    `node` is asked for O(log² size) nodes at most, mostly for one each level. Raises FormatError.
    """
    if not 0 <= index < size:
        raise FormatError(f"no leaf {index} in a tree of {size}")
    path = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_range_root(node, middle, stop))
            stop = middle
        else:
            path.append(_range_root(node, start, middle))
            start = middle
    return path[::-1]


def consistency_path(node: Node, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]) of RFC 6962 section 2.1.2. Empty when `old` is 0 or equals `new`.

    Raises FormatError unless 0 <= old <= new.
    """
    if not 0 <= old <= new:
        raise FormatError(f"no consistency path from {old} to {new} leaves")
    if old == 0:
        return []
    path = []
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_range_root(node, middle, stop))
            stop = middle
        else:
            path.append(_range_root(node, start, middle))
            start = middle
    if start:  # the old tree's last part is not the whole old tree: its root has to be told
        path.append(_range_root(node, start, stop))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2. Raises FormatError unless `path` leads from the leaf's bytes to `root`."""
    verify_unseen(leaf_digest(leaf), index, size, path, root)


def verify_unseen(digest: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """The same for a leaf of which only the `leaf_digest` is known."""
    _require_digest(digest)
    if not 0 <= index < size:
        raise FormatError(f"inclusion proof: no leaf {index} in a tree of {size}")
    position, last = index, size - 1
    for sibling in path:
        _require_digest(sibling)
        if last == 0:
            raise FormatError(f"inclusion proof for leaf {index} of {size} is too long: {len(path)} digests")
        if position & 1 or position == last:
            digest = node_digest(sibling, digest)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            digest = node_digest(digest, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise FormatError(f"inclusion proof for leaf {index} of {size} is too short: {len(path)} digests")
    if digest != root:
        raise FormatError(
            f"leaf {index} is not in the tree of {size}: its path leads to root {digest.hex()}, "
            f"the checkpoint says {root.hex()}"
        )


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    """RFC 9162 section 2.1.4.2. Raises FormatError unless the old tree is a prefix of the new one.

    A tree is consistent with itself, and the empty tree with every tree; both need an empty path.
    """
    if not 0 <= old_size <= new_size:
        raise FormatError(f"consistency proof: a tree of {new_size} cannot extend one of {old_size}")
    if old_size in (0, new_size):
        _verify_trivial_consistency(old_size, old_root, new_size, new_root, path)
        return
    for digest in path:
        _require_digest(digest)
    if _consistency_roots(old_size, old_root, new_size, path) != (old_root, new_root):
        raise FormatError(
            f"the trees of {old_size} and {new_size} leaves are not consistent: entries were changed, "
            f"dropped or reordered between them"
        )


def _verify_trivial_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, path: Sequence[bytes]
) -> None:
    if path:
        raise FormatError(f"consistency proof from {old_size} to {new_size} must be empty, has {len(path)}")
    if old_size == 0 and old_root != EMPTY_ROOT:
        raise FormatError(f"the root of an empty tree is {EMPTY_ROOT.hex()}, not {old_root.hex()}")
    if old_size == new_size and old_root != new_root:
        raise FormatError(f"two roots for one size {new_size}: {old_root.hex()} and {new_root.hex()}")


def _consistency_roots(
    old_size: int, old_root: bytes, new_size: int, path: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The two roots that a consistency path leads to; `old_root` starts it where old_size is a power of 2."""
    shift = _trailing_ones(old_size - 1)
    position, last = (old_size - 1) >> shift, (new_size - 1) >> shift
    steps = list(path) if position else [old_root, *path]
    if not steps:
        raise FormatError(f"consistency proof from {old_size} to {new_size} is empty")
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            raise FormatError(f"consistency proof from {old_size} to {new_size} is too long: {len(path)}")
        if position & 1 or position == last:
            old, new = node_digest(sibling, old), node_digest(sibling, new)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            new = node_digest(new, sibling)
        position, last = position >> 1, last >> 1
    if last:
        raise FormatError(f"consistency proof from {old_size} to {new_size} is too short: {len(path)}")
    return old, new


def _range_root(node: Node, start: int, stop: int) -> bytes:
    """The root over leaves start … stop-1, `start` being a multiple of the largest block in the range."""
    blocks = []
    while start < stop:
        height = (stop - start).bit_length() - 1
        blocks.append(node(height, start >> height))
        start += 1 << height
    return _fold(blocks)


def _split(size: int) -> int:
    """The largest power of two less than `size` (which is at least 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _trailing_ones(number: int) -> int:
    return (~number & (number + 1)).bit_length() - 1


def _fold(blocks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling size."""
    if not blocks:
        return EMPTY_ROOT
    digest = blocks[-1]
    for left in reversed(blocks[:-1]):
        digest = node_digest(left, digest)
    return digest


def _require_digest(digest: bytes) -> None:
    if len(digest) != DIGEST_SIZE:
        raise FormatError(f"a tree digest has {DIGEST_SIZE} bytes; this one has {len(digest)}")
