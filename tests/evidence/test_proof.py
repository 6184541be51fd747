"""Merkle trees: the vectors of the Certificate Transparency tests, RFC 6962's own definition, and refusals."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.errors import FormatError
from crawler.evidence.proof import (
    EMPTY_ROOT,
    Tree,
    consistency_path,
    inclusion_path,
    leaf_digest,
    node_digest,
    root,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

# github.com/google/certificate-transparency, merkle tree tests (RFC 6962)
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
_96A2 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
_5F08 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
_6B47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
_BC1A = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
_CA85 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
_0EBC = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
CT_INCLUSION = {
    (0, 1): [],
    (0, 8): [_96A2, _5F08, _6B47],
    (5, 8): [_BC1A, _CA85, CT_ROOTS[4]],
    (2, 3): [CT_ROOTS[2]],
    (1, 5): [CT_ROOTS[1], _5F08, _BC1A],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [_96A2, _5F08, _6B47],
    (6, 8): [_0EBC, _CA85, CT_ROOTS[4]],
    (2, 5): [_5F08, _BC1A],
}


def leaves(count: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(count)]


def digests(count: int) -> list[bytes]:
    return [leaf_digest(leaf) for leaf in leaves(count)]


def by_definition(hashes: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, written as it stands there."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_digest(by_definition(hashes[:split]), by_definition(hashes[split:]))


class FullTree:
    """Every leaf digest, and nodes by the definition: the reference that the paths are made from."""

    def __init__(self, hashes: list[bytes]) -> None:
        self.size = len(hashes)
        self._hashes = hashes

    def node(self, height: int, position: int) -> bytes:
        found = self._hashes[position << height : (position + 1) << height]
        assert len(found) == 1 << height, "a node that is not complete was asked for"
        return by_definition(found)

    def root(self, size: int | None = None) -> bytes:
        return tree_root(self.node, self.size if size is None else size)

    def inclusion_path(self, index: int, size: int | None = None) -> list[bytes]:
        return inclusion_path(self.node, index, self.size if size is None else size)

    def consistency_path(self, old: int, new: int | None = None) -> list[bytes]:
        return consistency_path(self.node, old, self.size if new is None else new)


def test_the_published_roots_come_out() -> None:
    hashes = [leaf_digest(leaf) for leaf in CT_LEAVES]
    assert [root(hashes[:size]).hex() for size in range(9)] == CT_ROOTS
    assert [FullTree(hashes).root(size).hex() for size in range(9)] == CT_ROOTS


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_the_published_inclusion_paths_come_out_and_verify(index: int, size: int) -> None:
    path = FullTree([leaf_digest(leaf) for leaf in CT_LEAVES]).inclusion_path(index, size)
    assert [digest.hex() for digest in path] == CT_INCLUSION[index, size]
    verify_inclusion(CT_LEAVES[index], index, size, path, bytes.fromhex(CT_ROOTS[size]))


@pytest.mark.parametrize(("old", "new"), CT_CONSISTENCY)
def test_the_published_consistency_paths_come_out_and_verify(old: int, new: int) -> None:
    path = FullTree([leaf_digest(leaf) for leaf in CT_LEAVES]).consistency_path(old, new)
    assert [digest.hex() for digest in path] == CT_CONSISTENCY[old, new]
    verify_consistency(old, bytes.fromhex(CT_ROOTS[old]), new, bytes.fromhex(CT_ROOTS[new]), path)


@given(st.lists(st.binary(max_size=40), max_size=200))
def test_every_tree_has_the_root_of_the_definition(contents: list[bytes]) -> None:
    hashes = [leaf_digest(leaf) for leaf in contents]
    expected = by_definition(hashes)
    tree = Tree()
    for digest in hashes:
        tree.append(digest)
    assert root(hashes) == tree.root() == FullTree(hashes).root() == expected
    assert tree.size == len(hashes)


def test_every_leaf_of_every_tree_up_to_70_is_proved_and_nothing_else() -> None:
    tree = FullTree(digests(70))
    for size in range(1, 71):
        head = tree.root(size)
        for index, leaf in enumerate(leaves(size)):
            path = tree.inclusion_path(index, size)
            verify_inclusion(leaf, index, size, path, head)
            refused = [
                (leaf + b"!", index, size, path, head),
                (leaf, index + size, size, path, head),
                (leaf, -1, size, path, head),
                (leaf, index, size, [*path, head], head),
                (leaf, index, size, path, leaf_digest(head)),
            ]
            if path:
                refused.append((leaf, index, size, path[:-1], head))
                refused.append((leaf, index, size, path[1:], head))
                refused.append((leaf, index ^ 1, size, path, head))
                refused.append((leaf, index, size, [leaf_digest(path[0]), *path[1:]], head))
                refused.append((leaf, index, size, [path[0][:-1], *path[1:]], head))
            for case in refused:
                with pytest.raises(FormatError):
                    verify_inclusion(*case)


@given(st.data())
def test_one_flipped_bit_in_a_path_is_refused(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    tree = FullTree(digests(size))
    path = tree.inclusion_path(index)
    step = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    path[step] = (int.from_bytes(path[step], "big") ^ (1 << bit)).to_bytes(32, "big")
    with pytest.raises(FormatError, match="is not in the tree"):
        verify_inclusion(b"leaf %d" % index, index, size, path, tree.root())


def test_a_node_does_not_pass_for_a_leaf() -> None:
    tree = FullTree(digests(4))
    left, right = tree.inclusion_path(0)[0], tree.inclusion_path(1)[0]
    with pytest.raises(FormatError):
        verify_inclusion(left + right, 0, 2, [tree.inclusion_path(0)[1]], tree.root())


def test_a_path_of_one_size_does_not_pass_for_another() -> None:
    tree = FullTree(digests(8))
    for size, claimed, message in ((4, 8, "too short"), (8, 4, "too long"), (2, 1, "too long")):
        with pytest.raises(FormatError, match=f"inclusion .*{message}"):
            verify_inclusion(b"leaf 0", 0, claimed, tree.inclusion_path(0, size), tree.root(size))
    for size, claimed, message in ((4, 8, "too short"), (8, 4, "too long")):
        with pytest.raises(FormatError, match=f"consistency .*{message}"):
            verify_consistency(1, tree.root(1), claimed, tree.root(size), tree.consistency_path(1, size))


def test_every_pair_of_trees_up_to_20_is_consistent_and_nothing_else() -> None:
    tree = FullTree(digests(20))
    for new in range(21):
        for old in range(new + 1):
            path = tree.consistency_path(old, new)
            heads = tree.root(old), tree.root(new)
            verify_consistency(old, heads[0], new, heads[1], path)
            other = leaf_digest(b"other")
            refused = [
                (old, other, new, heads[1], path),
                (old, heads[0], new, heads[1], [*path, other]),
                (old, heads[0], old - 1, heads[1], path),
            ]
            if old:
                refused.append((old, heads[0], new, other, path))
            if path:
                refused.append((old, heads[0], new, heads[1], path[:-1]))
                refused.append((old, heads[0], new, heads[1], path[1:]))
                refused.append((old, heads[0], new, heads[1], [*path[:-1], other]))
            for case in refused:
                with pytest.raises(FormatError):
                    verify_consistency(*case)


@pytest.mark.parametrize("changed", range(5))
def test_a_rewritten_history_has_no_consistency_path(changed: int) -> None:
    honest = FullTree(digests(5))
    rewritten = digests(9)
    rewritten[changed] = leaf_digest(b"rewritten")
    forged = FullTree(rewritten)
    with pytest.raises(FormatError, match="not consistent"):
        verify_consistency(5, honest.root(), 9, forged.root(), forged.consistency_path(5))


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_path_is_only_made_for_sizes_that_exist(old: int, new: int) -> None:
    with pytest.raises(FormatError):
        FullTree(digests(5)).consistency_path(old, new)


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_a_path_is_only_made_for_leaves_that_exist(index: int, size: int) -> None:
    with pytest.raises(FormatError):
        FullTree(digests(5)).inclusion_path(index, size)


def test_trees_take_digests_of_32_bytes_only() -> None:
    tree = Tree()
    with pytest.raises(FormatError, match="32 bytes"):
        tree.append(b"short")
    assert tree.root() == EMPTY_ROOT
