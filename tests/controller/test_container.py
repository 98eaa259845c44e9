"""Containers: a cupboard in a room has rights of its own, and whoever opens it stays where they are (C7.1)."""

from pathlib import Path

import pytest
from sites import SITE_TOML, give_right, leaf, make_site, people, tap

from controller.facility.settings import BadSettings
from controller.record.asks import ReleasePortal

VAULT = 'en = "Vault" }\n'
CONTAINER = SITE_TOML.replace(VAULT, VAULT + 'kind = "container"\ninside = "lab"\n')


def test_a_right_to_the_room_opens_no_cupboard_in_it(tmp_path: Path) -> None:
    """A container opens by a right to it alone; the person stays in the room, and nobody is doubted to be elsewhere."""
    site = people(make_site(tmp_path, text=CONTAINER))
    (refused,) = site.turn(tap("vault-door/in", "card:1"))
    assert refused.body.code == "right"
    give_right(site, 1, "vault")
    for portal in ("front", "lab-door", "vault-door"):
        site.turn(leaf(portal, False))
    site.turn(tap("lab-door/in", "card:1"))
    site.turn(leaf("lab-door", True))
    site.turn(leaf("lab-door", False))
    before = site.ledger.size

    site.turn(tap("vault-door/in", "card:1"))
    site.turn(leaf("vault-door", True))
    site.turn(leaf("vault-door", False))
    site.turn(leaf("vault-door", True))
    assert site.asks(ReleasePortal("vault-door"), 2) is None

    kinds = site.kinds(before + 1)
    assert kinds[0] == "entry.granted" and "door.opened" in kinds and "door.forced" in kinds
    assert not [kind for kind in kinds if kind.startswith("presence.")]
    where = site.ledger.connection.execute("select zone from presence where person = 1").fetchone()
    assert where == ("lab",)
    assert site.ledger.connection.execute("select zone_kind from zone where zone = 'vault'").fetchone() == ("container",)
    site.close()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('kind = "box"\n', "zone[3].kind: 'box' is none of 'room', 'container'"),
        ('kind = "container"\n', "zone[3].inside: a container lies in a zone"),
        ('kind = "container"\ninside = "lab"\nanti_passback = "hard"\nanti_passback_min = 5\n', "zone[3].anti_passback"),
    ],
)
def test_each_mistake_names_its_place(tmp_path: Path, text: str, place: str) -> None:
    """A container without a room, of no known kind, or in which people should be counted, is a mistake with its key."""
    with pytest.raises(BadSettings) as raised:
        make_site(tmp_path, text=SITE_TOML.replace(VAULT, VAULT + text))

    assert len(raised.value.mistakes) == 1 and raised.value.mistakes[0].startswith(place)
