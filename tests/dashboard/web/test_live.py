"""Liveness: what arrives is sent, what was missed is replayed, strangers get nothing, and all of it is bounded."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from example_house import House
from werkzeug.test import TestResponse

from controller.record.kinds.door import DoorClosed
from dashboard import database as db
from dashboard.web import live

from .conftest import Browser

SignIn = Callable[[str], Browser]


class Stream:
    """The events of one stream, as a browser would see them."""

    def __init__(self, answer: TestResponse) -> None:
        assert answer.status_code == 200 and answer.mimetype == "text/event-stream"
        self.answer = answer
        self._chunks = iter(answer.response)

    def events(self) -> Iterator[tuple[str, str, dict[str, object]]]:
        for chunk in self._chunks:
            text = chunk.decode() if isinstance(chunk, bytes) else str(chunk)
            fields = dict(line.split(": ", 1) for line in text.strip().split("\n") if ": " in line)
            if "event" in fields:
                yield fields["event"], fields.get("id", ""), json.loads(fields["data"])

    def next(self, event: str) -> tuple[str, dict[str, object]]:
        """The next event of that name; within so many events."""
        for count, (name, id, data) in enumerate(self.events()):
            if name == event:
                return id, data
            assert count < 1000
        raise AssertionError(f"the stream ended without {event}")

    def close(self) -> None:
        self.answer.close()


@pytest.fixture
def stream(signed_in: SignIn) -> Iterator[Callable[..., Stream]]:
    """Opens streams, and closes them at the end."""
    opened: list[Stream] = []
    browser = signed_in("guard")

    def open_stream(after: int, **headers: str) -> Stream:
        opened.append(Stream(browser.get(f"/live?after={after}", headers=headers, buffered=False)))
        return opened[-1]

    yield open_stream
    for one in opened:
        one.close()


def _newest(house: House) -> int:
    with house.engine.connect() as connection:
        return int(connection.execute(sa.select(sa.func.max(db.record.c.arrival))).scalar_one())


def test_a_record_is_sent_when_it_arrives(house: House, stream: Callable[..., Stream]) -> None:
    """A record that the site publishes is the stream's next one, with its words and its arrival as the event's id."""
    events = stream(_newest(house))
    events.next("states")

    house.write(DoorClosed("dock", "secure"))
    id, line = events.next("record")

    assert id == str(_newest(house)) == str(line["arrival"])
    assert (line["what"], line["where"]) == ("Door closed", "Loading dock")
    assert line["url"] == f"/ledger/factory/1/{len(house.peer.records)}"


def test_what_was_missed_is_replayed(house: House, stream: Callable[..., Stream]) -> None:
    """A browser that was away gets every record after its last, in order, before anything new."""
    newest = _newest(house)

    events = stream(0, **{"Last-Event-ID": str(newest - 3)})

    assert [events.next("record")[0] for _ in range(3)] == [str(newest - 2), str(newest - 1), str(newest)]


def test_who_missed_too_much_loads_the_page(house: House, stream: Callable[..., Stream]) -> None:
    """Beyond the bound of a replay, or with an id from another database, the page is loaded anew."""
    house.write(*(DoorClosed("dock", "secure") for _ in range(live.MOST_REPLAYED)))

    assert stream(1).next("reset")[1] == {}
    assert stream(_newest(house) + 5).next("reset")[1] == {}


def test_a_door_that_changes_is_sent(house: House, stream: Callable[..., Stream]) -> None:
    """The live word of a site changes the tile before its record is here."""
    events = stream(_newest(house))
    events.next("states")

    house.state("lab", "open", "secure", "open", len(house.peer.records) + 1)
    _, states = events.next("states")

    lab = next(door for door in states["sites"][0]["portals"] if door["portal"] == "lab")  # type: ignore[index]
    assert (lab["status"], lab["leaf"], lab["time"]) == ("open", "Open", "2026/11/22 10:20:00")


def test_streams_are_bounded_and_polling_goes_on(
    house: House, stream: Callable[..., Stream], signed_in: SignIn
) -> None:
    """The stream beyond the last is a 503, the poll still answers, and a closed stream gives its place back."""
    newest = _newest(house)
    opened = [stream(newest) for _ in range(live.MOST_STREAMS)]
    guard = signed_in("guard")
    slots = guard.client.application.extensions["sekimori"].streams
    assert slots.taken == live.MOST_STREAMS

    assert guard.get(f"/live?after={newest}").status_code == 503
    assert guard.get(f"/api/v1/ledger?after={newest}").status_code == 200
    opened[0].close()
    assert slots.taken == live.MOST_STREAMS - 1


def test_a_stream_ends_with_its_session(house: House, stream: Callable[..., Stream]) -> None:
    """Nobody goes on reading after the session is over."""
    events = stream(_newest(house))
    events.next("states")

    house.time += timedelta(hours=1)
    house.write(DoorClosed("dock", "secure"))

    assert next(events.events())[0] == "ended"


def test_a_stream_ends_with_the_dashboard(house: House, stream: Callable[..., Stream]) -> None:
    """A stopping dashboard is not held up by open streams."""
    events = stream(_newest(house))
    house.runtime.changed.close()

    assert [name for name, _, _ in events.events()] in ([], ["states"])


def test_polling_gives_the_same_records(house: House, signed_in: SignIn) -> None:
    """Asked again and again with the last arrival, the poll gives every record once."""
    guard = signed_in("guard")
    house.write(*(DoorClosed("dock", "secure") for _ in range(live.BATCH)))
    seen: list[int] = []
    after, more = 0, True
    while more:
        answer = guard.get(f"/api/v1/ledger?after={after}").get_json()
        assert len(answer["records"]) <= live.BATCH
        seen += [record["seq"] for record in answer["records"]]
        after, more = answer["after"], answer["more"]

    assert seen == list(range(1, len(house.peer.records) + 1))


@pytest.mark.parametrize("after", ["", "x", "-1", "1e9", "9" * 30, "１"])
def test_a_position_that_is_none_is_refused(signed_in: SignIn, after: str) -> None:
    """Nonsense in place of an arrival is a 400 in JSON."""
    answer = signed_in("guard").get(f"/api/v1/ledger?after={after}")

    assert (answer.status_code, answer.get_json()) == (400, {"error": 400})


def test_a_stranger_gets_neither_stream_nor_poll(anybody: Browser) -> None:
    """Without a session: 401, no redirect to a page that a script cannot read."""
    assert [anybody.get(address).status_code for address in ("/live?after=0", "/api/v1/now")] == [401, 401]
