"""What somebody typed into a form: read field by field, every mistake kept beside its field, nothing typed lost."""

from collections.abc import Collection, Mapping
from datetime import datetime

from flask_babel import gettext as _

from controller.record.private import LONGEST_TEXT
from dashboard.plain import is_plain
from dashboard.web.language import local_moment


class Fields:
    """One submitted form. Readers answer a harmless value where a field is wrong; look at `errors` before using any."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self.values = {name: value[: 4 * LONGEST_TEXT] for name, value in form.items() if name != "csrf_token"}
        self.errors: dict[str, str] = {}

    def text(self, name: str, *, required: str = "", longest: int = LONGEST_TEXT) -> str:
        """A text, stripped. `required` is what to say when it is empty."""
        text = self.values.get(name, "").strip()
        if required and not text:
            self.errors[name] = required
        elif not is_plain(text):
            self.errors[name] = str(_("There is a character in it that cannot be used here, because it is not seen."))
        elif len(text) > longest:
            self.errors[name] = str(_("Write %(most)s characters at most.", most=longest))
        return text

    def choice(self, name: str, allowed: Collection[str], missing: str) -> str:
        """One of the allowed values."""
        value = self.values.get(name, "")
        if value not in allowed:
            self.errors[name] = missing
        return value

    def moment(self, name: str, timezone: str, *, end_of_day: bool = False) -> datetime | None:
        """A day or time as written where the site is."""
        try:
            return local_moment(self.values.get(name, ""), timezone, end_of_day=end_of_day)
        except (ValueError, OverflowError):
            self.errors[name] = str(_("Write a date like 2026/11/22."))
            return None
