"""The epochs of a ledger that is being verified: which of its records opens which, and so what a checkpoint must be named.

One file holds them all: a new epoch keeps the records before it and begins with a further `ledger.opened`. A checkpoint of
`size` records is of the epoch that the last opening up to `size` began.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence

import msgspec

from controller.ledger.report import Break, Finding
from controller.record.note import BadNote, Checkpoint, epoch_of, origin

_MARK = b'"kind":"ledger.opened"'
_MOST = 1000
"""Epochs that are followed; a ledger of more is no ledger of ours."""


class _Body(msgspec.Struct, frozen=True):
    """What every version of `ledger.opened` says."""

    site: str
    epoch: int
    previous: str
    reason: str = ""


class _Opening(msgspec.Struct, frozen=True):
    """A record of that kind."""

    kind: str
    seq: int
    body: _Body


_openings = msgspec.json.Decoder(_Opening)


class Epochs:
    """Takes records in order, then answers for any size. Unsound openings are findings, and open nothing."""

    def __init__(self) -> None:
        self._site = ""
        self._begins: list[int] = []
        self._names: list[str] = []
        self.breaks: list[Break] = []

    @property
    def origin(self) -> str:
        """The newest epoch's origin line; empty before the first."""
        return self._names[-1] if self._names else ""

    def begin(self, seq: int, data: bytes) -> Finding | None:
        """The first record: what is wrong with it, or None."""
        opening = _read(data)
        if opening is None or opening.seq != 1 or not 0 < opening.body.epoch < 2**53:
            return Finding("opening", f"record {seq} does not open a ledger", seq, seq)
        self._site = opening.body.site
        self._add(opening)
        return None

    def look(self, keys: Sequence[int], datas: Sequence[bytes]) -> Iterator[Finding]:
        """Further openings among these records: notes them; what is wrong with those that open nothing."""
        for key, data in zip(keys, datas, strict=True):
            if _MARK in data and key > 1 and (opening := _read(data)) is not None:
                if (problem := self._problem(opening)) is None:
                    self._add(opening)
                    self.breaks.append(_break(opening))
                else:
                    yield Finding("opening", f"record {key} opens no epoch of this ledger: {problem}", key, key)

    def of(self, size: int) -> str:
        """The origin line of a checkpoint over this many records; empty when no epoch was open."""
        at = bisect_right(self._begins, size)
        return self._names[at - 1] if at else self.origin

    def broken_off(self, name: str) -> int | None:
        """The record that opened the next epoch, for an origin line of an epoch that has ended here; else None."""
        return self._begins[self._names.index(name) + 1] if name in self._names[:-1] else None

    def _problem(self, opening: _Opening) -> str | None:
        body = opening.body
        if not self._names or len(self._names) >= _MOST:
            return "there is none to go on from"
        if body.site != self._site or not epoch_of(self.origin, self._site) < body.epoch < 2**53:
            return "it is of another site, or not later than the one before"
        if body.previous:
            try:
                old = epoch_of(Checkpoint.parse(body.previous).origin, self._site)
            except BadNote as error:
                return str(error)
            if not 0 < old < body.epoch:
                return "the checkpoint that it breaks with is not of an earlier epoch"
        return None

    def _add(self, opening: _Opening) -> None:
        self._begins.append(opening.seq)
        self._names.append(origin(self._site, opening.body.epoch))


def _break(opening: _Opening) -> Break:
    body = opening.body
    known = Checkpoint.parse(body.previous) if body.previous else None
    return Break(body.epoch, opening.seq, body.reason, body.previous, known.size if known else None)


def _read(data: bytes) -> _Opening | None:
    try:
        opening = _openings.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return opening if opening.kind == "ledger.opened" else None
