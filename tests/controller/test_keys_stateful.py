"""Any sequence of requests about keys, of time and of power cuts: what must hold of every key after each of them (C8.2, C7.4).

The oracle stands here, apart from the rules: it folds the committed records by hand and asks of each key that it is in exactly
one state and place, of each loan that is out that it is owed, and of each that began that nobody agreed to their own.
"""

import shutil
from datetime import timedelta

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from key_site import CUSTODIAN, EMPLOYEE, MANAGER, add_key, key_site
from sites import Folded, fast_folder, fold_into, make_site, stored_tables

from controller.record import asks as ask
from controller.record.asks import key
from controller.record.canonical import timestamp
from controller.record.kinds.key import STATES
from controller.record.kinds.key_audit import SEEN
from controller.record.kinds.key_loan import KeyHandedOver, KeyLent

KEYS = st.integers(1, 5)
PERSONS = st.sampled_from([1, 2, 3, 6])
OPERATORS = st.sampled_from([1, 2, CUSTODIAN, MANAGER, EMPLOYEE])
NUMBERS = st.integers(1, 6)


class Keys(RuleBasedStateMachine):
    """Five keys: 1 with one authoriser, 2 and 3 on a ring, 4 of a cabinet that is not there, 5 a duplicate."""

    @initialize()
    def begin(self) -> None:
        self.folder = fast_folder()
        self.site = key_site(self.folder)
        add_key(self.site, "K-1", authorisers=1)
        add_key(self.site, "K-2", due_minutes=30)
        add_key(self.site, "K-3", ring=2)
        add_key(self.site, "K-4", home="lab")
        add_key(self.site, "K-5", copy_of=1)
        self.folded: Folded = {}
        self.seen = 0
        self.cut = 0

    def ask(self, body: msgspec.Struct, operator: int) -> None:
        self.site.asks(body, operator)

    @rule(number=KEYS, person=PERSONS, operator=OPERATORS)
    def lend(self, number: int, person: int, operator: int) -> None:
        self.ask(key.LendKey(number, person), operator)

    @rule(loan=NUMBERS, operator=OPERATORS)
    def agree_and_hand_out(self, loan: int, operator: int) -> None:
        self.ask(key.AuthoriseLoan(loan), operator)
        self.ask(key.HandOutKey(loan), CUSTODIAN)

    @rule(loan=NUMBERS)
    def call_off(self, loan: int) -> None:
        self.ask(key.CallOffLoan(loan), CUSTODIAN)

    @rule(number=KEYS, person=st.sampled_from([None, 1, 2]))
    def give_back(self, number: int, person: int | None) -> None:
        self.ask(key.ReturnKey(number, person), CUSTODIAN)

    @rule(number=KEYS, person=PERSONS)
    def hand_over(self, number: int, person: int) -> None:
        self.ask(key.HandOverKey(number, person), MANAGER)

    @rule(number=KEYS, operator=OPERATORS)
    def lose(self, number: int, operator: int) -> None:
        self.ask(key.ReportKeyLost(number), operator)

    @rule(number=KEYS, operator=OPERATORS)
    def replace(self, number: int, operator: int) -> None:
        self.ask(key.ReplaceKey(number), operator)

    @rule(number=KEYS, seal=st.sampled_from(["S-1", "S-2"]))
    def seal_or_unseal(self, number: int, seal: str) -> None:
        self.ask(key.UnsealKey(number), CUSTODIAN)
        self.ask(key.SealKey(number, seal, "lab"), CUSTODIAN)

    @rule(number=KEYS, person=PERSONS, begins=st.integers(0, 4))
    def reserve(self, number: int, person: int, begins: int) -> None:
        now = self.site.clock.now()
        span = timestamp(now + timedelta(hours=begins)), timestamp(now + timedelta(hours=begins + 1))
        self.ask(key.ReserveKey(number, person, *span), CUSTODIAN)

    @rule(place=st.sampled_from(["lobby", "lab"]), audit=st.integers(1, 3), number=KEYS, seen=st.sampled_from(SEEN))
    def count(self, place: str, audit: int, number: int, seen: str) -> None:
        self.ask(key.BeginKeyAudit(place), CUSTODIAN)
        self.ask(key.CountKeys(audit, (key.Count(number, seen),)), CUSTODIAN)
        self.ask(key.EndKeyAudit(audit), MANAGER)

    @rule(number=KEYS)
    def change_lock(self, number: int) -> None:
        self.ask(key.ChangeLock(number, "L-2"), CUSTODIAN)

    @rule(hours=st.sampled_from([1, 9, 25]))
    def wait(self, hours: int) -> None:
        self.site.step(hours * 3600)
        self.site.turn()

    @rule(person=st.sampled_from([1, 2]))
    def leave(self, person: int) -> None:
        self.ask(ask.LeavePerson(person), 1)

    @rule()
    def power_fails(self) -> None:
        self.site.close()
        self.cut += 1
        dashboard = self.site.dashboard
        self.site = make_site(self.folder, clock=self.site.clock, boot=f"boot-{self.cut + 1}")
        self.site.dashboard = dashboard

    @invariant()
    def it_holds(self) -> None:
        needed = {row["key_loan"]: row["needed"] for row in self.folded.get("key_loan", {}).values()}
        for record in self.site.records(self.seen + 1):
            fold_into(self.folded, record)
            self.seen = record.seq
            if isinstance(record.body, KeyLent | KeyHandedOver):
                body = record.body
                agreed = body.authorisers
                assert body.person not in agreed and len(set(agreed)) == len(agreed) >= (needed.get(body.loan) or 0)
        rows = {table: found for table, found in self.folded.items() if found}
        assert rows == stored_tables(self.site.ledger.connection)
        self.each_key_is_somewhere(rows)
        self.what_is_out_is_owed(rows)

    def each_key_is_somewhere(self, rows: Folded) -> None:
        """Exactly one state; a place, a person or a loan only where the state has one."""
        for row in rows["lock_key"].values():
            state = row["state"]
            assert state in STATES
            assert (row["loan"] is not None) == (state in ("lent", "released"))
            assert bool(row["seal"]) == bool(row["sealed_in"]) == (state == "sealed")
            assert row["person"] is not None or state not in ("lent", "released")
            assert row["person"] is None or state in ("lent", "released", "lost", "suspect")
            assert not row["at_cabinet"] or state == "misplaced"
            assert (row["lock_due_at"] is not None) == (state in ("lost", "suspect"))

    def what_is_out_is_owed(self, rows: Folded) -> None:
        """A loan is lent while a key is out by it, and then it is owed; so is a lost key's lock, and nothing else of these."""
        loans = {row["key_loan"] for row in rows.get("key_loan", {}).values() if row["state"] == "lent"}
        owed = {due["due"] for due in rows.get("due", {}).values()}
        keys = rows["lock_key"].values()
        assert loans == {row["loan"] for row in keys if row["state"] == "lent"}
        assert {f"loan:{loan}" for loan in loans} == {due for due in owed if due.startswith("loan:")}
        locks = {f"lock_change:{row['lock_key']}" for row in keys if row["lock_due_at"] is not None}
        assert locks == {due for due in owed if due.startswith("lock_change:")}
        reserved = rows.get("key_reservation", {}).values()
        waiting = {f"reservation:{row['key_reservation']}" for row in reserved if row["state"] == "reserved"}
        assert waiting == {due for due in owed if due.startswith("reservation:")}

    def teardown(self) -> None:
        if hasattr(self, "site"):
            self.site.close()
            shutil.rmtree(self.folder)


TestKeys = Keys.TestCase
TestKeys.settings = settings(
    max_examples=6, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
