"""The inbox: bounded, never blocking; what it may forget, and what it must not."""

from controller.inbox import (
    CheckpointShown,
    ConsoleAsked,
    ContactSeen,
    CredentialPresented,
    Inbox,
    PartFailing,
    QueriesTurnedAway,
    RequestReceived,
)
from hardware.protocols import Assurance, CardRead


def test_order_is_kept() -> None:
    """What was put first is taken first, as much as is asked for."""
    inbox = Inbox()
    items = [RequestReceived(bytes([n])) for n in range(5)]
    assert all(inbox.put(item) for item in items)

    assert inbox.take(3, 0) == items[:3]
    assert inbox.take(3, 0) == items[3:]
    assert inbox.take(3, 0) == []


def test_past_the_bound_is_counted() -> None:
    """Past the bound an input is turned away and counted by its sort, and the count is told once."""
    inbox = Inbox(bound=2)
    inbox.put(RequestReceived(b"1"))
    inbox.put(PartFailing("gpio:17", "silent"))

    assert not inbox.put(RequestReceived(b"2"))
    assert not inbox.put(ConsoleAsked("trust", {}, print))

    assert inbox.dropped() == {"RequestReceived": 1, "ConsoleAsked": 1}
    assert inbox.dropped() == {}


def test_a_full_inbox_keeps_the_latest_level() -> None:
    """In a full inbox a contact's new level takes the place of the one that waits for the same contact."""
    inbox = Inbox(bound=2)
    inbox.put(ContactSeen("front", "leaf", True))
    inbox.put(RequestReceived(b"1"))

    assert inbox.put(ContactSeen("front", "leaf", False))

    assert inbox.take(9, 0) == [RequestReceived(b"1"), ContactSeen("front", "leaf", False)]


def test_a_cut_is_not_forgotten() -> None:
    """In a full inbox what a wire says next is turned away, and said again later: the cut that waits is not lost (C8.13)."""
    inbox = Inbox(bound=1)
    inbox.put(ContactSeen("pc-1", "tether", False))

    assert not inbox.put(ContactSeen("pc-1", "tether", True))
    assert inbox.take(9, 0) == [ContactSeen("pc-1", "tether", False)]


def test_a_press_is_not_forgotten() -> None:
    """In a full inbox the end of a press does not replace the press that still waits: somebody wants to leave."""
    inbox = Inbox(bound=1)
    inbox.put(ContactSeen("front", "exit", True))

    assert not inbox.put(ContactSeen("front", "exit", False))

    assert inbox.take(9, 0) == [ContactSeen("front", "exit", True)]


def test_contacts_are_bounded_too() -> None:
    """Contacts find room past the bound, but not for ever."""
    inbox = Inbox(bound=4)
    for n in range(4):
        inbox.put(PartFailing(f"gpio:{n}", "silent"))

    taken = [inbox.put(ContactSeen(f"p{n}", "leaf", True)) for n in range(10)]

    assert taken == [True] * 4 + [False] * 6


def test_a_flood_from_the_network_leaves_room_at_the_doors() -> None:
    """What comes over the network has a quarter of the inbox: taps, contacts and the console are taken in all the same."""
    inbox = Inbox(bound=16)
    flood = [inbox.put(RequestReceived(bytes([n]))) for n in range(100)]
    flood += [inbox.put(CheckpointShown(b"x")), inbox.put(QueriesTurnedAway("d", 1))]

    assert flood == [True] * 4 + [False] * 98
    assert inbox.put(CredentialPresented("front/in", CardRead("card:1", Assurance.MUTUAL, "1")))
    assert inbox.put(ContactSeen("front", "leaf", True))
    assert inbox.put(ConsoleAsked("trust", {}, print))
    assert len(inbox.take(4, 0)) == 4
    assert [inbox.put(RequestReceived(bytes([n]))) for n in range(5)] == [True] * 4 + [False]
    assert inbox.dropped() == {"RequestReceived": 97, "CheckpointShown": 1, "QueriesTurnedAway": 1}
