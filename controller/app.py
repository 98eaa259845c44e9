"""The composition root: the only place that puts the controller together, from a data directory.

DATA/site.toml          what is screwed on
DATA/keys/              site.key, cards.key, pepper.key: mode 0600, made at the first start
                        (each is taken from $CREDENTIALS_DIRECTORY instead when systemd puts it there)
DATA/ledger.sqlite3     the ledger
DATA/link.json          how far the broker has it
DATA/restored.json      a backup was put back, and the next start asks dashboards what came after it
DATA/console.sock       the console, while a controller runs
"""

import gc
import os
import secrets
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from sdnotify import SystemdNotifier

from controller.actuator import NoParts, PartsActuator
from controller.clock import Clock
from controller.console import Console, NotRunning, ask
from controller.desk import Desk
from controller.digits import DigitsFeed
from controller.disk import MEGABYTE, Disk
from controller.endurance import Endurance
from controller.facts import Facts
from controller.feeds import ContactFeed, ReaderFeed
from controller.inbox import ConsoleAsked, Inbox
from controller.keypads import KeypadFeed, PinBench
from controller.keyring import broker_of, site_keys
from controller.ledger.faults import disk_fault
from controller.ledger.ledger import Stamp
from controller.link import Link
from controller.loop import BATCH
from controller.parts import Parts, open_parts
from controller.pin_hashes import PinHashes
from controller.pulse import BEAT_S, Pulse
from controller.record.canonical import timestamp
from controller.record.topics import Topics
from controller.recovery import Around, Recovery
from controller.site import Site, open_site, settings_of, system_clock
from controller.slot_feed import SlotFeed
from controller.supervisor import Supervisor
from controller.truncation import Truncation
from controller.turn import Committed
from controller.witnesses import Witnesses
from controller.works import Works
from hardware.address import parse_reader
from hardware.nfc_reader import NfcReader
from hardware.protocols import HardwareFault, KeyCabinet, Keypad, Reader

if TYPE_CHECKING:
    from controller.metrics import Listener

_START_US = 30_000_000
"""So long systemd is to wait from each sign of life of a start that fetches records."""
Told = TypeVar("Told")

log = structlog.get_logger()

_AGAIN_S = 2.0
"""Between two tries to open a ledger whose disk does not let it be opened."""


def _passing(data: Path) -> Path:
    """Where to keep what may be gone after a power cut: where systemd says, else in the data directory."""
    return Path(os.environ.get("RUNTIME_DIRECTORY", data))


def _open_patiently(data: Path) -> Site:
    """The site, as soon as its disk lets the ledger be opened; until then every lock is secure and every door shows the fault.

    Raises what `open_site` raises for any other reason, HardwareFault.
    """
    parts: Parts | None = None
    try:
        while True:
            try:
                return open_site(data)
            except (sqlite3.Error, OSError) as error:
                if (fault := disk_fault(error, data)) is None:
                    raise
                log.error("disk", state="failed", reason=fault, at="start", detail=str(error))
            parts = parts or _showing_fault(data)
            time.sleep(_AGAIN_S)
    finally:
        if parts is not None:
            parts.close()


def _showing_fault(data: Path) -> Parts:
    """The site's parts, the fault at every door."""
    parts = open_parts(settings_of(data), site_keys(data).cards)
    for annunciator in parts.annunciators.values():
        annunciator.play("fault")
    return parts


