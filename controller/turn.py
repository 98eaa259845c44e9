"""One turn's work: what it has decided so far, and what others are told once that is durable."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from controller.inbox import ConsoleAsked
from controller.judgement import Verdict
from controller.ledger.ledger import Appended
from controller.record.private import PrivateRow
from controller.record.requests import Request
from controller.record.tables import RowChange
from controller.record.topics import Reply
from controller.rules.effects import Effect, ReleaseLock, ReleaseSlot, SecureLock, SecureSlot


@dataclass
class Committed:
    """What one turn made durable, for whoever carries it on."""

    size: int = 0
    appended: list[Appended] = field(default_factory=list)
    private: list[PrivateRow] = field(default_factory=list)
    replies: list[tuple[str, Reply]] = field(default_factory=list)
    queries: list[Request] = field(default_factory=list)
    checkpoint: str | None = None
    ahead: list[RowChange] = field(default_factory=list)
    """Rows of states that hold though nothing can be recorded of them now: the disk's own, and of doors meanwhile."""
    renewed: bool = False
    """The file was opened anew: everything that is retained goes out again from the tables."""


@dataclass
class Draft:
    """A turn in the making: nothing of it holds before the commit, but what secures."""

    done: Committed = field(default_factory=Committed)
    effects: list[Effect] = field(default_factory=list)
    answers: list[tuple[ConsoleAsked, dict[str, Any]]] = field(default_factory=list)

    def answer(self, verdict: Verdict, first: int, last: int) -> None:
        """Notes what the console is to hear of a command: its code, and the bodies of its records."""
        if verdict.console is None:
            return
        refusal = verdict.refusal
        said = {
            "code": None if refusal is None else refusal.code,
            "place": "" if refusal is None else refusal.place,
            "first": first,
            "last": last,
            "records": [msgspec.to_builtins(body) for body in verdict.outcome.records],
        }
        self.answers.append((verdict.console, said))


def at_once(effects: Sequence[Effect]) -> list[Effect]:
    """What secures: it never waits for a commit."""
    return [effect for effect in effects if isinstance(effect, SecureLock | SecureSlot)]


def after_commit(effects: Sequence[Effect]) -> list[Effect]:
    """Everything else in order, but no release of a lock or slot that the same turn secured afterwards."""
    last = {_held(effect): n for n, effect in enumerate(effects) if isinstance(effect, SecureLock | SecureSlot)}

    def stands(n: int, effect: Effect) -> bool:
        return not (isinstance(effect, ReleaseLock | ReleaseSlot) and last.get(_held(effect), -1) > n)

    held = (SecureLock, SecureSlot)
    return [effect for n, effect in enumerate(effects) if not isinstance(effect, held) and stands(n, effect)]


def _held(effect: ReleaseLock | SecureLock | ReleaseSlot | SecureSlot) -> tuple[str, int]:
    """What an effect holds or lets go: a portal, or a cabinet's slot."""
    if isinstance(effect, ReleaseLock | SecureLock):
        return effect.portal, 0
    return f"cabinet {effect.cabinet}", effect.slot
