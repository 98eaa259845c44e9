"""Transports: ordered, approved, packed, handed over by two, arrived, handed over by two, receipt (C8.6, C8.14).

What is carried is fixed with the order: its hash is in every confirmation, so that both sides of both handovers have confirmed
the same list. What of it is text (descriptions, an address) is private; the hash covers it by its salted digest.
"""

import msgspec

from controller.record.duty import duty, owed, settled
from controller.record.envelope import Record, kind
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

DISPATCH, ARRIVAL = "dispatch", "arrival"
"""The two handovers."""

SENDER, CARRIER, RECIPIENT = "sender", "carrier", "recipient"
SIDES = {DISPATCH: (SENDER, CARRIER), ARRIVAL: (RECIPIENT, CARRIER)}
"""Who confirms at each."""

BADGE, REQUEST, LINK = "badge", "request", "link"
"""How somebody confirms: with a badge at a station, with a request of their own, by a link sent to who has neither."""


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of what is carried: `what` names it by number (`asset:3`), or is empty where only its description does."""

    what: str
    pieces: int


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One seal: its number, and how that is known: read by people (`number`)."""

    seal: str
    how: str = "number"


class _Of(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    transport: int
    from_place: str
    """Whose keeper answers for it; the ledger finds it by this."""


@kind("transport.ordered")
class TransportOrdered(_Of, frozen=True, forbid_unknown_fields=True):
    """Somebody asked that things be carried: by a person who may (`person`), or by a company (`carrier`)."""

    to_place: str
    """A place of the site; empty: an address, in `text`."""
    person: int | None
    carrier: int | None
    recipient: int | None
    """Who has to receive it; None: whoever may be at `to_place`, or somebody outside."""
    contents: tuple[Content, ...]
    contents_sha256: str
    text: PrivateRef
    """Descriptions line by line, and an address."""
    dispatch_by: str
    arrive_by: str
    receipt_by: str
    requested_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The order with its lines; it has to be on its way in time."""
        row: Row = {
            "transport": self.transport,
            "state": self.state,
            "from_place": self.from_place,
            "to_place": self.to_place,
            "person": self.person,
            "carrier": self.carrier,
            "recipient": self.recipient,
            "private": self.text.id,
            "contents_sha256": self.contents_sha256,
            "packing": 0,
            "differs": 0,
            "dispatch_by": self.dispatch_by,
            "arrive_by": self.arrive_by,
            "receipt_by": self.receipt_by,
            "requested_by": self.requested_by,
            "requested_at": record.at,
            "seq": record.seq,
        }
        lines = tuple(
            Upsert(
                "transport_content",
                {"transport": self.transport, "position": n, "what": one.what, "pieces": one.pieces},
            )
            for n, one in enumerate(self.contents)
        )
        return (Upsert("transport", row), *lines, owed("transport", self.transport, self.dispatch_by, self.from_place))


class _Decided(_Of, frozen=True, forbid_unknown_fields=True):
    decided_by: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The decision."""
        return (_moved(record, self.transport, self.state, decided_by=self.decided_by, decided_at=record.at),)


@kind("transport.approved")
class TransportApproved(_Decided, frozen=True, forbid_unknown_fields=True):
    """Who answers for the place, and neither ordered nor carries it, approved the order."""


@kind("transport.declined")
class TransportDeclined(_Decided, frozen=True, forbid_unknown_fields=True):
    """The order was not approved."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The decision; nothing is owed."""
        return (*super().rows(record), settled("transport", self.transport))


@kind("transport.packed")
class TransportPacked(_Of, frozen=True, forbid_unknown_fields=True):
    """It is packed so that nobody sees what is inside, and sealed. What was confirmed of an earlier packing counts no more."""

    packing: int
    person: int
    operator: int
    seals: tuple[Seal, ...]
    photos: tuple[str, ...]
    """SHA-256 of each photo; the photos are at the dashboard."""
    opaque: bool
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The seals as they were set."""
        row = _moved(
            record, self.transport, self.state, packing=self.packing, packed_by=self.person, packed_at=record.at
        )
        seals = tuple(
            _seal(self.transport, self.packing, one.seal, "set", position=n, how=one.how)
            for n, one in enumerate(self.seals)
        )
        return (row, *seals, *_photos(self.transport, self.packing, DISPATCH, self.photos))


@kind("transport.linked")
class TransportLinked(_Of, frozen=True, forbid_unknown_fields=True):
    """A link was made by which somebody outside can confirm once, in the place of an earlier one. Only its hash is kept."""

    packing: int
    stage: str
    side: str
    token_sha256: str
    until_at: str
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The link."""
        row: Row = {
            "transport": self.transport,
            "stage": self.stage,
            "side": self.side,
            "packing": self.packing,
            "token_sha256": self.token_sha256,
            "until_at": self.until_at,
            "operator": self.operator,
            "state": self.state,
            "seq": record.seq,
        }
        return (Upsert("transport_link", row),)


@kind("transport.confirmed")
class TransportConfirmed(_Of, frozen=True, forbid_unknown_fields=True):
    """One side of a handover confirmed what is handed over."""

    packing: int
    stage: str
    side: str
    person: int | None
    """Who; None by a link, which is whoever was sent it by `operator`."""
    how: str
    operator: int | None
    station: str
    contents_sha256: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The confirmation; a link that was used is used up."""
        key: Row = {"transport": self.transport, "stage": self.stage, "side": self.side}
        row: Row = {
            **key,
            "packing": self.packing,
            "person": self.person,
            "how": self.how,
            "operator": self.operator,
            "station": self.station,
            "contents_sha256": self.contents_sha256,
            "at": record.at,
            "seq": record.seq,
        }
        used = (Upsert("transport_link", {**key, "state": "used", "seq": record.seq}),) if self.how == LINK else ()
        return (Upsert("transport_confirmation", row), _moved(record, self.transport, self.state), *used)


@kind("transport.dispatched")
class TransportDispatched(_Of, frozen=True, forbid_unknown_fields=True):
    """Sender and carrier have both confirmed: it is on its way, and has to arrive in time."""

    to_place: str
    person: int | None
    carrier: int | None
    arrive_by: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The departure; whoever carries it is asked for it."""
        place = self.to_place or self.from_place
        return (
            _moved(record, self.transport, self.state, dispatched_at=record.at),
            owed("transport", self.transport, self.arrive_by, place, self.person),
        )


@kind("transport.arrived")
class TransportArrived(_Of, frozen=True, forbid_unknown_fields=True):
    """It came, with these seals on it. That it is all there is confirmed by two."""

    packing: int
    person: int | None
    how: str
    operator: int | None
    seals: tuple[Seal, ...]
    photos: tuple[str, ...]
    state: str
    due_at: str | None = None
    """When its handover was due, where it had been reported lost; None where that is owed all the while."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The seals as they were seen."""
        seen = tuple(_seal(self.transport, self.packing, one.seal, "intact") for one in self.seals)
        found = () if self.due_at is None else (owed("transport", self.transport, self.due_at, self.from_place),)
        photos = _photos(self.transport, self.packing, ARRIVAL, self.photos)
        moved = _moved(record, self.transport, self.state, arrived_by=self.person, arrived_at=record.at)
        return (moved, *seen, *photos, *found)


@kind("transport.seal_differs")
class TransportSealDiffers(_Of, frozen=True, forbid_unknown_fields=True):
    """A seal is not as it was set: `missing`, `broken`, or one that nobody had set (`unknown`)."""

    packing: int
    seal: str
    found: str
    person: int | None
    """Who saw it; None by a link."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The seal, and that the transport has such a one."""
        differs: Row = {"transport": self.transport, "differs": 1, "seq": record.seq}
        return (_seal(self.transport, self.packing, self.seal, self.found), Upsert("transport", differs))


@kind("transport.delivered")
class TransportDelivered(_Of, frozen=True, forbid_unknown_fields=True):
    """Recipient and carrier have both confirmed. The receipt has to come to the manager in time."""

    recipient: int | None
    """Who received it; None for somebody outside."""
    receipt_by: str
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The delivery; only the receipt is owed."""
        return (
            _moved(record, self.transport, self.state, delivered_to=self.recipient, delivered_at=record.at),
            settled("transport", self.transport),
            owed("receipt", self.transport, self.receipt_by, self.from_place),
        )


@kind("transport.received")
class TransportReceived(_Of, frozen=True, forbid_unknown_fields=True):
    """The receipt (受領証) was handed to the manager, who keeps it. `sha256` is of its scan, or empty."""

    recipient: int | None
    delivered_at: str
    sha256: str
    operator: int
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The end of the transport."""
        row = _moved(
            record,
            self.transport,
            self.state,
            received_by=self.operator,
            received_at=record.at,
            receipt_sha256=self.sha256,
        )
        return (row, settled("receipt", self.transport))


@kind("transport.cancelled")
class TransportCancelled(_Of, frozen=True, forbid_unknown_fields=True):
    """It is not carried: called off before it left."""

    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The end of the transport."""
        row = _moved(
            record, self.transport, self.state, ended_by=self.operator, ended_at=record.at, reason=self.reason.id
        )
        return (row, settled("transport", self.transport))


@kind("transport.recalled")
class TransportRecalled(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Its carrier leaves while it is on its way: it is due at once, and its place's keeper is asked for it (C7.4)."""

    transport: int
    person: int

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """What is owed, due now and told anew; the transport stays as it is."""
        due: Row = {
            "due": duty("transport", self.transport),
            "due_at": record.at,
            "person": None,
            "stage": "",
            "next_at": record.at,
            "reached_at": None,
            "told": 0,
            "seq": 0,
        }
        row: Row = {"transport": self.transport, "arrive_by": record.at, "seq": record.seq}
        return (Upsert("transport", row), Upsert("due", due))


@kind("transport.lost")
class TransportLost(_Of, frozen=True, forbid_unknown_fields=True):
    """Somebody reported that it is lost on the way. Should it still come, it arrives."""

    operator: int
    reason: PrivateRef
    state: str

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The loss. It is an incident now, and no delay."""
        row = _moved(
            record, self.transport, self.state, ended_by=self.operator, ended_at=record.at, reason=self.reason.id
        )
        return (row, settled("transport", self.transport))


def _moved(record: Record, transport: int, state: str, **more: int | str | None) -> Upsert:
    row: Row = {"transport": transport, "state": state, **more, "seq": record.seq}
    return Upsert("transport", row)


def _seal(transport: int, packing: int, seal: str, state: str, **more: int | str) -> Upsert:
    row: Row = {"transport": transport, "packing": packing, "seal": seal, "state": state, **more}
    return Upsert("transport_seal", row)


def _photos(transport: int, packing: int, stage: str, photos: tuple[str, ...]) -> tuple[Upsert, ...]:
    return tuple(
        Upsert(
            "transport_photo",
            {"transport": transport, "packing": packing, "stage": stage, "position": n, "sha256": sha256},
        )
        for n, sha256 in enumerate(photos)
    )
