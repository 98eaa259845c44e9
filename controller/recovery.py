"""What a start does before it writes anything: asks the witnesses whether the ledger is what it last was (design §4).

A restored backup, or a card that lost its tail, shows by a checkpoint that the site once signed over more records than are
here. Then the missing bytes are fetched from a dashboard and believed by that checkpoint alone. Where nobody can give them,
or the ledger holds other records than were signed for, it goes on in a new epoch that names the checkpoint.

Without a broker, or with nothing witnessed, this takes a moment and changes nothing: doors need no network. Only where
something says that records are missing is it worth keeping taps waiting, and not for longer than the settings say.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from controller.desk import Desk
from controller.facts import Facts
from controller.ledger.adoption import Adoption, Refused
from controller.ledger.ledger import Ledger, Stamp
from controller.link import read_cursor
from controller.record.keys import KeyPair, sync_folder
from controller.record.note import Checkpoint, epoch_of
from controller.record.private import PrivateRow
from controller.record.sealed import Unreadable, unseal
from controller.record.topics import Topics
from controller.rules.epoch import Word, reopen, weigh
from controller.witnesses import QUIET_S, Answer, Witnesses

RESTORED = "restored.json"
BRIEF_S = 1.0
"""How long a start looks for witnesses when nothing says that records are missing."""
LONGEST_S = 300.0
"""How long all of it may take, with records coming."""
ANSWER_S = 3.0
"""How long a dashboard has for the next records, `TRIES` times."""
TRIES = 3
OTHERS_S = 2.0
"""How long the other dashboards are waited for once one has answered."""
_TICK_S = 0.2
_HELLO_S = 1.0
"""Between two questions to all dashboards: one that has just come back answers the next."""

log = structlog.get_logger()


class Stopped(Exception):
    """The process is to end: nothing is decided."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What says by itself that records are missing.

    A restore's marker; a damaged file of which the beginning was saved; a broker that acknowledged more than there are.
    """

    restored: bool
    salvaged: bool
    acknowledged: int

    def stands(self, size: int) -> bool:
        """Whether it is to be believed of a ledger of this size."""
        return self.restored or self.salvaged or self.acknowledged > size


@dataclass(frozen=True, slots=True)
class Around:
    """What a start has around it: `stamp` the moment's, `steady` seconds that go forward, `busy` called once when it takes
    longer than a moment, `alive` again and again while it does, `stopping` set when the process is to end.
    """

    stamp: Callable[[], Stamp]
    steady: Callable[[], float]
    busy: Callable[[], None]
    alive: Callable[[], None]
    stopping: threading.Event


class Recovery:
    """One start's comparison. `wait_s`: how long to wait for a dashboard when records are missing."""

    def __init__(
        self, data: Path, ledger: Ledger, desk: Desk, key: KeyPair, around: Around, wait_s: float,
        reached: Callable[[str], None] = lambda step: None,
    ) -> None:  # fmt: skip
        self._data = data
        self._ledger = ledger
        self._desk = desk
        self._key = key
        self._around = around
        self._wait_s = wait_s
        self._reached = reached
        self._topics = Topics(ledger.site)
        self._facts = Facts(ledger.connection)
        self._suspicion = self._suspect()
        self._begun_s = around.steady()
        self._tried: set[str] = set()
        self._is_busy = False
        self._hello_s = float("-inf")

    def run(self, witnesses: Witnesses | None) -> None:
        """Compares, and does what follows. `witnesses` None: there is no broker, and so nobody to ask."""
        try:
            if witnesses is not None:
                with witnesses:
                    self._compare(witnesses)
            elif self._suspicion.restored:
                self._reopen(self._newest_note(), "restored")
        except Stopped:
            return
        self._settle()

    def _suspect(self) -> Suspicion:
        cursor = read_cursor(self._data / "link.json")
        ours = cursor is not None and cursor.epoch == self._ledger.epoch
        acknowledged = cursor.seq if ours and cursor is not None else 0
        return Suspicion((self._data / RESTORED).exists(), self._ledger.salvaged() is not None, acknowledged)

    def _settle(self) -> None:
        """The outcome is durable: a later start need not suspect anything any more."""
        if self._suspicion.restored:
            (self._data / RESTORED).unlink(missing_ok=True)
            sync_folder(self._data)

    # Comparing --------------------------------------------------------------------------------------------------------------

    def _compare(self, witnesses: Witnesses) -> None:
        """Until no witness contradicts us, or it has to be a new epoch."""
        self._gather(witnesses)
        while True:
            word, note = self._worst(witnesses)
            if word is Word.AGREES and not self._in_doubt(witnesses):
                return
            if not self._try(witnesses, word):
                break
        doubt = "restored" if self._suspicion.restored else Word.LOST
        self._reopen(note or self._newest_note(), doubt if word is Word.AGREES else word)

    def _try(self, witnesses: Witnesses, word: Word) -> bool:
        """Does what may still help; False when nothing does any more."""
        if word is Word.FORK:
            return False
        self._hold_taps()
        if word is Word.LOST and self._fetch(witnesses, self._newest_shown(witnesses)):
            return True
        if self._past(self._wait_s) or self._nobody_left(witnesses, word):
            return False
        if self._around.steady() - self._hello_s >= _HELLO_S:
            self._hello_s = self._around.steady()
            witnesses.hello()
        self._wait(witnesses, _TICK_S)
        return True

    def _gather(self, witnesses: Witnesses) -> None:
        """Waits for a connection, then until what the broker keeps has come. A short look, unless something is suspected."""
        patience = self._wait_s if self._suspicion.stands(self._ledger.size) else min(BRIEF_S, self._wait_s)
        while not witnesses.connected and not self._past(patience):
            if witnesses.refused and not self._suspicion.stands(self._ledger.size):
                return
            if self._past(BRIEF_S):
                self._hold_taps()
            self._wait(witnesses, 0.02 if not self._past(BRIEF_S) else _TICK_S)
        expected = {self._topics.checkpoint, *(self._topics.witnessed(keys.id) for keys in self._facts.dashboards())}
        quiet_s = self._around.steady()
        while witnesses.connected and not expected <= witnesses.notes.keys() and not self._past(patience + BRIEF_S):
            if self._wait(witnesses, QUIET_S / 5):
                quiet_s = self._around.steady()
            elif self._around.steady() - quiet_s >= QUIET_S:
                return

    def _shown(self, witnesses: Witnesses) -> list[tuple[Checkpoint, str]]:
        """Every checkpoint of ours that somebody holds."""
        texts = {*witnesses.notes.values(), *(answer.said.note.encode() for answer in witnesses.answers.values())}
        return [(checkpoint, text.decode()) for text in texts if (checkpoint := self._desk.own(text)) is not None]

    def _weigh(self, checkpoint: Checkpoint) -> Word:
        own = self._facts.ledger(self._ledger.site)
        root = self._facts.root(checkpoint.size) if checkpoint.size <= own.size else None
        return weigh(checkpoint, own, root)

    def _worst(self, witnesses: Witnesses) -> tuple[Word, str]:
        """The word that counts, and the note that says it: other records before missing ones, and the latest of each."""
        said = [(self._weigh(checkpoint), checkpoint, note) for checkpoint, note in self._shown(witnesses)]
        for word in (Word.FORK, Word.LOST):
            found = [(self._age(checkpoint), note) for said_word, checkpoint, note in said if said_word is word]
            if found:
                return word, max(found)[1]
        return Word.AGREES, ""

    def _age(self, checkpoint: Checkpoint) -> tuple[int, int]:
        return epoch_of(checkpoint.origin, self._ledger.site), checkpoint.size

    def _in_doubt(self, witnesses: Witnesses) -> bool:
        """Whether nobody contradicts us, and that is not enough: somebody has to have looked just now."""
        if self._ledger.size < self._suspicion.acknowledged:
            return True
        if not (self._suspicion.restored or self._suspicion.salvaged):
            return False
        held = [answer for answer in witnesses.answers.values() if self._desk.own(answer.said.note.encode()) is not None]
        expected = {keys.id for keys in self._facts.dashboards()}
        return not held or (not expected <= set(witnesses.answers) and not self._past(OTHERS_S))

    def _nobody_left(self, witnesses: Witnesses, word: Word) -> bool:
        """Whether everybody who might give us what is missing has been asked in vain."""
        known = {keys.id for keys in self._facts.dashboards()} | set(witnesses.answers)
        known |= {topic.rpartition("/")[2] for topic in witnesses.notes if topic != self._topics.checkpoint}
        return word is Word.LOST and bool(known) and known <= self._tried

    # Fetching ---------------------------------------------------------------------------------------------------------------

    def _newest_shown(self, witnesses: Witnesses) -> int:
        """The latest epoch that anybody holds a checkpoint of."""
        return max((self._age(checkpoint)[0] for checkpoint, _ in self._shown(witnesses)), default=0)

    def _fetch(self, witnesses: Witnesses, newest: int) -> bool:
        """Takes what is missing from the first dashboard that has it; whether there is more here now.

        What somebody has of an epoch before the `newest` was broken with: on top of it that one's records have no place any
        more. So others are heard first, and it is taken only when nobody gives the newer ones.
        """
        trusted = {keys.id for keys in self._facts.dashboards()}
        if not (trusted and trusted <= witnesses.answers.keys()) and not self._past(min(OTHERS_S, self._wait_s)):
            return False
        order = sorted(witnesses.answers.values(), key=lambda answer: answer.dashboard not in trusted)
        for answer in order:
            target = self._desk.own(answer.said.note.encode())
            if target is None or answer.dashboard in self._tried or self._weigh(target) is not Word.LOST:
                continue
            if self._age(target)[0] < newest and not self._past(self._wait_s):
                continue
            self._tried.add(answer.dashboard)
            try:
                self._adopt(witnesses, answer, target)
            except Refused as refused:
                log.error("a dashboard's copy is refused", dashboard=answer.dashboard, problem=str(refused))
                continue
            self._tried.clear()
            return True
        return False

    def _adopt(self, witnesses: Witnesses, answer: Answer, target: Checkpoint) -> None:
        """All of it in one transaction. Raises Refused, Stopped; then nothing of it was."""
        ledger, dashboard = self._ledger, answer.dashboard
        epoch = epoch_of(target.origin, ledger.site)
        with ledger.transaction():
            adoption = Adoption(ledger, target)
            while not adoption.complete:
                records, rows = self._ask(witnesses, dashboard, epoch, ledger.size + 1)
                adoption.take(records, rows)
                self._reached("adopting")
            done = adoption.conclude(answer.said.note, dashboard, self._around.stamp())
            self._reached("adopted")
        self._reached("recovered")
        log.warning("lost records recovered", first=done.first, last=done.last, texts=done.texts, dashboard=dashboard)

    def _ask(self, witnesses: Witnesses, dashboard: str, epoch: int, first: int) -> tuple[list[bytes], list[PrivateRow]]:
        """The next records from this one on, and rows that they refer to. Raises Refused when none come."""
        for _ in range(TRIES):
            request = witnesses.ask(dashboard, epoch, first)
            end_s = self._around.steady() + ANSWER_S
            while self._around.steady() < end_s:
                self._wait(witnesses, _TICK_S)
                answer = witnesses.answers.get(dashboard)
                if answer is not None and answer.said.request == request:
                    if (answer.said.epoch, answer.said.first) != (epoch, first) or not answer.said.records:
                        raise Refused(f"no records from {first} on")
                    return [text.encode() for text in answer.said.records], self._opened(dashboard, answer)
                if self._past(LONGEST_S):
                    raise Refused("it takes too long")
        raise Refused(f"no answer for the records from {first} on")

    def _opened(self, dashboard: str, answer: Answer) -> list[PrivateRow]:
        """The private rows in an answer. Raises Refused."""
        context = self._topics.recovered(dashboard).encode()
        try:
            boxes = [unseal(self._key.sealing, context, bytes.fromhex(box)) for box in answer.said.private]
            return [msgspec.json.decode(text, type=PrivateRow) for text in boxes]
        except (Unreadable, ValueError, RecursionError) as error:
            raise Refused("a private row that cannot be read") from error

    # A new epoch ------------------------------------------------------------------------------------------------------------

    def _newest_note(self) -> str:
        """The newest checkpoint that is kept here; empty for none."""
        row = self._ledger.connection.execute("select note from checkpoint order by size desc limit 1").fetchone()
        return "" if row is None else str(row[0])

    def _reopen(self, note: str, reason: str) -> None:
        stamp = self._around.stamp()
        self._ledger.begin(stamp)
        outcome = reopen(self._facts.ledger(self._ledger.site), note, reason)
        with self._ledger.transaction():
            for body in outcome.records:
                self._ledger.append(body, "controller", stamp)
        self._reached("reopened")
        log.error("a new epoch of the ledger", epoch=self._ledger.epoch, kept=self._ledger.size - 1, reason=str(reason))

    # Waiting ----------------------------------------------------------------------------------------------------------------

    def _past(self, seconds: float) -> bool:
        return self._around.steady() - self._begun_s >= seconds

    def _hold_taps(self) -> None:
        """From now on it takes longer than somebody at a door should wait without a word."""
        if not self._is_busy:
            self._is_busy = True
            log.warning("records are missing; asking dashboards", records=self._ledger.size, wait_s=self._wait_s)
            self._around.busy()

    def _wait(self, witnesses: Witnesses, seconds: float) -> bool:
        """A moment; whether there was news in it. Raises Stopped."""
        self._around.alive()
        news = witnesses.wait(seconds)
        if self._around.stopping.is_set():
            raise Stopped
        return news
