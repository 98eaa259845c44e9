"""A key cabinet at the example house: four slots, a key in three of them, and somebody in front of it."""

from datetime import timedelta
from typing import Any

from example_house import House
from house_keys import kept, purpose
from msgspec import structs

from controller.record.canonical import timestamp
from controller.record.kinds import cabinet, key, key_loan
from controller.record.kinds.cabinet import CabinetSet, SlotSet
from controller.record.kinds.station import StationSet


def with_cabinet(house: House) -> House:
    """1 and 2 of the lab, which person 1 may enter, 3 of the server room, to which they have no right; slot 4 is nobody's."""
    slots = tuple(SlotSet(number, number > 2) for number in range(1, 5))
    house.write(
        structs.replace(
            house.configured(),
            stations=(StationSet("desk", "鍵箱の受付", "Key desk", "office", 2, True, "nfc+usb:"),),
            cabinets=(CabinetSet("main", "鍵箱", "Key cabinet", "office", "desk", 20, slots),),
        )
    )
    at = {"cabinet": "main", "opens": "office"}
    house.write(
        kept(house, 1, "K-01", "事務所 予備", slot=1, **at), kept(house, 2, "K-02", "耐火金庫", slot=2, authorisers=1, **at),
        kept(house, 3, "K-03", "サーバー室", slot=3, cabinet="main", opens="server"), by="operator:3",
    )  # fmt: skip
    return house


def until(house: House, seconds: int = 60) -> str:
    return timestamp(house.now() + timedelta(seconds=seconds))


def signed_in(house: House) -> None:
    """Person 1 holds their badge there."""
    house.write(cabinet.CabinetSignedIn("main", "office", 1, 1, until(house)))


def asked_what_for(house: House) -> None:
    """They chose slot 2's key, and may say what for."""
    text = house.private("loan-90", purpose="月次の棚卸し")
    house.write(cabinet.CabinetKeyChosen("main", "office", 1, 2, 2, 0, (text.id,), until(house), "purpose"))


def asks_another(house: House) -> None:
    """Somebody else has to agree."""
    house.write(
        key_loan.KeyAsked(91, 2, (2,), "K-02", "office", 1, purpose(house, 91), 1, 0, "asked"),
        cabinet.CabinetKeyChosen("main", "office", 1, 2, 2, 91, (), until(house), "authoriser"),
    )


def _loan(house: House) -> tuple[Any, ...]:
    return (91, 2, (2,), "K-02", "office", 1, purpose(house, 91), (3,), until(house, 3600), None, "cabinet", 0)


def opens(house: House) -> None:
    """Its slot is open."""
    house.write(
        key_loan.KeyReleased(*_loan(house), "released"),
        cabinet.CabinetKeyChosen("main", "office", 1, 2, 2, 91, (), until(house, 20), "take"),
    )


def taken(house: House) -> None:
    """It was taken."""
    house.write(
        key_loan.KeyLent(*_loan(house), "lent"), cabinet.CabinetSignedOut("main", "office", 1, "lent", 2, 2, 91)
    )


def brought_back(house: House, slot: int = 2) -> None:
    """Person 3 brings it back, into this slot."""
    at, state = (("main", slot), "misplaced") if slot != 2 else (("", 0), "in_place")
    house.write(key_loan.KeyReturned(91, (2,), 1, 3, "cabinet", None, *at, True, state))


def torn_out(house: House) -> None:
    """Key 1 is gone without a loan, and something unknown hangs in slot 4."""
    house.write(key.KeyMissing((1,), "office", "main", 1, "missing"), cabinet.CabinetStrayFound("main", "office", 4))
