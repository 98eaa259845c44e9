"""The Japanese font of the machine: Noto Sans CJK JP, as Debian's `fonts-noto-cjk` installs it. None is on PyPI."""

from pathlib import Path

_FOLDERS = (Path("/usr/share/fonts/opentype/noto"), Path("/usr/share/fonts/noto-cjk"), Path("/usr/local/share/fonts"))
_FILES = {"": "NotoSansCJK-Regular.ttc", "B": "NotoSansCJK-Bold.ttc"}
FAMILY = "noto"
COLLECTED_AT = 0
"""Which font of the collection is the Japanese one: the same character is drawn otherwise in the Chinese ones."""


class NoFont(Exception):
    """There is no Japanese font here; without one every character would be a square."""

    def __init__(self) -> None:
        super().__init__("no Noto Sans CJK on this machine: sudo apt install fonts-noto-cjk")


def font_files() -> dict[str, Path]:
    """The font's file by style, regular and `B`old. Raises NoFont."""
    found = {style: folder / name for style, name in _FILES.items() for folder in _FOLDERS if (folder / name).is_file()}
    if len(found) < len(_FILES):
        raise NoFont
    return found
