"""A site of any size in a folder: settings, keys, and a ledger filled by `Ledger.append`.

Twenty zones, as many portals as are asked for, and people who each have rights to ten of the zones. Rights are recorded as
already in force: who asked and who approved does not matter to the decision.
"""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from controller.clock import Clock
from controller.desk import Desk
from controller.doors import credential_digest
from controller.facts import Facts
from controller.judgement import Judgement
from controller.ledger.ledger import Stamp
from controller.record.canonical import timestamp
from controller.record.keys import KeyPair
from controller.record.kinds.badge import BadgeEnrolled
from controller.record.kinds.door import DoorClosed, DoorOpened
from controller.record.kinds.entry import EntryGranted
from controller.record.kinds.person import PersonRegistered
from controller.record.kinds.right import RightRequested
from controller.record.kinds.trust import DashboardTrusted, OperatorRegistered
from controller.record.private import PrivateRow
from controller.site import Site, open_site
from controller.timekeeper import Now
from hardware.protocols import Assurance, CardRead

SITE = "bench"
ZONES = 20
SHIFT = "shift"
_CHUNK = 20_000

_HEAD = """\
[site]
id = "bench"
name = {{ ja = "計測", en = "Bench" }}

[clock]
trust = "host"

[simulation]
building = "{building}"

[[schedule]]
id = "shift"
name = {{ ja = "交代勤務", en = "Shift" }}
hours = {{ every_day = "00:00-24:00", holidays = "00:00-24:00" }}
"""
_BROKER = '\n[broker]\nhost = "127.0.0.1"\nport = {port}\n'
_ZONE = '\n[[zone]]\nid = "zone-{n}"\nname = {{ ja = "区域{n}", en = "Zone {n}" }}\n'
_PORTAL = """
[[portal]]
id = "portal-{n}"
name = {{ ja = "扉{n}", en = "Portal {n}" }}
inner = "zone-{zone}"
lock = "simulated:{lock}"
contact = "simulated:{contact}"
exit_button = "simulated:{exit}?active_low"

[[portal.reader]]
side = "in"
device = "nfc+udp://127.0.0.1:{port}"
"""
_LEAVING = """
[[portal.reader]]
side = "out"
device = "nfc+udp://127.0.0.1:{port}"
"""


def write_settings(
    data: Path,
    portals: int,
    *,
    broker: int = 0,
    building: str = "127.0.0.1:1",
    ports: tuple[int, ...] = (),
    zone_rules: str = "",
    tables: str = "",
    leaving: bool = False,
) -> None:
    """`site.toml` with so many portals, one reader each, in turn into the zones.

    `ports` are the readers', `broker` 0 for none; `zone_rules` are lines of each zone, `tables` more tables of the file;
    `leaving`: each portal has a reader on the way out too.
    """
    text = _HEAD.format(building=building) + tables + (_BROKER.format(port=broker) if broker else "")
    text += "".join(_ZONE.format(n=n) + zone_rules for n in range(ZONES))
    for n in range(portals):
        port = ports[n] if ports else 20_000 + n
        place = {"lock": 10 * n, "contact": 10 * n + 1, "exit": 10 * n + 2}
        text += _PORTAL.format(n=n, zone=n % ZONES, port=port, **place)
        text += _LEAVING.format(port=30_000 + n) if leaving else ""
    data.mkdir(parents=True, exist_ok=True)
    (data / "site.toml").write_text(text, encoding="utf-8")


def idm(person: int) -> bytes:
    """The card number of a person."""
    return bytes.fromhex("0127") + person.to_bytes(6, "big")


def card(person: int) -> CardRead:
    """What a reader says of the person's card."""
    number = idm(person)
    return CardRead(f"felica-lite-s:{number.hex()}", Assurance.MUTUAL, f"{number[6]:02X}:{number[7]:02X}")


def zone_of(person: int, k: int) -> int:
    """The number of the person's k-th zone."""
    return (person + k) % ZONES


def populate(site: Site, people: int, rights_each: int, say: Callable[[str], None] = lambda text: None) -> None:
    """Fills the ledger with people, badges and rights, and the private store with their texts; not durable on the way."""
    ledger = site.ledger
    ledger.connection.execute("pragma synchronous = off")
    stamp = Stamp(timestamp(datetime.now(UTC)), secrets.token_hex(8), "declared")
    ledger.begin(stamp)
    step = _CHUNK // (2 + rights_each)
    for first in range(1, people + 1, step):
        with ledger.transaction():
            for person in range(first, min(first + step, people + 1)):
                _append_person(site, person, rights_each, stamp)
                if person % 21 == 0:
                    sign(site, stamp)
        say(f"{ledger.size:,} records made")
    ledger.connection.execute("pragma synchronous = full")


