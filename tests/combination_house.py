"""A combination lock at the example house, and its change as far as a test wants it."""

from datetime import timedelta

import msgspec
from example_house import House

from controller.record.kinds import change, combination, confirmation, knower, right, trust
from controller.record.kinds.site import StationSet

STEPS = ("begun", "set", "tried", "witnessed", "dead")


def lock(house: House, step: str = "", *, drawn: bool = False) -> None:
    """A safe in the lab kept by person 3, who is operator 3; person 1 witnesses, person 2 knows the number too. Its change is
    planned, or has come to `step`."""
    station = StationSet("desk", "管理デスク", "Desk", "office", 2, False, "simulated")
    house.write(msgspec.structs.replace(house.configured(), stations=(station,)))
    text = house.private("operator-3", name="suzukiさん").ref()
    house.write(trust.OperatorRegistered(3, ("manager", "custodian"), ("*",), 3, text, "active"), by="console")
    for number, who in ((301, 3), (302, 1), (303, 2)):
        house.ask_right(number, who, "lab")
        house.write(right.RightApproved(number, 3, "active"))
    ref = house.private("combination-1", name="図面金庫").ref()
    made = combination.CombinationRegistered(
        1, ref, "lab", "electronic", 8, 3, "desk", 365, False, 3, "lab", "2025-11-01", None, 3, "in_service"
    )  # fmt: skip
    house.write(made, knower.KnowerAdded(1, 1, 2, 3, 3, "knows"), by="operator:3")
    reasons = (change.Reason("knower_removed", 4),)
    asked = change.ChangeRequired(1, 1, reasons, "2026-11-29T15:00:00.000000Z", "lab", 3, 3, "lab", True, "open")
    house.write(asked, change.ChangePlanned(1, 1, 3, 1, (2,), (), 3, "planned"))
    done: list[msgspec.Struct] = [
        confirmation.ChangeBegun(1, "desk", 3, 3, 1, 1, "begun", "running"),
        confirmation.NumberSet(1, "desk", 3, 3, "set", "chosen"),
        confirmation.NumberTried(1, "desk", 3, 3, "tried"),
        confirmation.NumberWitnessed(1, "desk", 1, 1, "witnessed"),
        confirmation.OldNumberDead(1, "desk", 3, 3, 1, 1, True, True, "dead"),
    ]
    house.write(*done[: STEPS.index(step) + 1 if step else 0])
    if drawn:
        house.write(change.CombinationDrawn(1, 3, 3, "drawn"))
    house.time += timedelta(hours=1)
    house.hear()
