"""From an import's request to its lines: gathers what the rule in `rules/importing.py` looks at, and gives out the numbers."""

from collections.abc import Sequence

from controller import person_facts
from controller.facts import Facts
from controller.ledger.ledger import fresh_salt
from controller.record.asks.importing import TEXTS, ImportRow
from controller.record.private import PrivateRow, Text
from controller.rules.importing import Line
from controller.rules.right import Holder

NEW = Holder("active")


def lines(rows: Sequence[ImportRow], text: Text, facts: Facts) -> list[Line]:
    """The rows with their numbers, in order. A row that names another wrongly is nobody's, and will be refused."""
    person, access_right = facts.next("person"), facts.next("access_right")
    found: list[Line] = []
    for n, row in enumerate(rows):
        written = {name: text[f"{name}.{n}"] for name in TEXTS if f"{name}.{n}" in text}
        purpose = {"purpose": written.pop("purpose")} if "purpose" in written else {}
        who, holder, registers = _who(row, found, person, facts)
        new = PrivateRow(f"person-{who}", 1, written, fresh_salt()) if registers else None
        reason = PrivateRow(f"purpose-{access_right}", 1, purpose, fresh_salt())
        found.append(Line(row, who, holder, new, access_right, reason))
        person += registers
        access_right += bool(row.zone)
    return found


def _who(row: ImportRow, before: Sequence[Line], new: int, facts: Facts) -> tuple[int, Holder, bool]:
    """Whose the row is, and whether it registers them."""
    if row.person is not None:
        profile = person_facts.profile(facts.connection, row.person) if row.same is None else None
        holder = Holder() if profile is None else Holder(profile.state, profile.leaves_at)
        return row.person, holder, False
    if row.same is None:
        return new, NEW, True
    if row.same >= len(before):
        return 0, Holder(), False
    return before[row.same].person, before[row.same].holder, False
