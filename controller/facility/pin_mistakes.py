"""What is wrong with what a `site.toml` says of PINs."""

from collections.abc import Iterator

from controller.facility.forms import PinForm, PortalForm
from controller.facility.settings import did_you_mean
from controller.rules.pin_choice import LONGEST

BOUNDS = {"length": (4, LONGEST), "wait_s": (5, 60), "tries": (3, 10), "lockout_min": (1, 1440)}
"""Four digits are the least that IEC 60839-11-1 takes beside a token (table 7); ten tries at them are one in a thousand."""


def pin_mistakes(form: PinForm) -> Iterator[str]:
    """Of `[pin]`."""
    for key, (least, most) in BOUNDS.items():
        value = getattr(form, key)
        if not least <= value <= most:
            yield f"pin.{key}: {value}; {least} to {most}"


def portal_pin_mistakes(place: str, form: PortalForm, schedules: list[str]) -> Iterator[str]:
    """Of a portal: the hours in which it asks for a PIN, and that there is something to type it on."""
    for key, schedule, known in (
        ("pin", form.pin, ["always", *schedules]), ("pin_outside", form.pin_outside, schedules)
    ):  # fmt: skip
        if schedule and schedule not in known:
            yield f"{place}.{key}: no schedule {schedule!r}{did_you_mean(schedule, known)}"
    if form.pin and form.pin_outside:
        yield f"{place}.pin_outside: pin stands there too; write one of them"
    if (form.pin or form.pin_outside) and not any(reader.side == "in" and reader.keypad for reader in form.reader):
        yield f"{place}.pin: the reader on side 'in' has no keypad"