def sign(site: Site, stamp: Stamp) -> None:
    """Keeps a signed checkpoint, inside a transaction; the product does it at least once in 256 records."""
    checkpoint = site.ledger.checkpoint()
    site.ledger.keep_checkpoint(checkpoint, checkpoint.sign(site.key), stamp.at)


def traffic(site: Site, count: int) -> None:
    """So many more records of a working day: somebody enters, the door opens and closes; not durable on the way."""
    ledger = site.ledger
    ledger.connection.execute("pragma synchronous = off")
    stamp = Stamp(timestamp(datetime.now(UTC)), secrets.token_hex(8), "declared")
    portals = list(site.facility.portals)
    with ledger.transaction():
        for n in range(count):
            portal = portals[n // 3 % len(portals)]
            entered = ledger.size - n % 3 + 1
            ledger.append(_passage(portal, n, entered), "controller", stamp)
    ledger.connection.execute("pragma synchronous = full")


def _passage(portal: str, n: int, entered: int) -> msgspec.Struct:
    match n % 3:
        case 0:
            person = n // 3 % 100 + 1
            return EntryGranted(portal, "in", "zone-0", person, person, 10 * person, 2, "released", 5)
        case 1:
            return DoorOpened(portal, entered, "entry", "open")
        case _:
            return DoorClosed(portal, "secure")


def _append_person(site: Site, person: int, rights_each: int, stamp: Stamp) -> None:
    ledger = site.ledger
    name = PrivateRow(f"person-{person}", 1, {"name": f"計測 {person}"}, secrets.token_hex(16))
    ledger.append(PersonRegistered(person, name.ref(), "active"), "operator:1", stamp)
    ledger.put_private(name, stamp.at)
    digest, label = credential_digest(site.pepper, card(person).credential), card(person).label
    ledger.append(BadgeEnrolled(person, person, "", digest, 2, label, "active", False), "operator:1", stamp)
    now = datetime.now(UTC)
    span = timestamp(now - timedelta(days=1)), timestamp(now + timedelta(days=365))
    for k in range(rights_each):
        number = (person - 1) * rights_each + k + 1
        purpose = PrivateRow(f"purpose-{number}", 1, {"purpose": "計測"}, secrets.token_hex(16))
        zone = f"zone-{zone_of(person, k)}"
        right = RightRequested(number, person, zone, SHIFT, *span, purpose.ref(), 1, "active")
        ledger.append(right, "operator:1", stamp)
        ledger.put_private(purpose, stamp.at)


def make_site(data: Path, people: int, rights_each: int, *, portals: int = ZONES, broker: int = 0) -> Site:
    """A filled site, opened."""
    write_settings(data, portals, broker=broker)
    site = open_site(data)
    populate(site, people, rights_each)
    return site


def trust(site: Site, dashboard: KeyPair, roles: tuple[str, ...] = ("manager", "guard")) -> None:
    """Trusts a dashboard and registers operator 1 (who asks) and a second one, as the console does."""
    stamp = Stamp(timestamp(datetime.now(UTC)), "bench", "declared")
    site.ledger.begin(stamp)
    keys = dashboard.public
    with site.ledger.transaction():
        site.ledger.append(DashboardTrusted(keys.id, keys.text(), "trusted"), "console", stamp)
        for number, held in ((1, roles), (2, ("auditor",))):
            name = PrivateRow(f"operator-{number}", 1, {"name": "計測"}, secrets.token_hex(16))
            site.ledger.append(OperatorRegistered(number, held, ("*",), None, name.ref(), "active"), "console", stamp)
            site.ledger.put_private(name, stamp.at)


def now_of(clock: Clock) -> Now:
    """The moment, as the loop stamps an input."""
    at = clock.now()
    return Now(at, at, clock.monotonic(), clock.quality())


def judgement_of(site: Site) -> Judgement:
    """The site's judgement alone: facts gathered and decided, nothing written."""
    facts = Facts(site.ledger.connection)
    return Judgement(site.facility, facts, Desk(site.facility, facts, site.key), site.pepper)
