"""One turn of the loop at a time: decided, committed, and only then performed; requests once; nothing late after a restart."""

import sqlite3
from collections import Counter
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from sites import BEGAN, TestSite, digest, exit_button, fold_of, give_right, leaf, make_site, people, stored_tables, tap

from controller.clock import SteppedClock
from controller.inbox import ConsoleAsked, Input, PartAnswering, PartFailing, RequestReceived
from controller.record import asks as ask
from controller.record import requests
from controller.record.canonical import canonical, moment, timestamp
from controller.record.envelope import decode
from controller.record.keys import KeyPair
from controller.record.note import open_checkpoint
from controller.record.tree import leaf_hash, root_of
from controller.rules.effects import PlaySignal, ReleaseLock


@pytest.fixture
def site(tmp_path: Path) -> TestSite:
    site = people(make_site(tmp_path))
    for portal in site.facility.portals:
        site.turn(leaf(portal, False))
    site.actuator.performed.clear()
    return site


def last(site: TestSite, *inputs: Input) -> tuple[str, str]:
    """Kind and code of the last record of a turn."""
    record = site.turn(*inputs)[-1]
    return record.kind, getattr(record.body, "code", "")


@pytest.mark.parametrize(
    ("expected", "tapped"),
    [
        (("entry.granted", ""), tap("lab-door/in", "card:1")),
        (("entry.refused", "enrolment"), tap("lab-door/in", "card:9")),
        (("entry.refused", "active_person"), tap("lab-door/in", "card:3")),
        (("entry.refused", "active_badge"), tap("lab-door/in", "card:4")),
        (("entry.refused", "right"), tap("vault-door/in", "card:1")),
        (("entry.refused", "proof"), tap("lab-door/in", "card:1", problem="proof")),
        (("entry.refused", "card"), tap("lab-door/in", "", 0, problem="card")),
        (("entry.refused", "assurance"), tap("lab-door/in", "card:1", assurance=0)),
        (("entry.granted", ""), tap("front/in", "card:1", assurance=0)),
        (("entry.granted", ""), tap("lab-door/out", "card:1")),
        (("exit.requested", "enrolment"), tap("lab-door/out", "card:9")),
        (("exit.requested", "active_person"), tap("lab-door/out", "card:3")),
    ],
)
def test_taps(site: TestSite, expected: tuple[str, str], tapped: Input) -> None:
    """Each tap leaves one record with its code; inwards only a right in force opens, outwards nobody is kept (C7.1, C8.9)."""
    assert last(site, tapped) == expected

    opened = expected[0] != "entry.refused"
    assert bool(site.actuator.releases()) == opened
    assert PlaySignal(tapped.reader.partition("/")[0], "granted" if opened else "denied", tapped.reader) in (  # type: ignore[union-attr]
        site.actuator.performed
    )
    assert not site.actuator.unrecorded


def test_nothing_opens_unrecorded(site: TestSite) -> None:
    """The lock is released only once the record that allows it stands committed in the file (C8.9)."""
    committed_at_release: list[int] = []
    perform = site.actuator.perform

    def watch(effect: object) -> None:
        if isinstance(effect, ReleaseLock):
            with sqlite3.connect(site.path) as connection:
                newest = connection.execute("select bytes from record order by seq desc limit 1").fetchone()
            committed_at_release.append(decode(newest[0]).seq)
        perform(effect)  # type: ignore[arg-type]

    site.actuator.perform = watch  # type: ignore[method-assign]
    records = site.turn(tap("lab-door/in", "card:1"))

    assert committed_at_release == [records[-1].seq]
    assert site.reached.index("committed") < site.reached.index("performed")


