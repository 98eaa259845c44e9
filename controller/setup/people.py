"""Who shall be an operator: two different people, one who makes badges and one who approves rights; or one, who says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from controller.record.private import LONGEST_TEXT
from controller.rules.authority import DECIDING

PAIR = (("administrator",), ("manager",))
"""The roles of the first two: whoever makes badges does not say what they open (C7.3)."""
ALONE = ("administrator", "manager")
LARGEST = 65_536


class BadOperators(ValueError):
    """The list of operators cannot be used; the message says which line and why."""


@dataclass(frozen=True, slots=True)
class Given:
    """Somebody who shall be an operator."""

    name: str
    roles: tuple[str, ...]


def parse(line: str) -> Given:
    """Somebody written `ROLE[,ROLE]=NAME`. Raises BadOperators."""
    held, equals, name = line.partition("=")
    roles = tuple(role.strip() for role in held.split(","))
    if not equals or not set(roles) <= set(DECIDING):
        raise BadOperators(f"write ROLE[,ROLE]=NAME with roles out of {', '.join(DECIDING)}")
    name = name.strip()
    if not name or len(name) > LONGEST_TEXT or not name.isprintable():
        raise BadOperators(f"a name has 1 to {LONGEST_TEXT} printable characters")
    return Given(name, roles)


def read(file: Path, stdin: TextIO) -> list[Given]:
    """The operators in a file, one a line, `-` for standard input; `#` begins a comment. Raises BadOperators, OSError."""
    try:
        text = stdin.read(LARGEST + 1) if str(file) == "-" else _head(file)
    except UnicodeDecodeError as error:
        raise BadOperators(f"{file}: not UTF-8") from error
    if len(text) > LARGEST:
        raise BadOperators(f"{file}: more than {LARGEST} characters")
    found = []
    for n, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if (said := line.strip()) and not said.startswith("#"):
            try:
                found.append(parse(said))
            except BadOperators as error:
                raise BadOperators(f"{file}, line {n}: {error}") from error
    return found


def _head(file: Path) -> str:
    with file.open(encoding="utf-8") as opened:
        return opened.read(LARGEST + 1)


def mistake(wanted: Sequence[Given], known: Sequence[Given], alone: bool) -> str:
    """What is wrong with these as the site's operators, beside those who are it already; empty when nothing is."""
    names = [given.name for given in wanted]
    if twice := next((name for n, name in enumerate(names) if name in names[:n]), ""):
        return f"{twice!r} stands twice; two different people are needed"
    held = {role for given in (*known, *wanted) for role in given.roles}
    if lacking := [role for role in ALONE if role not in held]:
        return f"nobody is {' or '.join(lacking)}"
    if alone and len({given.name for given in (*known, *wanted)}) > 1:
        return "--alone is for one person"
    return ""
