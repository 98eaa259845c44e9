"""Transports (C8.6, C8.14): one table of states, and what each step asks for.

Theory. An order is asked for by one person, approved by another who answers for the place, packed and sealed, handed to the
carrier, handed over again where it arrives, and ends with the receipt at the manager. What is carried never changes after the
order: both sides of both handovers (`handover.py`) confirm the same hash. Four parts are played by four people: the one who
approves, the sender's side, the carrier, the recipient; nobody plays two of them. Who cannot be told from another is refused.

A carrier is a person with a right in force to the place it comes from, or a company in force (`carrier.py`): when it is
ordered, when it is approved, and again at the moment at which it is handed out. The steps are in `carrying.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from controller.record.asks.transport import SealAsked
from controller.record.kinds.transport import CARRIER, RECIPIENT, SENDER
from controller.record.refusals import Code
from controller.rules.outcome import Refusal

STEPS: Mapping[tuple[str, str], str] = {
    ("ordered", "approve"): "approved",
    ("ordered", "decline"): "declined",
    ("ordered", "cancel"): "cancelled",
    ("approved", "pack"): "packed",
    ("approved", "cancel"): "cancelled",
    ("packed", "pack"): "packed",
    ("packed", "confirm"): "packed",
    ("packed", "dispatch"): "dispatched",
    ("packed", "cancel"): "cancelled",
    ("dispatched", "arrive"): "arrived",
    ("dispatched", "lose"): "lost",
    ("arrived", "confirm"): "arrived",
    ("arrived", "deliver"): "delivered",
    ("arrived", "lose"): "lost",
    ("lost", "arrive"): "arrived",
    ("delivered", "receive"): "received",
}
"""From state and step to the next state. What is not here is refused."""

STATES = tuple(dict.fromkeys(state for (before, _), after in STEPS.items() for state in (before, after)))
ACTS = tuple(dict.fromkeys(act for _, act in STEPS))

APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A side that has confirmed: who, or whose link it was."""

    person: int | None
    issuer: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A transport as recorded. Of `confirmed`, only what counts for its present packing; by stage and side."""

    transport: int
    state: str
    from_place: str
    to_place: str
    person: int | None
    carrier: int | None
    recipient: int | None
    contents_sha256: str
    packing: int
    arrive_by: str
    receipt_by: str
    requested_by: int
    orderer: int | None
    approver: int | None = None
    packer: int | None = None
    arriver: int | None = None
    """Who recorded that it came."""
    delivered_to: int | None = None
    delivered_at: str = ""
    seals: tuple[str, ...] = ()
    confirmed: Mapping[tuple[str, str], Confirmed] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be known of a person at a place: whether they have not left and are not suspended, and may be there."""

    person: int | None
    present: bool
    entitled: bool
    """A right in force to the place, not only with an escort; or its keeper."""

    @property
    def stands(self) -> bool:
        """Whether this is somebody who may be there."""
        return self.person is not None and self.present and self.entitled


def after(state: str, act: str) -> str | Refusal:
    """The state behind a step."""
    return STEPS.get((state, act)) or Refusal(Code.SUBJECT, "transport.state")


def parts(order: Order) -> dict[str, frozenset[int]]:
    """Who plays which part, as far as it is known."""
    said = {side: {one.person} for (_, side), one in order.confirmed.items() if side != CARRIER}
    found: dict[str, set[int | None]] = {
        APPROVER: {order.approver},
        CARRIER: {order.person},
        SENDER: {order.packer} | said.get(SENDER, set()),
        RECIPIENT: {order.recipient} | said.get(RECIPIENT, set()),
    }
    return {part: frozenset(one for one in people if one is not None) for part, people in found.items()}


def apart(order: Order, part: str, person: int | None) -> Refusal | None:
    """Whether this person may play the part: somebody known, who plays no other; None: yes."""
    if person is None:
        return Refusal(Code.SECOND_PERSON, "operator.person")
    for other, people in parts(order).items():
        if other != part and person in people:
            return Refusal(Code.SECOND_PERSON, f"transport.{other}")
    return None


def unsealed(seals: Sequence[SealAsked]) -> Refusal | None:
    """Whether there is a seal, and none twice; None: so it is."""
    numbers = [one.seal for one in seals]
    return None if numbers and len(set(numbers)) == len(numbers) else Refusal(Code.SEAL, "body.seals")
