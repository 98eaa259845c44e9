"""What became of requests. A request's records and this one are one transaction, so that it is done once or not at all."""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.tables import RowChange, Upsert


@kind("request.accepted")
class RequestAccepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request was carried out by the records from `first` to `last`."""

    request: str
    request_kind: str
    dashboard: str
    operator: int
    first: int
    last: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The stored reply."""
        return (
            Upsert(
                "request",
                {
                    "request": self.request,
                    "request_kind": self.request_kind,
                    "dashboard": self.dashboard,
                    "operator": self.operator,
                    "code": None,
                    "first_seq": self.first,
                    "last_seq": self.last,
                    "at": record.at,
                },
            ),
        )


@kind("request.refused")
class RequestRefused(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A trusted dashboard's request was refused; `code` says what is missing."""

    request: str
    request_kind: str
    dashboard: str
    operator: int
    code: str
    place: str
    """The field or rule that refused it, for the reader: `body.until_at`."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The stored reply."""
        return (
            Upsert(
                "request",
                {
                    "request": self.request,
                    "request_kind": self.request_kind,
                    "dashboard": self.dashboard,
                    "operator": self.operator,
                    "code": self.code,
                    "first_seq": record.seq,
                    "last_seq": record.seq,
                    "at": record.at,
                },
            ),
        )


@kind("requests.rejected")
class RequestsRejected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests that no trusted dashboard signed, and checkpoints said to be ours; counted: a flood must not fill the ledger."""

    code: str
    count: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing."""
        return ()
