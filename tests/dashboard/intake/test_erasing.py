"""A dashboard forgets who was erased, whenever it hears of it, and does not learn it again (design §4)."""

from pathlib import Path

import databases
import pytest
import sqlalchemy as sa
from listener import Listener

from controller.record.asks import RegisterPerson
from controller.record.kinds import person
from controller.record.private import PrivateRow
from controller.record.topics import Reply
from dashboard import database as db
from dashboard.intake.intake import Message
from dashboard.intake.missing_texts import MissingTexts
from dashboard.intake.rebuild import rebuild
from dashboard.outbox import Outbox, mark_replied
from dashboard.truncation import cut

NAME, REASON = "消之 匿名子", "退職に伴う停止"


def known(listener: Listener) -> Listener:
    """The company's records, and person 5 with a name and a reason."""
    peer, mine = listener.peer, listener.keys.public
    listener.hear([peer.record(seq) for seq in range(1, len(peer.records) + 1)])
    for id, text in (("person-5", {"name": NAME}), ("reason-5", {"reason": REASON})):
        listener.hear(peer.private(mine, id, text))
    named, why = (PrivateRow(id, 1, text, "00" * 16).ref() for id, text in
                  (("person-5", {"name": NAME}), ("reason-5", {"reason": REASON})))  # fmt: skip
    for body in (person.PersonRegistered(5, named, "active"), person.PersonSuspended(5, "suspended", why)):
        listener.hear(peer.record(peer.write(body, by="operator:1")))
    return listener


def erase(listener: Listener) -> None:
    peer = listener.peer
    listener.hear(peer.record(peer.write(person.PersonErased(5, "asked", "erased"), by="operator:2")))


def names(listener: Listener) -> str:
    return str([row["text"] for row in listener.rows(db.private_text)])


def test_the_record_erases(following: Listener, tmp_path: Path) -> None:
    """When the record is folded the texts go, with every byte in the database's files; other people's stay."""
    known(following)
    following.hear(following.peer.private(following.keys.public, "person-1", {"name": "山田 1"}))
    assert NAME in names(following) and REASON in names(following)
    following.intake.erased = False

    erase(following)

    assert following.intake.erased and cut(following.engine)
    assert NAME not in names(following) and REASON not in names(following) and "山田 1" in names(following)
    if databases.kind == "sqlite":
        held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert NAME.encode() not in held and REASON.encode() not in held and "山田 1".encode() in held


def test_what_comes_late_is_not_kept(following: Listener) -> None:
    """A broker that hands out the old private row again, or for the first time, finds that nobody keeps it."""
    known(following)
    late = following.peer.private(following.keys.public, "person-5", {"name": NAME})
    erase(following)

    following.hear(late, retained=True)
    following.hear(late)

    assert NAME not in names(following)
    assert following.source.malformed == 0


def test_another_name_under_the_same_number_is_another_text(following: Listener) -> None:
    """What is refused is what was erased, not the place: a later epoch may give the number to somebody else."""
    known(following)
    erase(following)

    following.hear(following.peer.private(following.keys.public, "person-5", {"name": "新田 誠"}))

    assert "新田 誠" in names(following)


def test_a_rebuild_erases_again(following: Listener) -> None:
    """Texts that a copied-back database brought are gone when the records are folded anew."""
    known(following)
    held = following.rows(db.private_text)
    erase(following)
    with db.write(following.engine) as connection:
        for row in held:
            db.upsert(connection, db.private_text, row)
    assert NAME in names(following)

    rebuild(following.engine)

    assert NAME not in names(following)


def test_what_was_erased_is_not_asked_for(following: Listener) -> None:
    """A name that was erased is not missing."""
    known(following)
    erase(following)
    texts = MissingTexts(following.engine, following.keys)

    wanted = texts._missing(following.source)

    assert "person-5" not in wanted and "person-1" in wanted


def test_a_failed_batch_has_erased_nothing(following: Listener) -> None:
    """Erasing is of the batch's transaction: if that fails, the name is there, and the record comes again."""
    known(following)
    seq = following.peer.write(person.PersonErased(5, "asked", "erased"))
    said = following.peer.record(seq)

    def fail(*_: object) -> None:
        raise sa.exc.OperationalError("commit", {}, Exception("disk"))

    sa.event.listen(following.engine, "commit", fail)
    with pytest.raises(sa.exc.OperationalError):
        following.intake.take([Message(said.topic, said.payload)])
    sa.event.remove(following.engine, "commit", fail)
    assert NAME in names(following)

    following.intake.reconnected()
    following.hear(following.peer.online(), said)

    assert NAME not in names(following)


def test_a_reply_lets_the_requests_bytes_go(following: Listener) -> None:
    """What people typed is kept, sealed, until the site has answered, and not longer."""
    outbox = Outbox(following.engine, following.keys, {following.peer.name: following.peer.keys.public})
    id = outbox.submit(following.peer.name, RegisterPerson(), {"name": NAME}, account=None, operator=1)
    assert following.rows(db.outbox)[0]["bytes"]

    with db.write(following.engine) as connection:
        mark_replied(connection, following.peer.name, Reply(id, None, "", 1, 1, following.now))

    (row,) = following.rows(db.outbox)
    assert (row["state"], row["bytes"]) == ("accepted", b"")