@pytest.mark.parametrize("statement", ["begin", "insert into record", "update fold", "commit"])
def test_a_failed_commit_opens_nothing(site: TestSite, statement: str) -> None:
    """When the ledger cannot be written, nothing opens, nothing is told, nothing is remembered; afterwards all goes on."""
    portals, told, size = dict(site.loop.portals), len(site.committed), site.ledger.size
    answers: list[object] = []
    site.connection.breaks = lambda text: text.startswith(statement)
    inputs = [
        tap("lab-door/in", "card:1"),
        RequestReceived(site.request(ask.ReleasePortal("front"))),
        ConsoleAsked("operator.add", {"name": "x", "roles": ["guard"], "scope": ["*"]}, answers.append),
    ]

    with pytest.raises(sqlite3.OperationalError):
        site.turn(*inputs)

    assert not site.actuator.releases() and not answers
    assert (site.loop.portals, len(site.committed), site.ledger.size) == (portals, told, size)
    site.connection.breaks = lambda text: False
    assert stored_tables(site.ledger.connection) == fold_of(site.records())
    kinds = [record.kind for record in site.turn(*inputs)]
    assert kinds == ["entry.granted", "portal.released", "request.accepted", "operator.registered"]
    assert site.actuator.releases() == ["lab-door", "front"] and len(answers) == 1
    assert not site.actuator.unrecorded


@pytest.mark.parametrize("statement", ["insert into record", "commit"])
def test_what_secures_does_not_wait_for_the_disk(site: TestSite, statement: str) -> None:
    """The lock is secured when the door opens even if the commit then fails."""
    site.turn(tap("lab-door/in", "card:1"))
    site.connection.breaks = lambda text: text.startswith("commit")
    site.actuator.performed.clear()

    with pytest.raises(sqlite3.OperationalError):
        site.turn(leaf("lab-door", True))

    assert site.actuator.secured() == ["lab-door"]


def test_a_door_that_is_used(site: TestSite) -> None:
    """Granted, opened, closed; granted and nobody came; held; forced: each a record that names its release (C8.7, C8.10)."""
    granted = site.turn(tap("lab-door/in", "card:1"))[-1].seq
    opened = site.turn(leaf("lab-door", True))[0]
    assert (opened.kind, opened.body.release, opened.body.cause) == ("door.opened", granted, "entry")
    assert site.actuator.secured() == ["lab-door"], "secured as soon as the leaf is open"
    assert last(site, leaf("lab-door", False))[0] == "door.closed"

    granted = site.turn(tap("lab-door/in", "card:1"))[-1].seq
    site.step(4.9)
    assert site.turn() == []
    site.step(0.1)
    (abandoned,) = site.turn()
    assert (abandoned.kind, abandoned.body.release) == ("entry.abandoned", granted)

    site.turn(tap("lab-door/in", "card:1"), leaf("lab-door", True))
    site.step(20)
    assert [record.kind for record in site.turn()] == ["door.held", "presence.doubted"]
    site.turn(leaf("lab-door", False))
    assert site.turn(leaf("lab-door", True))[0].kind == "door.forced"
    assert stored_tables(site.ledger.connection)["portal_state"]["lab-door",]["status"] == "forced"


def test_a_release_that_was_overtaken_is_not_performed(site: TestSite) -> None:
    """A door that opened and closed in the turn of its release is secured, and no late release follows."""
    site.turn(tap("lab-door/in", "card:1"), leaf("lab-door", True))

    assert site.actuator.releases() == []
    assert site.actuator.secured() == ["lab-door"]


def test_taps_while_the_door_is_open_release_nothing(site: TestSite) -> None:
    """A tap at an open, held or forced door is recorded, releases nothing, and does not hide how the door stands."""
    site.turn(leaf("lab-door", True))
    record = site.turn(tap("lab-door/in", "card:1"))[0]

    assert (record.kind, record.body.status) == ("entry.granted", "forced")
    assert site.actuator.releases() == []
    row = stored_tables(site.ledger.connection)["portal_state"]["lab-door",]
    assert (row["status"], row["cause"], row["release_seq"]) == ("forced", "forced", None)


def test_the_exit_button(site: TestSite) -> None:
    """Request-to-exit releases and is recorded once for one press and its bounces; its release counts as nothing else."""
    site.turn(exit_button("front"), exit_button("front", False), exit_button("front"))

    assert site.actuator.releases() == ["front"]
    assert site.kinds()[-1] == "exit.requested" and site.kinds().count("exit.requested") == 1
    assert site.turn(leaf("front", True))[-1].body.cause == "exit"


# Restarts ----------------------------------------------------------------------------------------------------------------


def restarted(site: TestSite, **changes: object) -> TestSite:
    size = site.ledger.size
    site.close()
    again = make_site(site.folder, clock=site.clock, boot="boot-2", **changes)  # type: ignore[arg-type]
    assert again.records(size + 1)[0].kind == "controller.started"
    return again


