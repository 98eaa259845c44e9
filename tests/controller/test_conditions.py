"""A zone that requires a pledge and a course, from the settings through requests to the door, under a stepped clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sites import BEGAN, SITE_TOML, TestSite, leaf, make_site, people, stored_tables, tap

from controller.desk import LONGEST_S
from controller.inbox import RequestReceived
from controller.record import asks as ask
from controller.record import requests
from controller.record.kinds.site import SiteConfigured
from dashboard.outbox import EXPIRES

SHA, OTHER = "ab" * 32, "cd" * 32
TEXT = (
    SITE_TOML.replace('id = "lab"\n', 'id = "lab"\nrequires = ["pledge:nda", "training:induction"]\n', 1)
    + f"""
[[pledge]]
id = "nda"
name = {{ ja = "秘密保持誓約書", en = "Non-disclosure agreement" }}
version = "2026-04"
sha256 = "{SHA}"
when = ["joining", "leaving"]

[[course]]
id = "induction"
name = {{ ja = "導入教育", en = "Induction" }}
valid_days = 7
"""
)
NDA = ask.SignPledge((1,), "nda", "2026-04", SHA, "2026-11-24", "joining")
INDUCTION = ask.CompleteTraining((1,), "induction", "2026-11-24")


def begun(folder: Path) -> TestSite:
    """The site with its people, of whom 1 and 2 have good badges and rights to the lab."""
    site = people(make_site(folder, text=TEXT))
    site.turn(*(leaf(portal, False) for portal in site.facility.portals))
    return site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """The same, closed in the end."""
    site = begun(tmp_path)
    yield site
    site.close()


def said(site: TestSite, card: str = "card:1", reader: str = "lab-door/in") -> tuple[str, str]:
    """What a tap became: `granted`, or the code; and the place of what is missing."""
    entry = next(record for record in site.turn(tap(reader, card)) if record.kind.startswith(("entry.", "exit.")))
    if entry.kind == "entry.granted":
        site.step(30)
        site.turn()
        return "granted", ""
    return entry.body.code, getattr(entry.body, "place", "")


def again(site: TestSite, text: str, at: datetime | None = None) -> TestSite:
    """The same site after a restart with these settings."""
    site.close()
    if at is not None:
        site.clock.step_to(at)
    restarted = make_site(site.folder, text=text, clock=site.clock, boot="boot-2")
    restarted.dashboard = site.dashboard
    return restarted


def test_what_is_missing_is_named_one_after_the_other(site: TestSite) -> None:
    """A right alone does not open: first the pledge is missing, then the training, then the door opens (C5.1, C7.6)."""
    assert said(site) == ("pledge", "pledge.nda")
    assert site.asks(NDA) is None
    assert said(site) == ("training", "training.induction")
    assert site.asks(INDUCTION) is None
    assert said(site) == ("granted", "")
    assert said(site, "card:2") == ("pledge", "pledge.nda")


def test_a_zone_that_requires_nothing_asks_for_nothing(site: TestSite) -> None:
    """The lobby opens to the same people without either."""
    assert said(site, reader="front/in") == ("granted", "")


def test_it_holds_through_its_last_day(site: TestSite) -> None:
    """On the last instant of the seventh day the door opens; on the first of the eighth the reason is the training (C5.1)."""
    assert site.asks(NDA) is None
    assert site.asks(INDUCTION) is None
    end = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
    """Midnight in Tokyo after the 1st of December, seven days after the 24th of November."""
    site.clock.step_to(end - timedelta.resolution)
    granted = site.turn(tap("lab-door/in", "card:1"))
    site.clock.step_to(end)

    assert "entry.granted" in [record.kind for record in granted]
    assert said(site) == ("training", "training.induction.until_at")
    site.clock.step_to(end + timedelta(days=1))
    assert site.asks(ask.CompleteTraining((1,), "induction", "2026-12-02")) is None
    assert said(site) == ("granted", "")


def test_nobody_is_kept_in(site: TestSite) -> None:
    """Who lacks everything for the lab, and is in there all the same, is let out (design §11)."""
    assert said(site, reader="lab-door/out") == ("granted", "")


@pytest.mark.parametrize(
    ("was", "becomes", "place"),
    [('version = "2026-04"', 'version = "2026-12"', "pledge.nda.version"), (SHA, OTHER, "pledge.nda.version")],
)
def test_another_text_has_to_be_signed_anew(tmp_path: Path, was: str, becomes: str, place: str) -> None:
    """After a restart with another version, or another document under the same version, the old signature opens nothing."""
    site = begun(tmp_path)
    assert site.asks(NDA) is None
    assert site.asks(INDUCTION) is None
    changed = again(site, TEXT.replace(was, becomes))

    assert said(changed) == ("pledge", place)
    assert changed.asks(NDA) == "subject"
    changed.close()


def test_a_requirement_begins_and_ends_with_the_settings(tmp_path: Path) -> None:
    """What zones require is on record at the start with the new settings, and holds from then on, both ways."""
    site = begun(tmp_path)
    text = TEXT.replace('requires = ["pledge:nda", "training:induction"]', 'requires = ["training:fire"]')
    changed = again(site, text.replace('id = "induction"', 'id = "fire"'))
    configured = changed.records()[-1].body

    assert isinstance(configured, SiteConfigured)
    assert [zone.requires for zone in configured.zones] == [(), ("training:fire",), ()]
    assert [(one.condition, one.valid_days) for one in configured.conditions] == [
        ("pledge:nda", 0),
        ("training:fire", 7),
    ]
    assert ("condition", "training:induction") in configured.removed
    assert set(stored_tables(changed.ledger.connection)["condition"]) == {("pledge:nda",), ("training:fire",)}
    assert said(changed) == ("training", "training.fire")
    free = again(changed, SITE_TOML)
    assert said(free) == ("granted", "")
    free.close()


def test_a_later_change_of_validity_changes_nothing_recorded(tmp_path: Path) -> None:
    """What was told when the course was attended holds: fewer days of validity in the settings do not shorten it."""
    site = begun(tmp_path)
    assert site.asks(NDA) is None
    assert site.asks(INDUCTION) is None
    changed = again(site, TEXT.replace("valid_days = 7", "valid_days = 1"), BEGAN + timedelta(days=6))

    assert said(changed) == ("granted", "")
    changed.close()


def test_a_mistake_opens_nothing_any_more(site: TestSite) -> None:
    """What is withdrawn counts no more at once; an older good one behind it counts again."""
    assert site.asks(NDA) is None
    assert site.asks(ask.CompleteTraining((1,), "induction", "2026-11-23")) is None
    assert site.asks(INDUCTION) is None
    assert site.asks(ask.WithdrawTraining(3), 2) is None
    assert said(site) == ("granted", "")
    assert site.asks(ask.WithdrawTraining(2), 2) is None
    assert said(site) == ("training", "training.induction")
    assert site.asks(ask.WithdrawTraining(2), 2) == "subject"
    assert site.asks(ask.WithdrawPledge(1), 2) is None
    assert said(site) == ("pledge", "pledge.nda")


def test_a_course_with_many_is_recorded_whole_or_not_at_all(site: TestSite) -> None:
    """One request puts a course on record of many people; with one of them unknown nothing of it is recorded."""
    many = ask.CompleteTraining((1, 2, 4), "induction", "2026-11-24")
    before = len(stored_tables(site.ledger.connection).get("fulfilment", {}))

    assert site.asks(ask.CompleteTraining((1, 2, 99), "induction", "2026-11-24")) == "subject"
    assert len(stored_tables(site.ledger.connection).get("fulfilment", {})) == before
    assert site.asks(many) is None
    rows = stored_tables(site.ledger.connection)["fulfilment"].values()
    assert {row["person"] for row in rows} == {1, 2, 4}
    assert {row["until_at"] for row in rows} == {"2026-12-01T15:00:00.000000Z"}


def test_a_repeated_request_is_done_once(site: TestSite) -> None:
    """The same bytes again are answered and add nothing; the same again in another request is refused."""
    data = site.request(INDUCTION)
    site.turn(RequestReceived(data))
    site.turn(RequestReceived(data))

    assert [reply.code for reply in site.committed_replies()[-2:]] == [None, None]
    assert len(stored_tables(site.ledger.connection)["fulfilment"]) == 1
    assert site.asks(INDUCTION) == "subject"


@pytest.mark.parametrize(
    ("body", "operator", "code"),
    [
        (NDA, 3, "role"),
        (INDUCTION, 4, "role"),
        (ask.WithdrawPledge(1), 4, "role"),
        (ask.CompleteTraining((1,), "unknown", "2026-11-24"), 1, "subject"),
        (ask.CompleteTraining((1,), "nda", "2026-11-24"), 1, "subject"),
        (ask.CompleteTraining((), "induction", "2026-11-24"), 1, "form"),
        (ask.CompleteTraining(tuple(range(1, 102)), "induction", "2026-11-24"), 1, "form"),
        (ask.CompleteTraining((1,), "induction", "2026-11-25"), 1, "validity"),
        (ask.WithdrawTraining(1), 1, "subject"),
    ],
)
def test_what_is_refused(site: TestSite, body: Any, operator: int, code: str) -> None:
    """A guard and an auditor record nothing; what is not there, not yet, or nobody's is refused with its code."""
    assert site.asks(body, operator) == code


