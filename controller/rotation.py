"""The site's key is changed: crash-safe at every step, so that there is always one key that the ledger names and the disk has.

In the keys' folder, besides `site.key`:

* `site.key.next` the new key, before it takes that place
* `site.key.former-<time>-<id>` the sealing half of one that went, for `FORMER_DAYS`: requests that were sealed to it may
  still be under way, and their dashboard kept no readable copy to seal again. Its signing half is not kept anywhere.

The steps: the new key is written; the record `site.rekeyed` names it, over the old key's signature; the old key signs a last
checkpoint that covers this record; the former sealing key is kept; the new key takes the name. What a crash left undone
behind the record is done by `settle` at the next opening; before the record nothing has happened.
"""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from controller.ledger.ledger import Ledger, Stamp
from controller.record.canonical import moment
from controller.record.keys import BadKey, KeyPair, PublicKeys, sync_folder, write_secret
from controller.record.kinds.trust import SiteRekeyed
from controller.record.succession import hand_over

KEY = "site.key"
NEXT = "site.key.next"
FORMER = "site.key.former-"
FORMER_DAYS = 30
MOST_FORMER = 8

Step = Callable[[str], None]


def rotate(ledger: Ledger, keys: Path, key: KeyPair, stamp: Stamp, compromised: bool, reached: Step) -> KeyPair:
    """Gives the site a new key in the folder `keys`; `key` is the one it has. Nobody else writes the ledger meanwhile.

    When the ledger names another key than that, which was lost, nobody can sign for the new one: only as `compromised`.
    """
    (keys / NEXT).unlink(missing_ok=True)  # one that was never recorded, and may have been seen
    fresh = KeyPair.generate()
    fresh.save(keys / NEXT)
    reached("prepared")
    link = hand_over(ledger.site, key, fresh.public)
    named = named_key(ledger.connection) or link.previous
    if named != link.previous and not compromised:
        raise BadKey(f"{KEY}: the ledger names another key; without that one, change it as compromised")
    body = SiteRekeyed(named, link.public, "" if compromised else link.sig, compromised)
    with ledger.transaction():
        ledger.append(body, "console", stamp)
    reached("recorded")
    return _finish(ledger, keys, key, fresh, reached)


def settle(ledger: Ledger, keys: Path, key: KeyPair, writable: bool) -> KeyPair:
    """The key that the ledger names: the one given, or that of a change that was cut off, which is finished now.

    `writable`: the key lies in the folder, and not with systemd. Raises BadKey when the ledger names another one.
    """
    named = named_key(ledger.connection) or key.public.text()
    if key.public.text() == named:
        return key
    if writable and (keys / NEXT).exists():
        fresh = KeyPair.load(keys / NEXT)
        if fresh.public.text() == named:
            return _finish(ledger, keys, key, fresh, lambda step: None)
    raise BadKey(f"{KEY}: the ledger names another key, {PublicKeys.parse(named).id}; this one was changed away from. If that "
                 "key is lost: sekimori key rotate --compromised")  # fmt: skip


def _finish(ledger: Ledger, keys: Path, key: KeyPair, fresh: KeyPair, reached: Step) -> KeyPair:
    """What follows the record; every step may be done twice."""
    at = str(ledger.connection.execute("select max(at) from succession").fetchone()[0])
    before = ledger.connection.execute("select previous from succession order by seq desc limit 1").fetchone()[0]
    if before == key.public.text():
        checkpoint = ledger.checkpoint()
        with ledger.transaction():
            ledger.keep_checkpoint(checkpoint, checkpoint.sign(key), at)
    reached("covered")
    former = keys / f"{FORMER}{moment(at):%Y%m%dT%H%M%S}-{key.public.id}"
    if not former.exists():
        write_secret(former, key.sealing.private_bytes_raw())
    reached("kept")
    (keys / NEXT).replace(keys / KEY)
    sync_folder(keys)
    reached("renamed")
    return fresh


def named_key(connection: sqlite3.Connection) -> str | None:
    """The key that the last change named, in its text form; None before the first."""
    row = connection.execute("select public from succession order by seq desc limit 1").fetchone()
    return None if row is None else str(row[0])


def chain_rows(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """Previous key, key and signature of the changes since the last one that nobody could sign for, in order."""
    rows = connection.execute(
        "select previous, public, sig from succession"
        " where seq > (select coalesce(max(seq), 0) from succession where compromised = 1) order by seq"
    )
    return [(previous, public, sig) for previous, public, sig in rows]


def former_sealing(keys: Path, now: datetime) -> list[X25519PrivateKey]:
    """The sealing keys of before that still count, the newest first. Raises OSError."""
    since = now - timedelta(days=FORMER_DAYS)
    found = [(path, _since(path)) for path in keys.glob(f"{FORMER}*")]
    fresh = sorted(((at, path) for path, at in found if at is not None and at >= since), reverse=True)
    datas = [path.read_bytes() for _, path in fresh[:MOST_FORMER]]
    return [X25519PrivateKey.from_private_bytes(data) for data in datas if len(data) == 32]


def forget_former(keys: Path, now: datetime) -> int:
    """Removes the sealing keys of before whose time is over; how many."""
    since = now - timedelta(days=FORMER_DAYS)
    old = [path for path in keys.glob(f"{FORMER}*") if (at := _since(path)) is not None and at < since]
    for path in old:
        path.unlink()
    return len(old)


def _since(path: Path) -> datetime | None:
    try:
        stamp = path.name.removeprefix(FORMER).partition("-")[0]
        return datetime.strptime(stamp, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
