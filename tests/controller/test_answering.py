"""Questions about doors, as the link answers them: what the door says, of now and of the past, behind what lives."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from noting_broker import NotingBroker
from sites import TestSite, make_site, people, tap

from controller import answering
from controller.answering import Answering
from controller.ledger import past
from controller.ledger.database import open_reader
from controller.queries import EACH
from controller.record import asks as ask
from controller.record.asks import QueryExplain
from controller.record.canonical import timestamp
from controller.record.envelope import MalformedRecord, Record
from controller.record.explained import Answered, Explained, Unanswered
from controller.record.kinds.entry import EntryRefused
from controller.record.requests import read_envelope
from controller.record.signed import open_message
from controller.record.topics import Topics


class Line:
    """The answering side of a site, and the dashboard that asks."""

    def __init__(self, site: TestSite) -> None:
        self.site = site
        self.broker = NotingBroker()
        self.answering = Answering(open_reader(site.path), site.facility, site.key)

    def asks(self, body: QueryExplain, id: str = "") -> str:
        """A question comes in; its id."""
        request = read_envelope(self.site.request(body, 0))
        request = msgspec.structs.replace(request, id=id or request.id)
        self.answering.queries.take(request)
        return request.id

    def step(self) -> None:
        """One turn of the link, whose broker acknowledges at once."""
        self.answering.go_on(self.broker, 1, self.site.clock.now())  # type: ignore[arg-type]
        for mid in range(len(self.broker.published) + 1):
            self.answering.acknowledged(mid)

    def drain(self) -> list[Answered]:
        """Everything that is answered until nothing more is to be done."""
        for _ in range(1000):
            if not self.answering.busy:
                return self.answers()
            self.step()
        raise AssertionError("it never ends")

    def answers(self) -> list[Answered]:
        """What was published, each verified as a dashboard does."""
        said = []
        for topic, payload, retain in self.broker.published:
            assert (topic, retain) == (Topics("works").answered(self.site.dashboard.public.id), False)
            said.append(msgspec.json.decode(open_message(self.site.key.public.signing, topic, payload), type=Answered))
        return said

    def answer(self, body: QueryExplain) -> Answered:
        """The answer to one question."""
        self.broker.published.clear()
        id = self.asks(body)
        (said,) = self.drain()
        assert said.request == id
        return said

    def found(self, body: QueryExplain) -> Explained:
        found = self.answer(body).found
        assert found is not None
        return found


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Line]:
    site = people(make_site(tmp_path))
    yield Line(site)
    site.close()


def refused(site: TestSite) -> tuple[int, str, EntryRefused]:
    """The newest refusal: its number, time and body."""
    return next(
        (record.seq, record.at, record.body)
        for record in reversed(site.records())
        if isinstance(record.body, EntryRefused)
    )


def test_the_answer_is_the_doors(line: Line) -> None:
    """Of now, and of a later day, the answer has the code with which the door refuses; and no record is made of asking."""
    line.site.turn(tap("lab-door/in", "card:3"))
    size = line.site.ledger.size
    in_two_years = timestamp(line.site.clock.now() + timedelta(days=730))

    assert line.found(QueryExplain(3, "lab-door")).code == refused(line.site)[2].code == "active_person"
    assert line.found(QueryExplain(1, "front")).code is None
    assert line.found(QueryExplain(1, "front", in_two_years)).code == "validity"
    assert line.site.ledger.size == size


def test_a_refusal_is_explained_as_of_its_moment(line: Line) -> None:
    """What the door said before an approval is said by the tables of then, also when much has been written since."""
    site = line.site
    site.turn(tap("vault-door/in", "card:1"))
    seq, at, body = refused(site)
    site.step(1)
    asked = ask.RequestRight(
        1, "vault", "always", timestamp(site.clock.now()), timestamp(site.clock.now() + timedelta(days=9))
    )
    assert site.asks(asked, private={"purpose": "棚卸し"}) is None
    number = site.facts.next("access_right") - 1
    site.step(1)
    assert site.asks(ask.ApproveRight(number), operator=2) is None
    for _ in range(3 * answering.STEP):
        site.turn(tap("lab-door/in", "card:9"))

    then = line.found(QueryExplain(1, "vault-door", at, before=seq, badge=body.badge or 0))
    assert (then.code, then.seq) == (body.code, seq - 1) == ("right", seq - 1)
    assert line.found(QueryExplain(1, "vault-door", at)).code == "right"
    assert line.found(QueryExplain(1, "vault-door")).code is None


def test_the_badge_that_was_tapped(line: Line) -> None:
    """Asked of a lost badge, the answer is that one's, though the person has another; asked of nobody's, there is none."""
    assert line.site.asks(ask.RetireBadge(1, "lost")) is None

    assert line.found(QueryExplain(1, "front", badge=1)).code == "active_badge"
    assert line.answer(QueryExplain(1, "front", badge=2)).code is Unanswered.BADGE


@pytest.mark.parametrize(
    ("asked", "code"),
    [(QueryExplain(99, "front"), "person"), (QueryExplain(1, "attic"), "portal"),
     (QueryExplain(1, "front", "2020-01-01T00:00:00.000000Z"), "person")],
)  # fmt: skip
def test_what_is_not_there_is_said(line: Line, asked: QueryExplain, code: str) -> None:
    """Nobody, no portal, and the time before the first record have an answer too."""
    assert line.answer(asked) == Answered(line.answers()[0].request, Unanswered(code), None)


@pytest.mark.parametrize(
    "asked",
    [QueryExplain(1, "front", "now"), QueryExplain(1, "front", "", before=3), QueryExplain(1, "front", "9" * 60),
     QueryExplain(1, "front", "9999-12-31T23:59:59.999999Z"),
     QueryExplain(1, "front", "2026-11-24T00:00:00.000000Z", before=10_000)],
)  # fmt: skip
def test_nonsense_is_passed_over(line: Line, asked: QueryExplain) -> None:
    """A time that is none, and a record that is not there, are not answered and stop nothing."""
    line.asks(asked)

    assert line.drain() == []
    assert line.found(QueryExplain(1, "front")).code is None


def test_one_waits_for_another(line: Line) -> None:
    """While the ledger is folded for one question, one about now is answered; the same asked again is answered once."""
    for _ in range(3 * answering.STEP):
        line.site.turn(tap("lab-door/in", "card:9"))
    at = timestamp(line.site.clock.now() - timedelta(seconds=1))
    first = line.asks(QueryExplain(1, "front", at, before=line.site.ledger.size))
    for _ in range(2):
        line.step()
    line.asks(QueryExplain(1, "front", at, before=line.site.ledger.size), first)
    second = line.asks(QueryExplain(1, "front"))

    assert [answer.request for answer in line.drain()] == [second, first]


def test_a_flood_is_bounded(line: Line) -> None:
    """Of a thousand questions about the past, no more are folded for than one dashboard may have waiting."""
    at = timestamp(line.site.clock.now() - timedelta(seconds=1))
    for _ in range(1000):
        line.asks(QueryExplain(1, "front", at))
        line.answering.go_on(line.broker, 1, line.site.clock.now())  # type: ignore[arg-type]

    assert len(line.drain()) <= 2 * EACH + 2
    assert sum(line.answering.queries.turned_away(1e9).values()) > 900


def test_too_long_a_ledger_is_said(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger that would take minutes to fold is not folded for a question; of now there is an answer all the same."""
    monkeypatch.setattr(answering, "LONGEST", 10)
    line.site.step(1)

    assert line.answer(QueryExplain(1, "front", "2026-11-24T00:00:00.000000Z")).code is Unanswered.LENGTH
    assert line.found(QueryExplain(1, "front")).code is None


