"""What the command line says, and its help."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import controller.cli
from controller.cli.program import program
from controller.cli.texts import Lang, all_texts, asked_language, printable, terminal_language
from controller.commands import COMMANDS as CONSOLE_COMMANDS

SOURCES = "\n".join(path.read_text() for path in Path(controller.cli.__file__).parent.glob("*.py"))


def commands(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every command with the words that call it."""
    yield path, part
    for name, below in getattr(part, "commands", {}).items():
        yield from commands(below, f"{path} {name}".strip())


COMMANDS = dict(commands(program(Lang.EN)))


def entries() -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of the file but the examples."""
    for group, texts in all_texts().items():
        if group != "example":
            yield from ((f"{group}.{name}", entry) for name, entry in texts.items())


@pytest.mark.parametrize(("key", "entry"), list(entries()))
def test_every_text_is_in_both_languages(key: str, entry: dict[str, str]) -> None:
    """Each text stands there in Japanese and English, with the same values in it."""
    assert {"ja", "en"} == set(entry)
    values = [set(re.findall(r"{(\w+)}", said)) for said in entry.values()]

    assert values[0] == values[1], key


def test_every_text_that_is_asked_for_is_there() -> None:
    """No command looks for a text that the file has not, and none lies there unused."""
    known = {key for key, _ in entries()}
    asked = set(re.findall(r"""["']([a-z_]+\.[a-z_]+)["']""", SOURCES)) - set(CONSOLE_COMMANDS)
    groups = {"word", "help", "option", "column", "assurance", "cannot", "source", "finding", "unproven"}
    groups |= {"history", "side", "step", "why", "ask", "setup_next", "setup_step", "sort"}
    groups |= {"schedule", "weekday", "explain", "broker_good", "broker_bad", "broker_fix"}

    assert {key for key in asked if key.partition(".")[0] in all_texts()} <= known
    assert {key for key in known if key.partition(".")[0] not in groups} <= asked


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("path", list(COMMANDS))
def test_every_command_and_option_is_explained(path: str, lang: Lang) -> None:
    """Each command, argument and option has its help in both languages, and each command an example."""
    part = dict(commands(program(lang)))[path]
    shown = all_texts()["help"][path or "sekimori"][lang]

    assert shown == part.help
    assert path == "" or part.epilog
    for parameter in part.params:
        texts = all_texts()["option"]
        assert (texts.get(f"{path} {parameter.name}") or texts[parameter.name])[lang] == parameter.help


@pytest.mark.parametrize("example", [line for lines in all_texts()["example"].values() for line in lines])
def test_every_example_can_be_typed(example: str) -> None:
    """The examples of the help are calls that the program takes."""
    words = shlex.split(example)[1:]
    path = max((path for path in COMMANDS if example.removeprefix("sekimori ").startswith(path)), key=len)

    assert COMMANDS[path].make_context(path, words[len(path.split()) :]) is not None


def test_no_help_takes_a_secret() -> None:
    """No option takes a password, a card key or a private key: the command line of a process can be read by others."""
    names = {parameter.name for _, part in COMMANDS.items() for parameter in part.params}

    assert not {name for name in names if not name.endswith("_file") if re.search("secret|password|token|pin$|master", name)}


@pytest.mark.parametrize(
    ("expected", "arguments", "environ"),
    [
        (Lang.JA, [], {"LANG": "ja_JP.UTF-8"}),
        (Lang.EN, [], {"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}),
        (Lang.EN, [], {}),
        (Lang.EN, ["check", "--lang", "en"], {"LANG": "ja_JP.UTF-8"}),
        (Lang.JA, ["check", "--lang=ja"], {}),
        (Lang.EN, ["check", "--lang"], {}),
        (Lang.JA, ["check", "--lang", "fr"], {"LANG": "ja"}),
    ],
)
def test_language_is_the_option_or_the_terminals(expected: Lang, arguments: list[str], environ: dict[str, str]) -> None:
    """`--lang` decides the language, else LC_ALL, LC_MESSAGES and LANG in this order, else English."""
    assert expected is asked_language(arguments, environ)
    if not arguments:
        assert expected is terminal_language(environ)


def test_nobodys_name_steers_the_terminal() -> None:
    """Escape sequences, line breaks and reversed writing in a name are shown as what they are: nothing to print."""
    assert "\ufffd[2J山田\ufffd\ufffd花子\ufffd" == printable("\x1b[2J山田\n\u202e花子\x07")
