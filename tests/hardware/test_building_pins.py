"""Pins of the building: it is told before a call returns, and it outlives its controllers."""

import signal
import subprocess
import sys
import threading
from time import monotonic_ns

import pytest
from hardware_bench import Build, BuildingProcess

from hardware.address import parse_pin
from hardware.gpio import GpioAnnunciator, GpioContact, GpioLock
from hardware.protocols import HardwareFault
from hardware.signals import load
from hardware.simulated.client import Snapshot
from hardware.simulated.pins import SimulatedFactory


def secure(seen: Snapshot) -> bool:
    """Whether the front door's lock holds."""
    return not seen.doors["front"].released


def test_lock_is_never_energised_while_being_claimed(building: BuildingProcess) -> None:
    """F1: from its construction to its close, a lock that was not released has no energised level in the log."""
    factory = SimulatedFactory(building.endpoint)
    lock = GpioLock(parse_pin("simulated:17"), factory)
    lock.secure()
    lock.close()
    factory.close()

    levels = [(line["event"], line["level"]) for line in building.events("lock")]
    assert [("claimed", False), ("level", False), ("level", False), ("given_back", False)] == levels


def test_active_low_lock_is_claimed_high(build: Build) -> None:
    """F1: an active-low lock is claimed at the high level in one step, and released by the low one."""
    building = build(lock_options="?active_low")
    factory = SimulatedFactory(building.endpoint)
    lock = GpioLock(parse_pin("simulated:17?active_low"), factory)
    assert secure(building.client.look())
    lock.release()
    assert not secure(building.client.look())
    factory.close()

    assert [True, False, True] == [line["level"] for line in building.events("lock")]


def test_level_is_in_the_log_before_the_call_returns(building: BuildingProcess) -> None:
    """When `release` or `secure` returns, the building's log has the level and the lock has moved, each time."""
    factory = SimulatedFactory(building.endpoint)
    lock = GpioLock(parse_pin("simulated:17"), factory)
    for released in (True, False) * 20:
        (lock.release if released else lock.secure)()
        returned_ns = monotonic_ns()
        last = building.events("lock")[-1]
        assert released == last["level"]
        assert int(str(last["mono_ns"])) < returned_ns
        assert released is not secure(building.client.look())
    factory.close()


