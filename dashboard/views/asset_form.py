"""The form of one asset: from what was typed to what the site is asked, and from an asset to the form's values."""

from datetime import date
from typing import Any

from flask_babel import gettext as _

from controller.record.handling import OFF_SITE
from controller.record.kinds.asset import TEXTS
from controller.record.measures import ASSURANCES, LEAST_ASSURANCE, MARKS, NO_CARRY_IN, PERSONAL, SECRECIES, TWO_PERSON
from controller.record.private import Text
from dashboard.read.assets import Asset
from dashboard.read.names import Names
from dashboard.web.fields import Fields

LONGEST_NAME = 200


def described(form: Fields, names: Names) -> tuple[dict[str, Any], Text]:
    """What the form says, as arguments of the request and as its texts; look at `form.errors` before using either."""
    texts = {name: form.text(name) for name in TEXTS if name != "title"}
    texts["title"] = form.text("title", required=_("Write what the asset is called."), longest=LONGEST_NAME)
    said: dict[str, Any] = {
        "secrecy": form.choice("secrecy", SECRECIES, _("Choose the class.")),
        "place": form.choice("place", names.places, _("Choose where it is kept.")),
        "marking": form.choice("marking", MARKS, _("Choose the marking.")) if form.values.get("marking") else "",
        "measures": _measures(form, names),
        "allowed": tuple(place for place in (*names.places, OFF_SITE) if form.values.get(f"allowed-{place}")),
        "personal": tuple(sort for sort in PERSONAL if form.values.get(f"personal-{sort}")),
        "retain_until": _day(form, "retain_until"),
    }
    return said, {name: text for name, text in texts.items() if text}


def _measures(form: Fields, names: Names) -> tuple[str, ...]:
    least = form.values.get("assurance", "")
    found = [f"{LEAST_ASSURANCE}:{least}"] if least in ASSURANCES else []
    found += [code for code in (TWO_PERSON, *names.conditions, NO_CARRY_IN) if form.values.get(f"measure-{code}")]
    return tuple(found)


def _day(form: Fields, name: str) -> str | None:
    written = form.values.get(name, "").strip().replace("/", "-")
    if not written:
        return None
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        form.errors[name] = _("Write a date like 2026/11/22.")
        return None


def filled(found: Asset) -> dict[str, str]:
    """The values of a form that says what is so now."""
    values = dict(found.text)
    values |= {"secrecy": found.secrecy, "place": found.place, "marking": found.marking}
    values |= {f"personal-{sort}": "1" for sort in found.personal} | {f"allowed-{place}": "1" for place in found.allowed}
    values["retain_until"] = found.retain_until or ""
    for code in found.measures:
        sort, _separator, value = code.partition(":")
        if sort == LEAST_ASSURANCE:
            values["assurance"] = value
        else:
            values[f"measure-{code}"] = "1"
    return values
