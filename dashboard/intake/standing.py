"""What a site says beside its ledger: that it is there, how things stand, private rows, replies to requests.

All of it is signed. The broker may have kept it for hours, though, so a retained message is old news with the site's word on
it: it says how things stood, and never that the site was heard now.
"""

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller.record.private import PrivateRow
from controller.record.sealed import Unreadable, unseal
from controller.record.topics import Online, SealedPrivate, State
from dashboard import database as db
from dashboard.intake import erasing
from dashboard.intake.fold import LARGEST_WHOLE
from dashboard.intake.source import Source


class Malformed(ValueError):
    """Signed by the site, but not what this topic carries."""


def online(source: Source, message: Online) -> None:
    """Birth or last will of the source's epoch. A will counts only for the newest connection: brokers deliver them late."""
    same_boot = message.boot == source.boot
    if same_boot and message.link < (source.link or 0):
        return
    # Boots have no order but their clocks'. A birth of another boot is believed; it would be said again if it were old.
    if not same_boot and not message.online and source.online_at is not None and message.at < source.online_at:
        return
    if same_boot and message.link == source.link and source.online is False and message.online:
        return  # the birth was before this connection's will
    source.online, source.boot, source.link, source.online_at = message.online, message.boot, message.link, message.at
    source.dirty = True


def state(connection: sa.Connection, source: Source, message: State, *, live: bool, now: str) -> bool:
    """Keeps the state unless a newer one is known; whether it was news."""
    place = {"ledger_site": source.ledger_site, "noun": message.noun, "id": message.id}
    table = db.live_state.c
    known = connection.execute(sa.select(table.epoch, table.seq).filter_by(**place)).first()
    age = (message.epoch, message.seq)
    if known is not None and age < tuple(known):
        return False
    row = {**place, "row": message.row, "at": message.at, "epoch": message.epoch, "seq": message.seq}
    if live:
        row["heard_at"] = now
    db.upsert(connection, db.live_state, row)
    return known is None or age > tuple(known)


def private(
    connection: sa.Connection, source: Source, key: X25519PrivateKey, topic: str, id: str, message: SealedPrivate
) -> None:
    """Opens a private row and keeps it unless a newer version is known, or whom it is about was erased. Raises Malformed."""
    try:
        text = unseal(key, topic.encode(), bytes.fromhex(message.box))
        row = msgspec.json.decode(text, type=PrivateRow)
        row.ref()
    except (Unreadable, ValueError, RecursionError) as error:
        raise Malformed("a private row that cannot be read") from error
    if not id == message.id == row.id or message.version != row.version or not 0 < row.version <= LARGEST_WHOLE:
        raise Malformed("a private row in another's place")
    place = {"ledger_site": source.ledger_site, "id": id}
    known = connection.execute(sa.select(db.private_text.c.version).filter_by(**place)).scalar()
    if (known is None or known <= row.version) and not erasing.is_erased(connection, source.ledger_site, row):
        db.upsert(connection, db.private_text, {**place, "version": row.version, "text": row.text, "salt": row.salt})


def erase(connection: sa.Connection, source: Source, id: str) -> None:
    """Forgets a private row. The empty message is not signed: at worst a broker hides a name, until the site says it again."""
    erasing.forget(connection, source.ledger_site, id)
