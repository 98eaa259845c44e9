"""Whatever a broker does to the messages, and whenever the process dies: the tables end as a straight fold of the ledger."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listener import Listener, listening

from controller.record.envelope import decode
from controller.record.projection import project
from controller.record.tables import TABLES, Upsert
from dashboard import database as db
from dashboard.intake.rebuild import rebuild, rebuild_if_older
from dashboard.intake.resend import AGAIN_S, Resend

VISITS = 30
MOST_ROUNDS = 200


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The site, and the tables of a dashboard that heard every record once and in order."""
    with listening(tmp_path_factory.mktemp("straight")) as listener:
        listener.peer.visits(VISITS)
        listener.hear(listener.peer.online())
        listener.records(*range(1, len(listener.peer.records) + 1))
        yield listener.peer, listener.folded()


def deliver(listener: Listener, events: list[tuple[float, str, int]], batch: int) -> None:
    """These events, in batches; an interruption ends one."""
    peer, waiting = listener.peer, []
    for _, what, number in events:
        match what:
            case "record":
                waiting.append(peer.record(number))
            case "checkpoint":
                waiting.append(peer.checkpoint(number))
            case "resent":
                waiting.append(peer.resent(listener.keys.public, number, number + 7))
            case "online":
                waiting.append(peer.online())
        if what in ("restart", "reconnect") or len(waiting) >= batch:
            listener.hear(waiting)
            waiting = []
        if what == "restart":
            listener.started()
        if what == "reconnect":
            listener.intake.reconnected()
    listener.hear(waiting)


def repair(listener: Listener, lost: list[bool]) -> None:
    """The resend, its first answers lost or not, until nothing is missing."""
    listener.hear(listener.peer.online(), listener.peer.checkpoint())
    resend = Resend(listener.engine, listener.keys, lambda: listener.at)
    rounds = 0
    while listener.source.applied < len(listener.peer.records):
        answered, listener.intake.resent = listener.intake.resent, set()
        for _, request in resend.due(listener.intake.sources, answered, AGAIN_S * rounds):
            if not (lost and lost.pop()):
                listener.hear(listener.peer.answer(request, listener.keys.public))
        rounds += 1
        assert rounds < MOST_ROUNDS, "the resend does not end"


@settings(max_examples=12, deadline=None)
@given(
    chance=st.randoms(use_true_random=False),
    lost=st.sampled_from([0.0, 0.1, 0.6]),
    doubled=st.sampled_from([0.0, 0.3]),
    displaced=st.sampled_from([0, 3, 1000]),
    interruptions=st.integers(0, 4),
    batch=st.integers(1, 60),
)
def test_any_interleaving_ends_as_a_straight_fold(straight, chance, lost, doubled, displaced, interruptions, batch):
    """Records shuffled, doubled and lost, checkpoints among them, restarts and reconnects between: the same tables."""
    peer, expected = straight
    size = len(peer.records)
    events = [(n + chance.uniform(0, displaced), "record", n) for n in range(1, size + 1) if chance.random() >= lost]
    events += [(at + chance.uniform(0, displaced), what, n) for at, what, n in events if chance.random() < doubled]
    for what in ("checkpoint", "resent", "online"):
        events += [(chance.uniform(0, size), what, chance.randint(1, size)) for _ in range(3)]
    for what in ("restart", "reconnect"):
        events += [(chance.uniform(0, size), what, 0) for _ in range(interruptions)]
    with tempfile.TemporaryDirectory() as folder, listening(Path(folder)) as listener:
        listener.peer = peer
        listener.started()
        listener.hear(peer.online())
        deliver(listener, sorted(events), batch)
        repair(listener, [chance.random() < 0.5 for _ in range(4)])
        assert (listener.source.broken, listener.source.malformed, listener.source.forged) == (None, 0, 0)
        assert listener.source.applied == listener.source.checkpoint_size == size
        assert listener.folded() == expected
        rebuild(listener.engine)
        assert listener.folded() == expected


def test_the_tables_are_the_fold_of_the_published_language(straight):
    """The projected tables hold what a plain dictionary holds after the same changes: `project` and nothing else."""
    peer, tables = straight
    plain: dict[str, dict[tuple, dict]] = {name: {} for name in TABLES}
    for data in peer.records:
        for change in project(decode(data)):
            key_of = TABLES[change.table].key
            if isinstance(change, Upsert):
                key = tuple(change.row[name] for name in key_of)
                empty = dict.fromkeys(TABLES[change.table].columns)
                plain[change.table][key] = {**plain[change.table].get(key, empty), **change.row}
            else:
                plain[change.table].pop(tuple(change.key[name] for name in key_of), None)
    for name, rows in plain.items():
        front = {"ledger_site": "factory", "epoch": 1}
        assert tables[name] == [{**front, **rows[key]} for key in sorted(rows)], name


# Rebuild ---------------------------------------------------------------------------------------------------------------


def test_rebuild_is_live_with_holes_forks_and_old_epochs(following):
    """Rebuild gives the tables as they were, also where the fold stands before a hole, a fork, or in an epoch that is over."""
    peer = following.peer.visits(30)
    following.hear(peer.checkpoint(40, root=b"\x01" * 32))
    following.records(*range(1, 60), 62)
    assert (following.source.broken, following.source.applied) == ("fork", 40)
    before = following.folded()
    assert rebuild(following.engine) == {"factory": 40}
    assert following.folded() == before
    second = type(peer)(epoch=2, keys=peer.keys).company().visits(10)
    following.hear(second.online(), [second.record(seq) for seq in (1, 2, 3, 4, 5, 6, 7, 9)])
    before = following.folded()
    assert rebuild(following.engine) == {"factory": 47}
    assert following.folded() == before
    following.started()
    following.hear(second.online(), [second.record(seq) for seq in range(8, len(second.records) + 1)])
    assert following.source.applied == len(second.records)


def test_rebuild_repairs_what_was_changed_by_hand(following):
    """Tables and facets that somebody edited are as the records say after a rebuild."""
    following.records(*range(1, len(following.peer.records) + 1))
    before = following.folded()
    with following.engine.begin() as connection:
        connection.exec_driver_sql("update badge set state = 'active', person = 1")
        connection.exec_driver_sql("delete from access_right")
        connection.exec_driver_sql("update record set person = 7, result = 'granted'")
    assert following.folded() != before
    rebuild(following.engine)
    assert following.folded() == before


def test_an_older_fold_is_folded_anew(following):
    """Tables that another version folded are folded anew at the start; those of this version are left."""
    assert rebuild_if_older(following.engine) is None
    following.records(1, 2, 3)
    assert rebuild_if_older(following.engine) is None
    with following.engine.begin() as connection:
        connection.exec_driver_sql("update fold set version = 0")
        connection.exec_driver_sql("delete from portal")
    assert rebuild_if_older(following.engine) == {"factory": 3}
    assert len(following.rows(db.projected["portal"])) == 2