def test_a_release_is_never_performed_late(site: TestSite) -> None:
    """A release that was durable when the controller died becomes `release.abandoned`, once; every lock is secured."""
    granted = site.turn(tap("lab-door/in", "card:1"))[-1].seq
    again = restarted(site)

    assert again.actuator.secured() == list(again.facility.portals) and not again.actuator.releases()
    abandoned = [record.body for record in again.records(granted + 1) if record.kind == "release.abandoned"]
    assert [(body.portal, body.release) for body in abandoned] == [("lab-door", granted)]
    third = restarted(again)
    assert [record.kind for record in third.records()[-1:]] == ["controller.started"]
    third.close()


def test_a_tap_at_an_open_door_is_no_open_release(site: TestSite) -> None:
    """A tap that released nothing, the door being open, does not become an abandoned release at the next start."""
    site.turn(tap("lab-door/in", "card:1"), leaf("lab-door", True))
    site.turn(tap("lab-door/in", "card:2"))
    again = restarted(site)

    assert "release.abandoned" not in again.kinds()
    again.close()


def test_a_start_says_what_is_screwed_on_once(site: TestSite) -> None:
    """`site.configured` is written when the settings say something new, also that something is gone, and not again."""
    text = (site.folder / "site.toml").read_text(encoding="utf-8")
    begin = text.index('[[portal]]\nid = "vault-door"')
    again = restarted(site, text=text[:begin])
    kinds = [record.kind for record in again.records()[-3:]]
    assert kinds == ["controller.started", "site.configured", "calendar.configured"]
    assert ("portal", "vault-door") in again.records()[-2].body.removed
    assert again.records()[-1].body.removed_unlocking == ("vault-door",)
    assert ("vault-door",) not in stored_tables(again.ledger.connection)["portal"]
    third = restarted(again, text=text[:begin])
    assert third.kinds()[-1] == "controller.started"
    third.close()


def test_an_enrolment_survives_a_restart(site: TestSite) -> None:
    """A reader that waits for a card when the controller restarts still waits, or its time is over and recorded."""
    site.asks(ask.EnrolBadge(1, "lab-door/in"))
    again = restarted(site)
    site.clock.step(timedelta(seconds=61))
    (closed,) = again.turn()
    assert (closed.kind, closed.body.code) == ("enrolment.closed", "time")
    again.close()


# Requests ----------------------------------------------------------------------------------------------------------------


def test_a_request_is_done_once(site: TestSite) -> None:
    """The same request again, in the same turn, later, or after a restart, is answered the same and not done again."""
    data = site.request(ask.RegisterPerson())
    records = site.turn(*[RequestReceived(data)] * 3)
    assert [record.kind for record in records] == ["person.registered", "request.accepted"]
    site.turn(RequestReceived(data))
    replies = site.committed_replies()[-4:]
    assert len({(reply.request, reply.code, reply.first, reply.last) for reply in replies}) == 1
    site.close()
    again = make_site(site.folder, clock=site.clock, boot="boot-2")
    assert again.turn(RequestReceived(data)) == []
    assert (again.committed_replies()[0].first, again.committed_replies()[0].code) == (records[0].seq, None)
    again.close()


def test_a_refused_request_stays_refused(site: TestSite) -> None:
    """A request that was refused is refused again with the same code, even where it would now be allowed."""
    data = site.request(ask.ReinstatePerson(1), 1)
    assert site.turn(RequestReceived(data))[-1].body.code == "subject"
    site.asks(ask.SuspendPerson(1))
    assert site.turn(RequestReceived(data)) == []
    assert site.committed_replies()[-1].code == "subject"


def changed(_: TestSite, data: bytes, **changes: object) -> bytes:
    return canonical(msgspec.structs.replace(requests.read_envelope(data), **changes))


