"""Settings: every mistake at once, each with its key path, and what was probably meant."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import SITE_TOML, small_facility

from controller.facility import load_facility
from controller.facility.forms import FacilityForm
from controller.facility.settings import BadSettings, load_settings, read_settings


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong with a site.toml."""
    with pytest.raises(BadSettings) as raised:
        small_facility(folder, text)
    return raised.value.mistakes


def test_the_example_is_good(tmp_path: Path) -> None:
    """The example site loads: zones, portals, readers by side, schedules, timings."""
    facility = small_facility(tmp_path)

    assert list(facility.portals) == ["front", "lab-door", "vault-door"]
    assert facility.readers["lab-door/out"].side == "out"
    assert facility.zones["lobby"].least_assurance == 0 and facility.zones["lab"].least_assurance == 2
    assert set(facility.schedules) == {"always", "office"}
    assert facility.portals["vault-door"].timing.held_open_s == 15


def test_all_mistakes_of_form_come_at_once(tmp_path: Path) -> None:
    """A file with many mistakes of form names each with its key path, and the word that was meant."""
    text = (
        SITE_TOML.replace('timezone = "Asia/Tokyo"', 'timezon = "Asia/Tokyo"')
        .replace('trust = "host"', "trust = 7")
        .replace('inner = "lab"', 'iner = "lab"')
        .replace("release_s = 8", 'release_s = "8"')
        .replace('weekdays = "08:00-19:00"', "weekdays = 8")
    )

    found = mistakes(tmp_path, text)

    assert "site.timezon: not a setting (did you mean 'timezone'?)" in found
    assert "portal[2].iner: not a setting (did you mean 'inner'?)" in found
    assert "portal[2].inner: missing" in found
    assert any(line.startswith("clock.trust: Expected `str`") for line in found)
    assert any(line.startswith("portal[3].release_s: Expected `int`") for line in found)
    assert any(line.startswith("schedule[1].hours: Expected `str`") for line in found)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("was", "becomes", "place"),
    [
        ('id = "works"', 'id = "Works"', "site.id"),
        ('timezone = "Asia/Tokyo"', 'timezone = "Asia/Tokio"', "site.timezone"),
        ('timezone = "Asia/Tokyo"', 'timezone = "../etc/passwd"', "site.timezone"),
        ('timezone = "Asia/Tokyo"', 'timezone = "Asia"', "site.timezone"),
        ('timezone = "Asia/Tokyo"', 'timezone = ""', "site.timezone"),
        ('timezone = "Asia/Tokyo"', f'timezone = "{"x" * 300}"', "site.timezone"),
        ('trust = "host"', 'trust = "me"', "clock.trust"),
        ('trust = "host"', 'trust = "ntp"\nholdover_h = 721', "clock.holdover_h"),
        ('trust = "host"', 'trust = "ntp"\nholdover_h = -1', "clock.holdover_h"),
        ('national = "JP"', 'national = "ZZ"', "calendar.national"),
        ("[calendar]", "[combination]\nmax_age_days = 366\n[calendar]", "combination.max_age_days"),
        ("[calendar]", "[combination]\nmax_age_days = 0\n[calendar]", "combination.max_age_days"),
        ("[calendar]", "[combination]\nchange_days = 32\n[calendar]", "combination.change_days"),
        ("[calendar]", "[combination]\nleak_days = 8\n[calendar]", "combination.leak_days"),
        ('"08:00-19:00"', '"8-19"', "schedule[1].hours.weekdays"),
        ('"08:00-19:00"', '"24:00-25:00"', "schedule[1].hours.weekdays"),
        ("weekdays =", "weekday =", "schedule[1].hours.weekday"),
        ('id = "office"', 'id = "always"', "schedule[1].id"),
        ('least_assurance = "id only"', 'least_assurance = "mutal"', "zone[1].least_assurance"),
        ('id = "lab"', 'id = "lab"\nrequires = ["pledge:nda"]', "zone[2].requires[1]"),
        ('id = "lab"', 'id = "lab"\nrequires = ["nda"]', "zone[2].requires[1]"),
        ('inner = "lab"', 'inner = "lap"', "portal[2].inner"),
        ('outer = "lobby"', 'outer = "lab"', "portal[2].outer"),
        ('side = "out"', 'side = "up"', "portal[2].reader[2].side"),
        ('side = "out"', 'side = "in"', "portal[2].reader[2].side"),
        ('"simulated:5"', '"simulated:4"', "portal[2].contact"),
        ("held_open_s = 15", "held_open_s = 0", "portal[3].held_open_s"),
        ("release_s = 8", "release_s = 61", "portal[3].release_s"),
        ('id = "vault-door"', 'id = "lab-door"', "portal[3].id"),
        ('id = "vault-door"', 'id = "a/b"', "portal[3].id"),
        ('inner = "vault"', 'inner = "vault"\ninterlock = ["lab-door"]', "portal[3].interlock[1]"),
        ('id = "vault"', 'id = "vault"\ntogether_s = 0', "zone[3].together_s"),
        ('id = "vault"', 'id = "vault"\nescort_ratio = 51', "zone[3].escort_ratio"),
        ('inner = "vault"', 'inner = "vault"\ninterlock = ["vault-door"]', "portal[3].interlock[1]"),
        ('inner = "vault"', 'inner = "vault"\ninterlock = ["lab-dor"]', "portal[3].interlock[1]"),
        ('[simulation]\nbuilding = "building.sock"', "", "portal[1].lock"),
        ('side = "out"', "", "portal[2].reader[2].side"),
    ],
)
def test_each_mistake_of_sense_names_its_place(tmp_path: Path, was: str, becomes: str, place: str) -> None:
    """A value that is well formed but means nothing, or means two things, is refused with its key path."""
    assert was in SITE_TOML

    found = mistakes(tmp_path, SITE_TOML.replace(was, becomes, 1))

    assert [line for line in found if line.startswith(place + ":")], found