@pytest.mark.parametrize("statement", ["select * from nowhere", None])
@pytest.mark.parametrize("before", [0, 9])
def test_a_bug_stops_no_door(line: Line, monkeypatch: pytest.MonkeyPatch, statement: str | None, before: int) -> None:
    """A question whose answer fails is told so, of now and of the past; the process, on which every door depends, goes on."""

    def broken(_: object, tables: sqlite3.Connection, *__: object) -> Explained:
        raise KeyError("a bug") if statement is None else tables.execute(statement)

    at = timestamp(line.site.clock.now()) if before else ""
    with monkeypatch.context() as broken_now:
        broken_now.setattr(answering, "explained", broken)
        assert line.answer(QueryExplain(1, "front", at, before)).code is Unanswered.INTERNAL
    assert line.found(QueryExplain(1, "front")).code is None


def test_a_record_that_cannot_be_folded_stops_no_door(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ledger damaged far back, where nothing but a question looks, is answered as that and does not end the link."""

    def damaged(data: bytes) -> Record:
        raise MalformedRecord("bytes")

    monkeypatch.setattr(past, "decode", damaged)
    at = timestamp(line.site.clock.now() - timedelta(seconds=1))
    assert line.answer(QueryExplain(1, "front", at, before=9)).code is Unanswered.INTERNAL
    assert line.found(QueryExplain(1, "front")).code is None


def test_a_disk_that_fails_is_the_links_affair(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the disk does under a question is raised, and the link opens the file anew."""

    def failing(*_: object) -> Explained:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
        raise error

    monkeypatch.setattr(answering, "explained", failing)
    line.asks(QueryExplain(1, "front"))
    with pytest.raises(sqlite3.OperationalError):
        line.drain()


def test_a_lost_connection_ends_what_was_begun(line: Line) -> None:
    """With the connection gone nothing is folded on for whoever asked; the question can come again."""
    at = timestamp(line.site.clock.now() - timedelta(seconds=1))
    id = line.asks(QueryExplain(1, "front", at))
    line.step()
    line.answering.forget()
    assert line.drain() == []

    line.asks(QueryExplain(1, "front", at), id)
    assert [answer.request for answer in line.drain()] == [id]
