"""A person is erased by two people, and of what was written about them no byte is left (design §4, C9.2)."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sites import TestSite, fast_folder, make_site, people, tap

from controller.ledger.database import open_reader, open_writer
from controller.ledger.erasing import HELD, erase_person, put
from controller.ledger.ledger import Ledger, fresh_salt
from controller.ledger.verify import verify_file
from controller.record import asks as ask
from controller.record.envelope import KINDS
from controller.record.kinds.person import REASONS
from controller.record.private import ERASED_SALT, PrivateRef, PrivateRow
from controller.record.projection import project
from controller.record.tables import Erase, Upsert
from controller.rules.authority import OperatorFact
from controller.rules.erasure import Subject, erase
from controller.rules.outcome import Refusal
from controller.truncation import cut

from .record.test_golden import EXAMPLES, record_of

NAME, KANA, PURPOSE, REASON = "消之 匿名子", "キエノ ナナコ", "機密試作の評価", "退職に伴う停止"
NOT_ABOUT_A_PERSON = {
    "portal.released", "portal.overridden", "lockdown.begun", "lockdown.ended", "evacuation.begun", "evacuation.ended",
    "combination.registered", "combination.reported", "combination.retired", "combination.change_broken_off",
    "special_day.requested", "special_day.set", "group.created", "group.renamed",
    "container.registered", "container.moved", "container.retired", "asset.registered", "asset.changed",
    "carrier.registered", "carrier.withdrawn", "transport.ordered", "transport.cancelled", "transport.lost",
    "cabinet.slot_let_go", "key.registered", "key.changed", "key.retired", "key.unsealed",
    "tether.registered", "tether.retired", "tether.checked", "tether.deviated", "thing.registered",
}  # fmt: skip
"""Kinds whose text is about a place, a group or a key, whoever wrote it."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    """A site where person 5 has a name, a badge, a right with a purpose, and was suspended by operator 2."""
    site = people(make_site(tmp_path))
    assert site.asks(ask.RegisterPerson(), private={"name": NAME, "kana": KANA}) is None
    site.console("enrol.card", person=5, credential=site.judgement.doors.digest("card:5"), assurance=2, label="5")
    now = site.clock.now()
    body = ask.RequestRight(5, "lab", "always", now.strftime("%Y-%m-%dT%H:%M:%S.000000Z"), "2027-03-31T00:00:00.000000Z")
    assert site.asks(body, private={"purpose": PURPOSE}) is None
    assert site.asks(ask.ApproveRight(site.facts.next("access_right") - 1), 2) is None
    assert site.asks(ask.SuspendPerson(5), 2, private={"reason": REASON}) is None
    yield site
    site.close()


def bytes_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def left(folder: Path) -> list[str]:
    """Which of the person's texts can be found in some file."""
    held = bytes_in(folder)
    return [text for text in (NAME, KANA, PURPOSE, REASON) if text.encode() in held]


def test_no_byte_of_a_person_is_left(site: TestSite) -> None:
    """After the erasure and the cut of the log no file holds name, kana, purpose or reason, and the ledger verifies."""
    assert left(site.folder) == [NAME, KANA, PURPOSE, REASON]

    assert site.asks(ask.ErasePerson(5, "asked"), 1) is None
    assert cut(site.path)

    assert left(site.folder) == []
    kinds = site.kinds()
    assert kinds[-4:] == ["badge.retired", "right.revoked", "person.erased", "request.accepted"]
    site.loop.sign()
    assert verify_file(site.path, key=site.vkey).ok
    ids = {id for (id,) in site.ledger.connection.execute(f"select id from private where {HELD}")}
    assert ids and not ids & {id for (id,) in site.ledger.connection.execute("select private from private_of where person = 5")}


def test_the_badge_of_an_erased_person_opens_nothing(site: TestSite) -> None:
    """The badge is refused as any retired one; the person cannot be brought back, and the number is not used again."""
    assert site.asks(ask.ErasePerson(5, "asked"), 1) is None

    (refused,) = site.turn(tap("lab-door/in", "card:5"))

    assert (refused.kind, refused.body.code) == ("entry.refused", "active_badge")
    assert site.asks(ask.ReinstatePerson(5), 1) == "subject"
    assert site.asks(ask.SuspendPerson(5), 1, private={"reason": NAME}) == "subject"
    assert site.facts.next("person") == 6
    assert cut(site.path) and NAME not in left(site.folder)


