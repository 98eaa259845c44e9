"""`sekimori keys`: where each key is, and loans by hand while the dashboard is away (C8.2)."""

import sqlite3
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.app import command as ask_controller
from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.instants import until_text
from controller.cli.names import Names
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.canonical import timestamp
from controller.record.words import words

keys = typer.Typer(no_args_is_help=True)

Label = Annotated[str, typer.Argument(metavar="KEY")]
_LISTED = """select lock_key.lock_key, lock_key.label, lock_key.state, opens, home, cabinet, slot, lock_key.person, due_at,
    seal, sealed_in, loan
    from lock_key left join key_loan on key_loan = loan where lock_key.state <> 'retired' order by lock_key.label"""


@keys.command("list")
@command
def listed(data: Data, lang: Language, as_json: AsJson = False) -> int:
    """One line a key; 1 while one is overdue, missing or lost."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    names, now = Names(ledger), timestamp(datetime.now(UTC))
    lines = [_line(row, names, voice, now) for row in ledger.execute(_LISTED).fetchall()]
    wrong = sum(line["overdue"] or line["state"] in ("missing", "lost") for line in lines)
    local = ZoneInfo(names.timezone())
    rows = [_shown(line, voice, local) for line in lines]
    voice.table("keys.title", ["key", "name", "state", "place", "holder", "due"], rows, count=wrong)
    if not lines:
        voice.say("keys.none")
    voice.answer({"code": None, "wrong": wrong, "keys": lines})
    return FOUND if wrong else DONE


def _line(row: tuple[Any, ...], names: Names, voice: Voice, now: str) -> dict[str, Any]:
    number, label, state, opens, home, cabinet, slot, person, due_at, seal, sealed_in, loan = row
    lent = state == "lent"
    return {
        "key": number,
        "label": label,
        "name": names.private("lock_key", number),
        "state": state,
        "opens": opens,
        "home": home,
        "place": names.place("zone", sealed_in or home, voice.lang),
        "cabinet": cabinet or "",
        "slot": slot or 0,
        "person": person if lent else None,
        "holder": (names.person(person) or f"#{person}") if lent else "",
        "loan": loan,
        "due_at": due_at if lent else None,
        "overdue": bool(lent and due_at <= now),
        "seal": seal or "",
    }


def _shown(line: dict[str, Any], voice: Voice, local: ZoneInfo) -> list[str]:
    due = until_text(line["due_at"], local)
    late = f" {voice.text('keys.late')}" if line["overdue"] else ""
    slot = f" {line['cabinet']} {line['slot']}" if line["cabinet"] else ""
    state = words(line["state"], voice.lang, "key_state")
    return [line["label"], line["name"], state, line["place"] + slot, line["holder"], due + late]


@keys.command("lend")
@command
def lend(
    data: Data,
    lang: Language,
    key: Label,
    to: Annotated[str, typer.Option("--to", metavar="PERSON")],
    purpose: Annotated[str, typer.Option("--for", metavar="TEXT")],
    agreed: Annotated[list[str] | None, typer.Option("--agreed", metavar="PERSON")] = None,
    as_json: AsJson = False,
) -> int:
    """The key is in the person's hands."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    people = [_person(ledger, name) for name in (to, *(agreed or []))]
    if None in people:
        return _refused(voice, "subject", "to" if people[0] is None else "agreed")
    asked = {"key": _number(ledger, key), "person": people[0], "purpose": purpose, "agreed": people[1:]}
    answer = ask_controller(data, "key.lend", asked)
    local = ZoneInfo(Names(ledger).timezone())
    at = None if answer["code"] else answer["records"][0]["due_at"]
    due = until_text(at, local)
    return _told(voice, answer, "keys.lent", label=key, who=to, due=due)


@keys.command("return")
@command
def give_back(
    data: Data,
    lang: Language,
    key: Label,
    by: Annotated[str, typer.Option("--by", metavar="PERSON")] = "",
    as_json: AsJson = False,
) -> int:
    """The key is back."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    person = _person(ledger, by) if by else None
    if by and person is None:
        return _refused(voice, "subject", "by")
    asked = {"key": _number(ledger, key), "returned_by": person}
    return _told(voice, ask_controller(data, "key.return", asked), "keys.returned", label=key)


@keys.command("lost")
@command
def lost(
    data: Data,
    lang: Language,
    key: Label,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT")],
    as_json: AsJson = False,
) -> int:
    """The key is lost, and its lock has to be changed."""
    voice = Voice(lang, as_json)
    asked = {"key": _number(read_ledger(data), key), "reason": reason}
    return _told(voice, ask_controller(data, "key.lost", asked), "keys.lost", label=key)


@keys.command("audit")
@command
def audit(
    data: Data,
    lang: Language,
    place: Annotated[str, typer.Argument(metavar="PLACE")],
    absent: Annotated[list[str] | None, typer.Option("--absent", metavar="KEY")] = None,
    present: Annotated[list[str] | None, typer.Option("--present", metavar="KEY")] = None,
    as_json: AsJson = False,
) -> int:
    """Every key of the place was as the ledger says, but for those named. 1 where one was not, or refused."""
    voice, ledger = Voice(lang, as_json), read_ledger(data)
    odd = {"absent": absent or [], "present": present or []}
    asked = {"place": place} | {name: [_number(ledger, label) for label in labels] for name, labels in odd.items()}
    answer = ask_controller(data, "key_audit.count", asked)
    if answer["code"]:
        return _refused(voice, answer["code"], answer["place"])
    counted = [body for body in answer["records"] if "deviation" in body]
    deviations = sum(body["deviation"] for body in counted)
    ended = any("deviations" in body for body in answer["records"])
    voice.say("keys.counted" if ended else "keys.half", count=len(counted), deviations=deviations)
    voice.answer({"code": None, "place": place, "counted": len(counted), "deviations": deviations, "ended": ended})
    return FOUND if deviations else DONE


def _number(ledger: sqlite3.Connection, label: str) -> int:
    """The key with this label, 0 for none: the controller refuses that."""
    row = ledger.execute("select lock_key from lock_key where label = ? and state <> 'retired'", (label,)).fetchone()
    return 0 if row is None else int(row[0])


def _person(ledger: sqlite3.Connection, name: str) -> int | None:
    """The one person with this name or number."""
    called = Names(ledger).people_called(name)
    return called[0] if len(called) == 1 else None


def _refused(voice: Voice, code: str, place: str) -> int:
    voice.refusal(voice.text("keys.refused", why=words(code, voice.lang, "code"), place=place))
    voice.answer({"code": code, "place": place})
    return FOUND


def _told(voice: Voice, answer: dict[str, Any], done: str, **more: object) -> int:
    """Says what the controller answered; the exit code."""
    if answer["code"]:
        return _refused(voice, answer["code"], answer["place"])
    body = answer["records"][0]
    voice.say(done, style="green", **more)
    told = ("loan", "key", "keys", "person", "due_at", "state", "lock_due_at")
    voice.answer({"code": None, "place": "", **{name: body[name] for name in told if name in body}})
    return DONE
