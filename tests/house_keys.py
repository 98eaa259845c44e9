"""Keys at the example house: lent, overdue, waiting, lost, sealed, reserved, on a ring, and being counted."""

from datetime import timedelta
from typing import Any

from example_house import House

from controller.record.canonical import timestamp
from controller.record.kinds import key, key_audit, key_loan
from controller.record.private import PrivateRef


def kept(house: House, number: int, label: str, name: str, **changes: Any) -> key.KeyRegistered:
    """How a key is registered: to the lab, kept in the office, due at half past five."""
    fields: dict[str, Any] = {
        "opens": "lab", "home": "office", "cabinet": "", "slot": 0, "ring": 0, "copy_of": 0, "authorisers": 0,
        "due_minutes": 0, "due_time": "17:30", "most": 0, "stays_in": "", "operator": 3, "state": "in_place",
    }  # fmt: skip
    text = house.private(f"key-{number}", name=name).ref()
    return key.KeyRegistered(key=number, label=label, text=text, **(fields | changes))


def purpose(house: House, loan: int, text: str = "部品の棚卸しのため") -> PrivateRef:
    """What a loan is for."""
    return house.private(f"loan-{loan}", purpose=text).ref()


def with_keys(house: House) -> House:
    """1 waits for its agreement, 2 is overdue since 2 h 10 min with person 2, 3 and 4 hang on a ring, 5 is lost, 6 lies in an
    envelope as a duplicate of 1, 7 is reserved for person 3; loan 3 came back by another hand."""
    by, now = "operator:3", house.now()
    house.write(
        kept(house, 1, "K-01", "試作室 予備扉", authorisers=1), kept(house, 2, "K-02", "図面保管庫", opens="store"),
        kept(house, 3, "K-03", "薬品庫"), kept(house, 4, "K-04", "薬品庫 内扉", ring=3), kept(house, 5, "K-05", "搬入口"),
        kept(house, 6, "K-06", "試作室 合鍵", copy_of=1), kept(house, 7, "K-07", "工具庫"), by=by,
    )  # fmt: skip
    due = timestamp(now - timedelta(minutes=130))
    hand = (3, "hand", 0, "lent")
    house.write(
        key_loan.KeyAsked(1, 1, (1,), "K-01", "lab", 1, purpose(house, 1), 1, 4, "asked"),
        key_loan.KeyLent(2, 2, (2,), "K-02", "store", 2, purpose(house, 2), (3,), due, *hand),
        key_loan.KeyLent(3, 3, (3, 4), "K-03", "lab", 5, purpose(house, 3), (), due, *hand),
        key_loan.KeyReturned(3, (3, 4), 5, 7, "hand", 3, "", 0, True, "in_place"),
        by=by,
    )
    lost = house.private("reason-50", reason="帰宅途中に落とした").ref()
    week = timestamp(now + timedelta(days=7))
    house.write(key.KeyLost(5, "office", 0, False, None, 3, lost, week, "lost"), by=by)
    house.write(key.KeySealed(6, "S-0041", "store", 3, "sealed"), by=by)
    span = timestamp(now + timedelta(hours=3)), timestamp(now + timedelta(hours=5))
    reserved = house.private("reservation-1", purpose="定期点検").ref()
    house.write(key_loan.KeyReserved(1, 7, "K-07", "lab", 3, *span, reserved, 3, "reserved"), by=by)
    house.write(
        key_audit.KeyAuditBegun(1, "office", "monthly", True, week, 0, "open"),
        key_audit.KeyCounted(1, 3, "in_place", "present", False, 4),
        key_audit.KeyCounted(1, 7, "in_place", "absent", True, 4),
    )
    return house
