"""`sekimori pin`: the PIN of a person, typed at this console, cleared, unlocked, or how it stands.

The digits are read from the terminal without echo, or from standard input, and never from the command line, which everybody
on the machine can read. They are hashed here; the controller gets the hash, by the socket that only its owner may open.
"""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.keyring import site_keys
from controller.pin_hashes import PinHashes
from controller.record.canonical import timestamp
from controller.record.words import words
from controller.rules.hashed import HashedPin
from controller.rules.pin_choice import LONGEST, Taste, too_near, weakness, wipe
from controller.site import settings_of

pin = typer.Typer(no_args_is_help=True)
Person = Annotated[int, typer.Argument(metavar="PERSON", min=1)]
_LONGEST_LINE = 64


class NotGood(Exception):
    """What was typed makes no PIN; the code says why: one of the group `pin_enrolment` in `words.toml`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@pin.command("set")
@command
def set_pin(data: Data, lang: Language, person: Person, as_json: AsJson = False) -> int:
    """Asks for the PIN twice, and for one for duress; then it holds."""
    voice = Voice(lang, as_json)
    ledger = read_ledger(data)
    voice.say("pin.begin", person=f"{Names(ledger).person(person)} #{person}".strip())
    badges = ledger.execute("select badge from badge where person = ?", (person,)).fetchall()
    taste = Taste(settings_of(data).pins.length, (person, *(badge for (badge,) in badges)))
    try:
        hashed = _hashed(PinHashes(site_keys(data).pepper), taste, _asker(voice))
    except NotGood as error:
        voice.refusal(words(error.code, lang, "pin_enrolment"))
        voice.answer({"code": error.code, "place": "pin", "person": person})
        return FOUND
    asked = {"person": person, "form": hashed.form, "own": hashed.own.hex(), "duress": hashed.duress.hex()}
    return _done(voice, data, "pin.set", "pin.was_set", asked)


@pin.command("clear")
@command
def clear(data: Data, lang: Language, person: Person, as_json: AsJson = False) -> int:
    """Lets the person's PIN count no more."""
    return _done(Voice(lang, as_json), data, "pin.clear", "pin.was_cleared", {"person": person})


@pin.command("unlock")
@command
def unlock(data: Data, lang: Language, person: Person, as_json: AsJson = False) -> int:
    """Ends a lock-out before its time."""
    return _done(Voice(lang, as_json), data, "pin.unlock", "pin.was_unlocked", {"person": person})


@pin.command("show")
@command
def show(data: Data, lang: Language, person: Person, as_json: AsJson = False) -> int:
    """Whether the person has a PIN, and whether they are locked out. Of the PIN itself nothing can be shown."""
    voice = Voice(lang, as_json)
    ledger = read_ledger(data)
    row = ledger.execute(
        "select state, failures, locked_until, set_at from pin where person = ?", (person,)
    ).fetchone() or ("", 0, None, None)
    state, failures, until, set_at = row
    locked = until is not None and until > timestamp(datetime.now(UTC))
    said = "pin.is_locked" if locked else "pin.is_set" if state == "set" else "pin.is_none"
    who = f"{Names(ledger).person(person)} #{person}".strip()
    voice.say(said, person=who, until=until, failures=failures, set_at=set_at)
    voice.answer(
        {"person": person, "set": state == "set", "failures": failures, "locked_until": until if locked else None}
    )
    return DONE if state == "set" and not locked else FOUND


def _done(voice: Voice, data: Path, name: str, done: str, asked: dict[str, object]) -> int:
    answer = ask_controller(data, name, asked)
    code = answer["code"]
    voice.answer({"code": code, "place": answer["place"], "person": asked["person"]})
    if code:
        voice.refusal(voice.text("pin.refused", why=words(code, voice.lang, "code")))
        return FOUND
    voice.say(done, style="green")
    return DONE


# Typing -----------------------------------------------------------------------------------------------------------------

Asker = Callable[[str], bytearray]


def _hashed(hashes: PinHashes, taste: Taste, ask: Asker) -> HashedPin:
    """What is kept of the PIN that is typed. Raises NotGood."""
    own, duress = bytearray(), bytearray()
    try:
        own = _twice(ask, "pin.own", "pin.own_again", lambda typed: weakness(typed, taste))
        duress = _twice(
            ask, "pin.duress", "pin.duress_again",
            lambda typed: weakness(typed, taste) or ("near" if too_near(own, typed) else None), optional=True,
        )  # fmt: skip
        return hashes.make(own, duress)
    finally:
        wipe(own)
        wipe(duress)


def _twice(
    ask: Asker, first: str, again: str, fault: Callable[[bytearray], str | None], optional: bool = False
) -> bytearray:
    typed = ask(first)
    if optional and not typed:
        return typed
    code = fault(typed) or _differs(ask, again, typed)
    if code is not None:
        wipe(typed)
        raise NotGood(code)
    return typed


def _differs(ask: Asker, again: str, typed: bytearray) -> str | None:
    repeated = ask(again)
    same = repeated == typed
    wipe(repeated)
    return None if same else "repetition"


def _asker(voice: Voice) -> Asker:
    """From the terminal, without echo; or a line of standard input each, as a program hands them over."""
    if sys.stdin.isatty():
        return lambda key: bytearray(_silently(voice.text(key)))
    return lambda key: bytearray(sys.stdin.buffer.readline(_LONGEST_LINE).rstrip(b"\r\n")[: LONGEST + 1])


def _silently(question: str) -> bytes:
    """What is typed, unseen; nothing where the terminal has ended."""
    try:
        return getpass(question).encode(errors="replace")[: LONGEST + 1]
    except EOFError:
        return b""
