"""A dashboard that is trusted but broken cannot fill the ledger, and keeps no revocation waiting."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sites import make_site, people, tap

from controller import rates
from controller.inbox import RequestReceived
from controller.rates import BURST, EVERY_S, PER_S, Rates
from controller.record import asks as ask


def test_a_flood_is_one_record_a_minute(tmp_path: Path) -> None:
    """Past its measure a dashboard's requests leave no record each and get no reply; one count a minute; doors go on."""
    site = people(make_site(tmp_path))
    site.judgement._rates._left[site.dashboard.public.id, False] = (3.0, site.clock.monotonic())
    floods = [RequestReceived(site.request(ask.RegisterPerson(), expires_at=None)) for _ in range(50)]
    before, replies = site.ledger.size, len(site.committed_replies())

    site.turn(*floods)
    assert site.kinds(before + 1).count("request.accepted") == 3
    assert len(site.committed_replies()) - replies == 3
    site.turn(*floods[:3])  # decided before: answered, whatever the rate
    assert len(site.committed_replies()) - replies == 6
    assert site.asks(ask.SuspendPerson(1)) is None
    site.turn(tap("front/in", "card:2"))
    assert site.actuator.releases() == ["front"]
    size = site.ledger.size
    site.step(EVERY_S)
    site.turn()

    dropped = [record.body for record in site.records(size + 1) if record.kind == "inputs.dropped"]
    assert [(body.sort, body.count) for body in dropped] == [(f"request/{site.dashboard.public.id}", 47)]
    site.turn(floods[10])  # sent again, as its dashboard does
    assert site.committed_replies()[-1].code is None
    site.close()


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 2)), max_size=60))
def test_no_more_than_the_measure(asked: list[tuple[str, float]]) -> None:
    """Over any stretch of time a dashboard gets no more than its burst and its rate, whatever the others do."""
    measure, now_s, taken = Rates(), 100.0, {"a": 0, "b": 0}
    measure._left = {("a", False): (5.0, now_s), ("b", False): (5.0, now_s)}
    for dashboard, pause_s in asked:
        now_s += pause_s
        taken[dashboard] += measure.take(dashboard, "person.register", now_s)
        assert taken[dashboard] <= 5 + (now_s - 100.0) * PER_S + 1e-6
    turned_away = sum(measure.due(now_s + EVERY_S).values())
    assert sum(taken.values()) + turned_away == len(asked)
    assert BURST > PER_S and rates.EVERY_S > 0