def test_it_takes_two_people_and_a_suspension(site: TestSite) -> None:
    """Not by who suspended, not by a guard, not for an active person, not for no reason, not twice."""
    assert site.asks(ask.ErasePerson(5, "asked"), 2) == "second_person"
    assert site.asks(ask.ErasePerson(5, "asked"), 3) == "role"
    assert site.asks(ask.ErasePerson(1, "asked"), 1) == "subject"
    assert site.asks(ask.ErasePerson(99, "asked"), 1) == "subject"
    assert site.asks(ask.ErasePerson(5, NAME), 1) == "form"
    assert site.asks(ask.ErasePerson(5, "unneeded"), 1) is None
    assert site.asks(ask.ErasePerson(5, "unneeded"), 1) == "subject"


def test_the_console_is_a_second_person(site: TestSite) -> None:
    """For a site without a dashboard, whoever stands at the console erases whom an operator suspended."""
    assert site.console("person.erase", person=5, reason="asked")["code"] is None
    assert site.facts.person_state(5) == "erased"


def test_an_operator_who_is_the_person_loses_the_name_too(site: TestSite) -> None:
    """The name of the operator who is the same human goes as well; one who still acts is retired first."""
    site.console("operator.add", name=NAME, roles=["auditor"], scope=["*"], person=5)
    assert site.asks(ask.ErasePerson(5, "asked"), 1) == "subject"
    site.console("operator.retire", operator=5)

    assert site.asks(ask.ErasePerson(5, "asked"), 1) is None

    assert cut(site.path) and left(site.folder) == []


def test_what_is_folded_again_is_erased_again(site: TestSite) -> None:
    """A file that got the texts back, as a restored backup brings them, loses them where the record is folded."""
    held = site.ledger.connection.execute("select * from private").fetchall()
    assert site.asks(ask.ErasePerson(5, "asked"), 1) is None
    for row in held:
        site.ledger.connection.execute("update private set text = ?, salt = ? where n = ?", (row[3], row[4], row[0]))

    site.ledger.rebuild()

    assert cut(site.path) and left(site.folder) == []
    erased = "select count(*) from private where salt = ?"
    assert site.ledger.connection.execute(erased, (ERASED_SALT,)).fetchone() == (3,)


def test_a_row_that_comes_late_is_not_stored(site: TestSite) -> None:
    """A private row about somebody who was erased is not taken in any more, wherever it comes from."""
    row = site.ledger.connection.execute("select id, version, text, salt from private where id = 'person-5'").fetchone()
    assert site.asks(ask.ErasePerson(5, "asked"), 1) is None
    late = PrivateRow(row[0], row[1], msgspec.json.decode(row[2]), row[3])

    with site.ledger.transaction():
        site.ledger.put_private(late, "")

    assert cut(site.path) and left(site.folder) == []


def test_a_reader_delays_the_cut_and_nothing_else(site: TestSite) -> None:
    """While somebody reads an old state the log cannot be cut; records go on, and the next try does it."""
    reader = open_reader(site.path)
    reader.execute("begin")
    assert reader.execute("select count(*) from private").fetchone()
    assert site.asks(ask.ErasePerson(5, "asked"), 1) is None

    assert not cut(site.path)
    assert site.turn(tap("lab-door/in", "card:1"))
    reader.close()

    assert cut(site.path) and left(site.folder) == []


def test_the_fold_is_the_same_after_a_rebuild(site: TestSite) -> None:
    """Tables folded anew from the records are what they were."""
    assert site.asks(ask.ErasePerson(5, "mistaken"), 1) is None
    before = [site.ledger.connection.execute(f"select * from {table}").fetchall() for table in ("person", "private_of")]

    site.ledger.rebuild()

    after = [site.ledger.connection.execute(f"select * from {table}").fetchall() for table in ("person", "private_of")]
    assert after == before


