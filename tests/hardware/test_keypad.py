"""Keypads: the matrix on pins, and the one of the simulated building; both give each key once, in order."""

import threading
from collections.abc import Iterator
from time import monotonic
from typing import Any, Protocol

import pytest
from gpiozero.pins.mock import MockFactory, MockPin
from hardware_bench import BuildingProcess

from hardware.address import MatrixAddress, parse_keypad, parse_pin
from hardware.keypad import KEYS, STABLE_S, GpioKeypad
from hardware.protocols import HardwareFault, Keypad
from hardware.simulated.client import BuildingRefused
from hardware.simulated.keypad import SimulatedKeypad
from hardware.simulated.pins import SimulatedFactory

URL = "gpio-keypad:rows=5,6,13,19&cols=12,16,20"
WITHIN_S = 5.0


class Matrix(MockFactory):  # type: ignore[misc] # gpiozero has no types
    """A board with a keypad's contacts: a column reads low while a key joins it to a row that is driven low."""

    def __init__(self) -> None:
        super().__init__(pin_class=MatrixPin)
        self.down: set[str] = set()
        self.broken = False

    def joined(self, column: int) -> bool:
        address = parse_keypad(URL)
        assert isinstance(address, MatrixAddress)
        if column not in address.columns:
            return False
        keys = {KEYS[row][address.columns.index(column)]: number for row, number in enumerate(address.rows)}
        return any(not self.pin(number)._state for key, number in keys.items() if key in self.down)


class MatrixPin(MockPin):  # type: ignore[misc] # gpiozero has no types
    def _get_state(self) -> Any:
        if self.factory.broken:
            raise OSError("the chip is gone")
        if self._function == "input":
            return not self.factory.joined(self._number)
        return super()._get_state()


class Fingers(Protocol):
    """How the tests press keys: one after the other, each let go before the next."""

    def press(self, keys: str) -> None: ...


class MatrixFingers:
    def __init__(self, board: Matrix, keypad: GpioKeypad) -> None:
        self._board = board
        self._keypad = keypad
        self.found: list[str] = []

    def hold(self, keys: str) -> None:
        """These keys are down, for longer than a contact bounces."""
        self._board.down = set(keys)
        end = monotonic() + 2 * STABLE_S
        while monotonic() < end:
            key = self._keypad.poll(True)
            self.found += key or ""

    def press(self, keys: str) -> None:
        for key in keys:
            self.hold(key)
            self.hold("")


@pytest.fixture
def board() -> Iterator[Matrix]:
    board = Matrix()
    yield board
    board.close()


@pytest.fixture
def keypad(board: Matrix) -> Iterator[GpioKeypad]:
    address = parse_keypad(URL)
    assert isinstance(address, MatrixAddress)
    keypad = GpioKeypad(address, board)
    yield keypad
    keypad.close()
    keypad.close()


def test_every_key_once_and_in_order(board: Matrix, keypad: GpioKeypad) -> None:
    """Each key of the matrix is found where it stands, once for each time it is pressed."""
    fingers = MatrixFingers(board, keypad)
    fingers.press("1234567890*#11")
    assert "".join(fingers.found) == "1234567890*#11"


def test_a_key_held_down_is_pressed_once(board: Matrix, keypad: GpioKeypad) -> None:
    """A finger that rests on a key presses it once."""
    fingers = MatrixFingers(board, keypad)
    for _ in range(5):
        fingers.hold("7")
    assert fingers.found == ["7"]


def test_a_bounce_is_no_key(board: Matrix, keypad: GpioKeypad) -> None:
    """A contact that closes for less than a bounce lasts is nothing, and one that bounces is one key."""
    keypad.poll(True)
    board.down = {"4"}
    assert keypad.poll(True) is None
    board.down = set()
    assert keypad.poll(True) is None
    fingers = MatrixFingers(board, keypad)
    fingers.hold("")
    for _ in range(3):
        board.down = {"4"}
        keypad.poll(True)
        board.down = set()
        keypad.poll(True)
    fingers.hold("4")
    assert fingers.found == ["4"]


