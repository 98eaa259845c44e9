"""Questions to a site: sent until they are answered, or for an hour; and who can answer them."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa
from listener import Listener
from site_peer import Said, SitePeer

from controller.record.asks import QueryExplain
from controller.record.explained import Answered, Explained, Unanswered
from controller.record.explained import Said as Check
from controller.record.keys import KeyPair
from controller.record.requests import Request, read_body, read_envelope, signature_holds
from controller.record.signed import sign_message
from dashboard import database as db
from dashboard.questions import AGAIN_S, AHEAD, LASTS, MOST_OF_ONE, MOST_OF_SITE, Questions, QuestionsFull

ASKED = QueryExplain(3, "front", "2026-11-22T00:05:00.000000Z", 12, 3)
FOUND = Explained(
    3, 3, "front", "lab", ASKED.at, 11, "right", None, "", (Check("card", None, "", ()), Check("right", "right", "right", ()))
)  # fmt: skip


@pytest.fixture
def questions(following: Listener) -> Questions:
    return Questions(following.engine, following.keys, lambda: following.at)


def sent(listener: Listener, questions: Questions, at_s: float) -> list[Request]:
    """What goes out at this moment, each checked as the site does."""
    found = []
    for topic, data in questions.due(listener.intake.sources, at_s):
        request = read_envelope(data)
        assert topic == listener.peer.topics.request
        assert signature_holds(request, listener.keys.public)
        assert (request.operator, request.expires_at) == (0, None)
        found.append(request)
    return found


def state(listener: Listener, id: str) -> tuple[str, str | None, str | None]:
    """State, code and answer of a question."""
    table = db.question.c
    with listener.engine.connect() as connection:
        query = sa.select(table.state, table.code, table.answer).where(table.id == id)
        return tuple(connection.execute(query).one())  # type: ignore[return-value]


def test_a_question_is_asked_until_it_is_answered(following: Listener, questions: Questions) -> None:
    """It is sent at once, again under the same id, and no more when the site's answer has come."""
    id = questions.ask("factory", ASKED, 1)

    (request,) = sent(following, questions, 100.0)
    assert (request.id, read_body(request)) == (id, ASKED)
    assert sent(following, questions, 100.0 + AGAIN_S / 2) == []
    assert [again.id for again in sent(following, questions, 100.0 + AGAIN_S)] == [id]

    following.hear(following.peer.answered(following.keys.public, id, FOUND))
    said, code, answer = state(following, id)
    assert (said, code) == ("answered", None)
    assert msgspec.json.decode(answer or "", type=Explained) == FOUND
    assert sent(following, questions, 200.0) == []


def test_why_there_is_no_answer_is_one_too(following: Listener, questions: Questions) -> None:
    """A question that the site cannot answer is over as well."""
    id = questions.ask("factory", ASKED, 1)
    following.hear(following.peer.answered(following.keys.public, id, Unanswered.LENGTH))

    assert state(following, id) == ("answered", "length", None)


def test_a_site_that_is_away_is_asked_when_it_is_back(following: Listener, questions: Questions) -> None:
    """Nothing is sent to a site that said goodbye; a question outlives a restart of the dashboard, and then goes out."""
    following.hear(following.peer.online(False))
    id = questions.ask("factory", ASKED, 1)
    assert sent(following, questions, 100.0) == []

    again = Questions(following.engine, following.keys, lambda: following.at)
    following.peer.link += 1
    following.hear(following.peer.online())
    assert [request.id for request in sent(following, again, 200.0)] == [id]


def test_a_question_expires(following: Listener, questions: Questions) -> None:
    """After an hour it is not sent any more, and an hour later it is gone; so is one from a future that was set back."""
    id = questions.ask("factory", ASKED, 1)
    following.later(LASTS.total_seconds())
    assert sent(following, questions, 100.0) == []
    assert state(following, id)[0] == "waiting"

    following.later(3600)
    sent(following, questions, 200.0)
    with pytest.raises(sa.exc.NoResultFound):
        state(following, id)

    ahead = questions.ask("factory", ASKED, 1)
    following.at -= timedelta(days=1)
    sent(following, questions, 300.0)
    with pytest.raises(sa.exc.NoResultFound):
        state(following, ahead)


