"""Reading a settings file: TOML into frozen structs, all mistakes at once, each with its key path and a did-you-mean.

msgspec alone stops at the first mistake; somebody who wires forty doors wants to hear of all of them.
"""

import difflib
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

LARGEST = 1_000_000
"""Bytes of a settings file: some thousand doors."""

Settings = TypeVar("Settings", bound=msgspec.Struct)


class BadSettings(ValueError):
    """The file cannot be used; `mistakes` has one line for each thing that is wrong with it."""

    def __init__(self, file: str, mistakes: list[str]) -> None:
        super().__init__("\n".join([f"{file}: {len(mistakes)} mistake(s)", *(f"  {line}" for line in mistakes)]))
        self.file = file
        self.mistakes = mistakes


def load_settings(path: Path, form: type[Settings]) -> Settings:
    """The settings in the file. Raises BadSettings; OSError when the file cannot be read."""
    with path.open("rb") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise BadSettings(str(path), [f"larger than {LARGEST} bytes: this is no settings file"])
    try:
        data = tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(str(path), [str(error)]) from error
    return read_settings(data, form, str(path))


def read_settings(data: dict[str, Any], form: type[Settings], file: str) -> Settings:
    """The settings in a decoded TOML document. Raises BadSettings."""
    mistakes: list[str] = []
    _check(data, form, "", mistakes)
    if mistakes:
        raise BadSettings(file, mistakes)
    return msgspec.convert(data, form, strict=True)


def did_you_mean(word: str, known: typing.Iterable[str]) -> str:
    """` (did you mean …?)` for the nearest of the known words, or nothing."""
    near = difflib.get_close_matches(word, list(known), 1, 0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _check(value: Any, form: Any, path: str, mistakes: list[str]) -> None:  # noqa: ANN401 - TOML values, typing forms
    """Walks value and form together and notes every mistake; struct by struct, so that one does not hide another."""
    struct, listed = _struct_in(form)
    if struct is None:
        try:
            msgspec.convert(value, form, strict=True)
        except msgspec.ValidationError as error:
            mistakes.append(f"{path or 'file'}: {str(error).partition(' - at ')[0]}")
    elif listed and not isinstance(value, list):
        mistakes.append(f"{path}: expected a list of tables, written [[{path}]]")
    elif listed:
        for n, item in enumerate(value, 1):
            _check(item, struct, f"{path}[{n}]", mistakes)
    else:
        _check_struct(value, struct, path, mistakes)


def _check_struct(value: Any, struct: type[msgspec.Struct], path: str, mistakes: list[str]) -> None:  # noqa: ANN401
    if not isinstance(value, dict):
        mistakes.append(f"{path}: expected a table")
        return
    known = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    for key in value:
        if key not in known:
            mistakes.append(f"{_join(path, key)}: not a setting{did_you_mean(key, known)}")
    for key, field in known.items():
        if key in value:
            _check(value[key], field.type, _join(path, key), mistakes)
        elif field.required:
            mistakes.append(f"{_join(path, key)}: missing")


def _struct_in(form: Any) -> tuple[type[msgspec.Struct] | None, bool]:  # noqa: ANN401
    """The struct a form stands for, and whether it is a list of them."""
    if isinstance(form, type) and issubclass(form, msgspec.Struct):
        return form, False
    origin, args = typing.get_origin(form), typing.get_args(form)
    if origin in (typing.Union, types.UnionType):
        inner = [arg for arg in args if arg is not type(None)]
        return _struct_in(inner[0]) if len(inner) == 1 else (None, False)
    if origin in (list, tuple) and args:
        struct, _ = _struct_in(args[0])
        return struct, struct is not None
    return None, False


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
