"""The feed of a key cabinet: reads every slot, and tells the loop of a level that has lasted. It decides nothing.

A key that is hung in is told together with what it says it is, as soon as two looks agree. A sensor that comes and goes is a
part that fails, and says nothing until it has been calm: nobody has borrowed a key because a wire is loose (C8.2). So is one
that says that a slot is empty whose socket reads a key.
"""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.clock import Clock
from controller.inbox import Inbox, PartAnswering, PartFailing, SlotSeen
from hardware.protocols import HardwareFault, KeyCabinet

PACE_S = 0.05
STABLE_S = 0.15
"""A level counts once it was the same for this long: a hand that pulls shakes the key."""
FLAPS, FLAPPING_S = 8, 10.0
"""So many changes within so many seconds are no hand; and as long without one is calm."""
NAMELESS_S = 2.0
"""So long a socket may need to read the key that hangs in it; the kernel looks at a 1-Wire bus once a second."""

FLAPPING, CONTRADICTED = "flapping", "contradicted"


@dataclass
class _Slot:
    number: int
    part: str
    """The sensor's device URL."""
    candidate: tuple[bool, str | None] | None = None
    since: float = 0.0
    reported: tuple[bool, str | None] | None = None
    changes: deque[float] = field(default_factory=lambda: deque(maxlen=FLAPS))
    failed: str = ""
    """The part that is known to fail."""


class SlotFeed:
    """One cabinet's, in a thread of its own, because sockets can be slow. `parts`: each slot's sensor by its number."""

    def __init__(self, id: str, cabinet: KeyCabinet, parts: Mapping[int, str], inbox: Inbox, clock: Clock) -> None:
        self._id = id
        self._cabinet = cabinet
        self._slots = [_Slot(number, part) for number, part in parts.items()]
        self._inbox = inbox
        self._clock = clock
        self._edge = threading.Event()
        self.part = next(iter(parts.values()))
        """The sensor by which the cabinet is called when it does not answer at all."""
        self._hung = False
        self.answered = False
        """It has been looked at once since the start."""
        self.heard_s = clock.monotonic()
        """When a round last ended."""
        cabinet.watch(self._edge.set)

    def run(self, stop: threading.Event) -> None:
        """Until `stop` is set."""
        while not stop.is_set():
            self._edge.clear()
            self.look()
            self._edge.wait(PACE_S)
            if self._edge.is_set():
                stop.wait(PACE_S / 2)

    def look(self) -> None:
        """One round over all slots."""
        for slot in self._slots:
            self._look(slot)
        self.heard_s = self._clock.monotonic()
        self.answered = True
        if self._hung and self._inbox.put(PartAnswering(self.part)):
            self._hung = False

    def watch(self, now_s: float, silent_s: float) -> None:
        """Tells of a round that does not end, as with a bus that hangs; the next round that ends takes it back."""
        if now_s - self.heard_s >= silent_s and not self._hung:
            self._hung = self._inbox.put(PartFailing(self.part, "silent"))

    def _look(self, slot: _Slot) -> None:
        try:
            level = self._cabinet.present(slot.number)
            tag = self._cabinet.tag(slot.number)
        except HardwareFault as fault:
            self._fail(slot, fault.part, fault.reason)
            slot.candidate = None
            return
        now = self._clock.monotonic()
        self._note(slot, (level, tag), now)
        if self._sound(slot, now) and self._settled(slot, now) and slot.candidate != slot.reported:
            self._tell(slot)

    def _note(self, slot: _Slot, seen: tuple[bool, str | None], now: float) -> None:
        if slot.candidate == seen:
            return
        if slot.candidate is not None and slot.candidate[0] != seen[0]:
            slot.changes.append(now)
        slot.candidate, slot.since = seen, now

    def _sound(self, slot: _Slot, now: float) -> bool:
        """Whether what the sensor says can be believed; tells when that begins and ends."""
        flaps = len(slot.changes) == FLAPS and slot.changes[0] > now - FLAPPING_S
        if flaps or (slot.failed and slot.changes and slot.changes[-1] > now - FLAPPING_S):
            self._fail(slot, slot.part, FLAPPING)
            return False
        if slot.candidate is not None and not slot.candidate[0] and slot.candidate[1] is not None:
            if now - slot.since >= NAMELESS_S:  # the kernel may still say the number of a key that has just gone
                self._fail(slot, slot.part, CONTRADICTED)
            return False
        if slot.failed and now - slot.since >= STABLE_S and self._inbox.put(PartAnswering(slot.failed)):
            slot.failed = ""
            slot.changes.clear()
        return not slot.failed

    def _settled(self, slot: _Slot, now: float) -> bool:
        nameless = slot.candidate == (True, None) and self._cabinet.identifies(slot.number)
        return now - slot.since >= (NAMELESS_S if nameless else STABLE_S)

    def _tell(self, slot: _Slot) -> None:
        if slot.candidate is None:
            return
        level, tag = slot.candidate
        if self._inbox.put(SlotSeen(self._id, slot.number, level, tag or "")):
            slot.reported = slot.candidate

    def _fail(self, slot: _Slot, part: str, reason: str) -> None:
        if not slot.failed and self._inbox.put(PartFailing(part, reason)):
            slot.failed = part
            slot.reported = None  # whatever it says when it is well again is news
