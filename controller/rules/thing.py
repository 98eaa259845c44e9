"""Things: known by the number written on them, kept somewhere, used where it is said (C9.1, C8.5)."""

from collections.abc import Container
from dataclasses import dataclass

from controller.record.asks.thing import RegisterThing
from controller.record.handling import MEDIA, OFF_SITE
from controller.record.kinds.sticker import StickerDetached
from controller.record.kinds.thing import ThingRegistered, ThingRetired
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules.authority import OperatorFact, within
from controller.rules.outcome import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing as recorded, with the stickers on it. `out`: a line of it is open."""

    thing: int
    state: str
    place: str
    around: tuple[str, ...] = ()
    version: int = 1
    out: bool = False
    stickers: tuple[str, ...] = ()


def register(
    ask: RegisterThing, operator: OperatorFact, *, number: int, label: PrivateRow, known: Thing | None,
    twin: int | None, around: tuple[str, ...], places: Container[str], asset_known: bool,
) -> Outcome | Refusal:  # fmt: skip
    """Make thing `number` known, or say anew how it is. `twin`: another active thing with the same code."""
    if ask.thing is not None and (known is None or known.state != "active"):
        return Refusal(Code.SUBJECT, "body.thing")
    if ask.medium not in MEDIA:
        return Refusal(Code.FORM, "body.medium")
    if not ask.code.strip() or not ask.code.isprintable() or twin is not None:
        return Refusal(Code.FORM, "body.code")
    if ask.place not in places or any(one != OFF_SITE and one not in places for one in ask.allowed):
        return Refusal(Code.SUBJECT, "body.place")
    if not asset_known:
        return Refusal(Code.SUBJECT, "body.asset")
    if refusal := within(operator, ask.place, *around):
        return refusal
    if known is not None and (refusal := within(operator, known.place, *known.around)):
        return refusal
    allowed = tuple(dict.fromkeys(ask.allowed))
    record = ThingRegistered(
        number, ask.code.strip(), ask.medium, ask.asset, ask.place, allowed, label.ref(), operator.operator, "active"
    )
    return Outcome((record,), private=(label,))


def retire(known: Thing | None, state: str, operator: OperatorFact) -> Outcome | Refusal:
    """Let a thing be taken out no more. One that is out is brought back first; of a lost one the stickers still speak."""
    if state not in ("retired", "lost"):
        return Refusal(Code.FORM, "body.state")
    if known is None or known.state != "active":
        return Refusal(Code.SUBJECT, "body.thing")
    if known.out and state == "retired":
        return Refusal(Code.SUBJECT, "custody.state")
    if refusal := within(operator, known.place, *known.around):
        return refusal
    name = f"thing:{known.thing}"
    off = (StickerDetached(sticker, name, operator.operator, "detached") for sticker in known.stickers)
    return Outcome((ThingRetired(known.thing, operator.operator, state), *(off if state == "retired" else ())))