@pytest.mark.parametrize(
    ("expected", "make"),
    [
        (("requests.rejected", "form"), lambda site: b"\xff\x00garbage"),
        (("requests.rejected", "form"), lambda site: b"{}"),
        (("requests.rejected", "form"), lambda site: b"[" * 9000),
        (("requests.rejected", "signature"), lambda site: site.request(ask.SuspendPerson(1), key=KeyPair.generate())),
        (("requests.rejected", "signature"), lambda site: changed(site, site.request(ask.SuspendPerson(1)), sig="")),
        (("requests.rejected", "signature"), lambda site: changed(site, site.request(ask.SuspendPerson(1)), sig="zz")),
        (("requests.rejected", "signature"), lambda site: changed(site, site.request(ask.SuspendPerson(1)), operator=2)),
        (("requests.rejected", "signature"), lambda site: changed(site, site.request(ask.SuspendPerson(1)), site="other")),
        (("request.refused", "freshness"), lambda site: site.request(ask.SuspendPerson(1), expires_at=BEGAN - timedelta(1))),
        (("request.refused", "freshness"), lambda site: site.request(
            ask.SuspendPerson(1), issued_at=BEGAN + timedelta(hours=1), expires_at=BEGAN + timedelta(hours=2))),
        (("request.refused", "role"), lambda site: site.request(ask.RegisterPerson(), 4)),
        (("request.refused", "role"), lambda site: site.request(ask.ApproveRight(1), 3)),
        (("request.refused", "operator"), lambda site: site.request(ask.RegisterPerson(), 99)),
        (("request.refused", "scope"), lambda site: site.request(ask.ReleasePortal("vault-door"), 3)),
        (("request.refused", "form"), lambda site: site.request(ask.RegisterPerson(), private={})),
        (("request.refused", "form"), lambda site: site.request(ask.RegisterPerson(), private={"name": "x", "wage": "1"})),
        (("request.refused", "purpose"), lambda site: site.request(
            ask.RequestRight(1, "lab", "always", timestamp(BEGAN), timestamp(BEGAN + timedelta(3))), private={})),
        (("request.refused", "subject"), lambda site: site.request(ask.SuspendPerson(99))),
        (("request.refused", "subject"), lambda site: site.request(ask.ReleasePortal("attic"))),
        (("request.refused", "form"), lambda site: site.request(ask.RetireBadge(1, "burnt"))),
    ],
)  # fmt: skip
def test_a_bad_request_gets_its_code_and_the_loop_goes_on(site: TestSite, expected: tuple[str, str], make) -> None:
    """Unsigned, forged, replayed, late, early, malformed or not allowed: a code, a record, and nothing done (issue 2)."""
    before = stored_tables(site.ledger.connection)
    assert last(site, RequestReceived(make(site))) == expected

    after = stored_tables(site.ledger.connection)
    assert {**after, "request": None} == {**before, "request": None}
    assert not site.actuator.releases()
    assert last(site, tap("lab-door/in", "card:1")) == ("entry.granted", "")


def test_a_stranger_cannot_take_a_requests_id(site: TestSite) -> None:
    """Another trusted dashboard that sends a known request's id is rejected; the first one's answer is not given to it."""
    data = site.request(ask.RegisterPerson())
    site.turn(RequestReceived(data))
    other = KeyPair.generate()
    site.console("trust", key=other.public.text())
    replies = len(site.committed_replies())
    stolen = site.request(ask.RegisterPerson(), key=other, id=requests.read_envelope(data).id)

    assert last(site, RequestReceived(stolen)) == ("requests.rejected", "signature")
    assert len(site.committed_replies()) == replies


def test_a_flood_of_garbage_is_a_count(site: TestSite) -> None:
    """Messages nobody signed leave one record at once and one count a minute later, however many they are."""
    before = site.ledger.size
    for _ in range(5):
        site.turn(*[RequestReceived(b"garbage")] * 100)
    assert site.kinds(before + 1) == ["requests.rejected"]
    site.step(60)
    (count,) = site.turn()
    assert (count.kind, count.body.count) == ("requests.rejected", 499)


def test_a_revoked_dashboard_and_a_retired_operator_are_not_heard(site: TestSite) -> None:
    """From the record on, what a revoked dashboard signs is rejected and a retired operator's requests are refused."""
    site.console("operator.retire", operator=1)
    assert site.asks(ask.RegisterPerson(), 1) == "operator"
    site.console("revoke", dashboard=site.dashboard.public.id)
    assert last(site, RequestReceived(site.request(ask.RegisterPerson(), 2))) == ("requests.rejected", "signature")