@pytest.mark.parametrize("text", ["[site", "site = 3", "\x00", "[[portal]]\nid = 1", "zone = {}", "portal = [1, 2]"])
def test_a_broken_file_is_bad_settings(tmp_path: Path, text: str) -> None:
    """A file that is no TOML, or whose tables are no tables, is BadSettings and nothing else."""
    assert mistakes(tmp_path, text)
    (tmp_path / "latin1.toml").write_bytes("name = 'é'".encode("latin-1"))
    with pytest.raises(BadSettings):
        load_facility(tmp_path / "latin1.toml")
    with pytest.raises(OSError, match="nowhere"):
        load_settings(tmp_path / "nowhere.toml", FacilityForm)


values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates() | st.datetimes() | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
SPECIAL = '[[calendar.special]]\ndate = 2026-12-29\nname = { ja = "半日", en = "Half-day" }\nhours = "08:30-12:00"\n'


@pytest.mark.parametrize(
    ("was", "becomes", "line"),
    [
        ('"08:30-12:00"', '"8-12"', "calendar.special[1].hours: '8-12' is not a window; write 08:30-17:15"),
        ('"08:30-12:00"', '{ offic = "" }', "calendar.special[1].hours.offic: no schedule 'offic' (did you mean 'office'?)"),
        ('"08:30-12:00"', '{ always = "" }', "calendar.special[1].hours.always: 'always' holds at any time"),
        ('"08:30-12:00"', '{ office = "25:00-26:00" }', "calendar.special[1].hours.office: '25:00-26:00' is not a window"),
        ('"08:30-12:00"', "12", "calendar.special[1].hours: Expected"),
        ("date = 2026-12-29", "date = 2026-02-29", "Invalid date or datetime"),
        ("date = 2026-12-29", "", "calendar.special[1].date: missing"),
        ('name = { ja = "半日", en = "Half-day" }', "", "calendar.special[1].name: missing"),
        (SPECIAL, SPECIAL + SPECIAL, "calendar.special[2].date: 2026-12-29 stands twice"),
        ('inner = "lab"', 'inner = "lab"\nevacuation = "open"', "portal[2].evacuation: 'open' is neither"),
        ("company = [", f"company = [{'2026-01-01, ' * 400}", "calendar.company: 402 days; 400 at most"),
    ],
)
def test_mistakes_of_days(tmp_path: Path, was: str, becomes: str, line: str) -> None:
    """A special day that cannot be kept, and a door's word on evacuations that is none, are refused with their place (C8.8)."""
    text = SITE_TOML + SPECIAL
    assert was in text

    found = mistakes(tmp_path, text.replace(was, becomes, 1))

    assert len(found) == 1 and found[0].startswith(line), found


def test_a_special_day_is_in_the_calendar(tmp_path: Path) -> None:
    """A day with other hours for all schedules, and one by schedule, load with their names; a door knows if it is marked."""
    text = SITE_TOML.replace('inner = "lab"', 'inner = "lab"\nevacuation = "release"')
    own = SPECIAL.replace("12-29", "12-30").replace('"08:30-12:00"', '{ office = "" }')
    facility = small_facility(tmp_path, text + SPECIAL + own)

    special = facility.calendar.special
    assert [(key, day.name_en, list(map(str, day.windows))) for key, day in special.items()] == [
        (("*", date(2026, 12, 29)), "Half-day", ["08:30-12:00"]),
        (("office", date(2026, 12, 30)), "Half-day", []),
    ]
    assert {portal.id: portal.unlocking.evacuation for portal in facility.portals.values()} == {
        "front": False, "lab-door": True, "vault-door": False,
    }  # fmt: skip


