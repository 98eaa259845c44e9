"""Anti-passback, occupancy and relocking when empty, through the loop on a real ledger (C8.9)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sites import SITE_TOML, TestSite, exit_button, fold_of, give_right, leaf, make_site, people, stored_tables, tap

from controller.explaining import explained
from controller.facility.settings import BadSettings
from controller.record.asks import BeginLockdown

Made = Callable[..., TestSite]


def settings(lab: str = "", lobby: str = "", text: str = SITE_TOML) -> str:
    """The site with more lines for the lab and the lobby; at the front door there is a reader on the way out."""
    text = text.replace('en = "Prototype lab" }\n', 'en = "Prototype lab" }\n' + lab)
    text = text.replace('least_assurance = "id only"\n', 'least_assurance = "id only"\n' + lobby)
    out = '[[portal.reader]]\ndevice = "nfc+udp://127.0.0.1:54399"\nside = "out"\n'
    return text.replace('device = "nfc+udp://127.0.0.1:54321"\n', 'device = "nfc+udp://127.0.0.1:54321"\n' + out)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """Makes the site with these settings; its people have come, and every leaf is closed."""
    sites: list[TestSite] = []

    def make(lab: str = "", lobby: str = "", text: str = SITE_TOML) -> TestSite:
        site = people(make_site(tmp_path, text=settings(lab, lobby, text)))
        site.turn(leaf("front", False), leaf("lab-door", False), leaf("vault-door", False))
        sites.append(site)
        return site

    yield make
    for site in sites:
        assert site.actuator.unrecorded == []
        assert stored_tables(site.ledger.connection) == fold_of(site.records())
        site.close()


def go(site: TestSite, reader: str, card: int) -> str:
    """Somebody taps, and goes through if the door opens; the code of the refusal, or `granted`."""
    answer = site.turn(tap(reader, f"card:{card}"))[0]
    if answer.kind == "entry.refused":
        return str(answer.body.code)
    portal = reader.partition("/")[0]
    site.turn(leaf(portal, True))
    site.turn(leaf(portal, False))
    return "granted"


HARD, SOFT = 'anti_passback = "hard"\n', 'anti_passback = "soft"\n'


def test_a_badge_comes_in_once(made: Made) -> None:
    """Hard: who is inside is not let in again, whoever holds the badge; after leaving by badge they are (C8.9)."""
    site = made(HARD)
    go(site, "front/in", 1)
    assert go(site, "lab-door/in", 1) == "granted"
    before = len(site.actuator.releases())

    assert go(site, "lab-door/in", 1) == "exit"

    assert len(site.actuator.releases()) == before
    assert go(site, "lab-door/out", 1) == "granted"
    assert go(site, "lab-door/in", 1) == "granted"


def test_a_tap_without_an_entry_is_no_entry(made: Made) -> None:
    """Whoever tapped and turned round is still outside: the badge that nobody followed is let in the next time."""
    site = made(HARD)
    go(site, "front/in", 1)
    site.turn(tap("lab-door/in", "card:1"))
    site.step(6)
    site.turn()

    assert go(site, "lab-door/in", 1) == "granted"


SIDE_DOOR = """
[[portal]]
id = "lab-side"
name = { ja = "試作室の脇扉", en = "Lab, side door" }
inner = "lab"
outer = "lobby"
lock = "simulated:20"
contact = "simulated:21"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54330"
[[portal.reader]]
device = "nfc+udp://127.0.0.1:54331"
side = "out"
"""


def test_one_badge_does_not_open_two_doors_at_once(made: Made) -> None:
    """While a door has been let go for a badge and is not opened yet, another door of the zone refuses it; the same one,
    and after nobody came any, lets it in."""
    site = made(HARD, text=SITE_TOML + SIDE_DOOR)
    site.turn(leaf("lab-side", False))
    go(site, "front/in", 1)
    both = site.turn(tap("lab-door/in", "card:1"), tap("lab-side/in", "card:1"), tap("lab-door/in", "card:1"))

    assert [getattr(record.body, "code", "granted") for record in both] == ["granted", "exit", "granted"]
    site.step(6)
    site.turn()
    assert go(site, "lab-side/in", 1) == "granted"


def test_the_path_counts(made: Made) -> None:
    """Who left the house by badge is not in the lobby, and the lab's door asks how they came; somebody never seen is let in."""
    site = made(HARD)
    assert go(site, "lab-door/in", 2) == "granted", "nothing is known of them"
    go(site, "front/in", 1)
    go(site, "front/out", 1)

    assert go(site, "lab-door/in", 1) == "exit"
    go(site, "front/in", 1)
    assert go(site, "lab-door/in", 1) == "granted"