def test_a_right_needs_two_and_revoking_works_at_once(site: TestSite) -> None:
    """A right opens only after a second operator approved it, and no longer from the turn of its revocation on (C7.3, C7.4)."""
    now = site.clock.now()
    body = ask.RequestRight(1, "vault", "always", timestamp(now), timestamp(now + timedelta(days=1)))
    at_vault = tap("vault-door/in", "card:1")
    number = site.facts.next("access_right")

    assert site.asks(body, 1) is None
    assert last(site, at_vault) == ("entry.refused", "approval")
    assert site.asks(ask.ApproveRight(number), 1) == "second_person"
    assert last(site, at_vault) == ("entry.refused", "approval")
    assert site.asks(ask.ApproveRight(number), 2) is None
    assert last(site, at_vault) == ("entry.granted", "")
    records = site.turn(RequestReceived(site.request(ask.RevokeRight(number), 2)), at_vault)
    assert [record.kind for record in records] == ["right.revoked", "request.accepted", "entry.refused"]


def test_a_suspension_works_within_its_turn(site: TestSite) -> None:
    """A tap behind a suspension in the same turn is refused; before it, granted (C7.4)."""
    suspend = RequestReceived(site.request(ask.SuspendPerson(2)))
    records = site.turn(tap("lab-door/in", "card:2"), suspend, tap("lab-door/in", "card:2"))

    assert [record.kind for record in records if record.kind.startswith("entry")] == ["entry.granted", "entry.refused"]


def test_a_right_out_of_hours(site: TestSite) -> None:
    """A right on office hours opens in them and not out of them, nor on a holiday (C8.8)."""
    give_right(site, 1, "vault", "office", days=60)
    at_vault = tap("vault-door/in", "card:1")
    for until, expected in (
        ("2026-11-24T09:59:59.000000Z", "entry.granted"),  # 18:59:59 in Tokyo
        ("2026-11-24T10:00:00.000000Z", "entry.refused"),
        ("2026-11-28T03:00:00.000000Z", "entry.refused"),  # a Saturday
        ("2026-12-28T03:00:00.000000Z", "entry.granted"),
        ("2026-12-29T03:00:00.000000Z", "entry.refused"),  # the company's own
        ("2027-01-01T03:00:00.000000Z", "entry.refused"),  # the nation's
    ):
        site.clock.step_to(moment(until))
        site.turn()
        assert last(site, at_vault)[0] == expected, until


# Enrolment -----------------------------------------------------------------------------------------------------------------


def test_the_next_card_becomes_the_badge(site: TestSite) -> None:
    """An opened enrolment takes one card at its reader, and only there; the badge then opens (C7.5)."""
    assert site.asks(ask.EnrolBadge(1, "front/in")) is None
    assert last(site, tap("lab-door/in", "card:new")) == ("entry.refused", "enrolment")
    enrolled = site.turn(tap("front/in", "card:new"))[-1]
    assert (enrolled.kind, enrolled.body.person, enrolled.body.credential) == ("badge.enrolled", 1, digest("card:new"))
    assert last(site, tap("lab-door/in", "card:new")) == ("entry.granted", "")
    assert last(site, tap("front/in", "card:other")) == ("entry.refused", "enrolment")


def test_one_enrolment_is_one_badge(site: TestSite) -> None:
    """Two cards at a waiting reader within one turn make one badge: the second is a tap like any other."""
    site.asks(ask.EnrolBadge(1, "front/in"))
    records = site.turn(tap("front/in", "card:a"), tap("front/in", "card:b"))

    assert [record.kind for record in records] == ["badge.enrolled", "entry.refused"]


def test_a_card_enrolled_and_tapped_in_one_turn(site: TestSite) -> None:
    """The new badge tapped again in the turn of its enrolment does not undo the enrolment's good end."""
    site.asks(ask.EnrolBadge(1, "front/in"))
    site.turn(tap("front/in", "card:a"), tap("front/in", "card:a"))

    assert stored_tables(site.ledger.connection)["enrolment"]["front/in",]["state"] == "done"


def test_a_lost_badge_is_not_enrolled_again(site: TestSite) -> None:
    """A card that was a badge before ends the enrolment with its code and stays what it was (C7.4)."""
    site.asks(ask.EnrolBadge(1, "front/in"))
    assert last(site, tap("front/in", "card:4")) == ("enrolment.closed", "active_badge")
    site.asks(ask.EnrolBadge(1, "front/in"))
    assert last(site, tap("front/in", "card:2")) == ("enrolment.closed", "enrolled")
    assert last(site, tap("lab-door/in", "card:4")) == ("entry.refused", "active_badge")


