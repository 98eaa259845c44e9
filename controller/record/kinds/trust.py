"""Whose word counts: the site's own key, dashboards by theirs, operators by their number, role and scope."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert


@kind("site.rekeyed")
class SiteRekeyed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The site has a new key: checkpoints behind this record bear its signature, those up to it the one before's."""

    previous: str
    """The public keys before, in their text form."""
    public: str
    """The public keys from now on."""
    sig: str
    """The old key's signature for the new one, as in a `SuccessionLink`; empty for a key that was stolen."""
    compromised: bool
    """The old key may be in other hands: its word for a successor counts for nothing."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The change."""
        row: Row = {
            "public": self.public,
            "previous": self.previous,
            "sig": self.sig,
            "compromised": int(self.compromised),
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("succession", row),)


@kind("dashboard.trusted")
class DashboardTrusted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dashboard's keys were enrolled at the console."""

    dashboard: str
    """Its key id."""
    public: str
    """Both of its public keys, in their text form."""
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The dashboard."""
        row: Row = {
            "dashboard": self.dashboard,
            "public": self.public,
            "state": self.state,
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("dashboard", row),)


@kind("dashboard.revoked")
class DashboardRevoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing that this key signs counts any more."""

    dashboard: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The dashboard, revoked."""
        return (Upsert("dashboard", {"dashboard": self.dashboard, "state": self.state, "seq": record.seq}),)


@kind("operator.registered")
class OperatorRegistered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator: a person at the dashboard, with roles and a scope of zones (`*` for all)."""

    operator: int
    roles: tuple[str, ...]
    scope: tuple[str, ...]
    person: int | None
    """The same human as a badge holder, so that nobody approves for themselves."""
    text: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The operator; where they are a badge holder too, their name is one of that person's."""
        operator = (
            Upsert(
                "operator",
                {
                    "operator": self.operator,
                    "roles": " ".join(self.roles),
                    "scope": " ".join(self.scope),
                    "person": self.person,
                    "state": self.state,
                    "private": self.text.id,
                    "private_version": self.text.version,
                    "seq": record.seq,
                },
            ),
        )
        return operator if self.person is None else (*operator, about(self.text, self.person))


@kind("operator.changed")
class OperatorChanged(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator has other roles, or another scope, from now on. All of both are said."""

    operator: int
    roles: tuple[str, ...]
    scope: tuple[str, ...]

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The operator's new roles and scope."""
        row: Row = {
            "operator": self.operator,
            "roles": " ".join(self.roles),
            "scope": " ".join(self.scope),
            "seq": record.seq,
        }
        return (Upsert("operator", row),)


@kind("operator.retired")
class OperatorRetired(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The operator may ask for nothing any more."""

    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The operator, retired."""
        return (Upsert("operator", {"operator": self.operator, "state": self.state, "seq": record.seq}),)
