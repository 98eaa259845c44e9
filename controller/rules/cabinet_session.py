"""Somebody at a key cabinet: one session at a time, and its steps from the badge to the key in the hand (C8.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from controller.record.canonical import timestamp
from controller.record.kinds.cabinet import (
    AUTHORISER,
    OVER,
    PURPOSE,
    TAKE,
    CabinetKeyChosen,
    CabinetRefused,
    CabinetSignedIn,
    CabinetSignedOut,
    CabinetSlotOpened,
)
from controller.record.kinds.key_loan import ASKED, WITHDRAWN, KeyAsked, KeyCancelled
from controller.record.private import PrivateRef
from controller.rules.cabinet import TAKE as TAKE_IT
from controller.rules.effects import PlaySignal, ReleaseSlot
from controller.rules.key_loan import Borrower, Bunch, Terms, needed, numbers, release
from controller.rules.outcome import Outcome, Refusal

WAITING, ANOTHER, NO = "wait", "second_person", "denied"
"""What the station plays: go on; another person has to hold their badge there; not so."""


@dataclass(frozen=True, slots=True)
class Session:
    """Who stands at a cabinet, as recorded. `person` None: nobody."""

    cabinet: str
    zone: str
    station: str
    person: int | None = None
    step: str = OVER
    key: int = 0
    slot: int = 0
    loan: int = 0
    options: tuple[str, ...] = ()
    """The private rows of purposes that can be chosen by their place."""

    @property
    def open(self) -> bool:
        """Whether somebody stands there."""
        return self.person is not None and self.step != OVER

    def play(self, signal: str) -> PlaySignal:
        """A signal at the cabinet's station."""
        return PlaySignal("", signal, self.station)


def sign_in(session: Session, person: int, badge: int, until: datetime) -> Outcome:
    """Somebody held their badge there: which key?"""
    record = CabinetSignedIn(session.cabinet, session.zone, person, badge, timestamp(until))
    return Outcome((record,), (session.play(WAITING),))


def sign_out(session: Session, cause: str) -> tuple[msgspec.Struct, ...]:
    """The session is over; nothing when there is none."""
    if not session.open or session.person is None:
        return ()
    key, cabinet = session.key or None, session.cabinet
    return (CabinetSignedOut(cabinet, session.zone, session.person, cause, key, session.slot, session.loan),)


def withdrawn(session: Session) -> tuple[msgspec.Struct, ...]:
    """The end of a loan that was only asked for."""
    if session.step != AUTHORISER or session.person is None:
        return ()
    return (KeyCancelled(session.loan, (), session.person, WITHDRAWN, None, "cancelled"),)


def refused(session: Session, person: int, refusal: Refusal, key: int | None = None) -> Outcome:
    """What somebody asked for there is refused; the session goes on."""
    record = CabinetRefused(session.cabinet, session.zone, person, key, refusal.code, refusal.place)
    return Outcome((record,), (session.play(NO),))


def choose(
    session: Session, bunch: Bunch, borrower: Borrower, terms: Terms, until: datetime
) -> Outcome | Refusal:
    """The key is chosen, and what for: its slot is released, or others are asked first."""
    if len(terms.authorisers) < needed(bunch):
        return _ask(session, bunch, borrower, terms, until)
    said = release(bunch, borrower, terms)
    if isinstance(said, Refusal):
        return said
    chosen = _chosen(session, bunch, terms.number, TAKE, until)
    effects = (ReleaseSlot(session.cabinet, bunch[0].slot), session.play(TAKE_IT))
    return Outcome((*said.records, chosen), effects)


def _ask(session: Session, bunch: Bunch, borrower: Borrower, terms: Terms, until: datetime) -> Outcome:
    """Others have to hold their badges there. A loan that was asked for before is asked for no second time."""
    key = bunch[0]
    asked = KeyAsked(
        terms.number, key.key, numbers(bunch), key.label, key.place, borrower.person, terms.purpose, needed(bunch), 0, ASKED
    )
    fresh = (asked,) if session.loan != terms.number else ()
    chosen = _chosen(session, bunch, terms.number, AUTHORISER, until)
    return Outcome((*fresh, chosen), (session.play(ANOTHER),))


def ask_purpose(session: Session, bunch: Bunch, options: Mapping[str, PrivateRef], until: datetime) -> Outcome:
    """The key is chosen; what for is still to be said."""
    chosen = _chosen(session, bunch, 0, PURPOSE, until, tuple(options))
    return Outcome((chosen,), (session.play(WAITING),))


def put_right(session: Session, bunch: Bunch, until: datetime) -> Outcome:
    """A key that hangs in a wrong slot is let go, for whoever may have it to hang it where it belongs."""
    key, person = bunch[0], session.person or 0
    record = CabinetSlotOpened(
        session.cabinet, session.zone, key.at[1], numbers(bunch), person, key.slot, timestamp(until)
    )
    return Outcome((record,), (ReleaseSlot(session.cabinet, key.at[1]), session.play(TAKE_IT)))


def _chosen(
    session: Session, bunch: Bunch, loan: int, step: str, until: datetime, options: tuple[str, ...] = ()
) -> CabinetKeyChosen:
    key = bunch[0]
    return CabinetKeyChosen(
        session.cabinet, session.zone, session.person or 0, key.key, key.slot, loan, options, timestamp(until), step
    )