def test_the_explanation_says_what_the_door_says(made: Made) -> None:
    """`explain` asks the same checks about the same places: what it says of a badge is what the door says to it."""
    site = made(HARD + "most_inside = 1\n")
    go(site, "lab-door/in", 1)

    def explain(person: int) -> tuple[str | None, dict[str, str | None]]:
        now, tables = site.clock.now(), site.ledger.connection
        said = explained(site.facility, tables, person, "lab-door", now, site.ledger.size)
        return said.code, {check.check: check.code for check in said.checks}

    code, checks = explain(1)
    assert (code, checks["exit"]) == ("exit", "exit") == (go(site, "lab-door/in", 1), "exit")
    code, checks = explain(2)
    assert (code, checks["exit"], checks["room"]) == ("room", None, "room")
    assert go(site, "lab-door/in", 2) == "room"


def test_soft_lets_in_and_says_so(made: Made) -> None:
    """Soft: the door opens, and the violation is an alarm on record, with where the badge should have been (C8.9)."""
    site = made(SOFT)
    go(site, "front/in", 1)
    go(site, "lab-door/in", 1)

    records = site.turn(tap("lab-door/in", "card:1"))

    assert [record.kind for record in records] == ["entry.granted", "presence.violated"]
    body = records[1].body
    assert (body.person, body.badge, body.portal, body.zone, body.from_zone, body.certain) == (
        1, 1, "lab-door", "lab", "lab", True,
    )  # fmt: skip
    assert site.loop.portals["lab-door"].release_seq == records[0].seq


def test_minutes(made: Made) -> None:
    """With minutes set, the same badge is refused for so long, though somebody used the button, and let in after it."""
    site = made(lobby=HARD + "anti_passback_min = 5\n")
    go(site, "front/in", 1)
    site.turn(exit_button("front"), leaf("front", True), leaf("front", False))

    assert go(site, "front/in", 1) == "exit"
    site.step(5 * 60)
    assert go(site, "front/in", 1) == "granted"


def test_forgiven_at_night(made: Made) -> None:
    """At the hour of forgiveness everybody starts anew."""
    site = made(HARD + 'anti_passback_forgiven_at = "04:00"\n')
    go(site, "front/in", 1)
    go(site, "lab-door/in", 1)
    site.step(18 * 3600)
    assert go(site, "lab-door/in", 1) == "exit", "03:00"

    site.step(3600)

    assert go(site, "lab-door/in", 1) == "granted", "04:00"


def test_after_a_restart_nobody_is_locked_out(tmp_path: Path) -> None:
    """What the controller did not see is its own fault: hard is soft until the person's place is certain again."""
    site = people(make_site(tmp_path, text=settings(HARD)))
    site.turn(leaf("front", False), leaf("lab-door", False))
    go(site, "front/in", 1)
    go(site, "lab-door/in", 1)
    site.close()

    again = make_site(tmp_path, text=settings(HARD), clock=site.clock, boot="boot-2")
    again.turn(leaf("front", False), leaf("lab-door", False))

    assert go(again, "lab-door/in", 1) == "granted"
    violated = [record.body for record in again.records() if record.kind == "presence.violated"]
    assert [(body.person, body.certain) for body in violated] == [(1, False)]
    assert go(again, "lab-door/in", 1) == "exit", "and now it is certain"
    again.close()


def test_two_taps_in_one_turn(made: Made) -> None:
    """The badge that is handed back while the door is open is refused in the same turn: the first passage counts already."""
    site = made(HARD)
    go(site, "front/in", 1)

    kinds = [
        record.kind
        for record in site.turn(tap("lab-door/in", "card:1"), leaf("lab-door", True), tap("lab-door/in", "card:1"))
    ]

    assert kinds == ["entry.granted", "door.opened", "presence.moved", "entry.refused"]


def test_leaving_is_never_refused(made: Made) -> None:
    """Out of the lab, where by the records one is not, the door opens, and the record says what does not fit (design §11)."""
    site = made("", HARD)
    go(site, "front/in", 1)

    records = site.turn(tap("lab-door/out", "card:1"))

    assert records[0].kind == "exit.requested" and records[0].body.code == "exit"
    assert "lab-door" in site.actuator.releases()


def test_the_zone_is_full(made: Made) -> None:
    """As many as may are inside: the next one is refused until one of them has left; who is inside may come and go."""
    site = made("most_inside = 1\n")
    go(site, "lab-door/in", 1)

    assert go(site, "lab-door/in", 2) == "room"
    assert go(site, "lab-door/in", 1) == "granted", "nobody more comes in by that"
    go(site, "lab-door/out", 1)
    assert go(site, "lab-door/in", 2) == "granted"


def test_who_is_on_the_way_counts(made: Made) -> None:
    """A release that nobody has used yet takes its place; when it is given up, the place is free again."""
    site = made("most_inside = 1\n")

    records = site.turn(tap("lab-door/in", "card:1"), tap("lab-door/in", "card:2"))

    assert [(record.kind, getattr(record.body, "code", "")) for record in records] == [
        ("entry.granted", ""), ("entry.refused", "room"),
    ]  # fmt: skip
    site.step(6)
    site.turn()
    assert go(site, "lab-door/in", 2) == "granted"


