"""A matrix keypad on gpiozero pins: rows are driven low one after the other, columns are read with a pull-up.

Rule 1: one key at a time. Two at once can make a third appear on a matrix without diodes, so until all but one are let go
none counts. Rule 2: a key counts once it was down for `STABLE_S`, and again only after it was let go as long.
Rule 3: what was pressed is returned, and kept only as long as it is down.

Two keys of a column join two rows, one of which is driven low: 1 kΩ in each row's line keeps that from being a short.
"""

from functools import partial
from time import monotonic
from typing import Any

from gpiozero import DigitalInputDevice, OutputDevice

from hardware.address import MatrixAddress
from hardware.gpio import guarded
from hardware.protocols import HardwareFault

KEYS = ("123A", "456B", "789C", "*0#D")
USED = "0123456789*#"
_SEVERAL = "several"
STABLE_S = 0.02
"""Contacts of rubber and dome bounce for 5 to 15 ms."""


class GpioKeypad:
    """A keypad of four rows and three or four columns. A `Keypad`."""

    def __init__(self, address: MatrixAddress, factory: Any) -> None:  # noqa: ANN401 (gpiozero has no types)
        """Raises HardwareFault."""
        self._part = address.url
        self._rows: list[Any] = []
        self._columns: list[Any] = []
        try:
            for number in address.rows:
                make = partial(OutputDevice, number, active_high=False, initial_value=False, pin_factory=factory)
                self._rows.append(guarded(self._part, "absent", make))
            for number in address.columns:
                make = partial(DigitalInputDevice, number, pull_up=True, pin_factory=factory)
                self._columns.append(guarded(self._part, "absent", make))
        except HardwareFault:
            self.close()
            raise
        self._candidate, self._since_s = "", monotonic()
        self._last = ""
        """The key that counted last, while it is down."""

    def poll(self, wanted: bool) -> str | None:
        """The key that was newly pressed. Raises HardwareFault."""
        found = guarded(self._part, "silent", self._scan)
        now_s = monotonic()
        if found != self._candidate:
            self._candidate, self._since_s = found, now_s
        if now_s - self._since_s < STABLE_S or found in (self._last, _SEVERAL):
            return None
        self._last = found
        return found if found and found in USED else None

    def close(self) -> None:
        """Gives the pins back. May be called twice."""
        rows, columns, self._rows, self._columns = self._rows, self._columns, [], []
        for device in (*rows, *columns):
            guarded(self._part, "silent", device.close)

    def _scan(self) -> str:
        """The one key that is down; empty for none, `_SEVERAL` for more than one."""
        down = ""
        for row, keys in zip(self._rows, KEYS, strict=True):
            row.on()
            try:
                down += "".join(key for key, column in zip(keys, self._columns, strict=False) if not column.pin.state)
            finally:
                row.off()
        return down if len(down) <= 1 else _SEVERAL
