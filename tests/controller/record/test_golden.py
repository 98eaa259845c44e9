"""The bytes of every kind of record, and the rows they fold into, as committed files.

A ledger outlives the program: a change here is a new version of the kind, never a new golden. For a kind that is new, write an
example below and run once with SEKIMORI_WRITE_GOLDEN=1; a golden that exists is never overwritten.
"""

import os
from pathlib import Path

import msgspec
import pytest

from controller.ledger.examination import record_fault
from controller.record.envelope import (
    KINDS,
    LARGEST_RECORD,
    MalformedRecord,
    Record,
    Unknown,
    decode,
    encode,
    kind_of,
)
from controller.record.kinds import (
    asset,
    badge,
    cabinet,
    calendar,
    carrier,
    change,
    clock,
    combination,
    condition,
    confirmation,
    container,
    container_use,
    custody,
    disk,
    disposal,
    door,
    due,
    entry,
    evacuation,
    group,
    handout,
    input,
    interlock,
    keeper,
    key,
    key_audit,
    key_loan,
    knower,
    label,
    membership,
    noted,
    party,
    person,
    pin,
    posture,
    presence,
    request,
    retention,
    review,
    right,
    site,
    start,
    station,
    sticker,
    tether,
    tether_round,
    thing,
    transport,
    trust,
)
from controller.record.private import PrivateRef
from controller.record.projection import project
from controller.record.tables import FOLD_VERSION

GOLDEN = Path(__file__).with_name("golden")
WRITE = os.environ.get("SEKIMORI_WRITE_GOLDEN") == "1"

