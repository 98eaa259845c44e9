"""The reader's round: taps, held cards, garbled frames, and readers that go away."""

import threading
from time import monotonic

import pytest
from hardware_bench import IDM, Bench

from hardware.address import parse_reader
from hardware.card_keys import CardKeys
from hardware.nfc_reader import GARBLED_LIMIT, REOPEN_PACE_S, NfcReader
from hardware.protocols import HardwareFault
from hardware.simulated.field import GARBLES
from hardware.simulated.pn532 import Pn532Chip

LEAKING = ("odd_hex", "not_hex", "not_ascii", "lone_zero")
"""What nfcpy, or we, cannot take for an empty antenna."""


def test_held_card_is_one_tap(bench: Bench) -> None:
    """C1: a card that stays on the reader is reported once, however long."""
    bench.field.place(bench.own_card())
    assert bench.until_read().problem is None

    assert [None] * 100 == [bench.reader.poll() for _ in range(100)]


def test_held_card_survives_a_missed_round(bench: Bench) -> None:
    """A single round that misses the held card does not make a second tap of it."""
    bench.field.place(bench.own_card())
    bench.until_read()
    bench.field.garble("no_payload")

    assert [None] * 5 == [bench.reader.poll() for _ in range(5)]


def test_card_taken_away_and_shown_again_is_two_taps(bench: Bench) -> None:
    """After it has left, the same card is a new tap."""
    card = bench.own_card()

    assert None is bench.tap(card).problem
    assert None is bench.tap(card).problem


def test_card_exchanged_for_another_is_two_taps(bench: Bench) -> None:
    """Another card is a new tap at once, also when no round has seen the antenna empty."""
    bench.field.place(bench.own_card())
    bench.until_read()
    bench.field.place(bench.own_card(bytes.fromhex("0102030405060709")))

    assert "felica-lite-s:0102030405060709" == bench.until_read().credential


@pytest.mark.parametrize("kind", GARBLES)
def test_garbled_frame_does_not_stop_the_reader(bench: Bench, kind: str) -> None:
    """After one garbled answer of any kind, to an empty antenna or to a card, the next good tap works."""
    bench.field.garble(kind)
    assert None is bench.reader.poll()
    assert None is bench.tap(bench.own_card()).problem
    bench.field.place(bench.own_card())
    bench.field.garble(kind)

    assert None is bench.until_read().problem


@pytest.mark.parametrize("kind", GARBLES)
def test_garble_at_every_frame_of_a_proof(bench: Bench, kind: str) -> None:
    """A garbled answer at any frame of a proof gives no proof that is not one, and the reader goes on."""
    for clean in range(9):
        bench.field.place(bench.own_card())
        bench.field.garble(kind, 1, after=clean)
        assert bench.until_read().problem in (None, "card", "proof")
        bench.field.garble(kind, 0)
        bench.leave()

    assert None is bench.tap(bench.own_card()).problem


@pytest.mark.parametrize("kind", LEAKING)
def test_lasting_garble_is_a_fault(bench: Bench, kind: str) -> None:
    """A reader that answers only garbage is a fault `garbled` after some rounds, and works again after that."""
    bench.field.garble(kind, 1000)
    for _ in range(GARBLED_LIMIT - 1):
        assert None is bench.reader.poll()
    with pytest.raises(HardwareFault) as fault:
        bench.reader.poll()
    bench.field.garble(kind, 0)

    assert "garbled" == fault.value.reason
    assert GARBLED_LIMIT == bench.reader.garbled_total
    assert None is bench.tap(bench.own_card()).problem


def test_missing_reader_is_absent_at_the_first_poll(keys: CardKeys) -> None:
    """A reader that is not there can be constructed; its polls are faults, paced, and closing ends the wait at once."""
    reader = NfcReader(parse_reader("nfc+tty:///dev/nothing-here?driver=pn532"), keys)
    before = monotonic()
    for _ in range(2):
        with pytest.raises(HardwareFault) as fault:
            reader.poll()

    assert ("nfc+tty:///dev/nothing-here?driver=pn532", "absent") == (fault.value.part, fault.value.reason)
    assert monotonic() - before >= REOPEN_PACE_S
    threading.Timer(0.05, reader._closing.set).start()
    assert None is reader.poll()
    reader.close()
    reader.close()


