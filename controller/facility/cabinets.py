"""Key cabinets of `site.toml`: their tables, and what the rules and the composition root make of them (C8.2)."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.facility.tables import Form, Names


class SlotForm(Form, frozen=True):
    """`[[cabinet.slot]]`: a latch, a sensor, and where there is one a socket that reads the fob of what hangs there."""

    number: int
    """As it is written over the slot, and as people type it."""
    release: str
    present: str
    tag: str = ""
    """The socket, by device URL; empty: nothing tells which key hangs there."""
    fob: str = ""
    """The number of the fob on what belongs here, as the socket reads it."""


class CabinetForm(Form, frozen=True):
    """`[[cabinet]]`: an electronic key cabinet, at whose station people sign in."""

    id: str
    name: Names
    zone: str
    station: str
    """The reader, keypad and lamp beside it: one of the `[[station]]`."""
    slot: tuple[SlotForm, ...]
    take_s: int = 20
    """How long a released slot waits for a hand."""
    session_s: int = 60
    """How long somebody who has signed in may think at each step."""


@dataclass(frozen=True, slots=True)
class SlotAt:
    """A slot with its parts."""

    number: int
    release: str
    present: str
    tag: str
    fob: str


@dataclass(frozen=True, slots=True)
class CabinetAt:
    """A key cabinet with its slots by number."""

    id: str
    name: Names
    zone: str
    station: str
    take_s: int
    session_s: int
    slots: Mapping[int, SlotAt]


def cabinet_at(form: CabinetForm) -> CabinetAt:
    """The cabinet of a form without mistakes."""
    slots = {one.number: SlotAt(one.number, one.release, one.present, one.tag, one.fob) for one in form.slot}
    return CabinetAt(form.id, form.name, form.zone, form.station, form.take_s, form.session_s, slots)