REF = PrivateRef("person-14", 2, "ab" * 32)
EXAMPLES: list[msgspec.Struct] = [
    site.LedgerOpened("works", 1, ""),
    site.ControllerStarted("0.1.0", "boot-1"),
    site.ControllerStopped("boot-1"),
    site.SiteConfiguredBefore(
        "works",
        "試験工場",
        "Test works",
        "Asia/Tokyo",
        (site.ZoneSetBefore("lab", "試作室", "Prototype lab", 2),),
        (site.PortalSetBefore("lab-door", "扉", "Lab door", "lab", "", (site.ReaderSet("lab-door/in", "in"),)),),
        (site.ScheduleSet("office", "業務時間", "Office hours", "mon-fri 08:00-19:00"),),
        (("zone", "old"),),
    ),
    site.SiteConfiguredWithoutStations(
        "works",
        "試験工場",
        "Test works",
        "Asia/Tokyo",
        (site.ZoneSet("lab", "試作室", "Prototype lab", 2, ("pledge:nda", "training:induction"), "lobby", 12, True),),
        (site.PortalSet("lab-door", "扉", "Lab door", "lab", "", (site.ReaderSet("lab-door/in", "in"),), ("front",)),),
        (site.ScheduleSet("office", "業務時間", "Office hours", "mon-fri 08:00-19:00"),),
        (("zone", "old"), ("condition", "training:old")),
        (
            site.ConditionSet("pledge:nda", "誓約書", "Pledge", "2026-04", "ab" * 32, 0, ("joining", "leaving")),
            site.ConditionSet("training:induction", "導入教育", "Induction", "", "", 365, ()),
        ),
    ),
    site.SiteConfigured(
        "works",
        "試験工場",
        "Test works",
        "Asia/Tokyo",
        (site.ZoneSet("lab", "試作室", "Prototype lab", 2),),
        (site.PortalSet("lab-door", "扉", "Lab door", "lab", "", (site.ReaderSet("lab-door/in", "in"),)),),
        (site.ScheduleSet("office", "業務時間", "Office hours", "mon-fri 08:00-19:00"),),
        (("station", "old"), ("tether", "old-wire")),
        (),
        (station.StationSet("desk", "受付", "Desk", "lab", 2, True, "nfc+usb:"),),
        (tether.TetherSet("pc-1", "測定用PC", "Measuring PC", "lab", "gpio:5"),),
        (cabinet.CabinetSet("main", "鍵箱", "Key cabinet", "lab", "desk", 20, (cabinet.SlotSet(7, True),)),),
    ),
    station.StationRefused("desk", "lab", "nothing_waits", "station", "cd" * 32, "07:08", 14, 15, "", 2, 1),
    tether.TetherObserved("pc-1", "lab"),
    tether.TetherCut("pc-1", "lab"),
    tether.TetherRestored("pc-1", "lab"),
    tether_round.TetherRegistered(3, "pc-12", "lab", 365, REF, 1, "2027-11-22T00:05:05.123456Z", "registered"),
    tether_round.TetherRetired(3, "lab", 1, REF, "retired"),
    tether_round.TetherRoundBegun(7, "lab", 1, (3, 4), "open"),
    tether_round.TetherChecked(7, 3, "lab", "ok", None, 1, "2027-11-22T00:05:05.123456Z"),
    tether_round.TetherDeviated(7, 4, "lab", "missing", REF, 1, "2026-11-29T00:05:05.123456Z"),
    tether_round.TetherRoundEnded(7, "lab", 1, 1, 1, 0, 0, "ended"),
    container_use.ContainerOpened("vault", "vault-door", 14, (14, 15), "entry", 41),
    container_use.ContainerClosed("vault", "vault-door", 14, 42, "closed"),
    site.LedgerReopened("works", 2, "sekimori/works/1\n41\nAAAA\n\n— sekimori/works/1 AAAA\n", "lost"),
    site.LedgerRecovered(40, 41, 1, "0011223344556677", "sekimori/works/1\n41\nAAAA\n\n— sekimori/works/1 AAAA\n"),
    site.PartFailed("gpio:17", "silent"),
    site.PartRecovered("gpio:17"),
    site.InputsDropped("CredentialPresented", 12),
    calendar.CalendarConfigured(
        "JP",
        ("2026-12-30",),
        (calendar.DaySet("2026-12-29", "*", "08:30-12:00", "半日", "Half-day"),),
        (calendar.UnlockingSet("lab-door", "office", True, False),),
        (("2026-08-13", "office"),),
        ("old-door",),
    ),
    calendar.SpecialDayRequested(3, "2026-12-05", "office", "09:00-15:00", REF, 2, "requested"),
    calendar.SpecialDaySet(4, "2026-12-28", "*", "-", REF, 2, "set"),
    calendar.SpecialDayApproved(3, "2026-12-05", "office", "09:00-15:00", 5, "set"),
    calendar.SpecialDayDeclined(3, 5, "declined"),
    calendar.SpecialDayCleared(4, 2, "cleared"),
    evacuation.EvacuationBegun("*", "operator", 2, REF),
    evacuation.EvacuationEnded("*", 2, REF),
    clock.ClockDoubted("jump", -1209600, "2026-11-21T23:05:05.123456Z"),
    clock.ClockTrusted("synced"),
    clock.ClockConfirmed("2026-11-21T23:05:05.123456Z"),
    disk.DiskRecovered("full", "2026-11-21T23:05:05.123456Z", 3, 1, 2, ("lab-door",)),
    disk.LedgerSalvaged("malformed", 41, "damaged/20261122T000505Z"),
    input.InputPoisoned("ab" * 32, "tap", "lab-door/in", "0.1.0"),
    input.InputForgiven("ab" * 32, "console"),
    due.DueReached(
        "combination", 7, "escalated", "2026-11-20T15:00:00.000000Z", "lab", 14, 2, "2026-11-23T23:00:00.000000Z"
    ),
    due.DueCorrected("loan", 3, "", "2026-11-24T08:30:00.000000Z", "", None, 0, "2026-11-24T08:00:00.000000Z"),
    door.DoorObserved("lab-door", "secure"),
    door.DoorOpened("lab-door", 41, "entry", "open"),
    door.DoorClosed("lab-door", "secure"),
    door.DoorHeld("lab-door", "held", 20),
    door.DoorForced("lab-door", "forced"),
    door.ExitRequested("lab-door", "proof", "07:08", None, None, "released", 5),
    door.PortalReleased("lab-door", 2, REF, "released", 5),
    door.ReleaseAbandoned("lab-door", 41),
    entry.EntryGranted("lab-door", "in", "lab", 14, 15, 16, 2, "released", 5),
    entry.EntryGrantedByPin("lab-door", "in", "lab", 14, 15, 16, 2, "released", 5, 3),
    entry.EntryRefusedBefore("lab-door", "in", "lab", "schedule", "cd" * 32, "07:08", 14, 15, 2),
    entry.EntryRefused("lab-door", "in", "lab", "pledge", "cd" * 32, "07:08", 14, 15, 2, "pledge.nda.version"),
    entry.EntryAbandoned("lab-door", 41, "secure"),
    interlock.InterlockBroken("lab-door", "front", "open"),
    group.GroupCreated(17, REF, 1, "active"),
    group.GroupRenamed(17, REF, 1),
    group.GroupClosed(17, 1, "closed"),
    membership.MembershipRequested(18, 17, 14, REF, 1, "requested"),
    membership.MembershipApproved(18, 2, "active", ("leaving",)),
    membership.MembershipDeclined(18, 2, "declined"),
    membership.MembershipEnded(18, 1, "ended"),
    party.EntryAwaited("lab-door", "in", "lab", "escort", 14, 15, 2, 1, "2026-11-22T00:05:20.123456Z"),
    party.PartyEntered("lab-door", "lab", (14, 17), 0),
    party.EscortBegun("lab-door", "lab", 14, 17),
    party.EscortEnded("lab", 14, 17),
    party.ZoneViolated("lab", 14, "escort", 17),
    party.ZoneRestored("lab", 14, "escort"),
    person.PersonRegistered(14, REF, "active"),
    person.PersonChanged(14, REF, "2027-03-31", "2027-03-31T15:00:00.000000Z", "operator:2"),
    person.PersonLeft(14, "operator:2", "left"),
    person.PersonSuspended(14, "suspended", REF),
    person.PersonReinstated(14, "active", REF),
    person.PersonErased(14, "asked", "erased"),
    badge.EnrolmentOpened("lab-door/in", 14, 2, "2026-11-22T00:06:05.123456Z"),
    badge.EnrolmentClosed("lab-door/in", 14, "time"),
    badge.BadgeEnrolled(15, 14, "lab-door/in", "cd" * 32, 2, "07:08", "active", True),
    badge.BadgeRetired(15, "lost"),
    pin.PinSet(14, 3, "lab-door/in", "set"),
    pin.PinCleared(14, 3, "cleared"),
    pin.PinMissed(14, "lab-door", 2),
    pin.PinRecovered(14, "lab-door"),
    pin.PinLocked(14, "lab-door", 5, "2026-11-22T00:20:05.123456Z"),
    pin.PinUnlocked(14, 2),
    pin.PinDuress(14, "lab-door", "lab-door/in"),
    pin.PinEnrolmentOpened("lab-door/in", 14, 2, "2026-11-22T00:08:05.123456Z"),
    pin.PinEnrolmentClosed("lab-door/in", 14, "time"),
    right.PersonRightRequested(
        16, 14, "lab", "office", "2026-11-22T00:00:00.000000Z", "2027-03-31T14:59:59.999999Z", REF, 1, "requested"
    ),
    right.RightRequested(
        16,
        14,
        "lab",
        "office",
        "2026-11-22T00:00:00.000000Z",
        "2027-03-31T14:59:59.999999Z",
        REF,
        1,
        "requested",
        None,
        "escorted",
    ),
    right.RightApprovedBefore(16, 2, "active"),
    right.RightApproved(16, 2, "active", ("lost_badge", "pledge:nda")),
    right.RightDeclined(16, 2, "declined"),
    right.RightRevoked(16, 1, "revoked"),
    condition.PledgeSigned(
        17, 14, "nda", "2026-04", "ab" * 32, "2026-11-22", "joining", "2027-11-22T15:00:00.000000Z", 2, REF, "recorded"
    ),
    condition.PledgeWithdrawn(17, 14, "pledge:nda", 2, REF, "withdrawn"),
    condition.TrainingCompleted(18, 14, "induction", "2026-11-22", None, 2, None, "recorded"),
    condition.TrainingWithdrawn(18, 14, "training:induction", 2, REF, "withdrawn"),
    review.ReviewOpened(3, ("lab", "vault"), "2027-01-31", "2027-01-31T15:00:00.000000Z", 2, "open"),
    review.ReviewClosed(3, "closed"),
    review.RightKept(16, 3, 4, "narrow", "office", "2027-01-31T14:59:59.999999Z", "active"),
    review.RightSuspended(16, 3, "suspended"),
    combination.CombinationRegistered(
        3, REF, "safe-a", "dial", 6, 14, "desk", 365, True, 20, "lab", None, None, 2, "in_service"
    ),
    combination.CombinationAppointed(3, 15, "safe-a", "2027-11-23T15:00:00.000000Z", 2),
    combination.CombinationRelocated(3, "safe-b", "desk", 14, "2027-11-23T15:00:00.000000Z", 2),
    combination.CombinationRetired(3, 2, REF, "retiring"),
    combination.CombinationReported(3, "leak", 5, REF),
    combination.CombinationManagerNoted(3, 20),
    knower.KnowerAdded(8, 3, 17, 14, 2, "knows"),
    knower.KnowerRemoved(8, 17, "right", 0, "removed"),
    change.ChangeRequired(
        4, 3, (change.Reason("knower_removed", 17),), "2026-12-01T15:00:00.000000Z", "safe-a", 14, 20, "lab", True, "open"
    ),
    change.ChangeJoined(
        4, 3, (change.Reason("leak"),), "2026-11-25T15:00:00.000000Z", "safe-a", 14, 20, "lab", True, "open"
    ),
    change.ChangePlanned(4, 3, 14, 16, (17, 18), (19,), 2, "planned"),
    change.ChangeCalled(4, "desk", 14, 16, "2026-11-22T00:07:05.123456Z", 2),
    confirmation.ChangeBegun(4, "desk", 14, 15, 16, 21, "begun", "running"),
    confirmation.ChangeResumed(4, "desk", 14, 15, 16, 21, "tried", "running"),
    change.CombinationDrawn(4, 14, 2, "drawn"),
    confirmation.NumberSet(4, "desk", 14, 15, "set", "drawn"),
    confirmation.NumberTried(4, "desk", 14, 15, "tried"),
    confirmation.NumberWitnessed(4, "desk", 16, 21, "witnessed"),
    confirmation.OldNumberDead(4, "desk", 14, 15, 16, 21, True, True, "dead"),
    confirmation.KnowerConfirmed(4, "desk", 17, 22, "confirmed"),
    confirmation.ConfirmationRefused(4, "desk", 14, 23, "second_person"),
    change.ChangeBrokenOff(4, "active_person", 2, REF, "", (17,), "open"),
    change.EnvelopeListed(4, 3, "S-0001", "S-0002", 2),
    change.CombinationChanged(
        4, 3, "safe-a", 14, 16, (change.Known(7, 14, 14, None), change.Known(8, 17, 14, "2026-11-22T00:05:05.123456Z")), (9,),
        "2027-11-23T15:00:00.000000Z", "in_service", "done",
    ),
    request.RequestAccepted("01JD0000000000000000000000", "right.approve", "0011223344556677", 2, 40, 41),
    request.RequestRefused(
        "01JD0000000000000000000000", "right.approve", "0011223344556677", 1, "second_person", "right.requested_by"
    ),
    request.RequestsRejected("signature", 99),
    trust.SiteRekeyed("sekimori-key-1.AAAA", "sekimori-key-1.BBBB", "ef" * 64, False),
    trust.DashboardTrusted("0011223344556677", "sekimori-key-1.AAAA", "trusted"),
    trust.DashboardRevoked("0011223344556677", "revoked"),
    trust.OperatorRegistered(2, ("manager", "guard"), ("lab", "vault"), 14, REF, "active"),
    trust.OperatorChanged(2, ("guard",), ("*",)),
    trust.OperatorRetired(2, "retired"),
    posture.PortalUnlocked("lab-door", "schedule", "2026-11-24T10:00:00.000000Z", "standing"),
    posture.PortalLocked("lab-door", "schedule", "secure"),
    posture.ZoneOpened("lab", 14, "2026-11-24T10:00:00.000000Z"),
    posture.ZoneEmptied("lab"),
    posture.PortalOverridden("lab-door", "open", "2026-11-24T10:00:00.000000Z", 2, REF),
    posture.OverrideEnded("lab-door", None),
    posture.LockdownBegun("lab", 2, REF),
    posture.LockdownEnded("lab", 2, REF),
    noted.EntryNoted(3, 14, "lab-door", "in", "lab", "2026-11-22T00:05:00.000000Z", 2, REF, "noted"),
    noted.EntryConfirmed(3, 14, "lab-door", "in", "lab", "2026-11-22T00:05:00.000000Z", 2, 1, True, True, "confirmed"),
    noted.EntryDeclined(3, 14, 1, "declined"),
    presence.PresenceMoved(14, "lobby", "lab", "lab-door", 41, True),
    presence.PresenceDoubted("lab", "lab-door", "button", False),
    presence.PresenceViolated(14, 15, "lab-door", "lab", "lab", True),
    presence.PresenceCorrected(14, "lab", "", 2, REF),
    presence.PresenceForgiven(14, "2026-11-24T10:00:00.000000Z", 2, REF),
    retention.RecordsDropped(1, 256, ("door.closed", "entry.granted"), (41,), 2, "ab" * 32),
    container.ContainerRegistered("safe-a", "safe", "vault", "combination", REF, 2, "in_use"),
    container.ContainerMoved("safe-a", "vault", "lab", 2, REF),
    container.ContainerRetired("safe-a", "lab", 2, REF, "retired", 4),
    keeper.KeeperProposed(4, "vault", 14, 17, 1, "requested"),
    keeper.KeeperAppointed(4, "vault", 14, 17, 2, "active", 3, 11, None),
    keeper.KeeperDeclined(4, 2, "declined"),
    keeper.KeeperEnded("vault:manager:4", "vault", 14, 2, "ended"),
    asset.AssetRegistered(
        12, "top_secret", "concerned", "safe-a", ("least_assurance:aes", "pledge:nda"), ("vault", "lab"), ("personal",),
        "2031-03-31", "2031-03-31T15:00:00.000000Z", "2026-11-22", REF, 2, "held",
    ),
    asset.AssetChanged(12, "secret", "", "vault", ("no_carry_in",), (), (), None, None, "2026-11-22", REF, 2, "held"),
    asset.AssetWithdrawn(12, "vault", "disposed", 2, "withdrawn"),
    label.LabelPrinted(5, "safe-a", "sheet_3x8", 24, "ja", "top_secret", 14, 17, 2),
    carrier.CarrierRegistered(5, REF, 2, "active"),
    carrier.CarrierAssessed(6, 5, "2026-11-20", "2027-11-20T15:00:00.000000Z", "ab" * 32, 2, "requested"),
    carrier.CarrierApproved(6, 5, "2027-11-20T15:00:00.000000Z", "2027-03-31T15:00:00.000000Z", 3, "active"),
    carrier.CarrierDeclined(6, 5, 3, "declined"),
    carrier.CarrierPledged(
        5, "2026-04", "ab" * 32, "2026-11-20", "2027-03-31T15:00:00.000000Z", "2027-03-31T15:00:00.000000Z", 2
    ),
    carrier.CarrierWithdrawn(5, 2, REF, "withdrawn"),
    transport.TransportOrdered(
        7, "lab", "vault", 14, None, 15, (transport.Content("asset:3", 2), transport.Content("", 1)), "ab" * 32, REF,
        "2026-11-23T00:00:00.000000Z", "2026-11-24T00:00:00.000000Z", "2026-11-30T00:00:00.000000Z", 2, "ordered",
    ),
    transport.TransportApproved(7, "lab", 3, "approved"),
    transport.TransportDeclined(7, "lab", 3, "declined"),
    transport.TransportPacked(
        7, "lab", 1, 16, 2, (transport.Seal("A-1001"), transport.Seal("A-1002")), ("cd" * 32,), True, "packed"
    ),
    transport.TransportLinked(
        7, "lab", 1, "arrival", "recipient", "ab" * 32, "2026-11-30T00:00:00.000000Z", 2, "open"
    ),
    transport.TransportConfirmed(
        7, "lab", 1, "dispatch", "carrier", 14, "badge", None, "lab-desk", "ab" * 32, "packed"
    ),
    transport.TransportDispatched(7, "lab", "vault", 14, None, "2026-11-24T00:00:00.000000Z", "dispatched"),
    transport.TransportArrived(
        7, "lab", 1, 15, "request", 4, (transport.Seal("A-1001"),), ("cd" * 32,), "arrived", "2026-11-24T00:00:00.000000Z"
    ),
    transport.TransportSealDiffers(7, "lab", 1, "A-1002", "missing", 15),
    transport.TransportDelivered(7, "lab", 15, "2026-11-30T00:00:00.000000Z", "delivered"),
    transport.TransportReceived(7, "lab", 15, "2026-11-24T01:00:00.000000Z", "", 3, "received"),
    transport.TransportCancelled(7, "lab", 2, REF, "cancelled"),
    transport.TransportLost(7, "lab", 2, REF, "lost"),
    transport.TransportRecalled(7, 14),
    key.KeyRegistered(
        key=12,
        label="K-12",
        text=REF,
        opens="vault",
        home="lobby",
        cabinet="box",
        slot=7,
        ring=10,
        copy_of=0,
        authorisers=1,
        due_minutes=480,
        due_time="17:30",
        most=2,
        stays_in="works",
        operator=2,
        state="in_place",
    ),
    key.KeyChanged(
        key=12,
        label="K-12",
        text=REF,
        opens="vault",
        home="lobby",
        cabinet="box",
        slot=7,
        ring=10,
        copy_of=0,
        authorisers=1,
        due_minutes=480,
        due_time="17:30",
        most=2,
        stays_in="works",
        operator=2,
        state="in_place",
    ),
    key.KeyMissing((12, 13), "vault", "box", 7, "missing"),
    key.KeyMisplaced((12, 13), "vault", "box", 8, "misplaced"),
    key.KeyReplaced((12, 13), None, "in_place"),
    key.KeyLost(12, "vault", 31, True, 14, 2, REF, "2026-12-01T00:05:05.123456Z", "lost"),
    key.KeyFound(12, 14, 15, 2, "suspect"),
    key.KeyLockChanged(12, "V-2", 19, 2, "retired"),
    key.KeyRetired(12, 2, REF, "retired"),
    cabinet.CabinetSignedIn("main", "lab", 14, 15, "2026-11-24T01:00:30.000000Z"),
    cabinet.CabinetKeyChosen("main", "lab", 14, 12, 7, 3, (), "2026-11-24T01:00:50.000000Z", "take"),
    cabinet.CabinetRefused("main", "lab", 16, 12, "busy", "cabinet.session"),
    cabinet.CabinetSignedOut("main", "lab", 14, "lent", 12, 7, 3),
    cabinet.CabinetSlotOpened("main", "lab", 9, (12,), 14, 7, "2026-11-24T01:00:50.000000Z"),
    cabinet.CabinetSlotLetGo("main", "lab", 9, (12,), 2, REF),
    cabinet.CabinetStrayFound("main", "lab", 9),
    cabinet.CabinetStrayGone("main", "lab", 9),
    cabinet.KeyCarriedOut("lab-door", "lab", 14, (12,)),
    key.KeySealed(12, "S-0041", "vault", 2, "sealed"),
    key.KeyUnsealed(12, "S-0041", 2, REF, "in_place"),
    key.KeyLimited(14, 3, 2),
    key_loan.KeyAsked(31, 12, (12, 13), "K-12", "vault", 14, REF, 2, 2, "asked"),
    key_loan.KeyAuthorised(31, 16, (15, 16), 3, "asked"),
    key_loan.KeyReleased(
        31,
        12,
        (12, 13),
        "K-12",
        "vault",
        14,
        REF,
        (15, 16),
        "2026-11-24T08:30:00.000000Z",
        None,
        "cabinet",
        0,
        "released",
    ),
    key_loan.KeyLent(
        31, 12, (12, 13), "K-12", "vault", 14, REF, (15, 16), "2026-11-24T08:30:00.000000Z", 2, "hand", 5, "lent"
    ),
    key_loan.KeyCancelled(31, (12, 13), 14, "not_taken", None, "cancelled"),
    key_loan.KeyReturned(31, (12, 13), 14, 15, "hand", 2, "", 0, True, "in_place"),
    key_loan.KeyHandedOver(
        32,
        12,
        (12, 13),
        "K-12",
        "vault",
        14,
        REF,
        (15, 16),
        "2026-11-24T08:30:00.000000Z",
        2,
        "hand",
        0,
        "lent",
        31,
        17,
    ),
    key_loan.KeyRecalled(31, 14),
    key_loan.KeyReserved(
        5, 12, "K-12", "vault", 14, "2026-11-24T08:30:00.000000Z", "2026-11-24T09:30:00.000000Z", REF, 2, "reserved"
    ),
    key_loan.KeyReservationEnded(5, "taken", "ended"),
    key_audit.KeyAuditBegun(6, "lobby", "keeper", True, "2026-12-01T00:05:05.123456Z", 0, "open"),
    key_audit.KeyCounted(6, 12, "in_place", "absent", True, 2),
    key_audit.KeyAuditEnded(6, 10, 9, 1, 3, "ended"),
    custody.CustodyRequested(
        21, 7, 3, "take_off", "usb", "off_site", "vault", 14, 0, "2026-11-24T08:30:00.000000Z", "2026-11-24T08:30:00.000000Z",
        REF, 2, "requested",
    ),
    custody.CustodyApproved(21, 14, 3, "2026-11-24T08:30:00.000000Z", "approved", ("leaving",)),
    custody.CustodyDeclined(21, 14, 3, REF, "declined"),
    custody.CustodyLapsed(21, 14, "validity", "lapsed"),
    custody.CustodyBegun(21, 7, 14, "take_off", "vault", "lobby", "desk", 0, "2026-11-24T08:30:00.000000Z", "open"),
    custody.CustodyExtensionAsked(21, 14, "2026-11-25T08:30:00.000000Z", 2),
    custody.CustodyExtended(21, 14, "vault", "2026-11-25T08:30:00.000000Z", 3),
    custody.CustodyRecalled(21, 14, 2),
    custody.CustodyEnded(21, 7, 14, 15, "returned", "desk", 0, None, REF, "ended"),
    custody.CustodyConfirmed(21, 3),
    handout.CustodyHandedOut(22, 1, 15, None, 14, 2, "out"),
    handout.CustodyCollected(22, 1, "returned", 2, "back"),
    disposal.CustodyDestroyed(23, 7, 14, "crushed", "vault", "2026-11-25T08:30:00.000000Z", 2, "unwitnessed"),
    disposal.CustodyDisposed(23, 7, 3, 14, 15, "crushed", "desk", 0, "ended"),
    thing.ThingRegistered(7, "USB-007", "usb", 3, "vault", ("lab", "off_site"), REF, 2, "active"),
    thing.ThingRetired(7, 2, "lost"),
    sticker.StickerAwaited("desk", "thing:7", 2, "2026-11-22T00:06:05.123456Z"),
    sticker.StickerMissed("desk", "thing:7", "time"),
    sticker.StickerAttached("cd" * 32, "thing:7", "desk", "3A7F", "attached"),
    sticker.StickerDetached("cd" * 32, "thing:7", 2, "detached"),
    sticker.CustodySeen("thing:7", 21, None, "desk", "lobby"),
    sticker.CustodyAstray("thing:7", None, 14, "desk", "lobby"),
    start.StartSingle(1, 1, "single"),
    start.StartReviewed(1, 2, 41, "reviewed"),
]


