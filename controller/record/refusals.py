"""Refusal codes: the same in the ledger, on the wire, in `--json` and in the documentation.

A code is the noun of what is missing. How people read it is in `words.toml`; the door shows even less.
"""

from enum import StrEnum


class Code(StrEnum):
    """What is missing for a tap or a request to be allowed."""

    # the card
    CARD = "card"
    """The card was torn away, or could not be read to the end."""
    IDENTITY = "identity"
    """The card says another number each time (random UID): it identifies nobody."""
    PERSONALISATION = "personalisation"
    """The card still has the factory key, or an empty one."""
    PROOF = "proof"
    """The card names a badge but has not its key: a copy, or another site's card."""
    ASSURANCE = "assurance"
    """The badge proved less than the zone takes."""

    # the person and the badge
    ENROLMENT = "enrolment"
    """No badge is known by this credential."""
    ACTIVE_BADGE = "active_badge"
    """The badge was lost or retired."""
    ACTIVE_PERSON = "active_person"
    """The person is suspended or has left (C7.4)."""

    # the right
    RIGHT = "right"
    """The person has no right to this zone (C7.1)."""
    APPROVAL = "approval"
    """There is a right, but nobody has approved it yet (C7.3)."""
    REVIEW = "review"
    """There is a right, but nobody reviewed it in time (C7.4)."""
    VALIDITY = "validity"
    """The right begins later, or has ended."""
    SCHEDULE = "schedule"
    """The right does not hold at this hour of this day."""
    ESCORT = "escort"
    """The right opens only together with an escort (C7.7)."""

    # where the person is
    EXIT = "exit"
    """By the records the person is elsewhere: an exit or an entry is missing between then and now (anti-passback)."""
    ROOM = "room"
    """As many are inside as the zone takes."""

    # what the zone requires of people
    PLEDGE = "pledge"
    """A pledge of secrecy that the zone requires is not signed, not in its present text, or has ended (C7.6)."""
    TRAINING = "training"
    """A course that the zone requires was not attended, or too long ago (C5.1)."""
    # the second factor
    PIN = "pin"
    """The portal asks for a PIN, and none was typed in time, a wrong one, or the person has none."""
    PIN_LOCKOUT = "pin_lockout"
    """Too many wrong PINs in a row: the end of the lock-out is missing."""

    # what is carried
    ASSESSMENT = "assessment"
    """The company that carries is not assessed, or its assessment has ended (C8.6)."""
    PACKING = "packing"
    """Nobody said that it is packed so that nothing inside is seen (C8.6)."""
    SEAL = "seal"
    """There is no seal, or one twice (C8.6)."""

    # the site
    LOCKDOWN = "lockdown"
    """The zone, or the whole site, is locked down."""
    CLOSING = "closing"
    """Somebody else has the container open: it is to be shut first (C8.1)."""
    INTERLOCK = "interlock"
    """A portal with which this one is interlocked is not shut and locked."""
    EVACUATION = "evacuation"
    """The zone, or the whole site, is being evacuated."""
    CLOCK = "clock"
    """The controller does not trust its clock."""
    PART = "part"
    """A part that is needed does not answer."""
    INTERNAL = "internal"
    """An input of this shape stopped the controller before; it is not tried again."""
    BUSY = "busy"
    """More came than could be taken in."""

    # stations
    NOTHING_WAITS = "nothing_waits"
    """Nobody has begun anything at the station that this badge or thing is asked for."""
    # what is taken out
    PLACE = "place"
    """It may not be handled there (C8.5)."""

    # keys
    KEY = "key"
    """The key is not where it could be lent from: lent, missing, lost, sealed, or not to be trusted (C8.2)."""
    RESERVATION = "reservation"
    """Somebody else has reserved it for this time."""
    ALLOWANCE = "allowance"
    """The person has as many keys as they may have."""
    AUTHORISER = "authoriser"
    """Not enough others have agreed to the loan yet."""
    KEEPER = "keeper"
    """Only who answers for the place may do this."""

    # requests
    SIGNATURE = "signature"
    """Unsigned, signed by a key that was never trusted or is revoked, or not whole."""
    FORM = "form"
    """Not a request of a known kind and form."""
    FRESHNESS = "freshness"
    """Expired, or from the future."""
    OPERATOR = "operator"
    """No such operator, or no longer active."""
    ROLE = "role"
    """The operator's role does not allow this."""
    SCOPE = "scope"
    """The operator's scope does not include this zone."""
    SECOND_PERSON = "second_person"
    """A different person has to do this (C7.3)."""
    PURPOSE = "purpose"
    """A right without purpose or end is refused (C7.1)."""
    SUBJECT = "subject"
    """What the request is about does not exist, or is not in a state that allows it."""
    EMPTINESS = "emptiness"
    """The container still holds something: it has to be empty first."""

    # combinations
    CUSTODIAN = "custodian"
    """The custodian of the lock has to do this, in person (C8.3)."""
    SECRECY = "secrecy"
    """The text looks like the number of a lock, and that is written nowhere."""
    ENVELOPE = "envelope"
    """The seal named is not that of the envelope on record, or not another one."""
