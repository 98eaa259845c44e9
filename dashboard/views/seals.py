"""Seal numbers as people write them: several in one field, in full-width letters of a Japanese keyboard too."""

import re
import unicodedata

from flask_babel import gettext as _

from dashboard.web.fields import Fields

_SEAL = re.compile(r"[A-Za-z0-9-]{1,32}")
_BETWEEN = re.compile(r"[\s,、;]+")


def seals_of(form: Fields, name: str, *, needed: bool) -> tuple[str, ...]:
    """The numbers in a field; what is wrong with them is in the form's errors."""
    text = unicodedata.normalize(
        "NFKC", form.text(name, required=_("Write the number of each seal.") if needed else "")
    )
    numbers = [part for part in _BETWEEN.split(text.replace("ー", "-").replace("‐", "-")) if part]
    wrong = [number for number in numbers if _SEAL.fullmatch(number) is None]
    if wrong:
        form.errors[name] = _("A seal's number has letters, digits and hyphens: %(wrong)s", wrong=wrong[0][:32])
    elif len(set(numbers)) < len(numbers):
        form.errors[name] = _("A number stands there twice.")
    return tuple(numbers)
