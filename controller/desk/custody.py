"""Requests about what is taken out, copied, handed out or disposed of, and about stickers: facts, then the rule."""

from controller import violation_facts
from controller.desk.asked import Asked, Rule
from controller.ledger.ledger import fresh_salt
from controller.record.private import PrivateRow
from controller.record.refusals import Code
from controller.rules import custody, disposal, handout, sticker, thing
from controller.rules.custody import Carrier, Line
from controller.rules.outcome import Outcome, Refusal
from controller.storage_facts import custody as facts
from controller.storage_facts import stickers, things
from controller.storage_facts.places import Places


def _line(asked: Asked) -> Line | None:
    return facts.line(asked.facts.connection, asked.body.custody)


def _carrier(asked: Asked, line: Line | None) -> Carrier:
    if line is None:
        return Carrier(None, access=False)
    return facts.carrier(asked.facts.connection, line.person, line.kept.place, asked.now)


def _busy(asked: Asked, line: Line | None) -> bool:
    """Whether somebody has the thing. An asset is what is in it, and can be used by several."""
    if line is None or line.thing is None:
        return False
    found = facts.out(asked.facts.connection, line.thing, None)
    return found is not None and found.custody != line.custody


def _reason(asked: Asked, id: str) -> PrivateRow | None:
    return asked.private(id) if asked.text else None


def _request(asked: Asked) -> Outcome | Refusal:
    body, connection = asked.body, asked.facts.connection
    subject = facts.subject(connection, body.thing, body.asset, body.medium)
    home = "" if subject is None else subject.kept.place
    number = asked.facts.next("custody")
    carrier = facts.carrier(connection, body.person, home, asked.now)
    text = asked.private(f"custody-{number}")
    places = Places(connection)
    outcome = custody.request(
        body, asked.operator, number=number, text=text, subject=subject, carrier=carrier, places=places, now=asked.now
    )
    if isinstance(outcome, Refusal) or not body.begin:
        return outcome
    return custody.at_once(outcome, asked.operator, busy=_is_out(asked, body.thing))


def _is_out(asked: Asked, number: int | None) -> bool:
    return number is not None and facts.out(asked.facts.connection, number, None) is not None


def _approve(asked: Asked) -> Outcome | Refusal:
    line = _line(asked)
    despite = () if line is None else violation_facts.open_against(
        asked.facts.connection, asked.facility, line.person, [line.kept.place], asked.now
    )  # fmt: skip
    return custody.approve(line, asked.operator, _carrier(asked, line), asked.now, despite)


def _decline(asked: Asked) -> Outcome | Refusal:
    return custody.decline(_line(asked), asked.operator, _reason(asked, f"reason-{asked.id}"))


def _begin(asked: Asked) -> Outcome | Refusal:
    line = _line(asked)
    return custody.begin(line, asked.operator, busy=_busy(asked, line), carrier=_carrier(asked, line), now=asked.now)


def _ask_extension(asked: Asked) -> Outcome | Refusal:
    return custody.ask_extension(_line(asked), asked.body.due_at, asked.operator, asked.now)


def _extend(asked: Asked) -> Outcome | Refusal:
    return custody.extend(_line(asked), asked.body.due_at, asked.operator, asked.now)


def _end(asked: Asked) -> Outcome | Refusal:
    brought = asked.body.brought_by
    known = brought is None or asked.facts.person_state(brought) is not None
    return custody.end(_line(asked), asked.body, asked.operator, _reason(asked, f"custody-{asked.body.custody}-end"), known)


def _confirm(asked: Asked) -> Outcome | Refusal:
    return custody.confirm(_line(asked), asked.operator)


def _hand_out(asked: Asked) -> Outcome | Refusal:
    line = _line(asked)
    people: list[tuple[int | None, PrivateRow | None]] = []
    for n, person in enumerate(asked.body.people):
        if person and asked.facts.person_state(person) is None:
            return Refusal(Code.SUBJECT, f"body.people.{n}")
        name = asked.text.get(f"name.{n}", "")
        id = f"handout-{asked.body.custody}-{(0 if line is None else line.issued) + n + 1}"
        people.append((person or None, PrivateRow(id, 1, {"name": name}, fresh_salt()) if name else None))
    return handout.hand_out(line, people, asked.operator)


def _collect(asked: Asked) -> Outcome | Refusal:
    return handout.collect(_line(asked), asked.body, asked.operator)


def _dispose(asked: Asked) -> Outcome | Refusal:
    line = _line(asked)
    return disposal.dispose(
        line, asked.body.method, asked.operator, busy=_busy(asked, line), carrier=_carrier(asked, line), now=asked.now
    )


def _witness(asked: Asked) -> Outcome | Refusal:
    return disposal.witness(_line(asked), asked.operator.person, operator=asked.operator.operator)


def _register_thing(asked: Asked) -> Outcome | Refusal:
    body, connection = asked.body, asked.facts.connection
    known = None if body.thing is None else things.thing(connection, body.thing)
    number = asked.facts.next("thing") if body.thing is None else body.thing
    twins = [one for one in things.called(connection, body.code.strip()) if one != number]
    places = Places(connection)
    place = places.find(body.place)
    return thing.register(
        body,
        asked.operator,
        number=number,
        label=asked.private(f"thing-{number}", 1 if known is None else known.version + 1),
        known=known,
        twin=twins[0] if twins else None,
        around=() if place is None else place.around,
        places=places,
        asset_known=body.asset is None or facts.subject(connection, None, body.asset) is not None,
    )


def _retire_thing(asked: Asked) -> Outcome | Refusal:
    return thing.retire(things.thing(asked.facts.connection, asked.body.thing), asked.body.state, asked.operator)


def _attach(asked: Asked) -> Outcome | Refusal:
    connection, body = asked.facts.connection, asked.body
    return sticker.attach(
        body,
        asked.operator,
        kept=stickers.kept(connection, body.thing),
        stickers=len(stickers.on(connection, body.thing)),
        stations=frozenset(asked.facility.stations),
        waiting=stickers.waiting(connection).get(body.station),
        now=asked.now,
    )


def _detach(asked: Asked) -> Outcome | Refusal:
    connection, name = asked.facts.connection, asked.body.sticker
    found = stickers.thing_of(connection, name)
    return sticker.detach(name, found, asked.operator, None if found is None else stickers.kept(connection, found))


RULES: dict[str, Rule] = {
    "custody.request": _request,
    "custody.approve": _approve,
    "custody.decline": _decline,
    "custody.begin": _begin,
    "custody.ask_extension": _ask_extension,
    "custody.extend": _extend,
    "custody.end": _end,
    "custody.confirm": _confirm,
    "custody.hand_out": _hand_out,
    "custody.collect": _collect,
    "custody.dispose": _dispose,
    "custody.witness": _witness,
    "thing.register": _register_thing,
    "thing.retire": _retire_thing,
    "sticker.attach": _attach,
    "sticker.detach": _detach,
}
