"""The Merkle tree against RFC 6962's well-known vectors, and against the definitions written as they stand in the RFC."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.tree import (
    EMPTY_ROOT,
    BadProof,
    Frontier,
    complete_subtrees,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    range_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

# certificate-transparency's test data: eight leaves, the roots over the first n, and published proofs.
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
INCLUSION = {
    (0, 1): (),
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
CONSISTENCY = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}


# The RFC's own words (§2.1), recursive and slow.


def mth(data: list[bytes]) -> bytes:
    if not data:
        return hashlib.sha256(b"").digest()
    if len(data) == 1:
        return hashlib.sha256(b"\0" + data[0]).digest()
    k = split(len(data))
    return hashlib.sha256(b"\1" + mth(data[:k]) + mth(data[k:])).digest()


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m: int, data: list[bytes]) -> list[bytes]:
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def proof(m: int, data: list[bytes]) -> list[bytes]:
    return subproof(m, data, True)


def subproof(m: int, data: list[bytes], whole: bool) -> list[bytes]:
    if m == len(data):
        return [] if whole else [mth(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], whole), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def subtree_over(data: list[bytes]):
    def subtree(level: int, position: int) -> bytes:
        begin, end = position << level, (position + 1) << level
        assert end <= len(data), "asked for leaves that are not there"
        return mth(data[begin:end])

    return subtree


def hexes(hashes: list[bytes]) -> tuple[str, ...]:
    return tuple(hash.hex() for hash in hashes)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_agree_with_the_published_vectors(size: int) -> None:
    """The root over each prefix of the eight well-known leaves is the published one."""
    assert root_of(map(leaf_hash, LEAVES[:size])).hex() == ROOTS[size - 1]
    assert mth(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_published_root() -> None:
    """The root of no leaves is the hash of nothing."""
    assert EMPTY_ROOT == Frontier().root() == root_of([])
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_inclusion_proofs_agree_with_the_published_vectors(index: int, size: int) -> None:
    """Published inclusion proofs are the ones we make, and hold."""
    made = inclusion_proof(index, size, subtree_over(LEAVES))

    assert hexes(made) == INCLUSION[index, size]
    verify_inclusion(leaf_hash(LEAVES[index]), index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_consistency_proofs_agree_with_the_published_vectors(old: int, size: int) -> None:
    """Published consistency proofs are the ones we make, and hold."""
    made = consistency_proof(old, size, subtree_over(LEAVES))

    assert hexes(made) == CONSISTENCY[old, size]
    verify_consistency(old, bytes.fromhex(ROOTS[old - 1]), size, bytes.fromhex(ROOTS[size - 1]), made)


leaves = st.integers(1, 70).map(lambda n: [b"%d" % i for i in range(n)])


@given(leaves)
def test_frontier_grows_the_rfcs_tree(data: list[bytes]) -> None:
    """A tree grown leaf by leaf has the RFC's root at each size, also when it is continued from its right edge."""
    frontier = Frontier()
    done: dict[tuple[int, int], bytes] = {}
    for n, leaf in enumerate(data, 1):
        done |= {(level, position): hashed for level, position, hashed in frontier.append(leaf_hash(leaf))}
        frontier = Frontier(frontier.size, frontier.hashes())

        assert frontier.root() == mth(data[:n])
    subtree = subtree_over(data)
    assert all(subtree(level, position) == hashed for (level, position), hashed in done.items())
    whole = {(level, p) for level in range(1, 8) for p in range(len(data) >> level)}
    assert set(done) == whole, "each complete subtree is reported once"


@given(leaves, st.data())
def test_proofs_agree_with_the_rfcs_definitions(data: list[bytes], draw: st.DataObject) -> None:
    """Proofs made from subtree hashes are those of the RFC's recursive definitions, and hold."""
    size = draw.draw(st.integers(1, len(data)))
    index, old = draw.draw(st.integers(0, size - 1)), draw.draw(st.integers(1, size))
    known, subtree = data[:size], subtree_over(data)
    included, consistent = inclusion_proof(index, size, subtree), consistency_proof(old, size, subtree)

    assert included == path(index, known)
    assert consistent == proof(old, known)
    verify_inclusion(leaf_hash(data[index]), index, size, included, mth(known))
    verify_consistency(old, mth(data[:old]), size, mth(known), consistent)


@given(leaves, st.data())
def test_a_changed_proof_does_not_hold(data: list[bytes], draw: st.DataObject) -> None:
    """A proof with a bit, its place, its length or its root changed is refused."""
    size = len(data)
    index = draw.draw(st.integers(0, size - 1))
    made, root, leaf = inclusion_proof(index, size, subtree_over(data)), mth(data), leaf_hash(data[index])
    other = draw.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else size
    wrong = [(leaf, other, made, root), (leaf_hash(b"else"), index, made, root), (leaf, index, made, leaf_hash(b""))]
    wrong += [(leaf, index, [*made, root], root), (leaf, index, made[:-1] or [root], root), (leaf, -1, made, root)]
    for n, sibling in enumerate(made):
        flipped = bytes([sibling[0] ^ 1]) + sibling[1:]
        wrong.append((leaf, index, [*made[:n], flipped, *made[n + 1 :]], root))
    for case in wrong:
        with pytest.raises(BadProof):
            verify_inclusion(case[0], case[1], size, case[2], case[3])


@given(leaves, st.data())
def test_a_rewritten_history_is_not_consistent(data: list[bytes], draw: st.DataObject) -> None:
    """A tree in which an old leaf was changed is not consistent with the old root, whatever proof is made of it."""
    old = draw.draw(st.integers(1, len(data)))
    changed = draw.draw(st.integers(0, old - 1))
    forged = [*data[:changed], b"forged", *data[changed + 1 :]]
    made = consistency_proof(old, len(data), subtree_over(forged))

    with pytest.raises(BadProof):
        verify_consistency(old, mth(data[:old]), len(data), mth(forged), made)


@given(st.integers(0, 200), st.integers(0, 200))
def test_tiles_cover_a_range_once(begin: int, length: int) -> None:
    """The complete subtrees of a range from a tree's begin tile it, in order and without overlap."""
    begin &= ~(begin & 15)  # only ranges that begin at a subtree's edge are asked for
    tiles = complete_subtrees(begin, begin + length)
    covered = [leaf for level, position in tiles for leaf in range(position << level, (position + 1) << level)]

    assert covered == list(range(begin, begin + length))


def test_ranges_outside_a_tree_are_refused() -> None:
    """A leaf or an older tree that does not exist has no proof."""
    subtree = subtree_over(LEAVES)
    for index in (-1, 8):
        with pytest.raises(ValueError, match="no leaf"):
            inclusion_proof(index, 8, subtree)
    for old in (0, 9):
        with pytest.raises(ValueError, match="no prefix"):
            consistency_proof(old, 8, subtree)
        with pytest.raises(BadProof):
            verify_consistency(old, EMPTY_ROOT, 8, EMPTY_ROOT, [])
    with pytest.raises(ValueError, match="complete subtrees"):
        Frontier(3, [EMPTY_ROOT])
    assert range_hash(4, 4, subtree) == EMPTY_ROOT
