"""The options that every command has, in one place."""

from pathlib import Path
from typing import Annotated

import typer

from controller.cli.texts import Lang, terminal_language

SYSTEM = Path("/var/lib/sekimori")
DEMO = Path(".demo")


def default_data() -> Path:
    """The installed site's directory if there is one, else the demo's."""
    return SYSTEM if (SYSTEM / "site.toml").exists() else DEMO


Data = Annotated[
    Path, typer.Option("--data", metavar="DIR", default_factory=default_data, show_default=f"{SYSTEM}, or {DEMO}")
]
AsJson = Annotated[bool, typer.Option("--json")]
Language = Annotated[Lang, typer.Option("--lang", default_factory=terminal_language, show_default="LANG")]
