"""The books of an auditor who has nothing but the records: plain JSON, no rule, no table and no fold of the product.

`violations(records, ticks)` reads a history once and says, in words, wherever it breaks what the criteria ask of keys and
combinations (C8.2-C8.4, C7.4). `ticks` are the moments at which the controller had a turn: nothing may wait longer than that.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sites import TestSite

Line = dict[str, Any]

STEPS = ("change_begun", "number_set", "number_tried", "number_witnessed", "old_number_dead", "changed")
IN_ONE_PLACE = {"in_place", "released", "lent", "misplaced", "missing", "lost", "suspect", "sealed", "retired"}
_ALARMS = ("overdue", "escalated")


def history(site: TestSite) -> list[Line]:
    """The records as they lie in the file."""
    return [json.loads(data) for (data,) in site.ledger.connection.execute("select bytes from record order by seq")]


def violations(records: Sequence[Line], ticks: Sequence[str]) -> list[str]:
    """Everything that is wrong; empty: the history is as it must be."""
    books = (_Combinations(), _Keys(), _People())
    found: list[str] = []
    wait = list(ticks)
    for line in records:
        while wait and wait[0] < line["at"]:
            found += [said for book in books for said in book.look(wait[0])]
            wait.pop(0)
        found += [said for book in books for said in book.read(line)]
    return found + [said for book in books for said in book.look(wait[-1] if wait else records[-1]["at"])]


class _Alarms:
    """What was owed until when, and whether it was said to be late. `late` names what a tick passed over in silence."""

    def __init__(self) -> None:
        self.owed: dict[tuple[str, int], str] = {}
        self.told: set[tuple[str, int, str]] = set()

    def owe(self, sort: str, number: int, due_at: str | None) -> None:
        if due_at is not None:
            self.owed[sort, number] = due_at

    def settle(self, sort: str, number: int) -> None:
        self.owed.pop((sort, number), None)

    def read(self, line: Line) -> None:
        body = line["body"]
        if line["kind"] == "due.reached" and body["stage"] in _ALARMS:
            self.told.add((body["sort"], body["number"], body["due_at"]))

    def late(self, at: str) -> Iterator[str]:
        for (sort, number), due_at in self.owed.items():
            if due_at < at and (sort, number, due_at) not in self.told:
                yield f"{at}: {sort} {number} was due {due_at} and nobody was told"


class _Combinations:
    """Locks: their age, what asks for a change, and that two people made it."""

    def __init__(self) -> None:
        self.alarms = _Alarms()
        self.lock_of: dict[int, int] = {}
        self.open: dict[int, int] = {}
        """By lock, its change that is not done."""
        self.place: dict[int, str] = {}
        self.knows: dict[int, set[int]] = defaultdict(set)
        self.by: dict[int, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        self.reached: dict[int, int] = {}
        self.asked: list[tuple[str, int, str]] = []
        """What has to be answered by a change before the next tick: when, the lock, what for."""

    def read(self, line: Line) -> Iterator[str]:
        kind, body, at = line["kind"], line["body"], line["at"]
        self.alarms.read(line)
        if kind == "combination.registered":
            self.place[body["combination"]] = body["place"]
            self.alarms.owe("combination", body["combination"], body["due_at"])
            if body["changed_on"] is None:
                self.asked.append((at, body["combination"], "installation"))
        elif kind == "combination.reported":
            self.asked.append((at, body["combination"], body["reason"]))
        elif kind == "container.moved":
            self.asked += [(at, lock, "relocation") for lock, place in self.place.items() if place == body["container"]]
        elif kind in ("person.left", "person.suspended"):
            self.asked += [(at, lock, "knower_removed") for lock, who in self.knows.items() if body["person"] in who]
        elif kind == "knower.added":
            self.knows[body["combination"]].add(body["person"])
        elif kind.startswith("combination."):
            yield from self._change(kind.removeprefix("combination."), body, at)

    def _change(self, step: str, body: Line, at: str) -> Iterator[str]:
        change = body.get("combination_change")
        if change is None:
            return
        if step in ("change_required", "change_joined"):
            yield from self._opened(step, body, at)
        elif step in ("change_planned", "change_broken_off"):
            if step == "change_planned" or not body["step"]:
                self.by[change].clear()
                self.reached[change] = -1
        elif step in STEPS:
            yield from self._step(step, change, body, at)

    def _opened(self, step: str, body: Line, at: str) -> Iterator[str]:
        lock, change = body["combination"], body["combination_change"]
        if step == "change_required":
            if lock in self.open:
                yield f"{at}: lock {lock} has two changes at once"
            self.open[lock], self.lock_of[change] = change, lock
        reasons = {one["reason"] for one in body["reasons"]}
        self.asked = [one for one in self.asked if one[1] != lock or (one[2] not in reasons)]
        if body["chased"]:
            self.alarms.owe("change", change, body["due_at"])

    def _step(self, step: str, change: int, body: Line, at: str) -> Iterator[str]:
        number = STEPS.index(step)
        if number != self.reached.get(change, -1) + 1:
            yield f"{at}: change {change} came to {step} out of order"
        self.reached[change] = number
        made = self.by[change]
        if "custodian" in body:
            made["custodian"].add(body["custodian"])
            made["witness"].add(body["witness"])
        elif step in ("number_set", "number_tried"):
            made["custodian"].add(body["person"])
        elif step == "number_witnessed":
            made["witness"].add(body["person"])
        if made["custodian"] & made["witness"]:
            yield f"{at}: change {change}: {sorted(made['custodian'] & made['witness'])} stood on both sides"
        if step == "changed":
            lock = body["combination"]
            self.open.pop(lock, None)
            self.knows[lock] = {known["person"] for known in body["knowers"]}
            self.asked = [one for one in self.asked if one[1] != lock]
            self.alarms.settle("change", change)
            self.alarms.owe("combination", lock, body["due_at"])
            self.reached[change] = -1

    def look(self, at: str) -> Iterator[str]:
        yield from self.alarms.late(at)
        left: list[tuple[str, int, str]] = []
        for when, lock, why in self.asked:
            if when >= at:
                left.append((when, lock, why))
            elif lock not in self.open:
                yield f"{at}: lock {lock}: {why} of {when} has opened no change"
        self.asked = left


class _Keys:
    """Keys: one state at a time, loans that end once, agreed to by others, and late ones told."""

    def __init__(self) -> None:
        self.alarms = _Alarms()
        self.state: dict[int, str] = {}
        self.loan: dict[int, int] = {}
        """By key, its loan."""
        self.borrower: dict[int, int] = {}
        self.over: set[int] = set()

    def read(self, line: Line) -> Iterator[str]:
        kind, body, at = line["kind"], line["body"], line["at"]
        self.alarms.read(line)
        if not kind.startswith("key."):
            return
        for key in _keys_of(body):
            if kind == "key.lent" and key in self.loan:
                yield f"{at}: key {key} was lent while loan {self.loan[key]} had it"
            if kind == "key.lent" and self.state.get(key) not in ("in_place", "released"):
                yield f"{at}: key {key} was lent out of the state {self.state.get(key)!r}"
        yield from self._loan(kind, body, at)
        if "state" in body and body["state"] in IN_ONE_PLACE:
            self.state |= dict.fromkeys(_keys_of(body), body["state"])

    def _loan(self, kind: str, body: Line, at: str) -> Iterator[str]:
        loan = body.get("loan")
        if kind == "key.lent":
            if body["person"] in body["authorisers"]:
                yield f"{at}: loan {loan}: {body['person']} agreed to their own"
            self.borrower[loan] = body["person"]
            self.loan |= dict.fromkeys(body["keys"], loan)
            self.alarms.owe("loan", loan, body["due_at"])
        elif kind == "key.returned" or (kind == "key.lost" and body["loan_over"]):
            if loan and loan in self.over:
                yield f"{at}: loan {loan} ended twice"
            self.over.add(loan)
            self.loan = {key: of for key, of in self.loan.items() if of != loan}
            self.alarms.settle("loan", loan)
        elif kind == "key.recalled":
            self.alarms.owe("loan", loan, body["due_at"])

    def look(self, at: str) -> Iterator[str]:
        yield from self.alarms.late(at)
        for key, loan in self.loan.items():
            if self.state.get(key) != "lent":
                yield f"{at}: key {key} is {self.state.get(key)!r} and has loan {loan}"


class _People:
    """Who has left holds nothing any more."""

    def __init__(self) -> None:
        self.badges: dict[int, int] = {}
        self.rights: dict[int, int] = {}

    def read(self, line: Line) -> Iterator[str]:
        kind, body = line["kind"], line["body"]
        if kind == "badge.enrolled":
            self.badges[body["badge"]] = body["person"]
        elif kind == "badge.retired":
            self.badges.pop(body["badge"], None)
        elif kind == "right.requested":
            self.rights[body["access_right"]] = body["person"]
        elif kind == "right.revoked":
            self.rights.pop(body["access_right"], None)
        elif kind == "person.left":
            gone = body["person"]
            if gone in self.badges.values() or gone in self.rights.values():
                yield f"{line['at']}: {gone} has left and holds a badge or a right"

    def look(self, at: str) -> Iterator[str]:
        return iter(())


def _keys_of(body: Line) -> Iterable[int]:
    keys: Iterable[int] = body["keys"] if "keys" in body else [body["key"]] if "key" in body else []
    return keys
