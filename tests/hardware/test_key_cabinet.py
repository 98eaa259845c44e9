"""A key cabinet: latches that hold, sensors that are levels, sockets that tell the key (C8.2)."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hardware_bench import Build, BuildingProcess

from hardware.address import OneWireAddress, parse_pin, parse_tag
from hardware.key_cabinet import GpioKeyCabinet, OneWireSocket, SlotPins
from hardware.protocols import HardwareFault, KeyCabinet
from hardware.simulated.client import BuildingRefused, Snapshot
from hardware.simulated.pins import SimulatedFactory
from hardware.simulated.tag_socket import SimulatedSocket


def cabinet_on(factory: SimulatedFactory, limit_s: float = 30.0) -> KeyCabinet:
    """The driver on the building's pins."""

    def slot(release: str, present: str, socket: str) -> SlotPins:
        tag = parse_pin(socket)
        return SlotPins(parse_pin(release), parse_pin(present), SimulatedSocket(tag, factory))

    pins = {
        1: slot("simulated:101", "simulated:102", "simulated:103"),
        2: slot("simulated:111?active_low", "simulated:112?active_low", "simulated:113"),
    }
    return GpioKeyCabinet(pins, lambda pin: factory, limit_s)


@pytest.fixture
def factory(building: BuildingProcess) -> Iterator[SimulatedFactory]:
    """A controller's pins."""
    factory = SimulatedFactory(building.endpoint)
    yield factory
    factory.close()


def held(seen: Snapshot) -> bool:
    """Whether both latches hold."""
    return not any(slot.released for slot in seen.slots.values())


def test_latches_are_never_energised_while_being_claimed(building: BuildingProcess, factory: SimulatedFactory) -> None:
    """F1: from its construction to its close no level in the log lets a key go, also where low is the releasing level."""
    cabinet = cabinet_on(factory)
    assert (1, 2) == cabinet.slots
    cabinet.close()
    cabinet.close()

    assert {("main/1", False), ("main/2", True)} == {(line["door"], line["level"]) for line in building.events("release")}


def test_key_comes_out_of_a_released_slot_alone(building: BuildingProcess, factory: SimulatedFactory) -> None:
    """C8.2: a hand pulls in vain at a slot that holds; of a released one the sensor sees the key go, and another one come."""
    cabinet, hand = cabinet_on(factory), building.client
    assert (True, False) == (cabinet.present(1), cabinet.present(2))
    assert hand.pull_key("main", 1) is None
    assert cabinet.present(1)

    cabinet.release(1)
    assert hand.pull_key("main", 1) == "office"
    cabinet.secure(1)
    assert not cabinet.present(1)
    assert hand.hang_key("main", 2, "office")
    assert (False, True) == (cabinet.present(1), cabinet.present(2))
    assert not hand.hang_key("main", 2, "plain")
    assert ["pulled_in_vain", "released", "taken", "secured", "hung", "occupied"] == [
        line["event"] for line in building.events() if line.get("slot")
    ]


def test_socket_tells_which_key_hangs_there(building: BuildingProcess, factory: SimulatedFactory) -> None:
    """C8.2: the number of the key's fob is read where the key hangs now; a key without a fob, and an empty slot, say none."""
    cabinet, hand = cabinet_on(factory), building.client
    assert cabinet.identifies(1)
    assert ("01-00000c0ffee1", None) == (cabinet.tag(1), cabinet.tag(2))
    hand.pull_key("main", 1, force=True)
    hand.hang_key("main", 2, "office")
    hand.hang_key("main", 1, "plain")
    assert (None, "01-00000c0ffee1") == (cabinet.tag(1), cabinet.tag(2))


def test_sensor_is_a_level(building: BuildingProcess, factory: SimulatedFactory) -> None:
    """F4: what a sensor says is what it says now, and a stuck one says it of whatever is true; an edge wakes the watcher."""
    cabinet, moved = cabinet_on(factory), threading.Event()
    cabinet.watch(moved.set)
    building.client.stick_sensor("main", 1, True)
    assert building.client.pull_key("main", 1, force=True) == "office"
    assert cabinet.present(1)
    building.client.stick_sensor("main", 1, None)
    assert moved.wait(5)
    assert not cabinet.present(1)


def test_latch_holds_again_by_its_limit(build: Build) -> None:
    """C8.2: whoever released a slot and hangs since: the cabinet itself secures it; the building's relay has not."""
    building = build(limit_s=0)
    factory = SimulatedFactory(building.endpoint)
    cabinet = cabinet_on(factory, limit_s=0.2)
    cabinet.release(2)
    building.client.wait_for(held)
    assert building.client.pull_key("main", 1) is None
    factory.close()


