"""How zones lie in each other: who is in one is in those around it, and an order for one holds in those within. Pure.

`inside` is by zone the one that it lies in, empty or None for none, as in `site.toml` and in the table `zone`.
"""

from collections.abc import Mapping


def around(zone: str, inside: Mapping[str, str | None]) -> tuple[str, ...]:
    """The zones that this one lies in, the nearest first; of a circle it ends where it began."""
    found: list[str] = []
    while (zone := inside.get(zone) or "") and zone not in found:
        found.append(zone)
    return tuple(found)


def concerned(inner: str, outer: str, inside: Mapping[str, str | None]) -> frozenset[str]:
    """The zones whose lockdown or evacuation concerns a portal between these two: it is a way in or out of them, or within."""
    ends = [zone for zone in (inner, outer) if zone]
    return frozenset(ends).union(*(around(zone, inside) for zone in ends))
