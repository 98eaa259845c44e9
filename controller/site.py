"""A data directory, opened for its one writer: settings, keys, ledger; and a loop over them."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller import rotation
from controller.backup.taking import Source
from controller.clock import RTC, Clock, SystemClock
from controller.desk import Desk
from controller.facility import Facility, load_facility
from controller.facts import Facts
from controller.judgement import Judgement
from controller.keyring import LEDGER, key_paths, rotatable, site_keys
from controller.ledger.ledger import Ledger, Stamp
from controller.loop import Actuator, Loop
from controller.parts import device_mistakes
from controller.record.canonical import timestamp
from controller.record.keys import BadKey, KeyPair
from controller.rules.clock import trusted
from controller.turn import Committed
from controller.works import Works
from hardware import card_keys


def settings_of(data: Path) -> Facility:
    """The facility of a data directory, its device URLs looked at too. Raises BadSettings, OSError."""
    return load_facility(data / "site.toml", device_mistakes)


def system_clock(facility: Facility) -> SystemClock:
    """The machine's clock, trusted as the settings say."""
    return SystemClock(facility.clock.trust, RTC if facility.clock.rtc else None)


@dataclass(frozen=True)
class Site:
    """A data directory, opened: settings, keys, ledger."""

    data: Path
    facility: Facility
    key: KeyPair
    cards: card_keys.CardKeys
    pepper: bytes
    ledger: Ledger
    former: tuple[X25519PrivateKey, ...] = ()
    """Sealing keys of before that some requests may still be sealed to."""

    def loop(
        self,
        clock: Clock,
        actuator: Actuator,
        boot: str,
        told: Callable[[Committed], None],
        reached: Callable[[str], None],
        works: Works | None = None,
    ) -> Loop:
        """The loop over this site, for whoever turns it."""
        facts = Facts(self.ledger.connection)
        judgement = Judgement(self.facility, facts, Desk(self.facility, facts, self.key, self.former), self.pepper)
        return Loop(
            self.facility, self.ledger, self.key, judgement, clock, actuator, boot, version("sekimori"), told, reached,
            works,
        )  # fmt: skip


def backup_source(data: Path) -> Source:
    """What a backup of this data directory is made of. Raises BadKey, OSError."""
    return Source(data, key_paths(data), site_keys(data).site)


def open_site(data: Path, *, lost_key: bool = False) -> Site:
    """Opens a data directory for its one writer; makes keys that are not there, and ends a change of the site's key.

    `lost_key`: also with another key than the ledger names, for the one command that gives it a new one.

    Raises BadSettings, BadKey, LedgerInUse, WrongLedger, OSError.
    """
    facility = settings_of(data)
    keys = site_keys(data)
    ledger = Ledger(data / LEDGER, facility.id)
    try:
        key = _settled(ledger, data, keys.site, lost_key)
        former = rotation.former_sealing(data / "keys", datetime.now(UTC))
    except BaseException:
        ledger.close()
        raise
    return Site(data, facility, key, keys.cards, keys.pepper, ledger, tuple(former))


def _settled(ledger: Ledger, data: Path, key: KeyPair, lost_key: bool) -> KeyPair:
    try:
        return rotation.settle(ledger, data / "keys", key, rotatable(data))
    except BadKey:
        if lost_key:
            return key
        raise


def rotate_key(data: Path, compromised: bool, reached: Callable[[str], None] = lambda step: None) -> KeyPair:
    """Gives the site a new key, while no controller runs; the new one. Raises what `open_site` raises."""
    if not rotatable(data):
        raise BadKey(
            "site.key is a credential of systemd's and read-only: put it into keys/, change it, then seal it again"
        )
    site = open_site(data, lost_key=compromised)
    try:
        clock = system_clock(site.facility)
        stamp = Stamp(timestamp(clock.now()), secrets.token_hex(8), clock.quality())
        site.ledger.begin(stamp)
        if trusted(stamp.clock):  # by a clock in 2099 every one of them is old
            rotation.forget_former(data / "keys", clock.now())
        return rotation.rotate(site.ledger, data / "keys", site.key, stamp, compromised, reached)
    finally:
        site.ledger.close()
