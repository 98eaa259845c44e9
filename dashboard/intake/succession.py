"""The keys of a site, one after the other: followed by the chain that they signed, never back, never on anybody else's word.

What a key of before signed may still lie at the broker. It is no forgery, and it is no news: it is passed over. Said anew,
it is counted as forged, because somebody speaks with a key that went: a thief, or a site restored from before the change.
"""

import msgspec
import sqlalchemy as sa

from controller.record import succession
from controller.record.note import BadNote, Checkpoint, VerifierKey, open_checkpoint
from controller.record.signed import Forged, open_message
from controller.record.succession import BrokenChain, Chain
from dashboard import keyring
from dashboard.intake.source import Source
from dashboard.keyring import Accepted

_decoder = msgspec.json.Decoder(Chain)


def follow(connection: sa.Connection, source: Source, payload: bytes, now: str) -> bool:
    """Takes the newest key that the chain leads to from the present one; whether there was one. Raises BrokenChain."""
    try:
        chain = _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BrokenChain("no chain of keys") from error
    found = succession.follow(source.ledger_site, source.keys, chain)
    if not found:
        return False
    source.former = (*source.former, source.keys, *found[:-1])[-keyring.MOST_FORMER :]
    source.keys, source.dirty = found[-1], True
    pinned = source.pinned or source.former[0]
    keyring.keep(connection, source.ledger_site, pinned, Accepted(source.keys, source.former), now)
    return True


def is_old_news(source: Source, topic: str, payload: bytes) -> bool:
    """Whether a key of before signed this message."""
    for keys in source.former:
        try:
            open_message(keys.signing, topic, payload)
        except Forged:
            continue
        return True
    return False


def is_old_note(source: Source, payload: bytes) -> bool:
    """Whether a key of before signed this checkpoint."""
    try:
        note = payload.decode()
        name = Checkpoint.parse(note).origin
    except (BadNote, ValueError):
        return False
    for keys in source.former:
        try:
            open_checkpoint(note, VerifierKey(name, keys.signing))
        except BadNote:
            continue
        return True
    return False
