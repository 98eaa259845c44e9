"""What `site.toml` says of PINs and keypads, and what is wrong with it."""

from pathlib import Path

import pytest
from sites import SITE_TOML, small_facility

from controller.facility import load_facility
from controller.facility.settings import BadSettings
from controller.parts import device_mistakes
from controller.rules.pin import PinHours

GOOD = SITE_TOML.replace('54321"\n', '54321"\nkeypad = "simulated:40"\n').replace(
    'inner = "lobby"\nlock', 'inner = "lobby"\npin_outside = "office"\nlock'
)


def test_what_is_good(tmp_path: Path) -> None:
    """A portal asks for a PIN always, in a schedule's hours, or outside them; the rest has its defaults."""
    facility = small_facility(tmp_path, GOOD)

    assert facility.portals["front"].pin == PinHours("office", True)
    assert facility.portals["lab-door"].pin is None
    assert facility.readers["front/in"].keypad == "simulated:40"
    assert (facility.pins.length, facility.pins.wait_s, facility.pins.tries) == (6, 15, 5)


@pytest.mark.parametrize(
    ("was", "becomes", "says"),
    [
        ('pin_outside = "office"', 'pin = "offce"', "portal[1].pin: no schedule 'offce' (did you mean 'office'?)"),
        ('pin_outside = "office"', 'pin_outside = "always"', "portal[1].pin_outside: no schedule 'always'"),
        ('pin_outside = "office"', 'pin_outside = "office"\npin = "always"', "portal[1].pin_outside: pin stands there"),
        ('keypad = "simulated:40"\n', "", "portal[1].pin: the reader on side 'in' has no keypad"),
        ('keypad = "simulated:40"', 'keypad = "gpio:4"', "portal[1].reader[1].keypad: 'gpio:4' is no keypad"),
        ('keypad = "simulated:40"', 'keypad = "simulated:1"', "portal[1].reader[1].keypad: simulated:1 is already"),
        ("[clock]", "[pin]\nlength = 3\n[clock]", "pin.length: 3; 4 to 12"),
        ("[clock]", "[pin]\nwait_s = 600\n[clock]", "pin.wait_s: 600; 5 to 60"),
        ("[clock]", "[pin]\ntries = 1\n[clock]", "pin.tries: 1; 3 to 10"),
        ("[clock]", "[pin]\nlockout_min = 0\n[clock]", "pin.lockout_min: 0; 1 to 1440"),
        (
            'keypad = "simulated:40"',
            'keypad = "gpio-keypad:rows=5,6,13,19&cols=12,16,20"\nannunciator = { red = "gpio:16" }',
            "portal[1].reader[1].annunciator.red: gpio:16 is already portal[1].reader[1].keypad",
        ),
    ],
)
def test_what_is_wrong(tmp_path: Path, was: str, becomes: str, says: str) -> None:
    """Each mistake is named with its key path and what was expected."""
    path = tmp_path / "site.toml"
    path.write_text(GOOD.replace(was, becomes, 1), encoding="utf-8")

    with pytest.raises(BadSettings) as found:
        load_facility(path, device_mistakes)

    assert any(line.startswith(says) for line in found.value.mistakes), found.value.mistakes