# Parts, checkpoints, time ----------------------------------------------------------------------------------------------------


def test_a_failing_part_is_one_alarm(site: TestSite) -> None:
    """A part that fails again and again is one record until it answers, also over a restart."""
    kinds = [r.kind for r in site.turn(*[PartFailing("gpio:4", "silent")] * 3, PartAnswering("gpio:5"))]
    assert kinds == ["part.failed"]
    again = restarted(site)
    assert again.turn(PartFailing("gpio:4", "silent")) == []
    assert [r.kind for r in again.turn(PartAnswering("gpio:4"), PartAnswering("gpio:4"))] == ["part.recovered"]
    again.close()


def test_what_was_dropped_is_counted(site: TestSite) -> None:
    """Inputs that found the inbox full are recorded by sort and number."""
    before = site.ledger.size
    site.loop.turn([], Counter({"CredentialPresented": 3}))

    (record,) = site.records(before + 1)
    assert (record.kind, record.body.sort, record.body.count) == ("inputs.dropped", "CredentialPresented", 3)


def test_checkpoints_are_signed_by_time_and_count(site: TestSite) -> None:
    """A checkpoint over all records follows within two seconds or 256 records, and holds under the site's key."""
    site.step(2)
    site.turn()
    for _ in range(300):
        site.turn(tap("lab-door/in", "card:9"))
    notes = [done.checkpoint for done in site.committed if done.checkpoint]
    newest = open_checkpoint(notes[-1], site.vkey)
    leaves = [leaf_hash(data) for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]

    assert site.ledger.size - newest.size < 256
    assert newest.root == root_of(leaves[: newest.size])
    site.step(2)
    site.turn()
    assert (
        open_checkpoint([done.checkpoint for done in site.committed if done.checkpoint][-1], site.vkey).size
        == site.ledger.size
    )
    site.loop.stop()
    assert site.kinds()[-1] == "controller.stopped" and site.actuator.secured()[-3:] == list(site.facility.portals)


class AdjustableClock(SteppedClock):
    """A clock that may also be put back, and lose its trust."""

    def put_to(self, now: object, quality: str) -> None:
        self._now = now  # type: ignore[assignment]
        self._quality = quality


def distrusting(folder: Path) -> tuple[TestSite, AdjustableClock]:
    clock = AdjustableClock(BEGAN)
    site = people(make_site(folder, clock=clock))
    return site, clock


def test_a_request_that_expires_waits_for_a_trusted_clock(tmp_path: Path) -> None:
    """While the clock is not trusted, what expires is refused as `clock`, and what never expires is done (design §6)."""
    site, clock = distrusting(tmp_path)
    clock.put_to(BEGAN, "unsynced")

    assert site.asks(ask.ReleasePortal("front"), 2) == "clock"
    assert site.asks(ask.SuspendPerson(1), 2, expires_at=None) is None


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_put_back_revives_no_right(tmp_path: Path, restart: bool) -> None:
    """While the clock is not trusted, taps are judged at the latest time the ledger knows: however often one taps, and after
    a restart, a right that has ended stays ended (C7.1, design §6)."""
    site, clock = distrusting(tmp_path)
    number = give_right(site, 1, "vault", days=1)
    clock.step(timedelta(days=2))
    assert last(site, tap("vault-door/in", "card:1")) == ("entry.refused", "validity")
    clock.put_to(BEGAN + timedelta(hours=1), "unsynced")
    for n in range(3 if restart else 0):
        site.close()
        site = make_site(tmp_path, clock=clock, boot=f"boot-{n + 2}")

    assert [last(site, tap("vault-door/in", "card:1"))[1] for _ in range(3)] == ["validity"] * 3, number
    site.close()


def test_a_release_expires(site: TestSite) -> None:
    """A request to open a door is good for a short time only: without an end, or with a far one, it is refused (design §5)."""
    for expires in (None, site.clock.now() + timedelta(days=1)):
        assert site.asks(ask.ReleasePortal("front"), 2, expires_at=expires) == "freshness"
    assert site.actuator.releases() == []


