"""Photos of seals: made anew from what was sent, kept as files beside the database, named by their SHA-256 (C8.6).

What a phone sends is never kept nor shown: it is decoded within bounds and written anew as JPEG, so that no file in another
format, no place and no phone's number stands in it. Records have the hash of what is kept.
"""

import hashlib
import io
import os
import re
import threading
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

LARGEST = 10_000_000
"""Bytes of one photo as it is sent."""
MOST_PIXELS = {"JPEG": 50_000_000}
"""By format: a JPEG is decoded smaller at once, all else whole."""
_OTHERS = 16_000_000
LONGEST_SIDE = 2048
"""Pixels of what is kept: a seal's number can be read on it."""
FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
_NAME = re.compile(r"[0-9a-f]{64}")
_one_at_a_time = threading.Lock()
"""A decoded photo takes a hundred megabytes at most; two at a time are more than a small machine has."""


class BadPhoto(ValueError):
    """It cannot be kept: `why` is `size`, `format` or `broken`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def made_anew(data: bytes) -> bytes:
    """The photo as JPEG, upright, no larger than it must be, with nothing in it but the picture. Raises BadPhoto."""
    if len(data) > LARGEST:
        raise BadPhoto("size")
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data), formats=FORMATS) as sent:
                return _jpeg(sent)
        except BadPhoto:
            raise
        except UnidentifiedImageError as error:
            raise BadPhoto("format") from error
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            raise BadPhoto("size") from error
        except (OSError, ValueError, SyntaxError, TypeError, ArithmeticError, LookupError, MemoryError) as error:
            raise BadPhoto("broken") from error  # what decoders raise for what is no picture after all


def _jpeg(sent: Image.Image) -> bytes:
    if sent.width * sent.height > MOST_PIXELS.get(sent.format or "", _OTHERS):
        raise BadPhoto("size")
    sent.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    turned = ImageOps.exif_transpose(sent).convert("RGB")
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = Image.new("RGB", turned.size)
    plain.paste(turned)
    buffer = io.BytesIO()
    plain.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


class Photos:
    """The folder of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, data: bytes) -> str:
        """Keeps the photo, on the disk when this returns; its SHA-256. Raises BadPhoto, OSError."""
        made = made_anew(data)
        sha256 = hashlib.sha256(made).hexdigest()
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(sha256)
        if not path.exists():
            beside = path.with_name(f".{sha256}.{os.getpid()}.{threading.get_ident()}")
            try:
                with open(beside, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                    file.write(made)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)  # of a disk that was full: half a photo is none
        return sha256

    def read(self, sha256: str) -> bytes | None:
        """The photo; None where it is not here, or is another than it was."""
        if _NAME.fullmatch(sha256) is None:
            return None
        try:
            data = self._path(sha256).read_bytes()
        except FileNotFoundError:
            return None
        return data if hashlib.sha256(data).hexdigest() == sha256 else None

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.jpg"
