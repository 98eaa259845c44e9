"""What a zone asks for with what is kept there: never less than `site.toml`, never less than any asset asks (C1.2)."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.conditions import Condition, Fulfilment
from controller.record.measures import ASSURANCES, Demand, assurance, holders, known, sort_of, strictest
from controller.rules.condition import missing
from controller.rules.in_force import in_force
from controller.rules.zone import ZoneRules

NDA = Condition("pledge:nda", "2026-04", "ab" * 32)
KNOWN = {NDA.id: NDA}
CODES = ("two_person", "no_carry_in", "pledge:nda", *(f"least_assurance:{one}" for one in ASSURANCES))


@given(
    st.integers(0, 3),
    st.booleans(),
    st.lists(st.sampled_from(CODES), max_size=5),
)
def test_the_strictest_holds(least: int, two: bool, codes: list[str]) -> None:
    """Each demand and each setting is met by what is in force, whatever stands beside it; without a demand nothing changes."""
    before = ZoneRules("lab", least_assurance=least, two_person=two)
    demands = [Demand(code, n, 100 + n) for n, code in enumerate(codes, 1)]
    after = in_force(before, demands, KNOWN)

    assert after.least_assurance == max([least, *map(assurance, demands)])
    assert after.two_person == (two or "two_person" in codes)
    assert (NDA in after.conditions) == ("pledge:nda" in codes)
    assert codes or after is before
    assert all(demand in demands for demand in after.demands)


def test_what_site_toml_asks_already_names_no_asset() -> None:
    """Only what goes beyond the settings is an asset's doing: a refusal names whose it is."""
    before = ZoneRules("lab", least_assurance=2, conditions=(NDA,), two_person=True)
    demands = [Demand(code, 1, 9) for code in ("least_assurance:mutual", "pledge:nda", "two_person", "least_assurance:aes")]

    assert [demand.code for demand in in_force(before, demands, KNOWN).demands] == ["least_assurance:aes"]


def test_a_pledge_that_the_site_has_no_more_lets_nobody_in() -> None:
    """What a contract asked for is not forgotten because the settings changed (default deny)."""
    rules = in_force(ZoneRules("lab"), [Demand("pledge:old", 1, 9)], KNOWN)
    signed = Fulfilment(1, "pledge:old", "2025-01", "cd" * 32, None)

    refusal = missing("pledge", rules.conditions, (signed,), datetime(2026, 11, 24, tzinfo=UTC))
    assert refusal is not None and refusal.code == "pledge"


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("drawer", ("drawer", "safe", "vault")),
        ("safe", ("safe", "vault")),
        ("vault", ("vault",)),
        ("lab", ("lab",)),
        ("one", ("one", "two")),
    ],
)
def test_who_takes_on_what_is_kept(place: str, expected: tuple[str, ...]) -> None:
    """A container, and what it stands in up to the room; not the rooms around that; a circle ends."""
    stands_in = {"drawer": "safe", "safe": "vault", "one": "two", "two": "one"}

    assert holders(place, stands_in) == expected


@pytest.mark.parametrize(
    ("code", "good"),
    [
        ("two_person", True),
        ("two_person:yes", False),
        ("least_assurance:aes", True),
        ("least_assurance", False),
        ("least_assurance:best", False),
        ("pledge:nda", True),
        ("pledge:other", False),
        ("", False),
    ],
)
def test_what_is_a_measure(code: str, good: bool) -> None:
    """Only what the system can hold people to, of pledges and courses that the site has."""
    assert known(code, KNOWN) == good


def test_the_strictest_class() -> None:
    """極秘 before 秘 before 社外秘; what is not known counts as the strictest."""
    assert strictest([]) == ""
    assert strictest(["internal", "secret"]) == "secret"
    assert strictest(["internal", "of tomorrow"]) == "top_secret"
    assert assurance(Demand("least_assurance:of tomorrow", 1, 1)) == 3 and sort_of("pledge:nda") == "pledge"
