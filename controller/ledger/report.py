"""What a verification found, and what it could not prove. Codes for programs, texts for people."""

import msgspec

MOST_FINDINGS = 100
"""Kept in a report; what is beyond is counted."""

UNPROVEN = {
    "signature": "Who signed it. No verifier key was given: whoever can write this file could have written all of it.",
    "tail": "That nothing is missing at its end. No checkpoint from elsewhere was given: a ledger cut together with its "
    "checkpoints looks whole.",
    "newest": "The newest records: no checkpoint that was checked covers them yet.",
    "between": "What was left out: an export of chosen records proves those, not that there are no others.",
}
"""What a report may name in `unproven`."""

CODES = {
    "file": "the file cannot be read to its end, or is no ledger and no export",
    "opening": "the first record does not open a ledger",
    "record": "bytes that are no record",
    "canonical": "bytes that say a record in another than its one form",
    "seq": "a record that stands at another place than it says",
    "gap": "records are missing",
    "root": "the records are not the ones that the checkpoint was signed over",
    "fork": "a checkpoint that says another history than the records and a later checkpoint",
    "note": "a checkpoint that is none, or of another ledger",
    "signature": "a checkpoint that the given key did not sign",
    "tail": "a checkpoint over more records than there are: the end is missing",
    "epoch": "a checkpoint of an epoch that this ledger broke off: records that it was signed over are not here",
    "proof": "an inclusion proof that does not lead to the checkpoint",
    "dropped": "a record was dropped that no rule in the ledger says was dropped, or another than it says",
    "end": "the export has no proper end",
}
"""The codes of findings."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong. `first` to `last`: the records it may be in; `checkpoint`: the size it was noticed at."""

    code: str
    text: str
    first: int | None = None
    last: int | None = None
    checkpoint: int | None = None


class Break(msgspec.Struct, frozen=True):
    """A new epoch within the ledger: its first record, and the note that it breaks with, over `size` records."""

    epoch: int
    first: int
    reason: str
    previous: str
    size: int | None


class Report(msgspec.Struct, frozen=True):
    """The result. `first` and `last` of the `count` records; `root` over them, in hex, when they are all there."""

    source: str
    """`ledger`, `export`, `evidence` or `unknown`."""
    origin: str
    count: int
    first: int | None
    last: int | None
    gaps: tuple[tuple[int, int], ...]
    first_bad: int | None
    """The first record that may be wrong."""
    root: str | None
    covered: int
    """Records up to here are proven by a checkpoint: its root agrees and, with a key given, its signature holds."""
    checkpoints: int
    """How many agreed with the records."""
    signed: int
    """How many of those had their signature checked, and good."""
    findings: tuple[Finding, ...]
    more: int
    """Findings beyond those listed."""
    unproven: tuple[str, ...]
    """Codes of `UNPROVEN`: what this verification says nothing about."""
    breaks: tuple[Break, ...] = ()
    """Where the ledger itself says that it lost records, or that others were kept elsewhere, and began a new epoch."""

    dropped: int = 0
    """How many of the records are husks: their bytes were dropped past their retention, by rules that the ledger holds."""
    dropped_first: int | None = None
    dropped_last: int | None = None

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found."""
        return not self.findings
