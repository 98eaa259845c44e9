"""The example house with what issue 5's stations and tethers bring: a station, a cut wire, an open container, a check list."""

import msgspec
from example_house import House

from controller.record.kinds.container_use import ContainerOpened
from controller.record.kinds.station import StationRefused, StationSet
from controller.record.kinds.tether import TetherCut, TetherObserved, TetherSet
from controller.record.kinds.tether_round import TetherChecked, TetherRegistered, TetherRoundBegun, TetherRoundEnded


def tethered(house: House) -> House:
    """A station; one wire cut and one whole; the drawing store open in two people's hands; three things, one overdue, a round
    that has ended and one that runs, with the first of its things in order."""
    configured = msgspec.structs.replace(
        house.configured(),
        stations=(StationSet("desk", "総務カウンター", "Desk", "office", 2, True, "nfc+usb:"),),
        tethers=(
            TetherSet("cmm", "測定機のPC", "CMM computer", "lab", "gpio:5"),
            TetherSet("disk", "外付けディスク", "Disk", "server", "gpio:6"),
        ),
    )
    house.write(configured, TetherObserved("disk", "server"), TetherCut("cmm", "lab"))
    house.write(ContainerOpened("store", "store", 1, (1, 2), "entry", 30))
    house.write(StationRefused("desk", "office", "nothing_waits", "station", "ab" * 32, "0001", 1, 1, "", 2, 1))
    things = ((1, "pc-1", "lab", "設計用PC"), (2, "cam-1", "lab", "カメラ"), (3, "nas", "server", "NAS"))
    for number, word, place, name in things:
        due = f"202{5 + number}-11-20T00:00:00.000000Z"
        text = house.private(f"tethered-{number}", name=name).ref()
        house.write(TetherRegistered(number, word, place, 365, text, 2, due, "registered"), by="operator:2")
    house.write(TetherRoundBegun(1, "server", 2, (3,), "open"), by="operator:2")
    house.write(TetherRoundEnded(1, "server", 2, 0, 0, 0, 1, "ended"), by="operator:2")
    house.write(TetherRoundBegun(2, "", 3, (1, 2, 3), "open"), by="operator:3")
    house.write(TetherChecked(2, 3, "server", "ok", None, 3, "2027-11-22T00:00:00.000000Z"), by="operator:3")
    return house
