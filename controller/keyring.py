"""Where a site keeps its secrets: in its data directory, or as credentials of systemd; made where they are not there."""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from controller.facility import BrokerForm, Facility
from controller.record.keys import BadKey, KeyPair, write_secret
from hardware import card_keys

LEDGER = "ledger.sqlite3"
KEYS = ("site.key", "cards.key", "pepper.key")
_CREDENTIALS = "CREDENTIALS_DIRECTORY"


@dataclass(frozen=True)
class SiteKeys:
    """A site's secrets: its own key, the cards' master key, the pepper of credential digests."""

    site: KeyPair
    cards: card_keys.CardKeys
    pepper: bytes


def key_paths(data: Path) -> dict[str, Path]:
    """Where each key is, by name: a credential of systemd's if there is one, else in the data directory."""
    given = os.environ.get(_CREDENTIALS)
    credentials = {name: Path(given) / name for name in KEYS} if given else {}
    return {name: path if (path := credentials.get(name)) and path.exists() else data / "keys" / name for name in KEYS}


def site_keys(data: Path) -> SiteKeys:
    """A site's keys; makes those that are not there, but none beside a ledger, which is nothing without the ones it has had.

    Raises BadKey, OSError.
    """
    paths = key_paths(data)
    keys = data / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    lost = [name for name, path in paths.items() if not path.exists()]
    if lost and (data / LEDGER).exists():
        raise BadKey(f"{keys}: {', '.join(lost)} missing; a new one would not be this ledger's. Where systemd keeps it, "
                     "run this with its credentials; else restore it from a backup")  # fmt: skip
    site, cards, pepper = (paths[name] for name in KEYS)
    given = {name for name, path in paths.items() if path.parent != keys}
    try:
        master = card_keys.load(cards, guarded="cards.key" in given) if cards.exists() else card_keys.create(cards)
    except ValueError as error:
        raise BadKey(str(error)) from error
    pair = KeyPair.load(site, guarded="site.key" in given) if site.exists() else KeyPair.load_or_create(site)
    return SiteKeys(pair, master, _pepper(pepper, guarded="pepper.key" in given))


def _pepper(path: Path, guarded: bool) -> bytes:
    """The key of the credential digests, made at the first start. `guarded`: systemd keeps it from others by the folder."""
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    if not guarded and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise BadKey(f"{path}: others may read it; chmod 600 it")
    return path.read_bytes()


def rotatable(data: Path) -> bool:
    """Whether the site's key lies in the data directory; a credential of systemd's cannot be replaced from here."""
    return key_paths(data)["site.key"].parent == data / "keys"


def broker_of(facility: Facility) -> BrokerForm | None:
    """How to reach the broker: with systemd's credential for the password, if there is one."""
    given = os.environ.get(_CREDENTIALS)
    password = Path(given) / "broker.password" if given else None
    if facility.broker is None or password is None or not password.exists():
        return facility.broker
    return msgspec.structs.replace(facility.broker, password_file=str(password))
