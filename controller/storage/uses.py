"""What stations are for at this site, in the order in which the uses are asked."""

from controller.facility import Facility
from controller.facts import Facts
from controller.storage.cabinets import Cabinets
from controller.storage.combinations import Combinations
from controller.storage.custody import Custody
from controller.storage.due import Due
from controller.storage.key_rounds import KeyRounds
from controller.storage.transports import Transports
from controller.storage.use import StationUse


def uses_of(facility: Facility, facts: Facts) -> tuple[StationUse, ...]:
    """The uses; the first that answers a tap has it, so what waits for one certain person stands before what waits for any."""
    return (
        Combinations(facility, facts), Transports(facts), KeyRounds(facility, facts), Cabinets(facility, facts),
        Due(facility, facts), Custody(facility, facts),
    )  # fmt: skip
