"""The decision alone.

* `decision_p99_100k`: one tap judged (facts gathered by the product's queries, and the rules), nothing written, on a ledger
  with 100,000 people and 1,000,000 rights; ÷ the same on one with 100 people and 1,000 rights, in turn with it
* `decision_p99_all_rules`: the same with 500 portals, and zones that ask for everything: pledge, training, anti-passback, a
  limit of people; everybody is in a group too. Beside it what pycasbin and regorus take for the right alone, of 10,000
"""

import random
from collections.abc import Callable, Iterator
from time import perf_counter

from controller.clock import SystemClock
from controller.inbox import CredentialPresented
from controller.judgement import Verdict
from controller.record.kinds.entry import EntryGranted
from controller.rules.portal import PortalState, Status
from controller.site import Site, open_site
from tests.bench.big import PORTALS, big_site
from tests.bench.measure import Row, Run, p99, quiet_gc, timed
from tests.bench.peers import PEOPLE, RIGHTS_EACH, Peer, peers
from tests.bench.site import ZONES, card, judgement_of, make_site, now_of, zone_of
from tests.bench.strict import STRICT_PORTALS, strict_site

NAMES = ("decision_p99_100k", "decision_p99_all_rules")


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
    yield from _all_rules(run)


def _all_rules(run: Run) -> Iterator[Row]:
    site = open_site(strict_site(run))
    chance = random.Random(3)
    with quiet_gc():
        ask = _asker(site, run.sizes.people, chance)
        took = [ask() for _ in range(run.sizes.decisions + 200)][200:]
    site.ledger.close()
    value = p99(took) * 1e6
    others = [(peer.name, _peer_us(peer, run.sizes.decisions, chance)) for peer in peers(zone_of)]
    beside = "; ".join(f"{name} {us:,.0f} µs" for name, us in others) or "no peer is installed"
    against = f"limit 300 µs ({STRICT_PORTALS} portals; for the right alone, of {PEOPLE * RIGHTS_EACH:,}: {beside})"
    yield Row("decision_p99_all_rules", value, "µs", against, value / 300, "< 300 µs", value < 300)


def _peer_us(peer: Peer, decisions: int, chance: random.Random) -> float:
    """The 99th percentile of what a peer takes, in µs; it is asked for some seconds at most."""
    took: list[float] = []
    answers: list[bool] = []
    until = perf_counter() + 5
    while len(took) < decisions and perf_counter() < until:
        person, k = chance.randrange(1, PEOPLE + 1), chance.randrange(RIGHTS_EACH)
        took.append(timed(lambda: answers.append(peer.ask(person, zone_of(person, k)))))  # noqa: B023 - called at once
        if not answers.pop():
            raise AssertionError(f"{peer.name} refused a tap with a right")
    return p99(took) * 1e6


def _asker(site: Site, people: int, chance: random.Random) -> Callable[[], float]:
    """Seconds for one decision on anybody's granted tap."""
    judgement, clock = judgement_of(site), SystemClock("host")
    portals = {portal: PortalState(Status.SECURE) for portal in site.facility.portals}

    def ask() -> float:
        person, k = chance.randrange(1, people + 1), chance.randrange(10)
        while zone_of(person, k) >= len(portals):
            person, k = chance.randrange(1, people + 1), chance.randrange(10)
        portal = zone_of(person, k) + ZONES * chance.randrange(max(1, len(portals) // ZONES))
        item = CredentialPresented(f"portal-{portal}/in", card(person))
        took = timed(lambda: verdicts.append(judgement.judge(item, now_of(clock), portals)))
        if not isinstance(verdicts.pop().outcome.records[0], EntryGranted):
            raise AssertionError("a tap with a right was refused")
        return took

    verdicts: list[Verdict] = []
    return ask
