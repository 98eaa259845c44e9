"""The first `site.toml`: an annotated template with the answers in it, written once and never over another."""

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_TEMPLATE = Path(__file__).with_name("template.toml")


@cache
def _template() -> str:
    return _TEMPLATE.read_text(encoding="utf-8")


def site_toml(answers: Mapping[str, str]) -> str:
    """The text, by the keys of `questions`; an empty answer leaves its setting out."""
    said = {key: _quoted(answer) for key, answer in answers.items()}
    said["button"] = f"exit_button = {said['button']}\n" if answers["button"] else ""
    simulated = any(answers[key].startswith("simulated:") for key in ("lock", "contact", "button"))
    said["simulation"] = f"\n[simulation]\nbuilding = {said['building']}" if simulated else ""
    return _template().format(**said | {"broker": _broker(answers)}).rstrip() + "\n"


def _broker(answers: Mapping[str, str]) -> str:
    if not answers["broker"]:
        return "\n# [broker] がないので、ネットワークなしで動きます。 / No [broker]: the controller works alone.\n"
    host, _, port = answers["broker"].partition(":")
    more = {key: answers[f"broker_{key}"] for key in ("user", "password_file", "ca_file")}
    lines = ["", "[broker]", f"host = {_quoted(host)}", f"port = {port or 8883}"]
    lines += [f"{key} = {_quoted(answer)}" for key, answer in more.items() if answer]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """As a basic string of TOML, which is JSON's but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_new(path: Path, text: str) -> bool:
    """Writes a file, whole or not at all; False, and nothing, when there is one by that name already. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # unlike a rename, it never takes another's place
    except FileExistsError:
        return False
    finally:
        part.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return True