def test_reader_closed_by_another_thread_finds_nothing(bench: Bench) -> None:
    """Closing a reader while another thread polls it ends in empty rounds, not in faults, and opens nothing again."""
    rounds: list[object] = []
    polled, ended = threading.Event(), threading.Event()

    def poll() -> None:
        while not ended.is_set():
            rounds.append(bench.reader.poll())
            polled.set()

    thread = threading.Thread(target=poll)
    thread.start()
    assert polled.wait(5)
    bench.reader.close()
    polled.clear()
    assert polled.wait(5)
    ended.set()
    thread.join(5)

    assert {None} == set(rounds)
    assert None is bench.reader.poll()


def test_usb_without_reader_is_absent(keys: CardKeys) -> None:
    """No reader on USB, or no libusb at all, is the same fault."""
    reader = NfcReader(parse_reader("nfc+usb:999:999"), keys)

    with pytest.raises(HardwareFault) as fault:
        reader.poll()

    assert "absent" == fault.value.reason


def test_dead_antenna_costs_about_a_second(bench: Bench) -> None:
    """A UDP antenna that has died says nothing of it; a round then ends within about a second, and finds nothing."""
    assert None is bench.reader.poll()
    bench.field.close()
    before = monotonic()

    assert None is bench.reader.poll()
    assert monotonic() - before < 1.5


def serial_bench(keys: CardKeys, chip: Pn532Chip) -> NfcReader:
    """A reader on a serial chip."""
    return NfcReader(parse_reader(f"nfc+tty://{chip.path}?driver=pn532"), keys)


def test_pn532_on_a_serial_line(bench: Bench) -> None:
    """A card is proven through a PN532 on a serial line of any path, and held there is one tap."""
    chip = Pn532Chip()
    reader = serial_bench(bench.keys, chip)
    assert None is reader.poll()
    chip.card = bench.own_card()

    read = reader.poll()

    assert read is not None
    assert ("felica-lite-s:0102030405060708", None) == (read.credential, read.problem)
    assert None is reader.poll()
    reader.close()
    chip.unplug()


def test_hanging_reader_is_silent_and_recovers(bench: Bench) -> None:
    """A chip that stops answering is a fault within a second; when it answers again, the next taps work."""
    chip = Pn532Chip()
    reader = serial_bench(bench.keys, chip)
    reader.poll()
    chip.hanging = True
    before = monotonic()
    with pytest.raises(HardwareFault) as fault:
        reader.poll()

    assert "silent" == fault.value.reason
    assert monotonic() - before < 1
    with pytest.raises(HardwareFault):
        reader.poll()
    chip.hanging = False
    chip.card = bench.own_card()
    read = reader.poll()
    assert read is not None
    assert None is read.problem
    reader.close()
    chip.unplug()


def test_unplugged_reader_is_a_fault(bench: Bench) -> None:
    """An unplugged serial reader is a fault at once, and stays one."""
    chip = Pn532Chip()
    reader = serial_bench(bench.keys, chip)
    reader.poll()
    chip.unplug()
    reasons = set()
    for _ in range(2):
        with pytest.raises(HardwareFault) as fault:
            while True:
                reader.poll()
        reasons.add(fault.value.reason)

    assert reasons <= {"silent", "absent"}
    reader.close()


def test_card_number_is_not_needed_to_name_the_part(bench: Bench) -> None:
    """A fault names the reader's URL and holds no card number."""
    bench.field.place(bench.own_card())
    bench.field.garble("not_hex", 1000)
    with pytest.raises(HardwareFault) as fault:
        for _ in range(GARBLED_LIMIT):
            bench.reader.poll()

    assert f"nfc+udp://127.0.0.1:{bench.field.port}" == fault.value.part
    assert IDM.hex() not in str(fault.value).lower()
