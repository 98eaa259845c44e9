"""Husks in a ledger that is being verified, and the rules that they stand there by.

A rule comes behind what it drops, so all is compared at the end: every husk belongs to one rule, and to no rule belong others
than it says. Who can write the file could make a husk of any record otherwise, and the tree would not show it.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from controller.ledger.report import Finding
from controller.record.kinds.retention import RecordsDropped, digest_of

MARK = b'"kind":"records.dropped"'


class _Rule(msgspec.Struct, frozen=True):
    kind: str
    seq: int
    body: RecordsDropped


_rules = msgspec.json.Decoder(_Rule)


@dataclass
class Dropped:
    """Takes husks and rules in order of `seq`, then answers."""

    husks: "array[int]" = field(default_factory=lambda: array("Q"))
    _rules: list[tuple[int, RecordsDropped]] = field(default_factory=list)

    def rule(self, data: bytes) -> None:
        """A record of that kind; other bytes are passed over."""
        try:
            said = _rules.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if said.kind == "records.dropped" and 0 < said.body.first <= said.body.last < said.seq:
            self._rules.append((said.seq, said.body))

    def findings(self) -> Iterator[Finding]:
        """What is wrong."""
        ruled: set[int] = set()
        for seq, body in self._rules:
            there = self.husks[bisect_left(self.husks, body.first) : bisect_right(self.husks, body.last)]
            dropped = [husk for husk in there if husk not in body.kept]
            if digest_of(dropped) != body.digest or len(dropped) != body.count:
                said = f"record {seq} says that {body.count} were dropped of {body.first} to {body.last}"
                yield Finding("dropped", f"{said}; {len(dropped)} are, or others", body.first, body.last)
            ruled.update(dropped)
        for husk in self.husks:
            if husk not in ruled:
                yield Finding("dropped", f"record {husk} was dropped, and no rule says so", husk, husk)