def test_a_ledger_of_an_older_program_is_taken_over(tmp_path: Path) -> None:
    """A private store whose rows could move is copied into one whose rows cannot, with nothing lost."""
    path = tmp_path / "ledger.sqlite3"
    old = open_writer(path).conn
    old.execute("drop table private")
    old.execute("""create table private (id text, version integer, text text not null, salt text not null, at text not null,
        primary key (id, version)) strict, without rowid""")
    old.execute("insert into private values ('person-1', 1, '{\"name\":\"x\"}', ?, '')", ("ab" * 16,))
    old.close()

    ledger = Ledger(path, "works")

    assert ledger.connection.execute("select n, id, version, text from private").fetchall() == [
        (1, "person-1", 1, '{"name":"x"}')
    ]
    ledger.close()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), long=st.booleans())
def test_rows_never_leave_a_copy_behind(seed: int, long: bool) -> None:
    """Whatever was stored and erased in whatever order, no byte of an erased row is in the file; every other row is whole."""
    chosen, folder = random.Random(seed), fast_folder()
    connection = open_writer(folder / "ledger.sqlite3").conn
    texts: dict[int, str] = {}
    for person in range(1, 400):
        texts[person] = f"NAME-{chosen.getrandbits(64):016x}"
        row = PrivateRow(
            f"person-{person}", 1, {"name": texts[person] + "山" * chosen.choice([0, 9, 90, 2000 * long])}, fresh_salt()
        )
        connection.execute(
            "insert into private_of values (?, 1, ?, ?)", (row.id, row.ref().digest, person)
        )
        put(connection, row, "")
        if person % 5 == 0:
            erase_person(connection, chosen.randint(1, person))
    for person in chosen.sample(sorted(texts), 150):
        erase_person(connection, person)
    whole = {int(id.partition("-")[2]) for (id,) in connection.execute(f"select id from private where {HELD}")}
    connection.close()

    held = bytes_in(folder)

    assert {person for person, text in texts.items() if text.encode() in held} == whole


SUBJECT = Subject(5, "suspended", "operator:2", None, False, (1,), ((1, "lab"),))
MANAGER = OperatorFact(1, frozenset({"manager"}), frozenset({"*"}), None, "active")


@pytest.mark.parametrize(
    ("subject", "operator", "by", "place"),
    [
        (SUBJECT, OperatorFact(2, MANAGER.roles, MANAGER.scope, None, "active"), "operator:2", "person.state_by"),
        (SUBJECT, OperatorFact(1, MANAGER.roles, MANAGER.scope, 5, "active"), "operator:1", "person.state_by"),
        (
            Subject(5, "suspended", "operator:2", 8, False, (), ()),
            OperatorFact(1, MANAGER.roles, MANAGER.scope, 8, "active"), "operator:1", "person.state_by",
        ),
        (Subject(5, "suspended", "controller", None, False, (), ()), MANAGER, "operator:1", "person.state_by"),
        (Subject(5, "suspended", "console", None, False, (), ()), MANAGER, "console", "person.state_by"),
        (Subject(5, "suspended", "operator:2", None, True, (), ()), MANAGER, "operator:1", "operator.state"),
        (SUBJECT, OperatorFact(1, MANAGER.roles, frozenset({"vault"}), None, "active"), "operator:1", "operator.scope"),
    ],
)  # fmt: skip
def test_who_may_not(subject: Subject, operator: OperatorFact, by: str, place: str) -> None:
    """Not the one who suspended or is known to be the same human, not oneself, not against nobody's word, not out of scope."""
    refusal = erase(subject, REASONS[0], operator, by)

    assert isinstance(refusal, Refusal) and refusal.place == place


@pytest.mark.parametrize("body", EXAMPLES, ids=lambda body: type(body).__name__)
def test_every_text_about_a_person_is_filed_under_them(body: msgspec.Struct) -> None:
    """No kind of record with a private row forgets whom it is about: what is not filed could not be erased."""
    refs = {ref.id for name in body.__struct_fields__ if isinstance(ref := getattr(body, name), PrivateRef)}
    record = record_of(body)
    filed = {change.row["private"] for change in project(record) if isinstance(change, Upsert) and change.table == "private_of"}

    assert record.kind in {kind for kind, _ in KINDS}
    assert filed == (set() if record.kind in NOT_ABOUT_A_PERSON else refs)


def test_only_one_kind_erases() -> None:
    """Nothing but `person.erased` makes anybody forget anything."""
    assert [record_of(body).kind for body in EXAMPLES if any(isinstance(c, Erase) for c in project(record_of(body)))] == [
        "person.erased"
    ]