class Controller:
    """A running controller: the site, its parts, the loop and the threads around it."""

    def __init__(
        self, data: Path, reached: Callable[[str], None] = lambda step: None, clock: Clock | None = None
    ) -> None:
        self._site = _open_patiently(data)
        facility = self._site.facility
        self._clock = clock or system_clock(facility)
        self._reached = reached
        self._inbox = Inbox()
        self._ending = threading.Event()
        self._supervisor = Supervisor(self._end)
        self._parts = self._open_parts()
        self._boot = secrets.token_hex(8)
        keypads = {id: keypad for id, keypad in self._parts.keypads.items() if id in facility.readers}
        self._bench = PinBench(PinHashes(self._site.pepper), self._inbox, len(keypads))
        self._keypads = {id: self._keypad(id, keypad) for id, keypad in keypads.items()}
        self._digits = {
            id: DigitsFeed(
                id, station.keypad, self._parts.keypads[id], self._parts.annunciators.get(id), self._inbox, self._clock
            )
            for id, station in facility.stations.items()
            if station.keypad
        }
        actuator = PartsActuator(
            self._parts.locks, self._parts.annunciators, self._parts.readers,
            {portal.id: tuple(reader.id for reader in portal.readers) for portal in facility.portals.values()},
            self._inbox, self._clock, self._keypads, self._parts.cabinets,
        )  # fmt: skip
        self._link = self._make_link()
        works = Works(data / "poison.json", _passing(data) / f"works-{facility.id}", self._site.pepper)
        self._truncation = Truncation(self._site.ledger.path)
        told: Callable[[Committed], None] = self._tell
        self._metrics: Listener | None = None
        if facility.metrics is not None:
            told, reached = self._measured(facility.metrics, told, reached)
        self._loop = self._site.loop(self._clock, actuator, self._boot, told, reached, works)
        space = Disk(data, facility.disk.low_mb * MEGABYTE, facility.disk.reserve_mb * MEGABYTE)
        self._endurance = Endurance(
            facility, self._site.ledger, self._loop, space, self._clock, actuator, self._boot, told
        )  # fmt: skip
        self._readers = {
            id: ReaderFeed(
                id, facility.antennas[id].device, reader, self._parts.annunciators.get(id), self._inbox, self._clock
            )
            for id, reader in self._parts.readers.items()
        }
        self._contacts = ContactFeed(self._parts.contacts, self._inbox, self._clock)
        self._slots = {id: self._slot_feed(id, cabinet) for id, cabinet in self._parts.cabinets.items()}
        self._pulse = Pulse(
            self._watched(), self._contacts, self._endurance.alarmed, self._status, SystemdNotifier().notify
        )

    def _keypad(self, id: str, keypad: Keypad) -> KeypadFeed:
        part, lamps = self._site.facility.readers[id].keypad, self._parts.annunciators.get(id)
        return KeypadFeed(id, part, keypad, lamps, self._bench, self._inbox, self._clock)

    def _slot_feed(self, id: str, cabinet: KeyCabinet) -> SlotFeed:
        sensors = {slot.number: slot.present for slot in self._site.facility.cabinets[id].slots.values()}
        return SlotFeed(id, cabinet, sensors, self._inbox, self._clock)

    def _watched(self) -> dict[str, ReaderFeed | KeypadFeed | DigitsFeed | SlotFeed]:
        """Whoever has to be heard of: readers, keypads and key cabinets."""
        keypads = {f"{id} keypad": keypad for id, keypad in (self._keypads | self._digits).items()}
        return {**self._readers, **keypads, **{f"{id} slots": slots for id, slots in self._slots.items()}}

    def _tell(self, done: Committed) -> None:
        """Whoever carries on what was committed."""
        if self._link is not None:
            self._link.told(done)
        self._truncation.told(done)

    def _open_parts(self) -> Parts:
        try:
            return open_parts(self._site.facility, self._site.cards)
        except HardwareFault:
            self._site.ledger.close()
            raise

    def _make_link(self) -> Link | None:
        site, broker = self._site, broker_of(self._site.facility)
        if broker is None:
            return None
        return Link(
            site.facility, site.ledger.path, site.data / "link.json", site.key, self._boot, broker,
            self._inbox, self._clock,
        )  # fmt: skip

    def _measured(
        self, address: tuple[str, int], told: Callable[[Committed], None], reached: Callable[[str], None]
    ) -> tuple[Callable[[Committed], None], Callable[[str], None]]:
        """What the loop is to call, so that it is counted. A port that is taken is no reason to keep doors shut."""
        from controller.measures import Measures  # here, so that whoever measures nothing has nothing of it in memory
        from controller.metrics import Listener, Looked, Standing

        measures = Measures()
        looked = Looked(
            self._site.ledger.path, self._inbox, self._link, self._clock, self._supervisor.alive,
            lambda: "" if self._endurance.outage is None else self._endurance.outage.reason,
        )  # fmt: skip
        measures.registry.register(Standing(looked))
        try:
            self._metrics = Listener(address, measures.registry)
        except OSError as error:
            log.warning("metrics not served", problem=str(error))
            return told, reached
        return both(told, measures.told), both(reached, measures.reached)

    def run(self) -> int:
        """Until SIGTERM or SIGINT; answers the exit code, 70 after a bug."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._end())
        try:
            self._parts.secure()
            self._start_readers()
            self._recover()
            if not self._ending.is_set():
                self._turn_until_the_end()
        finally:
            self._parts.secure()  # before anything that takes time: a fault of ours leaves no lock released
            self._close(self._parts)
        return 70 if self._supervisor.failed else 0

    def _turn_until_the_end(self) -> None:
        self._endurance.start()
        self._start_threads()
        gc.freeze()  # what lives as long as the process is not looked through again: 11 ms in the middle of a tap
        log.info("running", site=self._site.facility.id, boot=self._boot, records=self._site.ledger.size)
        while not self._ending.is_set():
            self._turn()
        self._pulse.stopping()
        self._endurance.stop()

    def _recover(self) -> None:
        """Compares the ledger with what was witnessed of it, before anything is written (design §4)."""
        around = Around(
            self._stamp, self._clock.monotonic, lambda: self._inbox.hold_taps(True),
            lambda: SystemdNotifier().notify(f"EXTEND_TIMEOUT_USEC={_START_US}"), self._ending,
        )  # fmt: skip
        recover(self._site, around, self._reached)
        self._inbox.hold_taps(False)

    def _stamp(self) -> Stamp:
        return Stamp(timestamp(self._clock.now()), self._boot, self._clock.quality())

    def _turn(self) -> None:
        inputs = self._inbox.take(BATCH, min(self._endurance.wait_s(), BEAT_S))
        self._endurance.turn(inputs, self._inbox.dropped())
        self._pulse.beat(self._clock.monotonic())

    def _status(self) -> str:
        """What `systemctl status` shows: counts alone."""
        failed = sum(self._endurance.alarmed(reader.part) for reader in self._readers.values())
        link = "none" if self._link is None else "connected" if self._link.connected else "away"
        doors, readers = len(self._parts.locks), len(self._readers)
        outage = self._endurance.outage
        disk = "ok" if outage is None else outage.reason
        records = self._site.ledger.size
        return f"{doors} doors, {readers} readers ({failed} failed), broker {link}, disk {disk}, {records} records"

    def _start_readers(self) -> None:
        for id, reader in self._readers.items():
            self._supervisor.start(f"reader {id}", reader.run)
        for id, keypad in (self._keypads | self._digits).items():
            self._supervisor.start(f"keypad {id}", keypad.run)

    def _start_threads(self) -> None:
        start = self._supervisor.start
        start("contacts", self._contacts.run)
        for id, slots in self._slots.items():
            start(f"cabinet {id}", slots.run)
        start("console", Console(self._site.data, self._inbox).run)
        start("truncation", self._truncation.run)
        if self._keypads:
            start("pins", self._bench.run)
        if self._link is not None:
            start("link", self._link.run)
        if self._metrics is not None:
            start("metrics", self._metrics.run)

    def _end(self) -> None:
        self._ending.set()
        self._inbox.wake()

    def _close(self, parts: Parts) -> None:
        late = self._supervisor.end()
        if late:
            log.warning("threads did not end in time", threads=late)
        parts.close()
        self._site.ledger.close()


def recover(site: Site, around: Around, reached: Callable[[str], None] = lambda step: None) -> None:
    """Compares a site's ledger with its witnesses. A disk that fails is left to whoever writes next."""
    broker, topics = broker_of(site.facility), Topics(site.facility.id)
    desk = Desk(site.facility, Facts(site.ledger.connection), site.key)
    recovery = Recovery(site.data, site.ledger, desk, site.key, around, broker.recovery_s if broker else 0, reached)
    try:
        recovery.run(None if broker is None else Witnesses(broker, topics, site.key, around.stopping))
    except (sqlite3.Error, OSError) as error:
        if (fault := disk_fault(error, site.data)) is None:
            raise
        log.error("not compared with the witnesses", reason=fault)


