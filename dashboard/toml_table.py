"""One table of `dashboard.toml` as it is read: what was asked of it is known, the rest is a mistake with its key path."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

FILE = "dashboard.toml"


class BadConfig(ValueError):
    """The file cannot be used; `mistakes` says why, one line each, with the key path first."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


_Kind = TypeVar("_Kind", str, int, bool)
_NAMES = {str: "a text", int: "a whole number", bool: "true or false"}


class TomlTable:
    """One table of the file: what was asked of it is known, the rest is a mistake."""

    def __init__(self, raw: dict[str, Any], path: str = "", mistakes: list[str] | None = None) -> None:
        self._raw = raw
        self._path = path
        self._asked: list[str] = []
        self._tables: list[TomlTable] = []
        self.mistakes = [] if mistakes is None else mistakes

    def wrong(self, key: str, what: str) -> None:
        self.mistakes.append(f"{self._path}{key}: {what}")

    def take(self, key: str, kind: type[_Kind], default: _Kind) -> _Kind:
        self._asked.append(key)
        value = self._raw.get(key, default)
        if type(value) is not kind:
            self.wrong(key, f"must be {_NAMES[kind]}, not {value!r}")
            return default
        return value

    def address(self, key: str, default: tuple[str, int]) -> tuple[str, int]:
        text = self.take(key, str, f"{default[0]}:{default[1]}")
        host, _, port = text.rpartition(":")
        if not host.strip("[]") or not port.isascii() or not port.isdigit() or int(port) > 65535:
            self.wrong(key, f'must be "host:port", not {text!r}')
            return default
        return host.strip("[]"), int(port)

    def file(self, key: str, data: Path) -> Path | None:
        """A file that is there; names are relative to the data folder."""
        name = self.take(key, str, "")
        if name and not (data / name).is_file():
            self.wrong(key, f"there is no file {data / name}")
        return data / name if name else None

    def has(self, key: str) -> bool:
        return key in self._raw

    def table(self, key: str) -> "TomlTable":
        self._asked.append(key)
        value = self._raw.get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f"must be a table: [{key}]")
            value = {}
        table = TomlTable(value, f"{self._path}{key}.", self.mistakes)
        self._tables.append(table)
        return table

    def refuse(self, key: str, what: str) -> None:
        if self._raw.pop(key, None) is not None:
            self.wrong(key, what)

    def names(self) -> list[str]:
        self._asked += self._raw
        return list(self._raw)

    def finish(self) -> None:
        """Raises BadConfig if anything was wrong, here or in a table below."""
        for table in self._tables:
            table.unknown()
        self.unknown()
        if self.mistakes:
            raise BadConfig(sorted(self.mistakes))

    def unknown(self) -> None:
        for key in self._raw.keys() - set(self._asked):
            near = get_close_matches(key, self._asked, 1)
            self.wrong(key, f"not known; did you mean {near[0]}?" if near else "not known")
