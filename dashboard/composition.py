"""The composition root: makes a dashboard's parts from its data folder, and runs them until told to stop."""

import os
import secrets
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from controller.record.keys import BadKey, KeyPair, write_secret
from dashboard import keyring, truncation
from dashboard.config import Config, load
from dashboard.database import open_engine
from dashboard.intake import recovery
from dashboard.intake.intake import Intake
from dashboard.intake.missing_texts import MissingTexts
from dashboard.intake.rebuild import rebuild_if_older
from dashboard.intake.resend import Resend
from dashboard.intake.subscriber import Subscriber
from dashboard.intake.witnessed import Witnessed
from dashboard.outbox import Outbox, Publisher
from dashboard.own_key import KEY_FILE
from dashboard.questions import Questions
from dashboard.runtime import Changes, Runtime

if TYPE_CHECKING:
    from dashboard.notify.sender import Sender

SESSION_FILE = "session.key"
_SESSION_BYTES = 32
_BUG = 70

log = structlog.get_logger()


def own_keys(data: Path) -> KeyPair:
    """The dashboard's keys, made at the first use. Raises BadKey, OSError."""
    return KeyPair.load_or_create(data / KEY_FILE)


def _session_key(data: Path) -> bytes:
    path = data / SESSION_FILE
    if not path.exists():
        write_secret(path, secrets.token_bytes(_SESSION_BYTES))
    raw = path.read_bytes()
    if len(raw) != _SESSION_BYTES:
        raise BadKey(f"{path}: {len(raw)} bytes; a session key has {_SESSION_BYTES}")
    return raw


def make_runtime(data: Path) -> Runtime:
    """The parts, nothing started. Raises BadConfig, BadKey, OSError, and what SQLAlchemy raises for its URL."""
    config: Config = load(data)
    keys = own_keys(data)
    engine = open_engine(config.database_url)
    ring = keyring.present(engine, config.sites)
    outbox, questions = Outbox(engine, keys, ring), Questions(engine, keys)
    return Runtime(config, engine, outbox, questions, keys, _session_key(data), Changes(), ring=ring)


@contextmanager
def following(runtime: Runtime) -> Iterator[Subscriber]:
    """Follows the sites and publishes requests, in threads of their own, until the block ends."""
    if (done := rebuild_if_older(runtime.engine)) is not None:
        log.info("tables folded anew for a new version", records=sum(done.values()))
    if again := runtime.outbox.sign_again():
        log.info("waiting requests signed with the new key", requests=again)
    intake = Intake(runtime.engine, runtime.keys, runtime.config.sites, accept=runtime.ring.accept)
    subscriber: Subscriber
    publisher = Publisher(runtime.outbox, lambda topic, data: subscriber.publish(topic, data), runtime.changed.announce)

    def stored(messages: int, took_s: float) -> None:
        runtime.storing.works()
        if messages:
            runtime.measures.stored(messages, took_s)

    subscriber = Subscriber(
        runtime.config.broker,
        f"sekimori-{runtime.keys.alias('client id')}",
        intake,
        Resend(runtime.engine, runtime.keys),
        MissingTexts(runtime.engine, runtime.keys),
        runtime.questions,
        Witnessed(runtime.keys.public.id),
        partial(recovery.answer, runtime.engine, runtime.keys),
        changed=runtime.changed.announce,
        connected=publisher.connected,
        stored=stored,
        cut=lambda: truncation.cut(runtime.engine),
        failed=runtime.storing.failed,
    )
    sender = telling(runtime)
    subscriber.start()
    publisher.start()
    if sender is not None:
        sender.start(runtime.changed)
    try:
        yield subscriber
    finally:
        runtime.changed.close()
        if sender is not None:
            sender.stop()
        publisher.stop()
        subscriber.stop()


def telling(runtime: Runtime) -> "Sender | None":
    """What tells people of what falls due; None where the settings have no services for it."""
    settings = runtime.config.notify
    if settings is None:
        return None
    from dashboard.notify.sender import Sender  # here, so that the other commands start without Flask

    return Sender(runtime.engine, runtime.config.data, settings, counted=runtime.measures.told)


def stop_on_bug() -> None:
    """From now on an exception that ends a thread ends the process: what is committed is whole, and systemd starts it again.

    The line logged says where and of which type; not the message, which could hold a name.
    """

    def hook(args: threading.ExceptHookArgs) -> None:
        frames = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(args.exc_traceback)]
        thread = args.thread.name if args.thread else ""
        log.critical("a thread stopped on a bug", thread=thread, error=args.exc_type.__name__, at=frames[-8:])
        sys.stderr.flush()
        os._exit(_BUG)

    threading.excepthook = hook
