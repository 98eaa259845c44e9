"""The actuator: performs effects on the parts, from the loop's thread. A part that fails comes back as an input."""

from collections.abc import Callable, Mapping

from controller.clock import Clock
from controller.inbox import Inbox, PartAnswering, PartFailing
from controller.keypads import KeypadFeed
from controller.rules.effects import (
    ArmReader,
    AskPin,
    Effect,
    ForgetPin,
    PlaySignal,
    ReleaseLock,
    ReleaseSlot,
    SecureLock,
    SecureSlot,
)
from hardware.protocols import Annunciator, HardwareFault, KeyCabinet, Lock, Reader


class PartsActuator:
    """Effects on parts. `annunciators` and `readers` are by reader id; `at_portal` names each portal's readers."""

    def __init__(
        self, locks: Mapping[str, Lock], annunciators: Mapping[str, Annunciator], readers: Mapping[str, Reader],
        at_portal: Mapping[str, tuple[str, ...]], inbox: Inbox, clock: Clock,
        keypads: Mapping[str, KeypadFeed] | None = None, cabinets: Mapping[str, KeyCabinet] | None = None,
    ) -> None:  # fmt: skip
        self._locks = locks
        self._annunciators = annunciators
        self._readers = readers
        self._at_portal = at_portal
        self._inbox = inbox
        self._clock = clock
        self._keypads = keypads or {}
        self._cabinets = cabinets or {}
        self._failed: dict[object, str] = {}

    def perform(self, effect: Effect) -> None:
        """Does it; a HardwareFault becomes `PartFailing`, and the first success after it `PartAnswering`."""
        match effect:
            case ReleaseLock(portal):
                self._on(self._locks[portal], lambda: self._locks[portal].release())
            case SecureLock(portal):
                self._on(self._locks[portal], lambda: self._locks[portal].secure())
            case ReleaseSlot(cabinet, slot):
                self._at(cabinet, slot, lambda part: part.release(slot))
            case SecureSlot(cabinet, slot):
                self._at(cabinet, slot, lambda part: part.secure(slot))
            case PlaySignal(portal, signal, reader):
                for id in (reader,) if reader else self._at_portal.get(portal, ()):
                    self._play(id, signal)
            case ArmReader(reader, seconds):
                if (part := self._readers.get(reader)) is not None:
                    part.arm(self._clock.monotonic() + seconds if seconds else None)
            case AskPin() | ForgetPin():
                self._at_keypad(effect)

    def _at_keypad(self, effect: AskPin | ForgetPin) -> None:
        keypad = self._keypads.get(effect.reader)
        if keypad is None:
            return
        if isinstance(effect, AskPin):
            keypad.ask(effect)
        else:
            keypad.forget()

    def _play(self, reader: str, signal: str) -> None:
        if (annunciator := self._annunciators.get(reader)) is not None:
            self._on(annunciator, lambda: annunciator.play(signal))

    def _at(self, cabinet: str, slot: int, act: Callable[[KeyCabinet], None]) -> None:
        part = self._cabinets[cabinet]
        self._on((cabinet, slot), lambda: act(part))

    def _on(self, part: object, act: Callable[[], None]) -> None:
        known: object = part if isinstance(part, tuple) else id(part)
        try:
            act()
        except HardwareFault as fault:
            if self._failed.get(known) != fault.part:
                self._failed[known] = fault.part
                self._inbox.put(PartFailing(fault.part, fault.reason))
        else:
            if (address := self._failed.pop(known, None)) is not None:
                self._inbox.put(PartAnswering(address))


class NoParts:
    """Performs nothing: for ledger commands while no controller runs, and for made history."""

    def perform(self, effect: Effect) -> None:
        """Nothing."""
