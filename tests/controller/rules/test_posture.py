"""How a portal stands by itself: lockdown, override, schedule, first card, and a doubted clock (C8.8)."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.private import PrivateRow
from controller.rules.authority import OperatorFact
from controller.rules.outcome import Outcome, Refusal
from controller.rules.posture import (
    SITE,
    Orders,
    Override,
    Unlocking,
    begin_lockdown,
    end_lockdown,
    open_zone,
    override,
    posture,
    resume,
)
from controller.rules.schedule import Calendar, Schedule, Window

TOKYO = ZoneInfo("Asia/Tokyo")
NINE_TO_SIX = (Window(time(9), time(18)),)
HOURS = Schedule("office", (NINE_TO_SIX,) * 5 + ((), ()), (), TOKYO, Calendar("JP", frozenset({date(2026, 12, 29)})))
RULE = Unlocking("lobby", "", HOURS, True)
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=TOKYO).astimezone(UTC)
SIX = datetime(2026, 11, 24, 18, 0, tzinfo=TOKYO).astimezone(UTC)
REASON = PrivateRow("reason-1", 1, {"reason": "搬入"}, "00" * 16)
ALL = OperatorFact(1, frozenset({"manager"}), frozenset({"*"}), None, "active")
LOBBY = OperatorFact(2, frozenset({"manager"}), frozenset({"lobby"}), None, "active")


def orders(
    *, overrides: dict[str, Override] | None = None, lockdowns: tuple[str, ...] = (), opened: datetime | None = None
) -> Orders:
    return Orders(overrides or {}, dict.fromkeys(lockdowns, 7), {} if opened is None else {"lobby": opened})


@pytest.mark.parametrize(
    ("given_orders", "now", "trusted", "expected"),
    [
        (orders(), NOON, True, (False, "schedule", True)),
        (orders(opened=SIX), NOON, True, (True, "schedule", False)),
        (orders(opened=NOON), NOON, True, (False, "schedule", True)),
        (orders(opened=SIX), SIX, True, (False, "schedule", False)),
        (orders(opened=SIX), NOON, False, (False, "clock", False)),
        (orders(opened=SIX, lockdowns=("lobby",)), NOON, True, (False, "lockdown", False)),
        (orders(opened=SIX, lockdowns=(SITE,)), NOON, True, (False, "lockdown", False)),
        (orders(opened=SIX, lockdowns=("vault",)), NOON, True, (True, "schedule", False)),
        (orders(overrides={"p": Override("open", SIX)}), NOON, True, (True, "override", False)),
        (orders(overrides={"p": Override("open", SIX)}), NOON, False, (False, "override", False)),
        (orders(overrides={"p": Override("locked", SIX)}, opened=SIX), NOON, True, (False, "override", False)),
        (orders(overrides={"p": Override("open", NOON)}), NOON, True, (False, "schedule", True)),
        (orders(overrides={"q": Override("open", SIX)}), NOON, True, (False, "schedule", True)),
        (orders(overrides={"p": Override("open", SIX)}, lockdowns=("lobby",)), NOON, True, (False, "lockdown", False)),
    ],
)
def test_table_of_postures(
    given_orders: Orders, now: datetime, trusted: bool, expected: tuple[bool, str, bool]
) -> None:
    """Lockdown before override before schedule; nothing stands unlocked by a doubted clock (C8.8, design §6)."""
    found = posture("p", RULE, given_orders, now, trusted)

    assert (found.open, found.cause, found.awaited) == expected


@pytest.mark.parametrize(
    ("marked", "evacuated", "locked_down", "overridden", "trusted", "expected"),
    [
        (True, (SITE,), (), None, True, (True, "evacuation")),
        (True, ("lobby",), (), None, True, (True, "evacuation")),
        (True, ("vault",), (), None, True, (False, "schedule")),
        (False, (SITE,), (), None, True, (False, "schedule")),
        (True, (SITE,), (SITE,), None, True, (True, "evacuation")),
        (False, (SITE,), (SITE,), None, True, (False, "lockdown")),
        (True, (SITE,), (), "locked", True, (True, "evacuation")),
        (False, (SITE,), (), "locked", True, (False, "override")),
        (True, (SITE,), (), None, False, (True, "evacuation")),
        (False, (SITE,), (), None, False, (False, "clock")),
        (True, (), (SITE,), "open", True, (False, "lockdown")),
    ],
)
def test_table_of_evacuations(
    marked: bool,
    evacuated: tuple[str, ...],
    locked_down: tuple[str, ...],
    overridden: str | None,
    trusted: bool,
    expected: tuple[bool, str],
) -> None:
    """Life first: what is marked opens before any lockdown, order or doubt of the clock; what is not stays as it was (C8.9)."""
    rule = Unlocking("lobby", "", HOURS, True, marked)
    overrides = {} if overridden is None else {"p": Override(overridden, SIX)}
    given_orders = Orders(overrides, dict.fromkeys(locked_down, 1), {}, dict.fromkeys(evacuated, 2))

    found = posture("p", rule, given_orders, NOON, trusted)

    assert (found.open, found.cause) == expected


def test_portal_without_hours_stays_locked() -> None:
    """A portal whose settings name no schedule stands locked at any time."""
    assert not posture("p", Unlocking("lobby", "", None, False), orders(opened=SIX), NOON, True).open


def test_hours_without_first_card() -> None:
    """Where the settings say so, the hours alone unlock; on a holiday of the company they do not."""
    rule = Unlocking("lobby", "", HOURS, False)

    assert posture("p", rule, orders(), NOON, True).open
    assert not posture("p", rule, orders(), datetime(2026, 12, 29, 3, tzinfo=UTC), True).open


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(lambda at: at.replace(tzinfo=UTC)),
    st.sampled_from([None, "open", "locked"]),
    st.booleans(),
    st.sets(st.sampled_from(["lobby", "vault", SITE])),
    st.booleans(),
    st.booleans(),
)
def test_never_unlocked_without_cause(
    now: datetime, overridden: str | None, first: bool, lockdowns: set[str], trusted: bool, opened: bool
) -> None:
    """Whatever stands, an unlocked portal is in no lockdown, its clock is trusted, and its hours or an order say so."""
    later = now + timedelta(hours=3)
    stands = orders(
        overrides={"p": Override(overridden, later)} if overridden else {},
        lockdowns=tuple(lockdowns),
        opened=later if opened else None,
    )

    found = posture("p", Unlocking("lobby", "", HOURS, first), stands, now, trusted)

    if found.open:
        assert trusted
        assert not lockdowns & {"lobby", SITE}
        assert overridden == "open" or (overridden is None and HOURS.is_open(now) and (opened or not first))
    if found.until is not None:
        assert found.until > now


def test_first_into_a_zone_opens_it_until_its_hours_end() -> None:
    """The first right holder opens the zone's hours; where nobody is waited for, nothing is recorded."""
    waiting = posture("p", RULE, orders(), NOON, True)

    (opened,) = open_zone("lobby", 14, (waiting, posture("q", RULE, orders(opened=SIX), NOON, True)), NOON).records

    assert (opened.zone, opened.person, opened.until_at) == ("lobby", 14, "2026-11-24T09:00:00.000000Z")
    assert open_zone("lobby", 14, (posture("p", RULE, orders(opened=SIX), NOON, True),), NOON) == Outcome()


