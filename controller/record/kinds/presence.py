"""Presence: who is where since when, and since when that is not certain any more (C8.9).

A person has moved when the leaf opened for them, and not when they tapped. What makes a zone's presence doubtful (an exit by
the button, a forced door, a restart) is one record for the zone and not one for each person: whoever was last seen there
before it is uncertain, whoever taps after it is certain again.
"""

import msgspec

from controller.record.envelope import Record, kind
from controller.record.kinds.person import about
from controller.record.private import PrivateRef
from controller.record.tables import Row, RowChange, Upsert

EVERYWHERE = "*"
"""The zone of a doubt that concerns everybody, also those who were last seen going out."""

DOUBTS = ("button", "released", "forced", "held", "standing", "restart", "outage")
"""Why presence is uncertain: somebody left by the button, or with a badge that proved nobody; an operator let somebody pass;
the leaf was forced, or stood open for too long; the portal stood unlocked; the controller was not there; nothing could be
recorded.
"""


def whereabouts(
    record: Record, person: int, zone: str, *, portal: str, source: str, certain: bool = True, since: str = ""
) -> Upsert:
    """Where a person is from a record on; all that was known before is replaced."""
    row: Row = {
        "person": person,
        "zone": zone,
        "since": since or record.at,
        "certain": int(certain),
        "source": source,
        "portal": portal,
        "pardon_until": None,
        "seq": record.seq,
    }
    return Upsert("presence", row)


@kind("presence.moved", passing=True)
class PresenceMoved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person went from `from_zone` into `zone` (empty: outside), as the portal's leaf opened for them."""

    person: int
    from_zone: str
    zone: str
    portal: str
    release: int
    """`seq` of the record that let them pass; 0 where the portal stood open and nothing had to be released."""
    certain: bool
    """Whether the leaf was seen to open. Not so when the controller ended between the release and that."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where the person is now."""
        return (whereabouts(record, self.person, self.zone, portal=self.portal, source="tap", certain=self.certain),)


@kind("presence.doubted", passing=True)
class PresenceDoubted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whoever was last seen in `zone` (`*`: anywhere) before this may be elsewhere; `reason` is one of `DOUBTS`."""

    zone: str
    portal: str
    """Where somebody may have passed; empty for none in particular."""
    reason: str
    standing: bool
    """Whether people may pass unseen until further notice."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The newest doubt of this zone by this portal."""
        row: Row = {
            "zone": self.zone,
            "portal": self.portal,
            "reason": self.reason,
            "standing": int(self.standing),
            "at": record.at,
            "seq": record.seq,
        }
        return (Upsert("presence_doubt", row),)


@kind("presence.violated")
class PresenceViolated(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A badge came in that by the records could not be there (soft anti-passback): the door opened, somebody should look."""

    person: int
    badge: int
    portal: str
    zone: str
    from_zone: str
    """Where the records had the person; empty for outside."""
    certain: bool
    """Whether that was certain; if not, it may be our own fault."""

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Nothing: where the person is, the opened leaf will tell."""
        return ()


@kind("presence.corrected")
class PresenceCorrected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An operator (0: somebody at the console) says where a person is: in `zone`, empty for outside."""

    person: int
    from_zone: str | None
    """Where the records had them; None for nowhere."""
    zone: str
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """Where the person is, by hand."""
        return (
            whereabouts(record, self.person, self.zone, portal="", source="hand"),
            about(self.reason, self.person),
        )


@kind("presence.forgiven")
class PresenceForgiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Until `until_at`, or until they have passed, no anti-passback keeps this person out."""

    person: int
    until_at: str
    operator: int
    reason: PrivateRef

    def rows(self, record: Record) -> tuple[RowChange, ...]:
        """The pardon; where the person is stays as it was."""
        return (
            Upsert("presence", {"person": self.person, "pardon_until": self.until_at}),
            about(self.reason, self.person),
        )
