"""What may be done with information, and whose word it takes: acts, classes, media, ways to destroy (C4.1, C4.2). Data alone.

The controller's rules decide by these tables, and the dashboard says by them beforehand what a request will need. The acts are
finer than the six of the ledger's form (`HANDLING`): to tell somebody without access is to provide, to take off the site is to
use, but each is approved on its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.record.measures import INTERNAL, NOT_OUTSIDE, SECRECIES, SECRET, TOP_SECRET

CREATE, STORE, USE, COPY, TELL, TAKE_OFF, PROVIDE, DISPOSE = ACTS = (
    "create", "store", "use", "copy", "tell", "take_off", "provide", "dispose",
)  # fmt: skip

HANDLING: Mapping[str, str] = {
    CREATE: "create", STORE: "store", COPY: "copy", USE: "use", TAKE_OFF: "use", TELL: "provide", PROVIDE: "provide",
    DISPOSE: "dispose",
}  # fmt: skip
"""取扱区分: by act, which of the form's six it is."""

CHASED = frozenset({USE, COPY, TELL, TAKE_OFF, PROVIDE, DISPOSE})
"""The acts that have a day by which they are over, and are asked for until then (C4.1)."""

HANDED = frozenset({COPY, TELL, PROVIDE})
"""The acts in which copies can be handed out, numbered, and are collected again (C4.2)."""

LEAVING = frozenset({TELL, TAKE_OFF, PROVIDE, DISPOSE})
"""The acts by which something may leave the site."""

MOST_COPIES = 200

OFF_SITE = "off_site"
"""The place that is none of the site's: an asset or thing that names it may be taken out, with an approval."""

MEDIA = ("paper", "pc", "usb", "disk", "phone", "camera", "prototype", "data", "other")

SHREDDED, BURNED, DISSOLVED, CRUSHED, DEGAUSSED, WIPED = METHODS = (
    "shredded", "burned", "dissolved", "crushed", "degaussed", "wiped",
)  # fmt: skip

METHODS_OF: Mapping[str, tuple[str, ...]] = {
    "paper": (SHREDDED, BURNED, DISSOLVED),
    "pc": (CRUSHED, WIPED),
    "usb": (CRUSHED, WIPED),
    "disk": (CRUSHED, DEGAUSSED, WIPED),
    "phone": (CRUSHED, WIPED),
    "camera": (CRUSHED, WIPED),
    "prototype": (CRUSHED, BURNED, DISSOLVED),
    "data": (WIPED,),
    "other": (SHREDDED, BURNED, DISSOLVED, CRUSHED),
}
"""By medium, the ways after which nothing can be read: a magnet does nothing to a flash chip."""

RETURNED, COLLECTED, KEPT, LOST, DESTROYED = "returned", "collected", "kept", "lost", "destroyed"

OUTCOMES = (RETURNED, COLLECTED, KEPT, LOST)
"""How a line can end by somebody's word: brought back, every copy in, left with whom it was provided to, lost."""

FATES = (RETURNED, DESTROYED, LOST)
"""What became of a numbered copy."""

OTHER, KEEPER = "other", "keeper"


@dataclass(frozen=True, slots=True)
class Need:
    """What an act takes.

    `approver`: the word of somebody else; `manager`: only the place's manager may do it at all; `supervisor`: who has to watch,
    `other` for another person, `keeper` for one who answers for the place.
    """

    approver: bool = False
    manager: bool = False
    supervisor: str = ""


_FREE, _APPROVED = Need(), Need(approver=True)

_EVERYWHERE = {CREATE: _FREE, STORE: _FREE, TAKE_OFF: _APPROVED, PROVIDE: _APPROVED}

UNCLASSED = ""
"""Of a thing that carries no asset of the catalogue."""

NEEDS: Mapping[str, Mapping[str, Need]] = {
    TOP_SECRET: {
        **_EVERYWHERE,
        USE: _APPROVED,
        COPY: Need(approver=True, manager=True),
        TELL: _APPROVED,
        DISPOSE: Need(approver=True, supervisor=KEEPER),
    },
    SECRET: {**_EVERYWHERE, USE: _FREE, COPY: _APPROVED, TELL: _APPROVED, DISPOSE: Need(approver=True, supervisor=OTHER)},
    INTERNAL: {**_EVERYWHERE, USE: _FREE, COPY: _FREE, TELL: _APPROVED, DISPOSE: Need(supervisor=OTHER)},
    UNCLASSED: {**_EVERYWHERE, USE: _FREE, COPY: _FREE, TELL: _FREE, DISPOSE: Need(supervisor=OTHER)},
}
"""By class and act (情報管理基準). 極秘 is copied by the manager alone; what leaves the site takes an approval, always."""


def class_of(secrecy: str, marking: str) -> str:
    """The class that counts: one that is not known is the strictest, and what is marked 対外秘 is handled as 秘 at least."""
    known = secrecy if secrecy in SECRECIES else TOP_SECRET
    return SECRET if known == INTERNAL and marking == NOT_OUTSIDE else known


def need(class_: str, act: str, *, access: bool = True, off_site: bool = False) -> Need:
    """What this act takes.

    `access`: the person has a right to the place where it is kept; without one, to use it is to be told. `off_site`: it leaves
    the site by it, whatever the act is called.
    """
    row = NEEDS.get(class_, NEEDS[TOP_SECRET])
    found = row[act]
    told = not access and act in (USE, COPY) and row[TELL].approver
    return Need(found.approver or told or off_site, found.manager, found.supervisor)
