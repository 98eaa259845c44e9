"""What `sekimori check` says of the broker: a line for each step, and behind what is wrong how to mend it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.cli.command import LEDGER, NoLedger, read_ledger
from controller.cli.texts import all_texts
from controller.cli.voice import Voice
from controller.facility import BrokerForm
from controller.probing.examination import Finding, examine

_MARKS = {"good": ("  ✓ ", "green"), "note": ("  - ", ""), "bad": ("  ✗ ", "bold red")}


def examined(voice: Voice, broker: BrokerForm, site: str, data: Path) -> Iterator[Finding]:
    """Each finding, said as it is made."""
    voice.say("check.broker", host=broker.host, port=broker.port)
    for finding in examine(broker, site, _newest(data), datetime.now(UTC)):
        mark, style = _MARKS[finding.state]
        voice.line(mark + voice.text(f"{_group(finding)}.{finding.code}", **finding.values), style=style)
        if finding.state != "good" and finding.code in all_texts()["broker_fix"]:
            voice.line("    → " + voice.text(f"broker_fix.{finding.code}"))
        yield finding


def as_answer(finding: Finding) -> dict[str, Any]:
    """For programs."""
    return {"code": finding.code, "state": finding.state, **{key: str(said) for key, said in finding.values.items()}}


def _group(finding: Finding) -> str:
    return "broker_good" if finding.state == "good" else "broker_bad"


def _newest(data: Path) -> bytes | None:
    """The newest record's bytes; None before the first start."""
    if not (data / LEDGER).exists():
        return None
    try:
        connection = read_ledger(data)
    except NoLedger:
        return None
    try:
        row = connection.execute("select bytes from record order by seq desc limit 1").fetchone()
    finally:
        connection.close()
    return None if row is None else bytes(row[0])
