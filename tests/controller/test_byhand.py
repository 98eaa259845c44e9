"""Corrections, pardons, and entries from the reception's book, through the loop and the console (C8.9)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sites import SITE_TOML, TestSite, fold_of, leaf, make_site, people, stored_tables, tap

from controller.record.asks import ErasePerson, SuspendPerson
from controller.record.asks.presence import ConfirmEntry, CorrectPresence, DeclineEntry, ForgivePresence, NoteEntry
from controller.record.canonical import timestamp

TEXT = SITE_TOML.replace('en = "Prototype lab" }\n', 'en = "Prototype lab" }\nanti_passback = "hard"\nmost_inside = 1\n')


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The site with its people; person 1 is in the lab, which takes one, by hard anti-passback. Operator 5 is person 2."""
    made = people(make_site(tmp_path, text=TEXT))
    made.console("operator.add", name="操作者", roles=["manager"], scope=["*"], person=2)
    made.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
    go(made, "lab-door/in", 1)
    yield made
    assert stored_tables(made.ledger.connection) == fold_of(made.records())
    made.close()


def go(site: TestSite, reader: str, card: int) -> str:
    """Somebody taps, and goes through if the door opens; the code of the refusal, or `granted`."""
    answer = site.turn(tap(reader, f"card:{card}"))[0]
    if answer.kind == "entry.refused":
        return str(answer.body.code)
    portal = reader.partition("/")[0]
    site.turn(leaf(portal, True))
    site.turn(leaf(portal, False))
    return "granted"


def where(site: TestSite, person: int = 1) -> tuple[str, str, int]:
    """Zone, source and certainty of a person's place in the tables."""
    row = stored_tables(site.ledger.connection)["presence"][person,]
    return row["zone"], row["source"], row["certain"]


def past(site: TestSite, minutes: float) -> str:
    """So many minutes ago."""
    return timestamp(site.clock.now() - timedelta(minutes=minutes))


def test_a_correction_frees_badge_and_place(site: TestSite) -> None:
    """What an operator says of where somebody is counts at once: their badge opens again, and their place is free."""
    assert go(site, "lab-door/in", 2) == "room"

    assert site.asks(CorrectPresence(1, "lobby"), 2) is None

    assert where(site) == ("lobby", "hand", 1)
    body = next(record.body for record in site.records() if record.kind == "presence.corrected")
    assert (body.from_zone, body.operator) == ("lab", 2)
    assert go(site, "lab-door/in", 1) == "granted"
    assert go(site, "lab-door/in", 2) == "room"
    assert site.asks(CorrectPresence(1, ""), 2) is None
    assert go(site, "lab-door/in", 2) == "granted"


def test_a_pardon_ends(site: TestSite) -> None:
    """A pardon lets the badge in once, and not after its end: anti-passback counts again."""
    until = timestamp(site.clock.now() + timedelta(minutes=10))
    assert go(site, "lab-door/in", 1) == "exit"
    assert site.asks(ForgivePresence(1, until), 2) is None

    assert go(site, "lab-door/in", 1) == "granted"
    assert go(site, "lab-door/in", 1) == "exit", "they have passed"
    assert site.asks(ForgivePresence(1, until), 2) is None
    site.step(600)
    assert go(site, "lab-door/in", 1) == "exit", "it is over"


@pytest.mark.parametrize(
    ("ask", "operator", "code"),
    [
        (CorrectPresence(2, "lobby"), 5, "second_person"),
        (CorrectPresence(99, "lobby"), 2, "subject"),
        (CorrectPresence(1, "attic"), 2, "subject"),
        (CorrectPresence(1, "vault"), 3, None),
        (CorrectPresence(2, "vault"), 3, "scope"),
        (CorrectPresence(1, "lobby"), 4, "role"),
        (ForgivePresence(1, "tomorrow"), 2, "purpose"),
        (ForgivePresence(1, "2026-11-24T00:00:00.000000Z"), 2, "purpose"),
        (ForgivePresence(1, "2026-12-24T00:00:00.000000Z"), 2, "purpose"),
        (ForgivePresence(4, "2026-11-24T06:00:00.000000Z"), 2, "subject"),
        (ForgivePresence(1, "2026-11-24T06:00:00.000000Z"), 3, "scope"),
        (ConfirmEntry(7), 2, "subject"),
        (DeclineEntry(7), 2, "subject"),
    ],
)
def test_who_may_say_what(site: TestSite, ask: msgspec.Struct, operator: int, code: str | None) -> None:
    """Nobody speaks for themselves, of nobody, of a zone that is not theirs, or for ever."""
    if code is None:
        assert site.asks(CorrectPresence(1, "lobby"), 2) is None  # a guard of the lobby may say where somebody of it went

    assert site.asks(ask, operator) == code


@pytest.mark.parametrize("ask", [CorrectPresence(1, ""), ForgivePresence(1, "2026-11-24T00:30:00.000000Z")])
def test_what_lets_somebody_in_must_expire(site: TestSite, ask: msgspec.Struct) -> None:
    """A correction or a pardon that a broker could hand out tomorrow is refused."""
    late = site.clock.now() + timedelta(hours=1)

    assert site.asks(ask, 2, expires_at=None) == site.asks(ask, 2, expires_at=late) == "freshness"


