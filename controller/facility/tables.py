"""What the tables of `site.toml` are made of."""

import msgspec

ASSURANCES = {"id only": 0, "one way": 1, "mutual": 2, "aes": 3}


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of `site.toml`."""


class Names(Form, frozen=True):
    """A name in both languages."""

    ja: str
    en: str


class AnnunciatorForm(Form, frozen=True):
    """The light and buzzer of a reader: pins by device URL."""

    red: str = ""
    green: str = ""
    blue: str = ""
    buzzer: str = ""
