"""Names that never came are asked for, until they are there."""

import msgspec
from listener import Listener

from controller.record.asks import QueryPrivate
from controller.record.kinds.person import PersonChanged
from controller.record.private import PrivateRef
from controller.record.projection import project
from controller.record.requests import read_body, read_envelope, signature_holds
from controller.record.tables import Upsert
from dashboard.intake.missing_texts import AGAIN_S, POINTERS, MissingTexts

from ...controller.record.test_golden import EXAMPLES, record_of


def asked(listener: Listener, texts: MissingTexts, at_s: float) -> list[tuple[str, ...]]:
    """The ids that are asked for at this moment, each request checked."""
    found = []
    for topic, data in texts.due(listener.intake.sources, at_s):
        request = read_envelope(data)
        assert topic == listener.peer.topics.request
        assert signature_holds(request, listener.keys.public)
        assert request.expires_at is None
        body = read_body(request)
        assert isinstance(body, QueryPrivate)
        found.append(body.ids)
    return found


def test_missing_names_are_asked_for(following: Listener) -> None:
    """What the tables point at and the private store lacks is asked for, once in a while, and no more once it has come."""
    texts = MissingTexts(following.engine, following.keys)
    peer = following.peer
    everything = peer.say_all(following.keys.public)
    private = [said for said in everything if "/private/" in said.topic]
    following.hear([said for said in everything if said not in private])

    ((first, *rest),) = asked(following, texts, 100.0)

    ids = {said.topic.rpartition("/")[2] for said in private}
    assert ids < {first, *rest}
    assert asked(following, texts, 100.0 + AGAIN_S / 2) == []
    following.hear(private)
    ((again, *others),) = asked(following, texts, 100.0 + 2 * AGAIN_S)
    assert {again, *others} == {first, *rest} - ids


def test_a_name_that_is_older_than_its_record_is_asked_for(following: Listener) -> None:
    """A new title whose message was lost is asked for, though an older one is there, until it has come (C7.5)."""
    texts = MissingTexts(following.engine, following.keys)
    peer = following.peer
    following.hear(peer.say_all(following.keys.public))
    ((before, *_rest),) = asked(following, texts, 100.0)
    assert "person-1" not in (before, *_rest)
    peer.write(PersonChanged(1, PrivateRef("person-1", 2, "ab" * 32), None, None, None))
    following.hear([peer.record(len(peer.records)), peer.checkpoint()])

    ((first, *rest),) = asked(following, texts, 100.0 + 2 * AGAIN_S)

    assert "person-1" in (first, *rest)
    following.hear([peer.private(following.keys.public, "person-1", {"name": "山田 1", "title": "課長"}, 2)])
    ((again, *others),) = asked(following, texts, 100.0 + 4 * AGAIN_S)
    assert "person-1" not in (again, *others)


def test_nothing_is_asked_while_records_are_missing(following: Listener) -> None:
    """Records come first: names are asked for when the ledger has been caught up with."""
    texts = MissingTexts(following.engine, following.keys)
    everything = following.peer.say_all(following.keys.public)
    following.hear([said for said in everything if "/private/" not in said.topic and "/record" not in said.topic])

    assert following.source.highest > following.source.applied
    assert asked(following, texts, 100.0) == []


def test_a_query_is_bounded(following: Listener) -> None:
    """No query names more ids than the site takes."""
    assert msgspec.convert({"ids": ["x"] * 100}, QueryPrivate)
    try:
        msgspec.convert({"ids": ["x"] * 101}, QueryPrivate)
    except msgspec.ValidationError:
        return
    raise AssertionError("101 ids were taken")


def _texts_of(value: object) -> set[str]:
    """The ids of the private texts in a record's body, wherever they stand."""
    if isinstance(value, PrivateRef):
        return {value.id}
    if isinstance(value, msgspec.Struct):
        return set().union(*(_texts_of(getattr(value, name)) for name in value.__struct_fields__))
    return set().union(*map(_texts_of, value)) if isinstance(value, tuple) else set()


def test_no_noun_is_forgotten() -> None:
    """Every column into which some kind of record folds the id of a private text is one whose missing texts are asked for."""
    pointing = {
        (change.table, column)
        for body in EXAMPLES
        for change in project(record_of(body))
        if isinstance(change, Upsert) and change.table != "private_of"
        for column, value in change.row.items()
        if value in _texts_of(body)
    }

    assert set(POINTERS) == pointing
