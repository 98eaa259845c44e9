"""The socket at a slot of a simulated building that tells the key hanging there. A `TagSocket`."""

from hardware.address import PinAddress
from hardware.protocols import HardwareFault
from hardware.simulated.pins import SimulatedFactory
from hardware.simulated.wire import ReadTag


class SimulatedSocket:
    """Asks the building each time."""

    def __init__(self, address: PinAddress, factory: SimulatedFactory) -> None:
        self._part = address.url
        self._number = address.number
        self._factory = factory

    def tag(self) -> str | None:
        """The number of the key that hangs there. Raises HardwareFault."""
        try:
            tag: str | None = self._factory.ask(ReadTag(self._number))
        except HardwareFault as fault:
            raise HardwareFault(self._part, fault.reason, str(fault)) from None
        return tag