KEYS = ["site", "zone", "portal", "clock", "calendar", "broker", "simulation", "schedule", "id", "name", "ja", "reader"]


@given(st.dictionaries(st.sampled_from(KEYS), values | st.dictionaries(st.sampled_from(KEYS), values), max_size=6))
def test_any_document_is_settings_or_bad_settings(data: dict[str, object]) -> None:
    """Whatever a TOML document holds, it is read or every mistake is named; nothing else is raised."""
    try:
        read_settings(data, FacilityForm, "site.toml")
    except BadSettings as bad:
        assert bad.mistakes and all(": " in line for line in bad.mistakes)


def test_a_file_that_is_no_settings(tmp_path: Path) -> None:
    """A file larger than any site's settings is refused in one line, and not read to its end."""
    (tmp_path / "site.toml").write_bytes(b"# " + bytes(2_000_000))

    with pytest.raises(BadSettings, match="no settings file"):
        load_facility(tmp_path / "site.toml")


PLEDGE = """
[[pledge]]
id = "nda"
name = {{ ja = "誓約書", en = "Pledge" }}
version = "{version}"
sha256 = "{sha256}"
valid_days = {days}
when = {when}
"""
COURSE = """
[[course]]
id = "induction"
name = {{ ja = "導入教育", en = "Induction" }}
valid_days = {days}
"""
GOOD_PLEDGE = PLEDGE.format(version="2026-04", sha256="ab" * 32, days=0, when='["joining"]')


def test_what_a_zone_requires_is_read(tmp_path: Path) -> None:
    """A zone has its pledges and courses in the order in which it names them; the others have none (C5.1, C7.6)."""
    text = SITE_TOML.replace('id = "lab"\n', 'id = "lab"\nrequires = ["training:induction", "pledge:nda"]\n', 1)
    facility = small_facility(tmp_path, text + GOOD_PLEDGE + COURSE.format(days=365))

    assert [one.id for one in facility.zones["lab"].rules.conditions] == ["training:induction", "pledge:nda"]
    assert facility.zones["vault"].rules.conditions == ()
    assert facility.conditions["pledge:nda"].occasions == ("joining",)
    assert facility.condition_names["training:induction"].en == "Induction"


@pytest.mark.parametrize(
    ("added", "place"),
    [
        (PLEDGE.format(version="", sha256="ab" * 32, days=0, when='["joining"]'), "pledge[1].version"),
        (PLEDGE.format(version="2026 04", sha256="ab" * 32, days=0, when='["joining"]'), "pledge[1].version"),
        (PLEDGE.format(version="1", sha256="AB" * 32, days=0, when='["joining"]'), "pledge[1].sha256"),
        (PLEDGE.format(version="1", sha256="ab", days=0, when='["joining"]'), "pledge[1].sha256"),
        (PLEDGE.format(version="1", sha256="ab" * 32, days=-1, when='["joining"]'), "pledge[1].valid_days"),
        (PLEDGE.format(version="1", sha256="ab" * 32, days=0, when="[]"), "pledge[1].when"),
        (PLEDGE.format(version="1", sha256="ab" * 32, days=0, when='["jioning"]'), "pledge[1].when[1]"),
        (PLEDGE.format(version="1", sha256="ab" * 32, days=0, when='["joining", "joining"]'), "pledge[1].when[2]"),
        (COURSE.format(days=0), "course[1].valid_days"),
        (COURSE.format(days=40_000), "course[1].valid_days"),
        (COURSE.format(days=1) * 2, "course[2].id"),
        (GOOD_PLEDGE.replace('"nda"', '"NDA"'), "pledge[1].id"),
    ],
)
def test_mistakes_of_pledges_and_courses_have_their_place(tmp_path: Path, added: str, place: str) -> None:
    """Each thing that is wrong with a pledge or a course is one line that begins with where it is."""
    found = mistakes(tmp_path, SITE_TOML + added)

    assert [line.partition(": ")[0] for line in found] == [place]


def test_an_unknown_requirement_says_what_was_meant(tmp_path: Path) -> None:
    """A zone that requires what is not there is told where, and what probably was meant; the same twice is one too many."""
    wrong = 'requires = ["pledge:nad", "training:nda", "induction", "pledge:nda", "pledge:nda"]'
    found = mistakes(tmp_path, SITE_TOML.replace('id = "lab"\n', f'id = "lab"\n{wrong}\n', 1) + GOOD_PLEDGE)

    assert found == [
        "zone[2].requires[1]: no [[pledge]] 'pledge:nad' (did you mean 'pledge:nda'?)",
        "zone[2].requires[2]: no [[course]] 'training:nda'",
        "zone[2].requires[3]: no pledge:ID or training:ID 'induction'",
        "zone[2].requires[5]: 'pledge:nda' stands twice",
    ]