def forged(peer: SitePeer, said: Said, how: str, other: KeyPair) -> Said:
    """What a broker could make of an answer, or of its own."""
    match how:
        case "another key":
            liar, question = replace(peer, keys=other), msgspec.json.decode(said.payload)["payload"]["request"]
            return replace(said, payload=sign_message(liar.keys, said.topic, Answered(question, None, FOUND)))
        case "another place":
            return replace(said, topic=peer.topics.reply(said.topic.rpartition("/")[2]))
        case "another dashboard's":
            return replace(said, topic=peer.topics.answered(other.public.id))
        case "another site's":
            return replace(said, topic=said.topic.replace("/factory/", "/depot/"))
        case "a changed word":
            return replace(said, payload=said.payload.replace(b'"right"', b'"clock"', 1))
        case _:
            return replace(said, payload=said.payload[:-20])


@pytest.mark.parametrize(
    "how", ["another key", "another place", "another dashboard's", "another site's", "a changed word", "half of it"]
)
def test_nobody_but_the_site_answers(following: Listener, questions: Questions, how: str) -> None:
    """A broker that signs for itself, changes a word, or brings an answer from elsewhere, answers nothing."""
    id = questions.ask("factory", ASKED, 1)
    true, other = following.peer.answered(following.keys.public, id, FOUND), KeyPair.generate()
    following.hear(forged(following.peer, true, how, other))
    assert state(following, id) == ("waiting", None, None)
    following.hear(true)
    assert state(following, id)[0] == "answered"


@pytest.mark.parametrize(
    "found",
    [
        msgspec.structs.replace(FOUND, person=4), msgspec.structs.replace(FOUND, portal="vault"),
        msgspec.structs.replace(FOUND, seq=2**60),
    ],
)  # fmt: skip
def test_an_answer_is_to_its_question(following: Listener, questions: Questions, found: Explained) -> None:
    """What is said of another person or door, or with a number that no column holds, is no answer to this question."""
    id = questions.ask("factory", ASKED, 1)
    following.hear(following.peer.answered(following.keys.public, id, found))

    assert state(following, id)[0] == "waiting"


def test_an_answer_counts_once(following: Listener, questions: Questions) -> None:
    """An answer to an older question, played again, changes neither that one nor a newer one about the same door."""
    first, second = (questions.ask("factory", ASKED, 1) for _ in range(2))
    old = following.peer.answered(following.keys.public, first, FOUND)
    following.hear(old)
    following.hear(old, following.peer.answered(following.keys.public, first, Unanswered.PERSON))

    assert state(following, first)[:2] == ("answered", None)
    assert state(following, second)[0] == "waiting"


def test_a_flood_is_bounded(following: Listener, questions: Questions) -> None:
    """A site is asked a few at a time, all in turn; an account keeps so many, a site waits for so many."""
    ids = [questions.ask("factory", ASKED, 1) for _ in range(MOST_OF_ONE)]
    with pytest.raises(QuestionsFull):
        questions.ask("factory", ASKED, 1)

    first = [request.id for request in sent(following, questions, 100.0)]
    second = [request.id for request in sent(following, questions, 100.0 + AGAIN_S)]
    assert (first, second) == (ids[:AHEAD], ids[AHEAD : 2 * AHEAD])

    for account in range(2, 2 + MOST_OF_SITE // MOST_OF_ONE - 1):
        for _ in range(MOST_OF_ONE):
            questions.ask("factory", ASKED, account)
    with pytest.raises(QuestionsFull):
        questions.ask("factory", ASKED, 99)

    following.hear(following.peer.answered(following.keys.public, ids[0], FOUND))
    assert questions.ask("factory", ASKED, 1)
    with pytest.raises(sa.exc.NoResultFound):
        state(following, ids[0])
