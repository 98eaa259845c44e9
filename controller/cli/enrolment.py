"""`sekimori enroll`: a card becomes a person's badge, at a reader of the running controller or at one of the console's own."""

import sqlite3
import threading
from pathlib import Path
from time import monotonic
from typing import Annotated, Any

import typer

from controller.app import command as ask_controller
from controller.app import console_reader
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.texts import Lang
from controller.cli.voice import Voice
from controller.console import ask
from controller.doors import credential_digest
from controller.feeds import READER_PACE_S
from controller.keyring import site_keys
from controller.record.envelope import decode
from controller.record.kinds.badge import BadgeEnrolled, EnrolmentClosed
from controller.record.words import words
from controller.rules.badge import ENROLMENT_S
from hardware.protocols import CardRead, Reader

DUPLICATE, TIMEOUT = 3, 4
_EXITS = {"enrolled": DUPLICATE, "time": TIMEOUT}
_LATE_S = 5.0
"""So long after its time the controller's word on an enrolment is waited for."""
_LOOK_S = 0.05


@command
def enroll(
    data: Data,
    lang: Language,
    person: Annotated[int, typer.Option("--person", metavar="N", min=1)],
    reader: Annotated[str | None, typer.Option("--reader", metavar="PORTAL/SIDE")] = None,
    device: Annotated[str | None, typer.Option("--device", metavar="URL")] = None,
    as_json: AsJson = False,
) -> int:
    """Waits for the card and says what became of it."""
    voice = Voice(lang, as_json)
    if (reader is None) == (device is None):
        raise typer.BadParameter(voice.text("enroll.which"))
    ledger = read_ledger(data)
    voice.say("enroll.begin", person=_person(ledger, person), at=reader or device)
    if device is not None:
        return _tell(voice, ledger, person, _here(voice, data, person, device))
    return _tell(voice, ledger, person, _at_reader(voice, data, ledger, person, str(reader)))


def _at_reader(voice: Voice, data: Path, ledger: sqlite3.Connection, person: int, reader: str) -> dict[str, Any]:
    """The running controller's reader is armed; the ledger says how it ended."""
    opened = ask(data, "enrol", {"person": person, "reader": reader})
    if opened["code"]:
        return dict(opened)
    voice.say("enroll.hold", seconds=ENROLMENT_S)
    end, pause, seen = monotonic() + ENROLMENT_S + _LATE_S, threading.Event(), opened["last"]
    while monotonic() < end:
        for (raw,) in ledger.execute("select bytes from record where seq > ? order by seq", (seen,)):
            record = decode(raw)
            seen = record.seq
            match record.body:
                case BadgeEnrolled(badge=badge, label=label, reader=at) if at == reader:
                    return {"code": None, "place": "", "badge": badge, "label": label}
                case EnrolmentClosed(code=code, reader=at) if at == reader:
                    return {"code": code, "place": ""}
        pause.wait(_LOOK_S)
    return {"code": "time", "place": ""}


def _here(voice: Voice, data: Path, person: int, device: str) -> dict[str, Any]:
    """The console's own reader is armed here; what it read goes to the controller, or into the ledger while none runs."""
    with_state = read_ledger(data).execute("select state from person where person = ?", (person,)).fetchone()
    if with_state != ("active",):
        return {"code": "subject", "place": "person"}  # before a key is written to a card for nobody
    try:
        reader = console_reader(data, device)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    try:
        read = _await_card(voice, reader)
    finally:
        reader.close()
    if read is None:
        return {"code": "time", "place": ""}
    card = {
        "person": person, "credential": credential_digest(site_keys(data).pepper, read.credential),
        "assurance": int(read.assurance), "label": read.label, "problem": read.problem,
        "personalised": read.personalised,
    }  # fmt: skip
    answer = ask_controller(data, "enrol.card", card)
    record: dict[str, Any] = next(iter(answer["records"]), {})
    return {"code": answer["code"] or record.get("code"), "place": answer["place"], "label": read.label} | (
        {"badge": record["badge"]} if "badge" in record else {}
    )


def _await_card(voice: Voice, reader: Reader) -> CardRead | None:
    """The first card that stayed long enough. One torn away half-way is finished when it comes again."""
    voice.say("enroll.hold", seconds=ENROLMENT_S)
    end, pause = monotonic() + ENROLMENT_S, threading.Event()
    reader.arm(end)
    while monotonic() < end:
        read = reader.poll()
        if read is not None and read.problem != "card":
            return read
        if read is not None:
            voice.say("enroll.again", style="yellow")
        pause.wait(READER_PACE_S)
    return None


def _tell(voice: Voice, ledger: sqlite3.Connection, person: int, told: dict[str, Any]) -> int:
    code = told["code"]
    voice.answer(
        {"code": code, "place": told["place"], "person": person, "badge": told.get("badge"), "label": told.get("label")}
    )
    if code is None:
        voice.say(
            "enroll.done", person=_person(ledger, person), badge=told["badge"], label=told["label"], style="green"
        )
        if not _may_enter(ledger, person):
            voice.say("enroll.no_right", style="yellow")
        return DONE
    place = f" ({told['place']})" if told["place"] else ""
    voice.refusal(voice.text("enroll.failed", why=_why(code, voice.lang)) + place)
    if code == "card":
        voice.say("enroll.resume")
    return _EXITS.get(code, FOUND)


def _why(code: str, lang: Lang) -> str:
    return words(code, lang, "enrolment" if code in _EXITS else "code")


def _person(ledger: sqlite3.Connection, number: int) -> str:
    return f"{Names(ledger).person(number)} #{number}".strip()


def _may_enter(ledger: sqlite3.Connection, person: int) -> bool:
    found = ledger.execute(
        """select 1 from access_right where person = ?1 and state = 'active'
        union all select 1 from membership join access_right on access_right.team = membership.team
        where membership.person = ?1 and membership.state = 'active' and access_right.state = 'active' limit 1""",
        (person,),
    )
    return found.fetchone() is not None