@pytest.mark.parametrize(
    ("body", "operator"),
    [
        (ask.ReinstatePerson(3), 1),
        (ask.EnrolBadge(1, "front/in"), 1),
        (ask.EndLockdown("*"), 2),
        (ask.ResumePortal("front"), 2),
    ],
    ids=lambda given: requests.name_of(given) if isinstance(given, msgspec.Struct) else "",
)
def test_what_opens_cannot_be_held_back(site: TestSite, body: msgspec.Struct, operator: int) -> None:
    """What undoes a lock or arms a reader must expire: a broker that hands it out late, or a request without an end, does
    nothing. What only takes away is done however late it comes (design §5)."""
    held_back = site.request(body, operator)
    revocation = site.request(ask.SuspendPerson(1), 2, expires_at=None)
    before = site.ledger.size
    site.step(3600)

    assert site.asks(body, operator, expires_at=None) == "freshness"
    assert site.asks(body, operator, expires_at=site.clock.now() + timedelta(days=1)) == "freshness"
    site.turn(RequestReceived(held_back))
    assert site.committed_replies()[-1].code == "freshness"
    assert set(site.kinds(before + 1)) == {"request.refused"}
    site.turn(RequestReceived(revocation))
    assert site.committed_replies()[-1].code is None


def test_a_reinstatement_held_back_does_not_undo_a_later_suspension(site: TestSite) -> None:
    """A reinstatement without an end, kept by a broker until somebody is suspended again, does not let them in (C7.4)."""
    held_back = site.request(ask.ReinstatePerson(1), 1, expires_at=None)
    assert site.asks(ask.SuspendPerson(1), 2) is None

    site.turn(RequestReceived(held_back))

    assert site.facts.person_state(1) == "suspended"
    assert last(site, tap("front/in", "card:1")) == ("entry.refused", "active_person")


def test_two_accounts_of_one_human_are_not_two_persons(site: TestSite) -> None:
    """A right asked for and approved by two operators who are the same human is not approved (C7.3)."""
    for _ in range(2):
        site.console("operator.add", name="x", roles=["manager"], scope=["*"], person=2)
    now = site.clock.now()
    number = site.facts.next("access_right")
    assert site.asks(ask.RequestRight(1, "vault", "always", timestamp(now), timestamp(now + timedelta(1))), 5) is None

    assert site.asks(ask.ApproveRight(number), 6) in ("second_person", "operator")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("melt", {}),
        ("trust", {}),
        ("trust", {"key": 7}),
        ("operator.add", {"name": "x", "roles": None, "scope": ["*"]}),
        ("operator.add", {"name": "x", "roles": [["manager"]], "scope": ["*"]}),
        ("operator.add", {"name": "x", "roles": ["guard"], "scope": ["*"], "person": 2**70}),
        ("operator.retire", {"operator": 2**70}),
        ("enrol", {"person": 2**70, "reader": "front/in"}),
        ("enrol", {"person": True, "reader": ["front/in"]}),
        ("enrol.card", {"person": 1}),
        ("enrol.card", {"person": 1, "credential": "x", "assurance": "two", "label": ""}),
        ("enrol.card", {"person": 1, "credential": "", "assurance": 2, "label": ""}),
    ],
)
def test_nonsense_at_the_console_is_answered(site: TestSite, command: str, arguments: dict[str, object]) -> None:
    """Whatever the console's socket carries is answered with a code; the loop goes on."""
    before = site.ledger.size

    answer = site.console(command, **arguments)
    assert answer["code"] is not None or [record["code"] for record in answer["records"]]
    assert "badge.enrolled" not in site.kinds(before + 1) and "operator.registered" not in site.kinds(before + 1)


def test_what_found_no_room_is_counted_and_fills_no_ledger(site: TestSite) -> None:
    """A flood that the inbox turns away is one record at once and one a minute, by sort, with nothing of the count lost."""
    before = site.ledger.size
    for _ in range(50):
        site.loop.turn([], Counter(RequestReceived=100, CredentialPresented=1))
    assert [(r.body.sort, r.body.count) for r in site.records(before + 1)] == [
        ("RequestReceived", 100),
        ("CredentialPresented", 1),
    ]
    site.step(61)
    site.loop.turn([])

    told = [r.body for r in site.records(before + 1)]
    assert {
        sort: sum(b.count for b in told if b.sort == sort) for sort in ("RequestReceived", "CredentialPresented")
    } == {
        "RequestReceived": 5000,
        "CredentialPresented": 50,
    }
    assert len(told) == 4
