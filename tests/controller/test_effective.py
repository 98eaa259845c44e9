"""Where a person may enter and why: every right that reaches them, and the door agrees (C7.1, C7.2, C7.3)."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sites import TestSite, give_right, make_site, people, tap

from controller.effective import Effective, effective
from controller.ledger.database import open_reader
from controller.record import asks as ask
from controller.record.asks.group import ApproveMembership, CreateGroup, EndMembership, RequestMembership
from controller.record.asks.person import ChangePerson
from controller.record.canonical import timestamp

READERS = {"lobby": "front/in", "lab": "lab-door/in", "vault": "vault-door/in"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """Person 1 is in group 1, which may enter the vault in office hours for nine days."""
    site = people(make_site(tmp_path))
    assert site.asks(CreateGroup(), 1) is None
    now = site.clock.now()
    body = ask.RequestRight(None, "vault", "office", timestamp(now), timestamp(now + timedelta(days=9)), 1)
    assert site.asks(body, 1) is None
    assert site.asks(ask.ApproveRight(site.facts.next("access_right") - 1), 2) is None
    assert site.asks(RequestMembership(1, 1), 1) is None
    assert site.asks(ApproveMembership(1), 2) is None
    yield site
    site.close()


@pytest.fixture
def tables(site: TestSite) -> Iterator[sqlite3.Connection]:
    reader = open_reader(site.ledger.path)
    yield reader
    reader.close()


def of(site: TestSite, tables: sqlite3.Connection, person: int) -> tuple[Effective, ...]:
    return effective(site.facility, tables, person, site.clock.now())


def test_each_right_has_its_reasons(site: TestSite, tables: sqlite3.Connection) -> None:
    """Own rights and a group's stand by zone, with who asked and approved, purpose, end and records (C7.1, C7.3)."""
    lobby, lab, vault = of(site, tables, 1)

    assert [right.zone for right in (lobby, lab, vault)] == ["lobby", "lab", "vault"]
    assert (lobby.team, lobby.code, lobby.requested_by, lobby.approved_by) == (None, None, 1, 2)
    assert (vault.team, vault.code, vault.schedule) == (1, None, "office")
    assert vault.purpose == f"purpose-{vault.access_right}"
    kinds = [site.records(seq)[0].kind for seq in vault.records]
    assert kinds == ["right.approved", "membership.approved"]


def test_the_leaving_date_cuts_every_right(site: TestSite, tables: sqlite3.Connection) -> None:
    """No end stands beyond the last day, whatever was approved, and after it nothing lets in (C7.2)."""
    assert site.asks(ChangePerson(1, "2026-11-25"), 1, private={}) is None

    assert {right.until_at for right in of(site, tables, 1)} == {"2026-11-25T15:00:00.000000Z"}
    gone = effective(site.facility, tables, 1, site.clock.now() + timedelta(days=2))
    assert {right.code for right in gone} == {"active_person"}


def test_what_is_over_is_not_told_and_what_waits_is(site: TestSite, tables: sqlite3.Connection) -> None:
    """Revoked rights, ended memberships and passed ends are gone; a right that waits lacks its approval."""
    assert site.asks(EndMembership(1), 1) is None
    assert [right.zone for right in of(site, tables, 1)] == ["lobby", "lab"]
    now = site.clock.now()
    body = ask.RequestRight(1, "vault", "always", timestamp(now), timestamp(now + timedelta(days=1)))
    assert site.asks(body, 1) is None
    assert [(right.code, right.approved_by) for right in of(site, tables, 1)][2:] == [("approval", None)]
    assert [right.code for right in of(site, tables, 3)] == ["active_person", "active_person"]
    assert of(site, tables, 99) == ()
    assert len(effective(site.facility, tables, 1, now + timedelta(days=2))) == 2


def test_the_door_agrees(site: TestSite, tables: sqlite3.Connection) -> None:
    """Whoever has a right that lacks nothing is let in there, and nobody else, by day and by night."""
    give_right(site, 2, "vault", days=3)
    for hours in (0, 12, 24 * 4):
        site.step(3600 * hours)
        for person in (1, 2, 3):
            open_to = {right.zone for right in of(site, tables, person) if right.code is None}
            for zone, reader in READERS.items():
                (record, *_) = site.turn(tap(reader, f"card:{person}"))
                assert (record.kind == "entry.granted") == (zone in open_to), (person, zone, hours)
