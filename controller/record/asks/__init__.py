"""What a dashboard may ask for, one module a noun: the bodies of requests. Importing this registers every kind."""

from controller.record.asks import (
    asset,
    cabinet,
    carrier,
    combination,
    container,
    custody,
    keeper,
    key,
    label,
    sticker,
    tether,
    thing,
    transport,
)
from controller.record.asks.badge import EnrolBadge, RetireBadge
from controller.record.asks.condition import CompleteTraining, SignPledge, WithdrawPledge, WithdrawTraining
from controller.record.asks.group import (
    ApproveMembership,
    CloseGroup,
    CreateGroup,
    DeclineMembership,
    EndMembership,
    RenameGroup,
    RequestMembership,
)
from controller.record.asks.importing import ImportPeople
from controller.record.asks.person import (
    ChangePerson,
    ErasePerson,
    LeavePerson,
    RegisterPerson,
    ReinstatePerson,
    SuspendPerson,
)
from controller.record.asks.pin import ClearPin, EnrolPin, UnlockPin
from controller.record.asks.portal import (
    BeginEvacuation,
    BeginLockdown,
    EndEvacuation,
    EndLockdown,
    OverridePortal,
    ReleasePortal,
    ResumePortal,
)
from controller.record.asks.presence import ConfirmEntry, CorrectPresence, DeclineEntry, ForgivePresence, NoteEntry
from controller.record.asks.query import QueryExplain, QueryPrivate, QueryResend
from controller.record.asks.review import KeepRight, OpenReview
from controller.record.asks.right import ApproveRight, DeclineRight, RequestRight, RevokeRight
from controller.record.asks.special_day import ApproveSpecialDay, ClearSpecialDay, DeclineSpecialDay, SetSpecialDay
from controller.record.asks.start import ReviewStart

__all__ = [
    "ApproveMembership",
    "ApproveRight",
    "ApproveSpecialDay",
    "BeginEvacuation",
    "BeginLockdown",
    "ChangePerson",
    "ClearPin",
    "ClearSpecialDay",
    "CloseGroup",
    "CompleteTraining",
    "ConfirmEntry",
    "CorrectPresence",
    "CreateGroup",
    "DeclineEntry",
    "DeclineMembership",
    "DeclineRight",
    "DeclineSpecialDay",
    "EndEvacuation",
    "EndLockdown",
    "EndMembership",
    "EnrolBadge",
    "EnrolPin",
    "ErasePerson",
    "ForgivePresence",
    "ImportPeople",
    "KeepRight",
    "LeavePerson",
    "NoteEntry",
    "OpenReview",
    "OverridePortal",
    "QueryExplain",
    "QueryPrivate",
    "QueryResend",
    "RegisterPerson",
    "ReinstatePerson",
    "ReleasePortal",
    "RenameGroup",
    "RequestMembership",
    "RequestRight",
    "ResumePortal",
    "RetireBadge",
    "ReviewStart",
    "RevokeRight",
    "SetSpecialDay",
    "SignPledge",
    "SuspendPerson",
    "UnlockPin",
    "WithdrawPledge",
    "WithdrawTraining",
    "asset",
    "cabinet",
    "carrier",
    "combination",
    "container",
    "custody",
    "keeper",
    "key",
    "label",
    "sticker",
    "tether",
    "thing",
    "transport",
]
