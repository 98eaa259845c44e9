"""What is kept in a place decides what its door asks for, from the next tap on (C1.1, C1.2, C8.1)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sites import TestSite, give_right, leaf, make_site, people, tap

from controller.record import asks as ask
from controller.record.asks.asset import ChangeAsset, RegisterAsset, WithdrawAsset
from controller.record.asks.container import MoveContainer, RegisterContainer, RetireContainer
from controller.record.asks.keeper import ApproveKeeper, ProposeKeeper
from controller.record.asks.person import LeavePerson
from controller.storage_facts.assets import DEMANDS


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The small site; persons 1 and 2 may enter lobby and lab by mutual badges, and the vault too."""
    site = with_rights(tmp_path)
    yield site
    site.close()


def with_rights(folder: Path) -> TestSite:
    site = people(make_site(folder))
    for person in (1, 2):
        give_right(site, person, "vault")
    return site


def entered(site: TestSite, person: int, reader: str = "vault-door/in", assurance: int = 2) -> Any:
    """What becomes of a tap: the record of the entry, or of the refusal; the door is shut again afterwards."""
    records = site.turn(tap(reader, f"card:{person}", assurance))
    portal = reader.partition("/")[0]
    if any(record.kind == "entry.granted" for record in records):
        site.turn(leaf(portal, True))
        site.turn(leaf(portal, False))
    return next(record for record in records if record.kind.startswith("entry."))


def place_asset(site: TestSite, *measures: str, place: str = "vault") -> int:
    number = site.facts.next("asset")
    assert site.asks(RegisterAsset(secrecy="top_secret", place=place, measures=measures)) is None
    return number


def test_an_asset_that_asks_for_aes_keeps_a_mutual_badge_out_until_it_is_taken_away(site: TestSite) -> None:
    """From its record on the vault takes AES only, and says which asset asks for it; when it is gone, mutual again."""
    assert entered(site, 1).kind == "entry.granted"
    number = place_asset(site, "least_assurance:aes")

    refused = entered(site, 1)
    assert (refused.kind, refused.body.code) == ("entry.refused", "assurance")
    assert refused.body.place == f"asset.{number}.least_assurance"
    assert entered(site, 1, assurance=3).kind == "entry.granted"
    assert entered(site, 1, "lab-door/in").kind == "entry.granted"  # not what lies around the vault

    assert site.asks(WithdrawAsset(number, "returned")) is None
    assert entered(site, 1).kind == "entry.granted"
    assert site.actuator.unrecorded == []


def test_an_asset_in_a_container_counts_for_the_room_that_the_container_stands_in(site: TestSite) -> None:
    """In a drawer of a safe in the vault it counts for the vault; when the safe is moved, for where the safe stands then."""
    assert site.asks(RegisterContainer("safe-a", "safe", "vault", "combination")) is None
    assert site.asks(RegisterContainer("drawer-a", "drawer", "safe-a", "key")) is None
    place_asset(site, "least_assurance:aes", place="drawer-a")

    assert entered(site, 1).body.code == "assurance"
    assert site.asks(MoveContainer("safe-a", "lab")) is None
    assert entered(site, 1).kind == "entry.granted"
    assert entered(site, 1, "lab-door/in").body.code == "assurance"


def test_where_an_asset_asks_that_nobody_is_alone_it_takes_two(site: TestSite) -> None:
    """One alone waits and is refused when nobody comes; two come in together, by one opening."""
    number = place_asset(site, "two_person")

    (awaited,) = [record for record in site.turn(tap("vault-door/in", "card:1")) if record.kind == "entry.awaited"]
    assert awaited.body.code == "second_person"
    assert "vault-door" not in site.actuator.releases()
    site.turn(tap("vault-door/in", "card:2"))
    assert site.actuator.releases()[-1] == "vault-door"
    assert site.kinds()[-3:].count("entry.granted") == 2
    site.turn(leaf("vault-door", True))
    site.turn(leaf("vault-door", False))

    assert site.asks(ChangeAsset(asset=number, secrecy="top_secret", place="lab")) is None
    assert entered(site, 1).kind == "entry.granted"


