"""The keypad of a simulated building. A `Keypad`."""

from hardware.address import PinAddress
from hardware.protocols import HardwareFault
from hardware.simulated.pins import SimulatedFactory
from hardware.simulated.wire import TakeKey


class SimulatedKeypad:
    """Asks the building for each key that was pressed there."""

    def __init__(self, address: PinAddress, factory: SimulatedFactory) -> None:
        self._part = address.url
        self._number = address.number
        self._factory = factory

    def poll(self, wanted: bool) -> str | None:
        """The next key. Raises HardwareFault."""
        try:
            key: str | None = self._factory.ask(TakeKey(self._number, wanted))
        except HardwareFault as fault:
            raise HardwareFault(self._part, fault.reason, str(fault)) from None
        return key

    def close(self) -> None:
        """Nothing is held: the connection is the factory's."""
