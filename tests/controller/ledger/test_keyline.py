"""Verifying a ledger whose site changed its key: from an older key, from a newer one, and what a thief of either can make."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sites import BEGAN

from controller.ledger.export import export_records, prove
from controller.ledger.ledger import Ledger, Stamp
from controller.ledger.report import Report
from controller.ledger.verify import verify_evidence, verify_file
from controller.record.canonical import timestamp
from controller.record.keys import KeyPair
from controller.record.kinds.door import DoorClosed
from controller.record.kinds.trust import SiteRekeyed
from controller.record.note import VerifierKey
from controller.record.succession import hand_over

KEYS = [KeyPair.generate() for _ in range(3)]
VKEYS = [VerifierKey("sekimori/works/1", key.public.signing) for key in KEYS]
STAMP = Stamp(timestamp(BEGAN), "boot-1", "synced")


class Writer:
    """A ledger that a test writes record by record."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder / "ledger.sqlite3", "works")
        self.ledger.begin(STAMP)

    def records(self, count: int) -> "Writer":
        with self.ledger.transaction():
            for _ in range(count):
                self.ledger.append(DoorClosed("lab-door", "secure"), "controller", STAMP)
        return self

    def rekeyed(self, old: KeyPair, new: KeyPair, compromised: bool = False, signer: KeyPair | None = None) -> "Writer":
        link = hand_over("works", signer or old, new.public)
        body = SiteRekeyed(old.public.text(), new.public.text(), "" if compromised else link.sig, compromised)
        with self.ledger.transaction():
            self.ledger.append(body, "console", STAMP)
        return self

    def signed(self, key: KeyPair) -> "Writer":
        checkpoint = self.ledger.checkpoint()
        with self.ledger.transaction():
            self.ledger.keep_checkpoint(checkpoint, checkpoint.sign(key), STAMP.at)
        return self

    def closed(self) -> Path:
        self.ledger.close()
        return self.ledger.path


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    """Three keys, changed at records 302 and 603, each with its last and its next checkpoint."""
    writer = Writer(tmp_path).records(300).signed(KEYS[0]).rekeyed(KEYS[0], KEYS[1]).signed(KEYS[0])
    writer.records(200).signed(KEYS[1]).records(100).rekeyed(KEYS[1], KEYS[2]).signed(KEYS[1])
    return writer.records(100).signed(KEYS[2]).closed()


def codes(report: Report) -> list[str]:
    return [finding.code for finding in report.findings]


@pytest.mark.parametrize("known", [0, 1, 2])
def test_ledger_verifies_from_every_key(twice: Path, known: int) -> None:
    """With the first key, the second or the newest, every checkpoint's signature is checked, and good."""
    report = verify_file(twice, key=VKEYS[known])

    assert ([], 5, 5, report.count) == (codes(report), report.checkpoints, report.signed, report.covered)


@pytest.mark.parametrize("known", [0, 1, 2])
def test_exports_and_evidence_bring_the_changes_along(twice: Path, known: int, tmp_path: Path) -> None:
    """A whole export, one of chosen records, and one record's evidence verify from every key of the site."""
    ledger = Ledger(twice, "works")
    export_records(ledger.connection, tmp_path / "whole.jsonl")
    export_records(ledger.connection, tmp_path / "some.jsonl", first=500, last=510)
    evidence = prove(ledger.connection, 400)
    ledger.close()

    for file in ("whole.jsonl", "some.jsonl"):
        report = verify_file(tmp_path / file, key=VKEYS[known])
        assert ([], True) == (codes(report), report.signed > 0), file
    assert [] == codes(verify_evidence(evidence, key=VKEYS[known]))
    stranger = VerifierKey("sekimori/works/1", KeyPair.generate().public.signing)
    assert ["signature"] == codes(verify_evidence(evidence, key=stranger))


def test_stranger_key_verifies_nothing(twice: Path) -> None:
    """A key that the site never had is answered with findings, and leads nowhere."""
    report = verify_file(twice, key=VerifierKey("sekimori/works/1", KeyPair.generate().public.signing))

    assert (["signature"] * 5, 0) == (codes(report), report.signed)


Tale = Callable[[Writer], Writer]


def stolen_old_goes_on(writer: Writer) -> Writer:
    """The old key signs what came after it had gone."""
    writer.records(300).signed(KEYS[0]).rekeyed(KEYS[0], KEYS[1]).signed(KEYS[0])
    return writer.records(10).signed(KEYS[0])


def new_writes_the_past(writer: Writer) -> Writer:
    """The new key's thief writes everything anew, and has the link, which is public; the old key's last word is missing."""
    return writer.records(300).rekeyed(KEYS[0], KEYS[1]).records(10).signed(KEYS[1])


def unsigned_change(writer: Writer) -> Writer:
    """Somebody with the file writes a change to a key of their own, signed by that key itself."""
    writer.records(300).signed(KEYS[0]).rekeyed(KEYS[0], KEYS[1], signer=KEYS[1]).signed(KEYS[0])
    return writer.records(10).signed(KEYS[1])


def said_to_be_stolen(writer: Writer) -> Writer:
    """The key was changed because it was stolen: it leads to no other."""
    writer.records(300).signed(KEYS[0]).rekeyed(KEYS[0], KEYS[1], compromised=True).signed(KEYS[0])
    return writer.records(10).signed(KEYS[1])


def broken_order(writer: Writer) -> Writer:
    """A second change begins with a key that the first did not end with."""
    writer.records(10).rekeyed(KEYS[0], KEYS[1]).signed(KEYS[0])
    return writer.records(10).rekeyed(KEYS[0], KEYS[2]).signed(KEYS[1]).records(10).signed(KEYS[2])


@pytest.mark.parametrize(
    "tale", [stolen_old_goes_on, new_writes_the_past, unsigned_change, said_to_be_stolen, broken_order]
)
def test_old_key_does_not_vouch_for(tale: Tale, tmp_path: Path) -> None:
    """Known by the old key, none of these passes: its word ends at the change, and begins nothing that it did not sign."""
    report = verify_file(tale(Writer(tmp_path)).closed(), key=VKEYS[0])

    assert "signature" in codes(report)


def test_new_key_after_a_theft_verifies_all(tmp_path: Path) -> None:
    """Known by the new key the whole ledger verifies, also what the stolen one had signed: the new one covers it."""
    report = verify_file(said_to_be_stolen(Writer(tmp_path)).closed(), key=VKEYS[1])

    assert ([], report.count) == (codes(report), report.covered)
