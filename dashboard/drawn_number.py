"""A number drawn for a combination lock (C8.3): by the rules for choosing one, shown once, and kept nowhere.

The rules are those of the US Navy's manuals for dials and the usual ones for keypads (`RULES` has the words). What is drawn
leaves this module as the return value of `draw` alone; nothing here stores, logs or sends.
"""

import secrets
from collections.abc import Callable
from datetime import date
from itertools import pairwise

DIAL, KEYPAD = "dial", "keypad"
DIAL_TOP = 99
"""A dial's marks go from 0 to this; a number is three of them."""
SHORTEST, LONGEST = 4, 12
"""Digits of a keypad's number."""

_APART = 5
_FORBIDDEN_LAST = 20
"""The last number of a mechanical dial is none from 0 to this: the bolt is thrown there."""
_TRIES = 10_000

RULES = {
    DIAL: ("apart", "no_fives", "no_series", "no_parity", "last_free", "no_factory"),
    KEYPAD: ("no_run", "no_repeat", "no_date", "no_year", "no_fives", "no_factory"),
}
"""The rules by sort of lock, as codes; their words are in the page."""

_FACTORY_DIAL = {(50, 25, 50), (10, 20, 30), (0, 0, 0)}


def draw(sort: str, digits: int = 0, below: Callable[[int], int] = secrets.randbelow) -> str:
    """A number that keeps all rules, every such number as likely as any other: `37-82-54`, or so many digits.

    Raises ValueError for a sort or a length that is none.
    """
    if sort != DIAL and (sort != KEYPAD or not SHORTEST <= digits <= LONGEST):
        raise ValueError(f"{sort}, {digits} digits: no such lock")
    for _ in range(_TRIES):
        if sort == DIAL:
            text = "-".join(f"{below(DIAL_TOP + 1):02d}" for _ in range(3))
        else:
            text = f"{below(10**digits):0{digits}d}"
        if not broken(sort, text):
            return text
    raise RuntimeError("no number was found that keeps the rules")


def broken(sort: str, text: str) -> tuple[str, ...]:
    """The rules that a number breaks, as codes of `RULES`."""
    found = _dial(tuple(int(part) for part in text.split("-"))) if sort == DIAL else _keypad(text)
    return tuple(rule for rule in RULES[sort] if found[rule])


def _dial(marks: tuple[int, ...]) -> dict[str, bool]:
    first, second, third = marks
    rising_or_falling = first < second < third or first > second > third
    return {
        "apart": any(abs(a - b) < _APART for a, b in ((first, second), (second, third), (first, third))),
        "no_fives": any(mark % 5 == 0 for mark in marks),
        "no_series": rising_or_falling,
        "no_parity": len({mark % 2 for mark in marks}) == 1,
        "last_free": third <= _FORBIDDEN_LAST,
        "no_factory": marks in _FACTORY_DIAL,
    }


def _keypad(text: str) -> dict[str, bool]:
    figures = [int(figure) for figure in text]
    steps = [(b - a) % 10 for a, b in pairwise(figures)]
    return {
        "no_run": any(steps[n] == steps[n + 1] and steps[n] in (1, 9) for n in range(len(steps) - 1)),
        "no_repeat": max(map(figures.count, figures)) > max(2, len(figures) // 3) or _repeats(text),
        "no_date": any(_is_date(text[n : n + size]) for size in (4, 6, 8) for n in (0, len(text) - size) if len(text) >= size),
        "no_year": any(text[n : n + 4].startswith(("19", "20")) for n in (0, len(text) - 4)),
        "no_fives": figures[-1] % 5 == 0,
        "no_factory": len(set(text)) == 1 or text in "01234567890123456789" or text in "98765432109876543210",
    }


def _repeats(text: str) -> bool:
    """Whether it is one shorter piece again and again, or the same from behind."""
    pieces = (text[:size] * (len(text) // size) for size in range(1, len(text) // 2 + 1) if len(text) % size == 0)
    return text in pieces or text == text[::-1]


def _is_date(text: str) -> bool:
    """Whether it can be read as a day: MMDD or DDMM, YYMMDD or DDMMYY, YYYYMMDD."""
    if len(text) == 4:
        readings: tuple[tuple[str, str, str], ...] = (("2000", text[:2], text[2:]), ("2000", text[2:], text[:2]))
    elif len(text) == 6:
        readings = (("20" + text[:2], text[2:4], text[4:]), ("20" + text[4:], text[2:4], text[:2]))
    else:
        readings = ((text[:4], text[4:6], text[6:]),) if text[:2] in ("19", "20") else ()
    return any(_is_day(*reading) for reading in readings)


def _is_day(year: str, month: str, day: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True
