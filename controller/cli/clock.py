"""`sekimori clock`: whether the controller believes its clock, since when and why; and the word of somebody with a watch."""

import enum
import sqlite3
import sys
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from controller.cli.command import DONE, FOUND, command, read_ledger
from controller.cli.interview import Interview
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.clock import RTC, kernel_is_synchronised, rtc_offset_s
from controller.console import ask
from controller.record.canonical import moment, timestamp
from controller.record.envelope import decode
from controller.record.kinds.clock import CLOCK, ClockDoubted
from controller.record.words import words
from controller.rules.clock import CONFIRMED, UNSYNCED
from controller.site import settings_of


class Act(enum.StrEnum):
    """What there is to do with it."""

    CONFIRM = "confirm"


@command
def clock(
    data: Data,
    lang: Language,
    act: Annotated[Act | None, typer.Argument(metavar="[confirm]")] = None,
    yes: Annotated[bool, typer.Option("--yes")] = False,
    as_json: AsJson = False,
) -> int:
    """Says how the clock stands, or confirms it. 1 while it is doubted, and when a confirmation was refused."""
    voice, zone, ledger = Voice(lang, as_json), settings_of(data).timezone, read_ledger(data)
    now = datetime.now(UTC)
    standing = _standing(ledger, now)
    ledger.close()
    if act is None:
        _describe(voice, standing, zone)
        voice.answer(standing)
        return DONE if standing["trusted"] else FOUND
    voice.say("clock.now", now=_local(now, zone), zone=zone.key, style="bold")
    if not yes and not _agreed(voice):
        voice.refusal(voice.text("clock.unconfirmed"))
        voice.answer({"code": "confirmation", "place": "--yes", "shown_at": timestamp(now)})
        return FOUND
    answer = ask(data, "clock.confirm", {"shown_at": timestamp(now)})
    voice.answer({"code": answer["code"], "place": answer["place"], "shown_at": timestamp(now)})
    if answer["code"]:
        trusted = (answer["code"], answer["place"]) == ("subject", "clock")
        why = words(answer["code"], lang, "code")
        voice.refusal(voice.text("clock.trusted") if trusted else voice.text("clock.refused", why=why))
        return FOUND
    voice.say("clock.confirmed", style="green")
    return DONE


def _agreed(voice: Voice) -> bool:
    """Whether somebody at the terminal says that a watch shows the same."""
    if not sys.stdin.isatty():
        return False
    try:
        return Interview(voice, asks=True).free("watch").casefold() in ("y", "yes", "はい")
    except (EOFError, KeyboardInterrupt):
        sys.stderr.write("\n")
        return False


def _standing(ledger: sqlite3.Connection, now: datetime) -> dict[str, Any]:
    """What the ledger's last word on the clock is, and what the machine says now."""
    part = ledger.execute("select state, reason, at, seq from part where part = ?", (CLOCK,)).fetchone()
    newest = ledger.execute("select bytes from record order by seq desc limit 1").fetchone()
    state, reason, since, seq = part or ("ok", "", None, None)
    body = decode(ledger.execute("select bytes from record where seq = ?", (seq,)).fetchone()[0]).body if part else None
    doubt = body if isinstance(body, ClockDoubted) else None
    last = decode(newest[0]) if newest else None
    quality = UNSYNCED if doubt or last is None else CONFIRMED if last.kind == "clock.confirmed" else last.clock
    return {
        "now": timestamp(now), "trusted": state == "ok", "quality": quality, "reason": reason or None, "since": since,
        "by_s": doubt.by_s if doubt else None, "known_at": doubt.known_at if doubt else None,
        "kernel_synchronised": kernel_is_synchronised(), "rtc_offset_s": rtc_offset_s(RTC, now.timestamp()),
    }  # fmt: skip


def _describe(voice: Voice, standing: dict[str, Any], zone: ZoneInfo) -> None:
    voice.say("clock.now", now=_local(moment(standing["now"]), zone), zone=zone.key)
    quality = words(standing["quality"], voice.lang, "clock")
    if standing["trusted"]:
        voice.say("clock.good", quality=quality, style="green")
    else:
        why = words(standing["reason"], voice.lang, "clock_doubt")
        since = _local(moment(standing["since"]), zone)
        voice.say("clock.doubted", why=why, since=since, style="bold red")
        if standing["by_s"]:
            voice.say("clock.by", seconds=f"{standing['by_s']:+}")
        if standing["known_at"]:
            voice.say("clock.known", known=_local(moment(standing["known_at"]), zone))
        voice.say("clock.how")
    voice.say("clock.kernel_yes" if standing["kernel_synchronised"] else "clock.kernel_no")
    if (offset := standing["rtc_offset_s"]) is not None:
        voice.say("clock.rtc", seconds=f"{offset:+.0f}")


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
