"""`[combination]` of `site.toml`: how old a number may be, and how soon it is changed when that is asked for (C8.3, C8.4)."""

from collections.abc import Iterator

from controller.facility.tables import Form
from controller.rules.trigger import Terms

_YEAR = 365
"""The criteria want a change once a year at least; a site may want it more often."""
_MOST_DAYS = 31


class CombinationForm(Form, frozen=True):
    """`[combination]`: days. A leak, or a lock that was found open, has the shorter time."""

    max_age_days: int = 365
    change_days: int = 7
    leak_days: int = 1


def combination_mistakes(form: CombinationForm) -> Iterator[str]:
    """What is wrong with it, with its key path."""
    if not 1 <= form.max_age_days <= _YEAR:
        yield f"combination.max_age_days: {form.max_age_days}; days, 1 to {_YEAR}"
    if not 0 <= form.change_days <= _MOST_DAYS:
        yield f"combination.change_days: {form.change_days}; days, 0 to {_MOST_DAYS}"
    if not 0 <= form.leak_days <= form.change_days:
        yield f"combination.leak_days: {form.leak_days}; days, 0 to change_days, which is {form.change_days}"


def terms_of(form: CombinationForm) -> Terms:
    """The settings as the rules have them."""
    return Terms(form.max_age_days, form.change_days, form.leak_days)
