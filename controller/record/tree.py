"""The ledger's Merkle tree, as RFC 6962 §2.1 defines it: what a root commits to, and short proofs of it.

leaf = SHA-256(0x00 ‖ bytes), node = SHA-256(0x01 ‖ left ‖ right); a tree of n leaves splits at the largest power of two
below n. `Frontier` grows a tree leaf by leaf with O(log n) memory; the proofs ask `subtree` for the hashes they need, so
that a store may answer from kept nodes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""`subtree(level, position)`: the hash over the 2**level leaves that begin at leaf position * 2**level."""


class BadProof(ValueError):
    """The proof does not connect what it claims to."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of one record's bytes as a leaf."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The right edge of a growing tree: one hash for each complete subtree, largest first."""

    __slots__ = ("_hashes", "size")

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size.bit_count() != len(hashes):
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} complete subtrees, not {len(hashes)}")
        self.size = size
        self._hashes = list(hashes)

    def copy(self) -> "Frontier":
        """Another frontier of the same tree."""
        return Frontier(self.size, self._hashes)

    def append(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Adds a leaf hash; answers the subtrees it completed as (level, position, hash), level 1 upward."""
        done: list[tuple[int, int, bytes]] = []
        position, level, current = self.size, 0, leaf
        while position & 1:
            current = node_hash(self._hashes.pop(), current)
            position >>= 1
            level += 1
            done.append((level, position, current))
        self._hashes.append(current)
        self.size += 1
        return done

    def root(self) -> bytes:
        """The root of the tree so far."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root

    def hashes(self) -> tuple[bytes, ...]:
        """The complete subtrees, largest first, as the constructor takes them."""
        return tuple(self._hashes)


def complete_subtrees(begin: int, end: int) -> list[tuple[int, int]]:
    """The complete subtrees (level, position) that tile leaves `begin` to `end`, left to right; begin must be aligned."""
    tiles: list[tuple[int, int]] = []
    at = begin
    while at < end:
        level = (end - at).bit_length() - 1
        if at:
            level = min(level, (at & -at).bit_length() - 1)
        tiles.append((level, at >> level))
        at += 1 << level
    return tiles


def range_hash(begin: int, end: int, subtree: Subtree) -> bytes:
    """The hash of the tree over leaves `begin` to `end` as it stands inside a larger tree (RFC 6962 MTH)."""
    hashes = [subtree(level, position) for level, position in complete_subtrees(begin, end)]
    if not hashes:
        return EMPTY_ROOT
    result = hashes.pop()
    while hashes:
        result = node_hash(hashes.pop(), result)
    return result


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    return frontier.root()


def _split(count: int) -> int:
    return 1 << (count - 1).bit_length() - 1


def inclusion_proof(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """RFC 6962 PATH(index, D[size]): sibling hashes from leaf to root. Raises ValueError outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(range_hash(middle, end, subtree))
            end = middle
        else:
            path.append(range_hash(begin, middle, subtree))
            begin = middle
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """That the leaf hash is number `index` of the tree. Raises BadProof. (RFC 9162 §2.1.3.2)"""
    if not 0 <= index < size:
        raise BadProof(f"no leaf {index} in a tree of {size}")
    fn, sn, result = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            raise BadProof("the proof is too long")
        if fn & 1 or fn == sn:
            result = node_hash(sibling, result)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            result = node_hash(result, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or result != root:
        raise BadProof("the proof does not lead to this root")


def consistency_proof(old: int, size: int, subtree: Subtree) -> list[bytes]:
    """RFC 6962 PROOF(old, D[size]): that the first tree is a prefix of the second. Raises ValueError."""
    if not 0 < old <= size:
        raise ValueError(f"a tree of {old} is no prefix of one of {size}")
    proof: list[bytes] = []
    begin, end, whole = 0, size, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(range_hash(middle, end, subtree))
            end = middle
        else:
            proof.append(range_hash(begin, middle, subtree))
            begin, whole = middle, False
    if not whole:
        proof.append(range_hash(begin, end, subtree))
    return proof[::-1]


def verify_consistency(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> None:
    """That a tree of `old` leaves with `old_root` is a prefix of this one. Raises BadProof. (RFC 9162 §2.1.4.2)"""
    if not 0 < old <= size:
        raise BadProof(f"a tree of {old} is no prefix of one of {size}")
    if old == size:
        if proof or old_root != root:
            raise BadProof("two trees of one size with different roots")
        return
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise BadProof("the proof is empty")
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if sn == 0:
            raise BadProof("the proof is too long")
        if fn & 1 or fn == sn:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn != 0 or first != old_root or second != root:
        raise BadProof("the proof does not connect the two trees")
