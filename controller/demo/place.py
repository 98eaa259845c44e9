"""The example's site: four zones, six portals and a cupboard, as `site.toml`, and the simulated building that goes with it."""

from dataclasses import dataclass
from pathlib import Path

from controller.demo import cabinet
from controller.demo.company import BLANK_IDM, EMPLOYEES, STRANGER_IDM, idm
from controller.demo.training import SETTINGS
from controller.facility import Facility
from hardware.card_keys import CardKeys

SITE_ID = "minato"

_HEAD = """\
# The demo's site. Everything in it is simulated: nothing here opens a real door.
[site]
id = "{site}"
name = {{ ja = "港精機 本社工場", en = "Minato Precision, main works" }}
timezone = "Asia/Tokyo"

[clock]
trust = "host"

[calendar]
national = "JP"
company = [2026-12-29, 2026-12-30, 2026-12-31]

[[calendar.special]]
date = 2026-12-05
name = {{ ja = "臨時出勤日", en = "Worked Saturday" }}
hours = {{ day = "08:00-15:00" }}

[[calendar.special]]
date = 2026-12-28
name = {{ ja = "仕事納め（半日）", en = "Last working day, half-day" }}
hours = {{ day = "07:30-12:00", long-day = "07:00-13:00" }}

[broker]
host = "127.0.0.1"
port = {broker_port}

[simulation]
building = "{building}"

[[zone]]
id = "office"
name = {{ ja = "事務所", en = "Office" }}

[[zone]]
id = "rnd"
name = {{ ja = "開発室", en = "R&D room" }}
inside = "office"
requires = ["pledge:nda", "training:security"]

[[zone]]
id = "proto"
name = {{ ja = "試作室", en = "Prototype shop" }}
inside = "rnd"
requires = ["pledge:nda", "training:security", "training:proto"]

[[zone]]
id = "archive"
name = {{ ja = "図面庫", en = "Drawing archive" }}
inside = "office"
anti_passback = "soft"
anti_passback_forgiven_at = "04:00"
most_inside = 8
requires = ["pledge:nda", "training:security"]

[[schedule]]
id = "day"
name = {{ ja = "日勤", en = "Day shift" }}
hours = {{ weekdays = "07:30-19:00" }}

[[schedule]]
id = "long-day"
name = {{ ja = "日勤（残業可）", en = "Day shift with overtime" }}
hours = {{ weekdays = "07:00-22:00", sat = "08:00-18:00", holidays = "08:00-18:00" }}

[[schedule]]
id = "night"
name = {{ ja = "夜勤", en = "Night shift" }}
hours = {{ every_day = "21:00-07:30", holidays = "as weekday" }}
"""

_PORTAL = """
[[portal]]
id = "{id}"
name = {{ ja = "{ja}", en = "{en}" }}
inner = "{inner}"
{outer}lock = "simulated:{base}"
contact = "simulated:{contact}"
exit_button = "simulated:{exit}?active_low"
{interlock}release_s = 5
held_open_s = 20
"""

_READER = """
[[portal.reader]]
side = "{side}"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ {lamps} }}
"""

_CUPBOARD = """
[[zone]]
id = "samples"
name = {{ ja = "開発室 サンプル保管庫", en = "R&D sample cupboard" }}
kind = "container"
inside = "rnd"

[[portal]]
id = "samples"
name = {{ ja = "サンプル保管庫", en = "Sample cupboard" }}
inner = "samples"
outer = "rnd"
lock = "simulated:700"
contact = "simulated:701"
release_s = 8
held_open_s = 120
[[portal.reader]]
side = "in"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ red = "simulated:710", green = "simulated:711", blue = "simulated:712", buzzer = "simulated:713" }}
"""
"""A cupboard that a badge opens, in one person's hands at a time."""

_STATION = """
[[station]]
id = "desk"
name = {{ ja = "総務カウンター", en = "General affairs desk" }}
zone = "office"
device = "nfc+udp://127.0.0.1:{port}"
annunciator = {{ red = "simulated:910", green = "simulated:911", blue = "simulated:912", buzzer = "simulated:913" }}
keypad = "simulated:920"
"""

_TETHERS = """
[[tether]]
id = "cmm-pc"
name = { ja = "三次元測定機のPC", en = "Coordinate measuring machine PC" }
zone = "proto"
input = "simulated:930"

[[tether]]
id = "cad-server"
name = { ja = "CADサーバーの外付けディスク", en = "CAD server's external disk" }
zone = "rnd"
input = "simulated:931"
"""

STICKERS = (("sticker-laptop", "04a1b2c3d4e5f0"), ("sticker-usb", "04a1b2c3d4e5f1"))
"""NTAG stickers for things: what one is tapped by, and its number. They prove nothing, and only name the thing they are on."""

_KEYPADS = {"dock/in": "simulated:590"}
"""Who comes in by the dock, past all the others, types a PIN beside the badge."""