def console_reader(data: Path, device: str) -> Reader:
    """A reader at the console, not one of the site's, with the site's card keys. Raises ValueError for no reader's URL."""
    return NfcReader(parse_reader(device), site_keys(data).cards)


def command(data: Path, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A console command, by the running controller, or by ourselves while none runs. Raises what `open_site` raises."""
    try:
        return ask(data, name, arguments)
    except NotRunning:
        return _command_alone(open_site(data), name, arguments)


def _command_alone(site: Site, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    clock = system_clock(site.facility)
    answers: list[dict[str, Any]] = []
    try:
        boot = secrets.token_hex(8)
        stamp = Stamp(timestamp(clock.now()), boot, clock.quality())
        recover(site, Around(lambda: stamp, clock.monotonic, _pass, _pass, threading.Event()))
        site.ledger.begin(stamp)
        loop = site.loop(clock, NoParts(), boot, _nobody, lambda step: None)
        loop.turn([ConsoleAsked(name, arguments, answers.append)])
        loop.sign()
    finally:
        site.ledger.close()
    return answers[0]


def _pass() -> None:
    """Nobody waits at a door."""


def both(first: Callable[[Told], None], second: Callable[[Told], None]) -> Callable[[Told], None]:
    """One call for two who want to know."""

    def call(said: Told) -> None:
        first(said)
        second(said)

    return call


def _nobody(done: Committed) -> None:
    """Takes no note of commits: there is no broker."""
