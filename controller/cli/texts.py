"""What the command line says, in both languages: `texts.toml`, read once. Codes' words are in `controller.record.words`."""

import os
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("texts.toml")


class Lang(StrEnum):
    """A language of the command line."""

    JA = "ja"
    EN = "en"


@cache
def all_texts() -> dict[str, Any]:
    """Everything in the file."""
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def text(key: str, lang: Lang, **values: object) -> str:
    """The text under `group.name`, with its values put in. Raises KeyError for none: a test looks for every key."""
    group, _, name = key.partition(".")
    said: str = all_texts()[group][name][lang]
    return said.format(**values)


def printable(word: str) -> str:
    """A word that others wrote, without what could steer the terminal."""
    if word.isprintable():  # nearly all are, and a list of thousands is in a hurry
        return word
    return "".join("\ufffd" if unicodedata.category(letter) in ("Cc", "Cf", "Cs") else letter for letter in word)


def terminal_language(environ: Mapping[str, str] | None = None) -> Lang:
    """What the environment says, in the order of POSIX: LC_ALL, LC_MESSAGES, LANG."""
    environ = os.environ if environ is None else environ
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environ.get(name))), "")
    return Lang.JA if said.startswith("ja") else Lang.EN


def asked_language(arguments: Sequence[str], environ: Mapping[str, str]) -> Lang:
    """The language of the help: `--lang` wherever it stands, else the environment's."""
    for n, argument in enumerate(arguments):
        name, _, value = argument.partition("=")
        if name == "--lang":
            value = value or next(iter(arguments[n + 1 :]), "")
            return Lang(value) if value in list(Lang) else terminal_language(environ)
    return terminal_language(environ)