def test_inner_zones_count(made: Made) -> None:
    """Whoever is in an inner zone is in the one around it, and takes their place there; inwards they take no further one."""
    vault = SITE_TOML.replace('en = "Vault" }\n', 'en = "Vault" }\ninside = "lab"\n')
    out = '[[portal.reader]]\ndevice = "nfc+udp://127.0.0.1:54398"\nside = "out"\n'
    site = made("most_inside = 1\n", text=vault + out)
    give_right(site, 1, "vault")
    go(site, "lab-door/in", 1)
    assert go(site, "vault-door/in", 1) == "granted"

    assert go(site, "lab-door/in", 2) == "room"


OPENED = SITE_TOML.replace('inner = "lab"\n', 'inner = "lab"\nunlock = "office"\n')


def test_relocked_when_empty(made: Made) -> None:
    """What the first one to come opened is locked when the last one known to be inside has left, and waits for a first card."""
    site = made("relock_when_empty = true\n", text=OPENED)
    go(site, "lab-door/in", 1)
    assert site.loop.portals["lab-door"].status == "standing"
    site.turn(tap("lab-door/in", "card:2"))
    site.turn(tap("lab-door/out", "card:1"))
    assert site.loop.portals["lab-door"].status == "standing", "one is inside"

    kinds = [record.kind for record in site.turn(tap("lab-door/out", "card:2"))]

    assert "zone.emptied" in kinds and "portal.locked" in kinds
    assert site.loop.portals["lab-door"].status == "secure"
    site.step(60)
    site.turn()
    assert site.loop.portals["lab-door"].status == "secure"
    go(site, "lab-door/in", 1)
    assert site.loop.portals["lab-door"].status == "standing"


def test_not_set_it_stays_open(made: Made) -> None:
    """Without the setting an empty zone stays open until its hours end."""
    site = made(text=OPENED)
    go(site, "lab-door/in", 1)
    site.turn(tap("lab-door/out", "card:1"))

    assert site.loop.portals["lab-door"].status == "standing"


def test_lockdown_is_said_first(made: Made) -> None:
    """What is missing is said in the order in which it can be put right: a lockdown before a place that does not fit."""
    site = made(HARD)
    go(site, "lab-door/in", 1)
    assert site.asks(BeginLockdown("lab"), 2) is None

    assert go(site, "lab-door/in", 1) == "lockdown"


@pytest.mark.parametrize(
    ("lab", "place"),
    [
        ('inside = "attic"\n', "zone[2].inside"),
        ('inside = "lab"\n', "zone[2].inside"),
        ('anti_passback = "hrad"\n', "zone[2].anti_passback: 'hrad' is none of 'off', 'soft', 'hard' (did you mean 'hard'?)"),
        ("anti_passback_min = -1\n", "zone[2].anti_passback_min"),
        ('anti_passback_forgiven_at = "4"\n', "zone[2].anti_passback_forgiven_at"),
        ("most_inside = -1\n", "zone[2].most_inside"),
        ("relock_when_empty = true\n", "zone[2].relock_when_empty: no portal into 'lab'"),
    ],
)
def test_each_mistake_names_its_place(tmp_path: Path, lab: str, place: str) -> None:
    """What cannot be is a mistake in the settings, with its key and what was probably meant."""
    with pytest.raises(BadSettings) as raised:
        make_site(tmp_path, text=settings(lab))

    assert len(raised.value.mistakes) == 1 and raised.value.mistakes[0].startswith(place)


def test_a_circle_of_zones_is_a_mistake(tmp_path: Path) -> None:
    """Zones that lie in each other in a circle are a mistake at each of them."""
    text = SITE_TOML.replace('en = "Vault" }\n', 'en = "Vault" }\ninside = "lab"\n')

    with pytest.raises(BadSettings) as raised:
        make_site(tmp_path, text=settings('inside = "vault"\n', text=text))

    assert [line.partition(":")[0] for line in raised.value.mistakes] == ["zone[2].inside", "zone[3].inside"]


@pytest.mark.parametrize("key", ['anti_passback = "soft"\n', "most_inside = 5\n"])
def test_who_leaves_unseen_cannot_be_counted(tmp_path: Path, key: str) -> None:
    """A zone that has to see people leave has a reader on the way out at each of its doors, or the settings are refused."""
    text = SITE_TOML.replace('least_assurance = "id only"\n', 'least_assurance = "id only"\n' + key)

    with pytest.raises(BadSettings) as raised:
        make_site(tmp_path, text=text)

    (line,) = raised.value.mistakes
    assert line.startswith(f"zone[1].{key.partition(' ')[0]}: people leave unseen at 'front'")