def test_killed_controller_leaves_every_slot_held(building: BuildingProcess, factory: SimulatedFactory) -> None:
    """C8.2: when the connection of whoever released a slot ends, its line falls and the latch holds."""
    cabinet = cabinet_on(factory)
    cabinet.release(1)
    assert not held(building.client.look())
    factory._disconnect()
    building.client.wait_for(held)


def test_building_that_is_gone_is_a_fault(build: Build) -> None:
    """Each use of a cabinet that is gone is a HardwareFault that names the part it was about; closing raises nothing."""
    building = build()
    factory = SimulatedFactory(building.endpoint)
    cabinet = cabinet_on(factory)
    building.close()
    for part, use in (
        ("simulated:101", lambda: cabinet.release(1)),
        ("simulated:111?active_low", lambda: cabinet.secure(2)),
        ("simulated:102", lambda: cabinet.present(1)),
        ("simulated:103", lambda: cabinet.tag(1)),
    ):
        with pytest.raises(HardwareFault) as fault:
            use()
        assert fault.value.part == part
    cabinet.close()


def test_keys_hang_where_they_hung(build: Build) -> None:
    """A key hangs in the slot in which it was when the building's program ended."""
    first = build()
    first.client.pull_key("main", 1, force=True)
    first.client.hang_key("main", 2, "office")
    first.close()
    assert {"main/1": None, "main/2": "office"} == {name: slot.key for name, slot in build().client.look().slots.items()}


def test_building_refuses_what_no_hand_can_do(building: BuildingProcess) -> None:
    """There is no such slot, no such key, and no key is in two hands."""
    for slot, key in ((3, "office"), (2, "nothing"), (2, "office")):
        with pytest.raises(BuildingRefused):
            building.client.hang_key("main", slot, key)


def test_latch_lines_of_a_board() -> None:
    """F1, F2: on a board every latch is claimed at its holding level in one call, and given back pulled to it."""
    program = (
        "import json, lgpio\n"
        "from hardware.address import parse_pin\n"
        "from hardware.gpio import pin_factory\n"
        "from hardware.key_cabinet import GpioKeyCabinet, SlotPins\n"
        "factory = pin_factory(chip=0, revision=0xC03111)\n"
        "slot = lambda release, present: SlotPins(parse_pin(release), parse_pin(present))\n"
        "pins = {1: slot('gpio:17', 'gpio:5'), 2: slot('gpio:18?active_low', 'gpio:6')}\n"
        "cabinet = GpioKeyCabinet(pins, lambda pin: factory)\n"
        "cabinet.release(2); cabinet.secure(2); cabinet.close()\n"
        "print(json.dumps(lgpio.calls))\n"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).with_name("lgpio_standin"))}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 0, ended.stderr
    latches = [call for call in json.loads(ended.stdout) if call[1:2] in ([17], [18])]
    assert [["output", 17, 0], ["output", 18, 1]] == [call for call in latches if call[0] == "output"]
    after = latches[latches.index(["output", 18, 1]) + 1 :]
    assert [["write", 18, 0], ["write", 18, 1]] == after[:2]
    assert [["write", 17, 0], ["input", 17, 64], ["write", 18, 1], ["input", 18, 32]] == after[2:]


def test_one_wire_socket(tmp_path: Path) -> None:
    """A 1-Wire bus says its one number, or none; two on it, and a bus that is not there, are faults of the part."""
    address = parse_tag("w1:3")
    assert isinstance(address, OneWireAddress)
    socket, bus = OneWireSocket(address, tmp_path), tmp_path / "w1_bus_master3"
    with pytest.raises(HardwareFault, match="w1:3: absent"):
        socket.tag()
    bus.mkdir()
    for text, tag in (("01-000012345678\n", "01-000012345678"), ("not found.\n", None), ("", None)):
        (bus / "w1_master_slaves").write_text(text)
        assert socket.tag() == tag
    (bus / "w1_master_slaves").write_text("01-000012345678\n01-000012345679\n")
    with pytest.raises(HardwareFault, match="w1:3: garbled"):
        socket.tag()


@pytest.mark.parametrize("url", ["w1:", "w1:0", "w1:x", "gpio:4", "nfc+usb:"])
def test_what_tells_no_key(url: str) -> None:
    """Any other device than a 1-Wire bus or a socket of the building is refused in words."""
    with pytest.raises(ValueError, match="expected"):
        parse_tag(url)
