"""A big site whose zones ask for everything: 500 portals, and people with their pledges, courses and groups on record."""

import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

from controller.ledger.ledger import Stamp
from controller.record.canonical import timestamp
from controller.record.kinds.condition import PledgeSigned, TrainingCompleted
from controller.record.kinds.group import GroupCreated
from controller.record.kinds.membership import MembershipApproved, MembershipRequested
from controller.record.kinds.right import RightRequested
from controller.record.private import PrivateRow
from controller.site import Site, open_site
from tests.bench.measure import Run
from tests.bench.site import SHIFT, ZONES, populate, write_settings

STRICT_PORTALS = 500
TEAMS = 100
"""Each with a right to every zone that ended yesterday: it is looked at, and does not hold."""

_SHA = "0" * 64
_TABLES = f"""
[[pledge]]
id = "secrecy"
name = {{ ja = "秘密保持誓約書", en = "Pledge of secrecy" }}
version = "1"
sha256 = "{_SHA}"

[[course]]
id = "induction"
name = {{ ja = "導入教育", en = "Induction" }}
"""
_ZONE_RULES = """\
requires = ["pledge:secrecy", "training:induction"]
anti_passback = "hard"
anti_passback_min = 1
most_inside = 100000
"""
_CHUNK = 5_000


def strict_site(run: Run) -> Path:
    """The data directory of the strict site, closed; made at the first call."""
    data = run.folder / "strict"
    if not data.exists():
        write_settings(data, STRICT_PORTALS, zone_rules=_ZONE_RULES, tables=_TABLES, leaving=True)
        site = open_site(data)
        populate(site, run.sizes.people, run.sizes.rights_each, run.say)
        _conditions(site, run.sizes.people, run.sizes.people * run.sizes.rights_each)
        site.ledger.connection.execute("pragma wal_checkpoint(truncate)")
        site.ledger.close()
    return data


def _conditions(site: Site, people: int, rights: int) -> None:
    """Everybody has signed, attended, and is in a group; not durable on the way."""
    ledger = site.ledger
    ledger.connection.execute("pragma synchronous = off")
    now = datetime.now(UTC)
    today = f"{now:%Y-%m-%d}"
    stamp = Stamp(timestamp(now), secrets.token_hex(8), "declared")
    until = timestamp(now + timedelta(days=365))
    with ledger.transaction():
        _teams(site, rights, stamp)
    for first in range(1, people + 1, _CHUNK):
        with ledger.transaction():
            for person in range(first, min(first + _CHUNK, people + 1)):
                purpose = PrivateRow(f"joining-{person}", 1, {"purpose": "計測"}, secrets.token_hex(16))
                for body in (
                    PledgeSigned(
                        2 * person - 1, person, "secrecy", "1", _SHA, today, "joining", None, 1, None, "recorded"
                    ),
                    TrainingCompleted(2 * person, person, "induction", today, until, 1, None, "recorded"),
                    MembershipRequested(person, person % TEAMS + 1, person, purpose.ref(), 1, "requested"),
                    MembershipApproved(person, 2, "active"),
                ):
                    ledger.append(body, "operator:1", stamp)
                ledger.put_private(purpose, stamp.at)
    ledger.connection.execute("pragma synchronous = full")


def _teams(site: Site, rights: int, stamp: Stamp) -> None:
    """The groups, with rights of before."""
    now = datetime.now(UTC)
    span = timestamp(now - timedelta(days=9)), timestamp(now - timedelta(days=1))
    for team in range(1, TEAMS + 1):
        name = PrivateRow(f"team-{team}", 1, {"name": f"計測 {team}"}, secrets.token_hex(16))
        site.ledger.append(GroupCreated(team, name.ref(), 1, "active"), "operator:1", stamp)
        site.ledger.put_private(name, stamp.at)
        for zone in range(ZONES):
            rights += 1
            purpose = PrivateRow(f"purpose-{rights}", 1, {"purpose": "計測"}, secrets.token_hex(16))
            right = RightRequested(rights, None, f"zone-{zone}", SHIFT, *span, purpose.ref(), 1, "active", team=team)
            site.ledger.append(right, "operator:1", stamp)
            site.ledger.put_private(purpose, stamp.at)
