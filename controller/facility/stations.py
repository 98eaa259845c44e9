"""Stations and tethers of `site.toml`: their tables, and what the rules and the composition root make of them."""

from dataclasses import dataclass

from controller.facility.tables import ASSURANCES, AnnunciatorForm, Form, Names

TETHER_INPUT = "tether"
"""How a contact is called that is no portal's, but a tether's."""
INTACT, CUT = LEVELS = ("intact", "cut")


class StationForm(Form, frozen=True):
    """`[[station]]`: a reader that opens no door, at which people confirm with their badges and name things by stickers."""

    id: str
    name: Names
    zone: str
    """Where it stands."""
    device: str
    annunciator: AnnunciatorForm | None = None
    keypad: str = ""
    """Where slots and purposes are typed, never a PIN; empty: nowhere."""
    least_assurance: str = "mutual"


class TetherForm(Form, frozen=True):
    """`[[tether]]`: a wire that holds a thing in its place, and the input that says whether it is whole (C8.13)."""

    id: str
    name: Names
    zone: str
    input: str
    active: str = "intact"
    """What it means that the input is active: `intact`, so that a cut or unplugged wire shows; or `cut`."""


@dataclass(frozen=True, slots=True)
class StationAt:
    """A station: a reader that opens no door."""

    id: str
    name: Names
    zone: str
    device: str
    annunciator: AnnunciatorForm | None
    keypad: str
    least_assurance: int


@dataclass(frozen=True, slots=True)
class TetherAt:
    """A tether with an input."""

    id: str
    name: Names
    zone: str
    input: str
    active: str

    def is_cut(self, active: bool) -> bool:
        """Whether this level of the input says that the wire is cut."""
        return active == (self.active == CUT)


def station_at(form: StationForm) -> StationAt:
    """The station of a form without mistakes."""
    least = ASSURANCES[form.least_assurance]
    return StationAt(form.id, form.name, form.zone, form.device, form.annunciator, form.keypad, least)


def tether_at(form: TetherForm) -> TetherAt:
    """The tether of a form without mistakes."""
    return TetherAt(form.id, form.name, form.zone, form.input, form.active)
