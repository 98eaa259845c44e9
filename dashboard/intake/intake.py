"""Which message is whose, and whether the site said it: from a batch of messages to one transaction.

Knows no network and no thread, so that a test can hand it any messages in any order. A message that no pinned site signed is
counted; a line is logged at the first, second, fourth, eighth … so that a flood does not fill the disk as well.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from controller.record.canonical import moment, timestamp
from controller.record.explained import Answered
from controller.record.keys import KeyPair, PublicKeys
from controller.record.signed import Forged, open_message
from controller.record.succession import BrokenChain
from controller.record.topics import LARGEST_MESSAGE, Online, Recover, Reply, Resent, SealedPrivate, State, Topics
from dashboard import database as db
from dashboard.intake import epochs, ledger, standing, succession, witness
from dashboard.intake.fold import LARGEST_WHOLE
from dashboard.intake.source import Source, load_sources
from dashboard.keyring import Accept
from dashboard.outbox import mark_replied
from dashboard.questions import mark_answered

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it came. `retained`: the broker had kept it."""

    topic: str
    payload: bytes
    retained: bool = False


class Intake:
    """Everything that sites say, into the tables. One thread alone uses it."""

    def __init__(
        self,
        engine: sa.Engine,
        keys: KeyPair,
        sites: Mapping[str, PublicKeys],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        accept: Accept = lambda site, keys: None,
    ) -> None:
        self._engine = engine
        self._keys = keys
        self._sites = sites
        self._now = now
        self._accept = accept
        self.followed = False
        """A site's key was followed by the next: what the broker keeps has to be heard again under it."""
        self.resent: set[str] = set()
        """Sites that sent records again since this was last emptied."""
        self.recover: dict[str, Recover] = {}
        """What sites have asked for that they lost, since this was last emptied; the newest question of each."""
        self.erased = True
        """Whether something was erased since this was last made False; also at a start, which knows of none before it."""
        self.sources: dict[str, Source] = {}
        self._stale = True
        self.reload()

    def reload(self) -> None:
        """Forgets what is in memory and takes it from the tables again, as at a start."""
        with db.write(self._engine) as connection:
            self.sources = load_sources(connection, self._sites)
            for source in self.sources.values():
                witness.resume(connection, source)
                ledger.catch_up(connection, source)
                source.batch.write(connection)
                source.save(connection)
        self._note_erased()
        self._stale = False

    def _note_erased(self) -> None:
        for source in self.sources.values():
            self.erased, source.batch.erased = self.erased or source.batch.erased, False

    def reconnected(self) -> None:
        """A new connection: each site has to say its epoch again before its records count. Raises SQLAlchemyError."""
        if self._stale:
            self.reload()
        for source in self.sources.values():
            source.confirmed = False

    def topics(self) -> list[str]:
        """What to subscribe to."""
        own = self._keys.public.id
        filters = []
        for site in self._sites:
            at = Topics(site)
            filters += [at.key, at.online, at.checkpoint, at.state("+", "#"), at.private(own, "#")]
            filters += [at.reply(own), at.answered(own), at.resent(own), at.record, at.recover]
        return filters

    def take(self, batch: Iterable[Message]) -> None:
        """One batch, one transaction. After it returned, the messages may be acknowledged.

        Raises SQLAlchemyError when the database does. Nothing of the batch was kept then, and nothing more is taken
        before `reconnected` went back to what the tables say.
        """
        if self._stale:
            raise RuntimeError("the last batch failed; reconnect first")
        self._stale = True
        with db.write(self._engine) as connection:
            now = timestamp(self._now())
            for message in batch:
                self._take(connection, message, now)
            for source in self.sources.values():
                source.batch.write(connection)
                source.save(connection)
        for source in self.sources.values():
            self._accept(source.ledger_site, source.keys)
        self._note_erased()
        self._stale = False

    def settle(self, monotonic: float) -> bool:
        """Whether records are missed now that were still on their way. Raises SQLAlchemyError."""
        missed = [source for source in self.sources.values() if witness.settle(source, monotonic)]
        if missed:
            with db.write(self._engine) as connection:
                for source in missed:
                    source.save(connection)
        return bool(missed)

    def _take(self, connection: sa.Connection, message: Message, now: str) -> None:
        prefix, _, rest = message.topic.partition("/")
        name, _, place = rest.partition("/")
        source = self.sources.get(name)
        if prefix != "sekimori" or source is None:
            return
        if len(message.payload) > LARGEST_MESSAGE:
            self._count(source, "malformed", place)
        elif place == "record":
            if source.confirmed:
                ledger.take(connection, source, message.payload, now)
                self._heard(source, message, now)
        elif place == "checkpoint":
            self._checkpoint(connection, source, message, now)
        elif place == "key":
            self._key(connection, source, message, now)
        elif place.startswith("private/") and not message.payload:
            self._erase(connection, source, place)
        else:
            self._signed(connection, source, message, place, now)

    def _erase(self, connection: sa.Connection, source: Source, place: str) -> None:
        own, _, id = place.removeprefix("private/").partition("/")
        if own == self._keys.public.id:
            standing.erase(connection, source, id)

    def _key(self, connection: sa.Connection, source: Source, message: Message, now: str) -> None:
        """Follows the site's key where the one before signed for it. An old chain leads nowhere from a newer key."""
        try:
            if not succession.follow(connection, source, message.payload, now):
                return
        except BrokenChain:
            self._count(source, "forged", "key")
            return
        self.followed = True
        log.warning("the site has a new key", site=source.ledger_site, key=source.keys.id)

    def _checkpoint(self, connection: sa.Connection, source: Source, message: Message, now: str) -> None:
        signed = witness.read(source, message.payload)
        if signed is None:
            if not (message.retained and succession.is_old_note(source, message.payload)):
                self._count(source, "forged", "checkpoint")
            return
        epoch, checkpoint = signed
        if epochs.says(connection, source, epoch, message.payload, now):
            live = not message.retained
            witness.witness(connection, source, checkpoint, message.payload.decode(), live=live, now=now)
            self._heard(source, message, now)

    def _signed(self, connection: sa.Connection, source: Source, message: Message, place: str, now: str) -> None:
        try:
            payload = open_message(source.keys.signing, message.topic, message.payload)
        except Forged:
            if not (message.retained and succession.is_old_news(source, message.topic, message.payload)):
                self._count(source, "forged", place)
            return
        try:
            self._opened(connection, source, message, payload, now)
        except standing.Malformed:
            self._count(source, "malformed", place)

    def _opened(self, connection: sa.Connection, source: Source, message: Message, payload: bytes, now: str) -> None:
        own = self._keys.public.id
        live = not message.retained
        match message.topic.split("/")[2:]:
            case ["online"]:
                said = _read(payload, Online)
                if epochs.says(connection, source, said.epoch, payload, now):
                    standing.online(source, said)
                    if said.online:
                        self._heard(source, message, now)
            case ["state", noun, *id]:
                shown = _read(payload, State)
                if (shown.noun, shown.id) != (noun, "/".join(id)):
                    raise standing.Malformed("a state in another's place")
                if epochs.says(connection, source, shown.epoch, payload, now):
                    standing.state(connection, source, shown, live=live, now=now)
                    self._heard(source, message, now)
            case ["private", to, *id] if to == own:
                sealed = _read(payload, SealedPrivate)
                standing.private(connection, source, self._keys.sealing, message.topic, "/".join(id), sealed)
            case ["reply", to] if to == own:
                mark_replied(connection, source.ledger_site, _read(payload, Reply))
            case ["answered", to] if to == own:
                mark_answered(connection, source.ledger_site, _read(payload, Answered))
            case ["recover"] if live:
                self._lost(source, _read(payload, Recover))
            case ["resent", to] if to == own:
                self._again(connection, source, _read(payload, Resent), now)

    def _lost(self, source: Source, asked: Recover) -> None:
        if asked.dashboard in ("", self._keys.public.id):
            self.recover[source.ledger_site] = asked

    def _again(self, connection: sa.Connection, source: Source, sent: Resent, now: str) -> None:
        self.resent.add(source.ledger_site)
        if sent.epoch == source.epoch:
            for text in sent.records:
                ledger.take(connection, source, text.encode(), now, resent=True)

    def _heard(self, source: Source, message: Message, now: str) -> None:
        if not message.retained:
            source.heard_at, source.dirty = now, True

    def _count(self, source: Source, what: str, place: str) -> None:
        count = getattr(source, what) + 1
        setattr(source, what, count)
        source.dirty = True
        if count.bit_count() == 1:
            log.warning(
                "message ignored", site=source.ledger_site, why=what, place=place.partition("/")[0], count=count
            )


def _read(payload: bytes, kind: type[Any]) -> Any:  # noqa: ANN401 - the struct that was asked for
    """The payload as this struct. Raises Malformed, also for a number or a time that no column holds."""
    try:
        message = msgspec.json.decode(payload, type=kind)
        if "at" in kind.__struct_fields__:
            moment(message.at)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise standing.Malformed("not what this topic carries") from error
    for value in msgspec.structs.asdict(message).values():
        if type(value) is int and not 0 <= value <= LARGEST_WHOLE:
            raise standing.Malformed("a number that no column holds")
    return message
