"""The cards of the building, by name, and the file in which their memories outlive it.

A card's write is in the file before the reader has its answer, like the write of a true card.
"""

import os
import threading
from pathlib import Path

import msgspec

from hardware.simulated.felica_card import FelicaLiteSCard
from hardware.simulated.field import Card
from hardware.simulated.plain_card import FelicaCard, TypeACard

CARD_LIMIT = 10_000


class _Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One card in the file."""

    kind: str
    number: str
    memory: dict[str, str] = {}


class Wallet:
    """All cards. May be used from any thread."""

    def __init__(self, path: Path | None) -> None:
        """Reads the file, if there is one. Raises ValueError if it is damaged."""
        self._path = path
        self._changing = threading.Lock()
        self._cards: dict[str, Card] = {}
        self._stored: dict[str, _Stored] = {}
        if path is not None and path.exists():
            try:
                self._stored = msgspec.json.decode(path.read_bytes(), type=dict[str, _Stored])
                self._cards = {name: _rebuilt(stored) for name, stored in self._stored.items()}
            except (KeyError, ValueError, msgspec.DecodeError) as error:
                raise ValueError(f"{path} is damaged: {error}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._cards

    def __getitem__(self, name: str) -> Card:
        """Raises KeyError."""
        return self._cards[name]

    def name_of(self, card: Card | None) -> str | None:
        """The card's name."""
        with self._changing:
            return next((name for name, other in self._cards.items() if other is card), None)

    def add(self, name: str, kind: str, number: str, key: str = "", version: int | None = None) -> None:
        """Puts a card in, in the place of one of the same name. Raises ValueError with what is wrong."""
        card = make(kind, number, key, version)
        with self._changing:
            if len(self._cards) >= CARD_LIMIT:
                raise ValueError(f"a building holds at most {CARD_LIMIT} cards")
            self._cards[name] = card
            memory: dict[str, str] = card.memory() if isinstance(card, FelicaLiteSCard) else {}
            self._stored[name] = _Stored(kind, number, memory)
            self._save()

    def save(self, card: Card) -> None:
        """Stores what a card has just written."""
        name = self.name_of(card)
        if name is None or not isinstance(card, FelicaLiteSCard):
            return  # replaced while it lay on the reader
        with self._changing:
            self._stored[name] = msgspec.structs.replace(self._stored[name], memory=card.memory())
            self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        # Keys of emulated cards are in it: for the owner alone.
        draft = self._path.with_name(self._path.name + ".new")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self._stored))
        draft.replace(self._path)


def make(kind: str, number: str, key: str = "", version: int | None = None) -> Card:
    """A card by what the plan says of it. Raises ValueError."""
    try:
        raw, raw_key = bytes.fromhex(number), bytes.fromhex(key)
    except ValueError:
        raise ValueError(f"a card's number and key are hexadecimal digits, not {number!r}") from None
    if kind == "nfca":
        return TypeACard(raw)
    if len(raw) != 8:
        raise ValueError(f"an IDm has 8 bytes, {number!r} has {len(raw)}")
    if kind == "felica":
        return FelicaCard(raw)
    if kind == "felica-lite-s":
        if len(raw_key) not in (0, 16):
            raise ValueError(f"a card key has 16 bytes, this one has {len(raw_key)}")
        return FelicaLiteSCard(raw, raw_key or bytes(16), (1 if raw_key else 0) if version is None else version)
    raise ValueError(f"there is no card of kind {kind!r}; expected felica-lite-s, felica or nfca")


def _rebuilt(stored: _Stored) -> Card:
    card = make(stored.kind, stored.number)
    if isinstance(card, FelicaLiteSCard):
        card.remember(stored.memory)
    return card
