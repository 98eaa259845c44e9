"""Requests about who is where: corrections, pardons, entries noted by hand. Each gathers the facts and asks the rule."""

from controller import byhand
from controller.desk.asked import Asked, Rule
from controller.rules.outcome import Outcome, Refusal


def _correct_presence(asked: Asked) -> Outcome | Refusal:
    return byhand.correct(
        asked.body, asked.operator, asked.facility, asked.facts, asked.private(f"reason-{asked.id}"), asked.now
    )


def _forgive_presence(asked: Asked) -> Outcome | Refusal:
    return byhand.forgive(asked.body, asked.operator, asked.facts, asked.private(f"reason-{asked.id}"), asked.now)


def _note_entry(asked: Asked) -> Outcome | Refusal:
    return byhand.note(
        asked.body, asked.operator, asked.facility, asked.facts, asked.private(f"reason-{asked.id}"), asked.now
    )


def _confirm_entry(asked: Asked) -> Outcome | Refusal:
    return byhand.confirm(asked.body.note, asked.operator, asked.facility, asked.facts, asked.now)


def _decline_entry(asked: Asked) -> Outcome | Refusal:
    return byhand.decline(asked.body.note, asked.operator, asked.facility, asked.facts)


RULES: dict[str, Rule] = {
    "presence.correct": _correct_presence,
    "presence.forgive": _forgive_presence,
    "entry.note": _note_entry,
    "entry.confirm": _confirm_entry,
    "entry.decline": _decline_entry,
}
