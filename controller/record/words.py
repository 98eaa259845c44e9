"""How people read the codes of the published language, in Japanese and English: `words.toml`, read once.

Records, requests and replies carry codes; the words are looked up when somebody looks, so that they can be bettered without
touching a record. The dashboard and the command line read the same file.
"""

import tomllib
from functools import cache
from pathlib import Path

LANGUAGES = ("ja", "en")
_FILE = Path(__file__).with_name("words.toml")


@cache
def _groups() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))


def words(code: str, lang: str, group: str = "") -> str:
    """The words for a code in `ja` or `en`; for an unknown code, the code itself.

    `group` says what sort of code it is where one text means several things (`open` of a leaf, of an enrolment). Without
    it kinds of records, then refusal codes, then the others are searched in the order of the file.
    """
    groups = _groups()
    searched = [groups.get(group, {})] if group else list(groups.values())
    for found in searched:
        if code in found:
            return found[code].get(lang) or found[code]["en"]
    return code


def codes(group: str) -> tuple[str, ...]:
    """The codes of a group in the order of the file; empty for no such group."""
    return tuple(_groups().get(group, {}))