def test_killed_controller_leaves_the_lock_secure(building: BuildingProcess) -> None:
    """C8: a controller killed with SIGKILL while its lock is released leaves it secure, as the building's log says."""
    code = (
        "import sys\n"
        "from hardware.address import parse_pin\n"
        "from hardware.gpio import GpioLock\n"
        "from hardware.simulated.pins import SimulatedFactory\n"
        "lock = GpioLock(parse_pin('simulated:17'), SimulatedFactory(sys.argv[1]))\n"
        "lock.release()\n"
        "print('released', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, building.endpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as controller:
        assert controller.stdout is not None
        assert "released\n" == controller.stdout.readline()
        assert not secure(building.client.look())
        controller.send_signal(signal.SIGKILL)
        building.client.wait_for(secure)

    events = [(line["event"], line.get("level")) for line in building.events() if line["event"] != "card_placed"]
    assert [
        ("claimed", False),
        ("level", True),
        ("released", None),
        ("controller_gone", None),
        ("fell", False),
        ("secured", None),
    ] == events


def test_next_controller_takes_over_at_once(building: BuildingProcess) -> None:
    """After a controller's end the next one claims the same lock; while it lives, a second one is refused."""
    first, second = SimulatedFactory(building.endpoint), SimulatedFactory(building.endpoint)
    held = GpioLock(parse_pin("simulated:17"), first)
    with pytest.raises(HardwareFault, match="in use by another controller"):
        GpioLock(parse_pin("simulated:17"), second)
    held.close()
    first.close()

    lock = GpioLock(parse_pin("simulated:17"), second)
    lock.release()
    assert not secure(building.client.look())


def test_timer_relay_secures_without_a_controller(build: Build) -> None:
    """A lock that nobody secures is secure after its limit; releasing it again starts the limit anew."""
    building = build(limit_s=0.3)
    factory = SimulatedFactory(building.endpoint)
    lock = GpioLock(parse_pin("simulated:17"), factory)
    lock.release()
    building.client.wait_for(lambda seen: not secure(seen))
    building.client.wait_for(secure)

    assert "secured_by_limit" in [line["event"] for line in building.events()]
    lock.release()
    assert not secure(building.client.look())
    factory.close()


def test_building_that_is_gone_is_a_fault(build: Build) -> None:
    """When the building has ended, releasing, securing and reading are HardwareFaults that name the part."""
    building = build()
    factory = SimulatedFactory(building.endpoint)
    lock = GpioLock(parse_pin("simulated:17"), factory)
    contact = GpioContact(parse_pin("simulated:5"), factory)
    building.close()

    for use in (lock.release, lock.secure, contact.active, lock.release):
        with pytest.raises(HardwareFault) as fault:
            use()
        assert fault.value.part in ("simulated:17", "simulated:5")
        assert fault.value.reason in ("absent", "silent")
    with pytest.raises(HardwareFault):
        GpioLock(parse_pin("simulated:18"), factory)
    contact.close()


def test_building_that_is_back_is_claimed_again_secure(build: Build) -> None:
    """A building that comes back on the same port is claimed again, at the secure level, by the next use."""
    first = build()
    factory = SimulatedFactory(first.endpoint)
    lock = GpioLock(parse_pin("simulated:17"), factory)
    contact = GpioContact(parse_pin("simulated:5"), factory)
    lock.release()
    first.close()
    second = build(listen=first.endpoint)

    assert not contact.active()
    assert secure(second.client.look())
    lock.release()
    assert not secure(second.client.look())
    lock.close()
    contact.close()
    factory.close()


def test_contacts_are_levels_and_edges(building: BuildingProcess) -> None:
    """F4: a contact says its level when asked, also before any edge was told, and edges call the watcher."""
    factory = SimulatedFactory(building.endpoint)
    building.client.open_leaf("front")
    dps = GpioContact(parse_pin("simulated:5"), factory)
    rex = GpioContact(parse_pin("simulated:6?active_low"), factory)
    edges: list[str] = []
    looked = threading.Semaphore(0)
    for name, contact in (("dps", dps), ("rex", rex)):
        contact.watch(lambda name=name: (edges.append(name), looked.release()))  # type: ignore[misc]

    assert (True, False) == (dps.active(), rex.active())
    building.client.close_leaf("front")
    assert not dps.active()
    building.client.press_rex("front", hold_s=0.05)
    for _ in range(3):
        assert looked.acquire(timeout=5)
    assert ["dps", "rex", "rex"] == edges
    dps.close()
    rex.close()
    factory.close()


def test_annunciator_plays_on_simulated_pins(building: BuildingProcess) -> None:
    """Granted is green with one beep, then the standing signal is back; closing is dark and silent."""
    factory = SimulatedFactory(building.endpoint)
    pins = [parse_pin(f"simulated:{number}") for number in (20, 21, 22, 23)]
    annunciator = GpioAnnunciator(factory, load(), *pins)
    annunciator.play("idle_locked")
    building.client.wait_for(lambda seen: seen.pins[20] and not seen.pins[21])
    annunciator.play("enrol_done")
    building.client.wait_for(lambda seen: seen.pins[21] and seen.pins[23] and not seen.pins[20])
    building.client.wait_for(lambda seen: not seen.pins[23])
    building.client.wait_for(lambda seen: seen.pins[20] and not seen.pins[21])
    annunciator.close()
    annunciator.close()

    assert not any(building.client.levels()[number] for number in (20, 21, 22, 23))
    assert [True] == [line["level"] for line in building.events("buzzer") if line["level"]]
    factory.close()
