"""`sekimori key`: the site's own key, and its change."""

from typing import Annotated

import typer

from controller.cli.command import DONE, command, read_ledger
from controller.cli.options import AsJson, Data, Language
from controller.cli.voice import Voice
from controller.record.note import Checkpoint, VerifierKey
from controller.site import rotate_key, settings_of

key = typer.Typer(no_args_is_help=True)


@key.callback()
def _group() -> None:
    """Its help is in `texts.toml`."""


@key.command("rotate")
@command
def rotate(
    data: Data,
    lang: Language,
    compromised: Annotated[bool, typer.Option("--compromised")] = False,
    as_json: AsJson = False,
) -> int:
    """A new key for the site; the controller must not run."""
    voice, site = Voice(lang, as_json), settings_of(data).id
    public = rotate_key(data, compromised).public
    connection = read_ledger(data)
    try:
        note: str = connection.execute("select note from checkpoint order by size desc limit 1").fetchone()[0]
    finally:
        connection.close()
    verifier = VerifierKey(Checkpoint.parse(note).origin, public.signing).text()
    line = f"sekimori-dashboard trust {public.text()} --site {site} --replace"
    voice.say("key.rotated", site=site, style="green")
    voice.line(f"  {public.text()}")
    voice.say("key.verifier")
    voice.line(f"  {verifier}")
    voice.say("key.by_hand" if compromised else "key.by_themselves", style="bold yellow" if compromised else "")
    if compromised:
        voice.line(f"  {line}")
    voice.say("key.backup")
    voice.answer(
        {
            "site": site, "site_key": public.text(), "id": public.id, "verifier_key": verifier, "compromised": compromised,
            "by_hand": line if compromised else None,
        }
    )  # fmt: skip
    return DONE