def test_nobody_records_their_own(site: TestSite) -> None:
    """An operator who is that person is refused, alone and among others; another operator may (C7.3)."""
    site.console("operator.add", name="本人", roles=["manager"], scope=["*"], person=1)

    assert site.asks(INDUCTION, 5) == "second_person"
    assert site.asks(ask.SignPledge((2, 1), "nda", "2026-04", SHA, "2026-11-24", "joining"), 5) == "second_person"
    assert site.asks(INDUCTION, 2) is None
    assert site.asks(ask.WithdrawTraining(1), 5) == "second_person"


@pytest.mark.parametrize("body", [NDA, INDUCTION])
def test_what_opens_expires(site: TestSite, body: Any) -> None:
    """A request that a broker held back for a day opens nothing, and one without an end is not taken at all."""
    late = site.request(body, expires_at=site.clock.now() + timedelta(minutes=30))
    endless = site.request(body, expires_at=None)
    site.turn(RequestReceived(endless))
    site.step(3600)
    site.turn(RequestReceived(late))

    assert [reply.code for reply in site.committed_replies()[-2:]] == ["freshness", "freshness"]
    assert EXPIRES[requests.name_of(body)].total_seconds() <= LONGEST_S[requests.name_of(body)]


def test_notes_go_with_their_person(site: TestSite) -> None:
    """One request's note is kept once for each person: erasing one of them takes theirs and no other's."""
    note = {"note": "外部講師による"}
    assert site.asks(ask.CompleteTraining((2, 3), "induction", "2026-11-24"), private=note) is None
    assert site.asks(ask.WithdrawTraining(2), 2, private={"reason": "欠席"}) is None
    texts = "select id from private where text like '%外部講師%' or text like '%欠席%'"
    assert len(site.ledger.connection.execute(texts).fetchall()) == 3

    assert site.asks(ask.ErasePerson(3, "asked"), 2) is None

    assert site.ledger.connection.execute(texts).fetchall() == [("note-1",)]


def test_after_a_rebuild_all_is_as_before(site: TestSite) -> None:
    """The tables of conditions and fulfilments are a fold of the records."""
    assert site.asks(NDA, private={"note": "原本は総務"}) is None
    assert site.asks(ask.WithdrawPledge(1), 2) is None
    live = stored_tables(site.ledger.connection)
    site.ledger.rebuild()

    assert stored_tables(site.ledger.connection) == live
    assert live["zone"]["lab",]["requires"] == "pledge:nda training:induction"