def name(body: msgspec.Struct) -> str:
    kind, version = kind_of(body)
    return f"{kind}.v{version}"


def record_of(body: msgspec.Struct) -> Record:
    kind, version = kind_of(body)
    return Record(42, "2026-11-22T00:05:05.123456Z", "0123456789abcdef", "synced", kind, version, "controller", body)


def golden(file: str, made: bytes) -> bytes:
    """The committed bytes; written now, if asked for and not there."""
    path = GOLDEN / file
    if WRITE and not path.exists():
        path.write_bytes(made)
    assert path.exists(), f"{file} has no golden; see the top of this file"
    return path.read_bytes()


def test_every_kind_has_an_example_and_every_golden_a_kind() -> None:
    """No kind of record is without its golden bytes, and no golden is left of a kind that is gone."""
    known = {f"{kind}.v{version}" for kind, version in KINDS}

    assert known == {name(body) for body in EXAMPLES}
    if not WRITE:
        assert known | {"rows", "marked"} == {path.stem for path in GOLDEN.glob("*.json")}


@pytest.mark.parametrize("body", EXAMPLES, ids=name)
def test_bytes_do_not_change(body: msgspec.Struct) -> None:
    """The canonical bytes of each kind are those of the committed file, to the byte, and read back as they were."""
    made = encode(record_of(body))

    assert golden(f"{name(body)}.json", made) == made
    assert decode(made) == record_of(body)