_PORTALS = (
    ("main", "正面入口", "Main entrance", "office", "", ("in", "out")),
    ("staff", "通用口", "Staff entrance", "office", "", ("in", "out")),
    ("rnd", "開発室", "R&D room", "rnd", "office", ("in", "out")),
    ("proto", "試作室", "Prototype shop", "proto", "rnd", ("in", "out")),
    ("dock", "試作室 搬入口", "Prototype shop, dock", "proto", "", ("in",)),
    ("archive", "図面庫", "Drawing archive", "archive", "office", ("in", "out")),
)

_AIRLOCK = {"proto": "dock", "dock": "proto"}
"""Nobody looks from the dock through the prototype shop into the R&D room: one of the two doors is open at a time."""


def site_toml(broker_port: int, building: str, ports: dict[str, int]) -> str:
    """The site's settings; `ports` are the UDP ports of the readers by id (`main/in`)."""
    text = (_HEAD + SETTINGS).format(site=SITE_ID, broker_port=broker_port, building=building)
    for n, (id, ja, en, inner, outer, sides) in enumerate(_PORTALS, 1):
        line = f'outer = "{outer}"\n' if outer else 'evacuation = "release"\n'
        line += 'pin = "always"\n' if f"{id}/in" in _KEYPADS else ""
        interlock = f'interlock = ["{_AIRLOCK[id]}"]\n' if id in _AIRLOCK else ""
        base = 100 * n
        pins = {"base": base, "contact": base + 1, "exit": base + 2}
        text += _PORTAL.format(id=id, ja=ja, en=en, inner=inner, outer=line, interlock=interlock, **pins)
        for m, side in enumerate(sides):
            lit = zip(("red", "green", "blue", "buzzer"), range(base + 10 * (m + 1), base + 100), strict=False)
            lamps = ", ".join(f'{lamp} = "simulated:{pin}"' for lamp, pin in lit)
            text += _READER.format(side=side, port=ports[f"{id}/{side}"], lamps=lamps)
            if (keypad := _KEYPADS.get(f"{id}/{side}")) is not None:
                text += f'keypad = "{keypad}"\n'
    text += _CUPBOARD.format(port=ports["samples/in"]) + _STATION.format(port=ports["desk"])
    return text + _TETHERS + cabinet.settings(ports["keys"])


def reader_ids() -> list[str]:
    """The readers and stations of the example by id."""
    doors = (f"{id}/{side}" for id, _, _, _, _, sides in _PORTALS for side in sides)
    return [*doors, "samples/in", "desk", cabinet.STATION]


@dataclass(frozen=True, slots=True)
class Card:
    """An emulated card: the name it is tapped by, its number, and its key (None: blank, as from the factory)."""

    name: str
    idm: bytes
    key: bytes | None


def cards(keys: CardKeys) -> list[Card]:
    """The example's cards: everybody's, a stranger's, a blank one, and a copy of a right holder's number without the key."""
    everybody = [Card(person.login, idm(n), keys.key(idm(n))) for n, person in enumerate(EMPLOYEES, 1)]
    return [
        *everybody,
        Card("stranger", STRANGER_IDM, keys.key(STRANGER_IDM)),
        Card("blank", BLANK_IDM, None),
        Card("copy", idm(2), bytes(range(16))),
    ]


def building_toml(facility: Facility, keys: CardKeys, data: Path, listen: str) -> str:
    """The plan of the simulated building: the same readers, pins and doors, and the cards."""
    lines = [f'listen = "{listen}"', f'log = "{data / "building.log"}"', f'state = "{data / "cards.json"}"']
    lines += [f'hung = "{data / "hung.json"}"']
    for reader in facility.antennas.values():
        port = reader.device.rpartition(":")[2]
        lines += ["[[reader]]", f'id = "{reader.id}"', f"port = {port}"]
        lines += [f'keypad = "{reader.keypad}"'] if reader.keypad else []
    for portal in facility.portals.values():
        lines += ["[[door]]", f'id = "{portal.id}"']
        lines += [f'reader_{reader.side} = "{reader.id}"' for reader in portal.readers]
        lines += [
            f'lock = "{portal.lock}"',
            f'dps = "{portal.contact}"',
            "limit_s = 10",
        ]
        lines += [f'rex = "{portal.exit_button}"'] if portal.exit_button else []
    for tether in facility.tethers.values():
        lines += ["[[tether]]", f'id = "{tether.id}"', f'input = "{tether.input}"']
    lines += cabinet.building(facility)
    for name, uid in STICKERS:
        lines += ["[[card]]", f'name = "{name}"', 'kind = "nfca"', f'uid = "{uid}"']
    for card in cards(keys):
        lines += ["[[card]]", f'name = "{card.name}"', 'kind = "felica-lite-s"', f'idm = "{card.idm.hex()}"']
        lines += [f'key = "{card.key.hex()}"'] if card.key is not None else []
    return "\n".join(lines) + "\n"
