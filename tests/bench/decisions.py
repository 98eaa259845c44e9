"""The decision alone.

* `decision_p99_100k`: one tap judged (facts gathered by the product's queries, and the rules), nothing written, on a ledger
  with 100,000 people and 1,000,000 rights; ÷ the same on one with 100 people and 1,000 rights, in turn with it
"""

import random
from collections.abc import Callable, Iterator

from controller.app import Site, open_site
from controller.clock import SystemClock
from controller.inbox import CredentialPresented
from controller.judgement import Verdict
from controller.record.kinds.entry import EntryGranted
from controller.rules.portal import PortalState, Status
from tests.bench.big import PORTALS, big_site
from tests.bench.measure import Row, Run, p99, quiet_gc, timed
from tests.bench.site import card, judgement_of, make_site, now_of, zone_of

NAMES = ("decision_p99_100k",)


def rows(run: Run) -> Iterator[Row]:
    """Measures."""
    big, small = open_site(big_site(run)), make_site(run.place("small"), 100, 10, portals=PORTALS)
    chance = random.Random(2)
    with quiet_gc():
        ask_big, ask_small = _asker(big, run.sizes.people, chance), _asker(small, 100, chance)
        many, few = [], []
        for n in range(run.sizes.decisions + 200):
            a, b = ask_big(), ask_small()
            if n >= 200:
                many.append(a)
                few.append(b)
    big.ledger.close()
    small.ledger.close()
    value, peer = p99(many) * 1e6, p99(few) * 1e6
    people = f"{run.sizes.people:,} people, {run.sizes.people * run.sizes.rights_each:,} rights"
    against = f"the same with 100 people: {peer:.0f} µs ({people} here)"
    met = value < 200 and value / peer < 3
    yield Row("decision_p99_100k", value, "µs", against, value / peer, "< 200 µs and < 3 ×", met)


def _asker(site: Site, people: int, chance: random.Random) -> Callable[[], float]:
    """Seconds for one decision on anybody's granted tap."""
    judgement, clock = judgement_of(site), SystemClock("host")
    portals = {portal: PortalState(Status.SECURE) for portal in site.facility.portals}

    def ask() -> float:
        person, k = chance.randrange(1, people + 1), chance.randrange(10)
        while zone_of(person, k) >= PORTALS:
            person, k = chance.randrange(1, people + 1), chance.randrange(10)
        item = CredentialPresented(f"portal-{zone_of(person, k)}/in", card(person))
        took = timed(lambda: verdicts.append(judgement.judge(item, now_of(clock), portals)))
        if not isinstance(verdicts.pop().outcome.records[0], EntryGranted):
            raise AssertionError("a tap with a right was refused")
        return took

    verdicts: list[Verdict] = []
    return ask