def test_an_entry_from_the_book_takes_two_names(site: TestSite) -> None:
    """What one operator wrote down moves nobody until another stands by it; then they are there, marked as such (C8.9)."""
    assert site.asks(NoteEntry(2, "front", "in", past(site, 30)), 2) is None
    assert (2,) not in stored_tables(site.ledger.connection)["presence"]
    assert site.asks(ConfirmEntry(1), 2) == "second_person"
    assert site.asks(ConfirmEntry(1), 5) == "second_person", "it is about themselves"

    site.console("operator.add", name="操作者", roles=["guard"], scope=["*"])
    assert site.asks(ConfirmEntry(1), 6) is None

    assert where(site, 2) == ("lobby", "book", 1)
    row = stored_tables(site.ledger.connection)["presence"][2,]
    assert row["since"] == past(site, 30)
    noted = stored_tables(site.ledger.connection)["noted_entry"][1,]
    assert (noted["noted_by"], noted["decided_by"], noted["state"], noted["moved"]) == (2, 6, "confirmed", 1)
    assert site.asks(ConfirmEntry(1), 1) == "subject", "it is decided"


def test_an_old_page_moves_nobody(site: TestSite) -> None:
    """An entry that is older than what is known of the person is kept as it is, and they stay where they are."""
    assert site.asks(NoteEntry(1, "front", "in", past(site, 60)), 2) is None

    assert site.asks(ConfirmEntry(1), 1) is None

    assert where(site) == ("lab", "tap", 1)
    assert stored_tables(site.ledger.connection)["noted_entry"][1,]["moved"] == 0


def test_what_happened_since_is_not_forgotten(site: TestSite) -> None:
    """Where the zone's door was forced after the time in the book, the person's place is not certain by the book."""
    go(site, "front/in", 2)
    site.step(120)
    assert site.asks(NoteEntry(1, "lab-door", "out", past(site, 1)), 2) is None
    site.turn(leaf("front", True))
    site.turn(leaf("front", False))

    assert site.asks(ConfirmEntry(1), 1) is None

    assert where(site) == ("lobby", "book", 0)


def test_an_entry_can_be_declined(site: TestSite) -> None:
    """What nobody stands by moves nobody, and is decided."""
    assert site.asks(NoteEntry(2, "front", "in", past(site, 30)), 2) is None

    assert site.asks(DeclineEntry(1), 1) is None

    assert (2,) not in stored_tables(site.ledger.connection)["presence"]
    assert site.asks(ConfirmEntry(1), 1) == "subject"


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (NoteEntry(99, "front", "in", "2026-11-24T00:00:00.000000Z"), "subject"),
        (NoteEntry(1, "attic", "in", "2026-11-24T00:00:00.000000Z"), "subject"),
        (NoteEntry(1, "front", "up", "2026-11-24T00:00:00.000000Z"), "subject"),
        (NoteEntry(1, "front", "in", "2026-11-25T00:00:00.000000Z"), "validity"),
        (NoteEntry(1, "front", "in", "2026-09-24T00:00:00.000000Z"), "validity"),
        (NoteEntry(1, "front", "in", "at noon"), "validity"),
    ],
)
def test_what_no_book_can_say(site: TestSite, ask: NoteEntry, code: str) -> None:
    """Nobody, nowhere, tomorrow and half a year ago are slips of the hand."""
    assert site.asks(ask, 2) == code


def test_the_console_is_one_name(site: TestSite) -> None:
    """At the console the same can be said; but who noted an entry there cannot confirm it there."""
    noted = site.console(
        "entry.note", person=2, portal="front", side="in", book_at=past(site, 5), reason="停電中の受付簿"
    )
    assert noted["code"] is None
    assert site.console("entry.confirm", note=1)["code"] == "second_person"
    assert site.asks(ConfirmEntry(1), 2) is None
    assert where(site, 2) == ("lobby", "book", 1)
    assert site.console("presence.correct", person=1, zone="lobby", reason="本人に確認")["code"] is None
    assert site.console("presence.forgive", person=1, minutes=10, reason="x")["code"] is None
    assert site.console("presence.forgive", person=1, minutes=2**31 - 1, reason="x")["code"] == "purpose"
    assert site.console("presence.correct", person=1, zone="lobby", reason=" ")["code"] == "purpose"
    assert site.console("entry.decline", note=1)["code"] == "subject"
    assert where(site) == ("lobby", "hand", 1)


def test_reasons_go_with_the_person(tmp_path: Path) -> None:
    """When somebody is erased, what was written about their whereabouts goes with their name."""
    site = people(make_site(tmp_path, text=TEXT))
    assert site.asks(CorrectPresence(1, ""), 2, private={"reason": "早退。本人に電話"}) is None
    assert site.asks(NoteEntry(1, "front", "in", past(site, 5)), 2, private={"reason": "受付簿 12 ページ"}) is None
    assert site.asks(SuspendPerson(1), 2) is None
    assert site.asks(ErasePerson(1, "asked"), 1) is None

    kept = "".join(str(row) for row in site.ledger.connection.execute("select text from private where text is not null"))
    assert "本人に電話" not in kept and "12 ページ" not in kept
    site.close()
