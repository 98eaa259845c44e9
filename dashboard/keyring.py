"""By which keys sites are known now: the ones pinned at the console, or those that followed them in a chain they signed.

What was accepted is kept with the pin it began from: a pin set by hand begins anew.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from controller.record.keys import BadKey, PublicKeys
from dashboard import database as db

MOST_FORMER = 16


@dataclass(frozen=True, slots=True)
class Accepted:
    """The key of a site, and those before it, whose messages may still lie at a broker: old news, and no forgery."""

    keys: PublicKeys
    former: tuple[PublicKeys, ...] = ()


class KeyRing(Mapping[str, PublicKeys]):
    """The present keys by site, for every thread. The intake alone changes one, once that is durable."""

    def __init__(self, present: Mapping[str, PublicKeys]) -> None:
        self._present = dict(present)

    def accept(self, site: str, keys: PublicKeys) -> None:
        """From now on the site is known by these."""
        self._present[site] = keys

    def __getitem__(self, site: str) -> PublicKeys:
        return self._present[site]

    def __iter__(self) -> Iterator[str]:
        return iter(self._present)

    def __len__(self) -> int:
        return len(self._present)


def present(engine: sa.Engine, pinned: Mapping[str, PublicKeys]) -> KeyRing:
    """The ring as the tables say it."""
    with engine.connect() as connection:
        return KeyRing({site: accepted(connection, site, keys).keys for site, keys in pinned.items()})


def accepted(connection: sa.Connection, site: str, pinned: PublicKeys) -> Accepted:
    """What was accepted after this pin, or the pin itself."""
    row = connection.execute(sa.select(db.accepted_key).filter_by(ledger_site=site)).first()
    if row is None or row.pinned != pinned.text():
        return Accepted(pinned)
    try:
        return Accepted(PublicKeys.parse(row.public), tuple(map(PublicKeys.parse, row.former.split())))
    except BadKey:
        return Accepted(pinned)


def keep(connection: sa.Connection, site: str, pinned: PublicKeys, now_known: Accepted, at: str) -> None:
    """Makes it durable."""
    former = " ".join(keys.text() for keys in now_known.former[-MOST_FORMER:])
    row = {"ledger_site": site, "pinned": pinned.text(), "public": now_known.keys.text(), "former": former, "at": at}
    db.upsert(connection, db.accepted_key, row)


Accept = Callable[[str, PublicKeys], None]