def test_no_tap_asks_a_table_for_it(site: TestSite) -> None:
    """What is in force is in memory: a tap is decided without a query about assets or containers, and they have an index."""
    place_asset(site, "least_assurance:aes")
    asked: list[str] = []
    site.connection.breaks = lambda text: bool(asked.append(text))

    assert entered(site, 1).body.code == "assurance"
    assert asked and not [text for text in asked for table in ("asset", "container", "keeper") if f"from {table}" in text]
    site.connection.breaks = lambda text: False
    plan = site.ledger.connection.execute("explain query plan " + DEMANDS).fetchall()
    assert [row[3] for row in plan] == ["SEARCH asset USING INDEX idx_asset_asks (asks=?)"]


def test_what_is_in_force_outlives_a_restart_and_a_fold(tmp_path: Path) -> None:
    """It is a matter of the records: after a restart, and after the tables were folded anew, it is asked for as before."""
    site = with_rights(tmp_path)
    place_asset(site, "least_assurance:aes")
    site.close()

    again = make_site(tmp_path, boot="boot-2", clock=site.clock)
    again.dashboard = site.dashboard
    assert entered(again, 1).body.code == "assurance"
    again.ledger.rebuild()
    again.judgement.reload()
    assert entered(again, 1).body.code == "assurance"
    again.close()


def test_a_container_ends_with_the_rights_to_it_when_it_is_empty(site: TestSite) -> None:
    """A right can name it; while an asset is kept in it it stays; then every right to it is revoked by its record (C8.1)."""
    assert site.asks(RegisterContainer("safe-a", "safe", "vault", "combination")) is None
    right = give_right(site, 2, "safe-a")
    waiting = site.facts.next("access_right")
    now = site.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    assert site.asks(ask.RequestRight(1, "safe-a", "always", now, "2027-03-31T00:00:00.000000Z")) is None
    number = place_asset(site, place="safe-a")

    assert site.asks(RetireContainer("safe-a")) == "emptiness"
    assert site.asks(WithdrawAsset(number, "disposed")) is None
    before = site.ledger.size
    assert site.asks(RetireContainer("safe-a")) is None
    assert site.kinds(before + 1) == ["right.revoked", "right.revoked", "container.retired", "request.accepted"]
    assert [site.facts.right(one).state for one in (right, waiting)] == ["revoked", "revoked"]  # type: ignore[union-attr]
    assert site.asks(RegisterContainer("safe-a", "safe", "vault", "key")) == "subject"
    assert site.asks(ask.RequestRight(1, "safe-a", "always", now, "2027-03-31T00:00:00.000000Z")) == "subject"


def test_the_end_of_a_retention_is_due_until_the_asset_is_withdrawn(site: TestSite) -> None:
    """What has a last day is due when that day is over, by the site's calendar; put off, or withdrawn, it is not (C1.1)."""
    number = site.facts.next("asset")
    assert site.asks(RegisterAsset(secrecy="secret", place="vault", retain_until="2027-03-31")) is None
    due = site.ledger.connection.execute("select sort, number, due_at, place from due").fetchall()
    assert due == [("asset", number, "2027-03-31T15:00:00.000000Z", "vault")]
    assert site.asks(ChangeAsset(asset=number, secrecy="secret", place="vault")) is None
    assert site.ledger.connection.execute("select count(*) from due").fetchone() == (0,)


def test_people_are_told_of_a_retention_and_of_a_place_that_nobody_answers_for(site: TestSite) -> None:
    """Thirty days ahead, and once its manager has left at once: the controller says so by itself (C1.1, C3.1)."""
    assert site.asks(RegisterAsset(secrecy="secret", place="vault", retain_until="2026-12-20")) is None
    assert site.asks(ProposeKeeper("vault", 1, 2)) is None
    assert site.asks(ApproveKeeper(1), 2) is None
    assert site.asks(LeavePerson(2)) is None
    for _ in range(3):
        site.step(60)
        site.turn()

    told = [(record.body.sort, record.body.stage) for record in site.records() if record.kind == "due.reached"]
    assert told == [("asset", "ahead"), ("keeper", "overdue")]
