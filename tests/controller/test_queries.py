"""Questions of dashboards: bounded for each, answered in turn, and what is too much is counted and recorded (design §5)."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sites import make_site, people

from controller.inbox import QueriesTurnedAway
from controller.queries import EACH, EVERY_S, Queries
from controller.record.kinds.site import InputsDropped
from controller.record.requests import Request


def asked(dashboard: str, n: int = 0) -> Request:
    return Request(f"{n:026d}", "query/resend", "works", {}, "", 0, "", None, dashboard)


@given(st.lists(st.sampled_from("abc"), max_size=100))
def test_each_dashboard_has_a_few_and_they_take_turns(order: list[str]) -> None:
    """No dashboard has more than `EACH` waiting, each one's stay in order, and none waits for two of another's."""
    queries = Queries()
    taken = [asked(dashboard, n) for n, dashboard in enumerate(order) if queries.take(asked(dashboard, n))]
    for dashboard in "abc":
        mine = [n for n, who in enumerate(order) if who == dashboard]
        assert [request.id for request in taken if request.dashboard == dashboard] == [f"{n:026d}" for n in mine[:EACH]]
    answered = []
    while (query := queries.next()) is not None:
        answered.append(query)
    assert {q.id for q in answered} == {q.id for q in taken} and not queries
    for dashboard in "abc":
        assert [q.id for q in answered if q.dashboard == dashboard] == [q.id for q in taken if q.dashboard == dashboard]
    waiting = {dashboard: sum(q.dashboard == dashboard for q in taken) for dashboard in "abc"}
    first = [q.dashboard for q in answered][: sum(count > 0 for count in waiting.values())]
    assert len(set(first)) == len(first)
    turned = {dashboard: order.count(dashboard) - waiting[dashboard] for dashboard in "abc"}
    assert queries.turned_away(0.0) == {dashboard: count for dashboard, count in turned.items() if count}


def test_what_was_turned_away_is_told_once_a_minute() -> None:
    """A flood is told at once and then once a minute, with its count."""
    queries = Queries()
    for n in range(EACH + 5):
        queries.take(asked("a", n))
    assert queries.turned_away(1000.0) == {"a": 5}
    queries.take(asked("a"))
    assert queries.turned_away(1000.0 + EVERY_S - 1) == {}
    assert queries.turned_away(1000.0 + EVERY_S) == {"a": 1}


def test_a_flood_of_questions_is_a_record(tmp_path: Path) -> None:
    """The loop records whose questions were turned away, and how many."""
    site = people(make_site(tmp_path))
    (record,) = site.turn(QueriesTurnedAway("0011223344556677", 12))
    assert record.body == InputsDropped("query/0011223344556677", 12)
    site.close()
