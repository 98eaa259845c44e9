"""What is asked of the kernel for real pins: the calls to lgpio, recorded by a stand-in in a child process.

gpiozero's mock pins hide the moment between claiming and writing (F1), so the calls themselves are looked at.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.gpio import pin_factory
from hardware.protocols import HardwareFault

STAND_IN = Path(__file__).with_name("lgpio_standin")
PI_4 = 0xC03111


def calls(code: str) -> list[list[object]]:
    """Runs code on a board whose lgpio is the stand-in, and returns the calls that changed a line."""
    program = (
        "import json, lgpio\n"
        "from hardware.address import parse_pin\n"
        "from hardware.gpio import GpioContact, GpioLock, pin_factory\n"
        "from hardware.protocols import HardwareFault\n"
        f"factory = pin_factory(chip=0, revision={PI_4})\n"
        f"{code}\n"
        "print(json.dumps(lgpio.calls))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(STAND_IN)},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("options", "secure"), [("", 0), ("?active_low", 1)])
def test_lock_line_is_claimed_at_its_secure_level_in_one_call(options: str, secure: int) -> None:
    """F1: the only call that makes a lock line an output claims it at the secure level; no other level comes before."""
    made = calls(f"lock = GpioLock(parse_pin('gpio:17{options}'), factory)")

    as_output = [call for call in made if call[0] != "input" and call[0] != "chip_close"]
    assert [["output", 17, secure]] == as_output


@pytest.mark.parametrize(("options", "secure", "pull"), [("", 0, 64), ("?active_low", 1, 32)])
def test_lock_line_is_given_back_pulled_towards_secure(options: str, secure: int, pull: int) -> None:
    """F2: a closed lock is first secured, then its line is an input pulled towards secure; it never floats."""
    made = calls(f"lock = GpioLock(parse_pin('gpio:17{options}'), factory)\nlock.release()\nlock.close()\nlock.close()")

    assert [["output", 17, secure], ["write", 17, 1 - secure], ["write", 17, secure], ["input", 17, pull]] == made[1:]


def test_contact_reads_the_line_each_time() -> None:
    """F4: a contact asks the line for its level each time, with the pull and the sense of its URL."""
    made = calls(
        "contact = GpioContact(parse_pin('gpio:5'), factory)\n"
        "inverse = GpioContact(parse_pin('gpio:6?active_low&pull=none'), factory)\n"
        "assert contact.active() and not inverse.active()\n"
        "lgpio.levels.update({5: 0, 6: 0})\n"
        "assert not contact.active() and inverse.active()\n"
        "contact.close()\ninverse.close()"
    )

    assert ["input", 5, 32] in made
    assert all(call[0] == "input" for call in made)


def test_what_lgpio_raises_is_a_fault_of_the_part() -> None:
    """lgpio's own exception comes out as HardwareFault with the part's URL; so does a pin that is used twice."""
    calls(
        "def fault(use):\n"
        "    try:\n"
        "        use()\n"
        "    except HardwareFault as error:\n"
        "        return error.part, error.reason\n"
        "lock = GpioLock(parse_pin('gpio:13'), factory)\n"
        "assert fault(lock.release) == ('gpio:13', 'silent')\n"
        "assert fault(lambda: GpioLock(parse_pin('gpio:13'), factory)) == ('gpio:13', 'absent')\n"
        "assert fault(lambda: pin_factory(chip=9)) == ('gpio:', 'absent')\n"
        "assert fault(lambda: pin_factory(chip=9)) == ('gpio:', 'absent')\n"
    )


def test_without_a_board_there_is_no_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F3: where there are no pins, asking for the factory is a fault; nothing is put in its place."""
    if Path("/dev/gpiochip0").exists():
        pytest.skip("there is a board here")
    monkeypatch.chdir(tmp_path)  # lgpio leaves a pipe where it is imported

    with pytest.raises(HardwareFault) as fault:
        pin_factory()

    assert "absent" == fault.value.reason