def test_two_keys_at_once_are_none_until_one_is_let_go(board: Matrix, keypad: GpioKeypad) -> None:
    """While several keys are down none counts, because a matrix shows keys then that nobody pressed; who rolls loses none."""
    fingers = MatrixFingers(board, keypad)
    for keys in ("1", "12", "2", "23", "3", ""):
        fingers.hold(keys)
    assert "".join(fingers.found) == "123"
    fingers.hold("56")
    fingers.hold("")
    assert "".join(fingers.found) == "123"


def test_a_board_that_fails_is_a_fault_of_the_part(board: Matrix, keypad: GpioKeypad) -> None:
    """Whatever the pins raise comes out as a HardwareFault with the keypad's URL."""
    board.broken = True
    with pytest.raises(HardwareFault) as fault:
        keypad.poll(True)
    assert (fault.value.part, fault.value.reason) == (URL, "silent")
    board.broken = False


def test_pins_in_use_are_given_back(board: Matrix) -> None:
    """A keypad of which one pin is taken is absent, and holds none of the others."""
    address = parse_keypad(URL)
    assert isinstance(address, MatrixAddress)
    other = GpioKeypad(MatrixAddress("other", (20, 21, 22, 23), (24, 25, 26)), board)
    with pytest.raises(HardwareFault) as fault:
        GpioKeypad(address, board)
    assert fault.value.reason == "absent"
    other.close()
    GpioKeypad(address, board).close()


def test_rows_rest_high(board: Matrix, keypad: GpioKeypad) -> None:
    """Between two scans no row is driven low, so that a key that is down joins nothing to ground."""
    keypad.poll(True)
    assert all(board.pin(number).state for number in (5, 6, 13, 19))


def take(keypad: Keypad, count: int) -> str:
    """So many keys, or the test fails in time."""
    found, end = "", monotonic() + WITHIN_S
    while len(found) < count:
        found += keypad.poll(True) or ""
        assert monotonic() < end, "the keys did not come in time"
    return found


def test_the_buildings_keypad(building: BuildingProcess) -> None:
    """In the building somebody types once they are asked; each key comes once, and none of them stands in its log."""
    factory = SimulatedFactory(building.endpoint)
    keypad = SimulatedKeypad(parse_pin("simulated:60"), factory)
    typed: list[bool] = []
    assert keypad.poll(False) is None
    hands = threading.Thread(target=lambda: typed.append(building.client.type_keys("front-in", "493817#")))
    hands.start()

    assert take(keypad, 7) == "493817#"
    hands.join(WITHIN_S)

    assert typed == [True]
    assert "493817" not in building.log.read_text()
    keypad.close()
    factory.close()


def test_nobody_types_unasked(building: BuildingProcess) -> None:
    """Where nobody is asked nobody types; where there is no keypad it is said."""
    factory = SimulatedFactory(building.endpoint)
    keypad = SimulatedKeypad(parse_pin("simulated:60"), factory)
    keypad.poll(False)

    assert not building.client.type_keys("front-in", "1#", timeout_s=0.1)
    assert keypad.poll(True) is None
    with pytest.raises(BuildingRefused, match="spare"):
        building.client.type_keys("spare", "1#")
    factory.close()


def test_a_building_that_is_gone_is_a_fault_of_the_part(building: BuildingProcess) -> None:
    """The keypad of a building that does not answer is a part that fails."""
    factory = SimulatedFactory(building.endpoint)
    keypad = SimulatedKeypad(parse_pin("simulated:60"), factory)
    keypad.poll(False)
    building.close()
    with pytest.raises(HardwareFault) as fault:
        keypad.poll(False)
    assert fault.value.part == "simulated:60"
    factory.close()
