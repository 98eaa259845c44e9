"""Facts about PINs, on the writer's connection: how one stands, and what verifies it (which never leaves this process)."""

import sqlite3
from datetime import datetime

from controller.ledger import pin_store
from controller.record.canonical import moment
from controller.rules.hashed import HashedPin
from controller.rules.pin_keeping import Chosen, PinEnrolment

STANDING = "select pin, state, failures, locked_until, seq from pin where person = ?"
ENROLMENTS = "select reader, person, until_at from pin_enrolment where state = 'open'"


class PinFacts:
    """Questions that the rules on PINs have. One connection, which a reopened ledger replaces."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def reconnect(self, connection: sqlite3.Connection) -> None:
        """Asks this connection from now on."""
        self._connection = connection

    def standing(self, person: int) -> Chosen:
        """The person's PIN as the records have it."""
        row = self._connection.execute(STANDING, (person,)).fetchone()
        if row is None:
            return Chosen(person, 0, "", None, 0, 0)
        pin, state, failures, until, seq = row
        return Chosen(person, pin or 0, state or "", _moment(until), failures or 0, seq)

    def current(self, person: int) -> int:
        """The number of the person's PIN; 0 for none that counts."""
        standing = self.standing(person)
        return standing.pin if standing.state == "set" else 0

    def hashed(self, standing: Chosen) -> HashedPin | None:
        """What verifies it; None for none set, and for one that is lost."""
        if standing.state != "set":
            return None
        return pin_store.of(self._connection, standing.person, standing.pin)

    def enrolments(self, portals: dict[str, str]) -> dict[str, PinEnrolment]:
        """The open enrolments by reader; `portals` names each reader's portal."""
        rows = self._connection.execute(ENROLMENTS)
        return {
            reader: PinEnrolment(reader, portals.get(reader, ""), person, moment(until))
            for reader, person, until in rows
        }


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
