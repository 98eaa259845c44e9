"""The armed reader."""

from time import monotonic

from hardware_bench import IDM, Bench

from hardware.protocols import Assurance
from hardware.simulated.felica_card import FelicaLiteSCard


def test_armed_reader_personalises_one_card(bench: Bench) -> None:
    """An armed reader gives one blank card its key and proves it; the next blank card is blank again."""
    first, second = FelicaLiteSCard(IDM), FelicaLiteSCard(bytes.fromhex("0102030405060709"))
    bench.reader.arm(monotonic() + 60)

    read = bench.tap(first)

    assert (None, True, Assurance.MUTUAL) == (read.problem, read.personalised, read.assurance)
    assert bench.keys.key(IDM) == first.key
    assert "personalisation" == bench.tap(second).problem
    assert bytes(16) == second.key


def test_personalised_card_is_an_ordinary_card_afterwards(bench: Bench) -> None:
    """Only the tap that wrote the key says `personalised`."""
    card = FelicaLiteSCard(IDM)
    bench.reader.arm(monotonic() + 60)
    assert bench.tap(card).personalised

    again = bench.tap(card)

    assert (None, False) == (again.problem, again.personalised)


def test_arming_goes_on_when_an_own_card_is_tapped(bench: Bench) -> None:
    """A colleague's good card, tapped while the reader is armed, is an ordinary tap and does not use up the arming."""
    bench.reader.arm(monotonic() + 60)

    assert not bench.tap(bench.own_card()).personalised
    assert bench.tap(FelicaLiteSCard(bytes.fromhex("0102030405060709"))).personalised


def test_arming_ends_by_time_and_by_hand(bench: Bench) -> None:
    """After its time, or disarmed, a reader writes nothing."""
    card = FelicaLiteSCard(IDM)
    bench.reader.arm(monotonic() - 0.001)
    assert "personalisation" == bench.tap(card).problem
    bench.reader.arm(monotonic() + 60)
    bench.reader.arm(None)
    assert "personalisation" == bench.tap(card).problem
    assert bytes(16) == card.key


def test_card_with_unknown_key_is_not_touched(bench: Bench) -> None:
    """A card of another site is `proof` also to an armed reader, and nothing is written to it."""
    card = FelicaLiteSCard(IDM, b"0123456789abcdef", 3)
    bench.reader.arm(monotonic() + 60)

    assert "proof" == bench.tap(card).problem
    assert (b"0123456789abcdef", 3, False) == (card.key, card.version, card.changed)
