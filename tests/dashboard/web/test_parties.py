"""People who may only pass together, on the pages: whom a door waits for, who was left behind, what zones ask (C7.7, C8.9)."""

from collections.abc import Callable
from datetime import timedelta

from example_house import House

from controller.record.canonical import timestamp
from controller.record.kinds import party

from .conftest import Browser

SignIn = Callable[[str], Browser]


def ja(browser: Browser, address: str) -> str:
    """The page in Japanese."""
    return browser.get(f"{address}?lang=ja").text


def soon(house: House) -> str:
    """In ten seconds."""
    return timestamp(house.now() + timedelta(seconds=10))


def test_a_door_says_whom_it_waits_for(house: House, signed_in: SignIn) -> None:
    """A door says whom it waits for until they came or the time is over, and nothing afterwards."""
    house.together(soon(house))
    guard = signed_in("guard")

    assert "もう一人を待っています。" in ja(guard, "/portals/factory/server")
    assert "を待っています。" not in ja(guard, "/portals/factory/lab")
    house.write(party.PartyEntered("server", "server", (1, 2), 0))
    assert "もう一人を待っています。" not in ja(guard, "/portals/factory/server")

    house.write(party.EntryAwaited("front", "in", "office", "escort", 5, 5, 2, 1, soon(house)))
    assert "立会者を待っています。" in ja(guard, "/portals/factory/front")
    house.time += timedelta(seconds=11)
    assert "立会者を待っています。" not in ja(guard, "/portals/factory/front")


def test_who_was_left_behind_is_shown(house: House, signed_in: SignIn) -> None:
    """Who is inside without the others is named on the first page and at the zone's door, until it is over."""
    house.together(soon(house))
    manager = signed_in("manager")

    now = ja(manager, "/")
    assert "Nguyễn Văn An さんが立会者なしで試作室にいます。" in now and "先に退室: 鈴木 次郎" in now
    assert "佐藤 一郎 さんがサーバー室に一人でいます。" in now
    assert "立会者なしで" in ja(manager, "/portals/factory/lab")
    assert "立会者なしで" not in ja(manager, "/portals/factory/server")
    house.write(party.ZoneRestored("lab", 5, "escort"), party.ZoneRestored("server", 2, "second_person"))
    now = ja(manager, "/")
    assert "立会者なしで" not in now and "一人でいます" not in now


def test_what_a_zone_asks_is_shown(house: House, signed_in: SignIn) -> None:
    """The door's page and the page of zones say what those ask who pass together, and which doors are interlocked."""
    house.together(soon(house))
    manager = signed_in("manager")

    assert "一人では入れません。権限のある二人が15秒以内にかざします。" in ja(manager, "/portals/factory/server")
    lab = ja(manager, "/portals/factory/lab")
    assert "一人では入れません" not in lab and "立会者一人につき4人まで同行できます。" in lab
    assert "図面保管庫と連動しています。同時に開くのは一方だけです。" in lab
    assert ja(manager, "/schedules").count("一人では入れません") == 1