def test_a_mark_stands_in_the_bytes_only_where_there_is_one() -> None:
    """A marked record is the unmarked one with one field more, at its sorted place; an empty mark is no second form of it."""
    plain = record_of(trust.OperatorRetired(2, "retired"))
    marked = msgspec.structs.replace(plain, mark=start.ALONE)

    made = encode(marked)

    assert made == golden("marked.json", made) == encode(plain).replace(b',"seq":', b',"mark":"alone","seq":')
    assert decode(made) == marked and decode(encode(plain)).mark == ""
    with pytest.raises(MalformedRecord, match="mark"):
        decode(made.replace(b'"alone"', b'""'))
    assert record_fault(42, made) is None and record_fault(42, encode(plain)) is None
    assert record_fault(42, made.replace(b'"alone"', b'""')) is not None


def test_rows_do_not_change_without_a_new_fold() -> None:
    """A change of what a record folds into comes with a new fold version, so that tables are folded anew."""
    rows = {
        name(body): [
            {type(change).__name__.lower(): [change.table, msgspec.to_builtins(change)]} for change in project(record)
        ]
        for body in EXAMPLES
        for record in [record_of(body)]
    }
    made = msgspec.json.format(msgspec.json.encode({"fold": FOLD_VERSION, "rows": rows}, order="sorted"), indent=1)

    assert golden("rows.json", made).decode() == made.decode()


def test_a_newer_programs_records_survive() -> None:
    """A kind, a version or a body that this program does not know is kept as it is and folds into nothing."""
    data = encode(record_of(person.PersonSuspended(14, "suspended", REF)))
    for stranger in (
        data.replace(b"person.suspended", b"person.levitated"),
        data.replace(b'"v":1', b'"v":2'),
        data.replace(b'"state":"suspended"', b'"state":"suspended","upto":7'),
        data.replace(b'"person":14', b'"person":"fourteen"'),
    ):
        record = decode(stranger)

        assert isinstance(record.body, Unknown)
        assert record.body.raw in stranger
        assert (record.seq, record.by) == (42, "controller")
        assert project(record) == ()


def test_a_record_has_a_bound() -> None:
    """A record beyond the bound is refused where it is made and where it arrives."""
    long = record_of(site.ControllerStarted("0" * LARGEST_RECORD, "b"))

    with pytest.raises(ValueError, match=f"{LARGEST_RECORD} at most"):
        encode(long)
    with pytest.raises(ValueError, match=f"{LARGEST_RECORD} at most"):
        decode(b" " * (LARGEST_RECORD + 1))
