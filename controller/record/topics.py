"""Where things are on the broker: every topic of a site, under `sekimori/<site>/` (design §5)."""

from dataclasses import dataclass

import msgspec

RESEND_BATCH = 200
"""Records in one `resent` message at most."""

LARGEST_MESSAGE = 262_144
"""Bytes; a larger message is not looked at."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one site."""

    site: str

    @property
    def record(self) -> str:
        """Each record's canonical bytes, in order of `seq`; not retained."""
        return f"sekimori/{self.site}/record"

    def state(self, noun: str, id: str) -> str:
        """The present state of one thing; retained."""
        return f"sekimori/{self.site}/state/{noun}/{id}"

    def private(self, dashboard: str, id: str) -> str:
        """A private row's newest version, sealed to this dashboard; retained; empty to erase."""
        return f"sekimori/{self.site}/private/{dashboard}/{id}"

    @property
    def checkpoint(self) -> str:
        """The newest signed note; retained."""
        return f"sekimori/{self.site}/checkpoint"

    @property
    def key(self) -> str:
        """The chain of the site's keys, a `Chain` of controller.record.succession; retained."""
        return f"sekimori/{self.site}/key"

    @property
    def online(self) -> str:
        """Birth and last will; retained."""
        return f"sekimori/{self.site}/online"

    @property
    def request(self) -> str:
        """Signed requests to the site; not retained."""
        return f"sekimori/{self.site}/request"

    def reply(self, dashboard: str) -> str:
        """The site's answers to one dashboard; not retained."""
        return f"sekimori/{self.site}/reply/{dashboard}"

    def resent(self, dashboard: str) -> str:
        """Records that this dashboard asked for again; not retained."""
        return f"sekimori/{self.site}/resent/{dashboard}"

    def answered(self, dashboard: str) -> str:
        """Why a door opens for somebody or does not, as this dashboard asked; not retained."""
        return f"sekimori/{self.site}/answered/{dashboard}"

    def witnessed(self, dashboard: str) -> str:
        """The newest checkpoint of the site whose records this dashboard fully holds, as the note that the site signed;
        retained. Written by the dashboard, read by the site.
        """
        return f"sekimori/{self.site}/witnessed/{dashboard}"

    @property
    def recover(self) -> str:
        """The site asks dashboards for records that it has lost; not retained. Written by the site, read by dashboards."""
        return f"sekimori/{self.site}/recover"

    def recovered(self, dashboard: str) -> str:
        """What this dashboard holds of them; not retained. Written by the dashboard, read by the site."""
        return f"sekimori/{self.site}/recovered/{dashboard}"

    def probe(self, id: str) -> str:
        """What `sekimori check` says to itself to see what the broker does with it; nobody else reads it."""
        return f"sekimori/{self.site}/probe/{id}"


class Online(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `online`, signed. `link` counts the controller's connections, so that an old will shows as old."""

    online: bool
    boot: str
    epoch: int
    link: int
    at: str


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `state/<noun>/<id>`, signed: the row of the noun's table, and the newest record it is folded from."""

    noun: str
    id: str
    at: str
    seq: int
    epoch: int
    row: dict[str, str | int | None]


class SealedPrivate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `private/…`, signed: a `PrivateRow` sealed (hex) with the topic as context."""

    id: str
    version: int
    box: str


class Reply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `reply/…`, signed. `code` None: accepted, done by the records `first` to `last`."""

    request: str
    code: str | None
    place: str
    first: int | None
    last: int | None
    at: str


class Resent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `resent/…`, signed: consecutive records from `first`, each as its canonical text, or as the text
    of its husk (`controller.record.husk`) where its bytes were dropped past their retention.
    """

    epoch: int
    first: int
    records: tuple[str, ...]


class Recover(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `recover`, signed by the site. `dashboard` empty: all of them, and `first` 0: only their checkpoint."""

    request: str
    """Names the question; the answer says it again."""
    dashboard: str
    epoch: int
    first: int


class Recovered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of `recovered/…`, signed by the dashboard whose public keys, in text form, it names."""

    request: str
    keys: str
    note: str
    """The newest checkpoint of the site whose records are all held; empty for none."""
    epoch: int
    first: int
    records: tuple[str, ...]
    """Consecutive records from `first`, as in `Resent`."""
    private: tuple[str, ...]
    """The private rows that these records refer to, as far as they are held: each a `PrivateRow` sealed (hex) to the site,
    with the topic as context.
    """