@pytest.mark.parametrize(
    ("what", "until", "operator", "code"),
    [
        ("open", NOON + timedelta(hours=24), ALL, None),
        ("open", NOON + timedelta(hours=24, seconds=1), ALL, "purpose"),
        ("locked", NOON + timedelta(days=31), LOBBY, None),
        ("locked", NOON + timedelta(days=32), ALL, "purpose"),
        ("open", NOON, ALL, "purpose"),
        ("ajar", NOON + timedelta(hours=1), ALL, "form"),
        ("open", NOON + timedelta(hours=1), OperatorFact(3, frozenset({"manager"}), frozenset({"vault"}), None, ""), "scope"),
    ],
)
def test_overrides_have_an_end(what: str, until: datetime, operator: OperatorFact, code: str | None) -> None:
    """An override names its end, a day away at most where it opens, and its operator's scope covers the portal."""
    answer = override("p", RULE, operator, what, until, REASON, NOON)

    assert (answer.code if isinstance(answer, Refusal) else None) == code


def test_only_what_stands_can_be_ended() -> None:
    """Ending an override or a lockdown that is not there, or beginning one twice, is refused."""
    stands = orders(overrides={"p": Override("open", SIX)}, lockdowns=("lobby",))

    assert isinstance(resume("p", RULE, ALL, stands), Outcome)
    assert resume("q", RULE, ALL, stands) == Refusal("subject", "body.portal")
    assert begin_lockdown("lobby", ALL, REASON, stands) == Refusal("subject", "body.zone")
    assert isinstance(end_lockdown("lobby", ALL, REASON, stands), Outcome)
    assert end_lockdown("vault", ALL, REASON, stands) == Refusal("subject", "body.zone")


@pytest.mark.parametrize(("rule", "zone"), list(product((begin_lockdown, end_lockdown), ("lobby", "vault", SITE))))
def test_lockdown_needs_the_scope(rule: object, zone: str) -> None:
    """A zone's operator locks that zone down, and the whole site only who has all of it in scope."""
    stands = orders(lockdowns=() if rule is begin_lockdown else ("lobby", "vault", SITE))
    answer = rule(zone, LOBBY, REASON, stands)  # type: ignore[operator]

    assert isinstance(answer, Outcome) == (zone == "lobby")
    assert isinstance(rule(zone, ALL, REASON, stands), Outcome)  # type: ignore[operator]
