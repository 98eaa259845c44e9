"""A muster list: who is inside, by zone, and how far that is to be relied on (C8.9). Pure; console and dashboards make it so.

Both sides have the same tables. A person's place is certain unless something went unseen since: then the reason is with it. A
zone's total has those in the zones within it, because whoever is in an inner room has to be got out of the house too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.record.nesting import around

EVERYWHERE = "*"


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the table `presence`."""

    person: int
    zone: str
    since: str
    certain: int
    source: str
    portal: str
    seq: int


@dataclass(frozen=True, slots=True)
class Doubt:
    """A row of the table `presence_doubt`."""

    zone: str
    portal: str
    reason: str
    standing: int
    at: str
    seq: int


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is inside. `doubt` empty: for certain; else why not, since `doubt_at`."""

    person: int
    zone: str
    since: str
    source: str
    portal: str
    doubt: str = ""
    doubt_at: str = ""


@dataclass(frozen=True, slots=True)
class ZoneMuster:
    """One zone: those who are right there, and how many there are with the zones within it."""

    zone: str
    people: tuple[Present, ...]
    total: int
    uncertain: int


@dataclass(frozen=True, slots=True)
class Muster:
    """The whole list. `unseen`: doors at which people may be passing without a trace now."""

    zones: tuple[ZoneMuster, ...]
    total: int
    uncertain: int
    unseen: tuple[Doubt, ...]


def muster(places: Iterable[Place], doubts: Sequence[Doubt], inside: Mapping[str, str], only: str = "") -> Muster:
    """The list. `inside`: by zone, in the site's order, the zone that it lies in; `only` this zone and those within it.

    A zone that is not configured any more still has whoever was seen there last.
    """
    newest = _newest(doubts)
    here: dict[str, list[Present]] = {zone: [] for zone in inside if _lies_in(zone, only, inside)}
    for place in places:
        if place.zone and (place.zone in here or (place.zone not in inside and not only)):
            here.setdefault(place.zone, []).append(_present(place, newest))
    zones = tuple(_zone(zone, here, inside) for zone in here)
    everybody = [found for people in here.values() for found in people]
    uncertain = sum(bool(found.doubt) for found in everybody)
    return Muster(zones, len(everybody), uncertain, tuple(doubt for doubt in doubts if doubt.standing and doubt.zone in here))


def _newest(doubts: Sequence[Doubt]) -> dict[str, Doubt]:
    """By zone the doubt that counts: one that goes on before one that is over, then the newest."""
    found: dict[str, Doubt] = {}
    for doubt in sorted(doubts, key=lambda doubt: (doubt.standing, doubt.seq)):
        found[doubt.zone] = doubt
    return found


def _present(place: Place, newest: Mapping[str, Doubt]) -> Present:
    for zone in (place.zone, EVERYWHERE):
        doubt = newest.get(zone)
        if doubt is not None and (doubt.standing or doubt.seq > place.seq):
            return Present(place.person, place.zone, place.since, place.source, place.portal, doubt.reason, doubt.at)
    why = "" if place.certain else place.source
    return Present(place.person, place.zone, place.since, place.source, place.portal, why, place.since if why else "")


def _zone(zone: str, here: Mapping[str, list[Present]], inside: Mapping[str, str]) -> ZoneMuster:
    within = [found for id, people in here.items() if _lies_in(id, zone, inside) for found in people]
    people = tuple(sorted(here[zone], key=lambda found: (found.since, found.person)))
    return ZoneMuster(zone, people, len(within), sum(bool(found.doubt) for found in within))


def _lies_in(zone: str, other: str, inside: Mapping[str, str]) -> bool:
    """Whether the zone is the other one, or in it; any is in none in particular."""
    return not other or other in (zone, *around(zone, inside))
