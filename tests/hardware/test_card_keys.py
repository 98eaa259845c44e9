"""Card keys and the file of the master key."""

import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import card_keys
from hardware.card_keys import CardKeys, degenerate

MASTER = bytes(range(32))
GOLDEN = "65c0cd988d33c8bc671a3e4262485801"
"""HKDF-SHA256 of MASTER for IDm 0102030405060708, computed by hand with hmac."""


def test_derivation_is_fixed() -> None:
    """The key of a card is the one derived when it was personalised, for as long as there are cards: golden bytes."""
    assert GOLDEN == CardKeys(MASTER).key(bytes.fromhex("0102030405060708")).hex()


@given(st.binary(min_size=8, max_size=8))
def test_no_key_is_degenerate_or_shared(idm: bytes) -> None:
    """Every card has a key of 16 bytes of its own, never degenerate, and another one under another master key."""
    key = CardKeys(MASTER).key(idm)

    assert 16 == len(key)
    assert not degenerate(key)
    assert key != CardKeys(MASTER[::-1]).key(idm)
    assert key != CardKeys(MASTER).key(bytes([idm[0] ^ 1]) + idm[1:])


@pytest.mark.parametrize("key", [bytes(16), b"12345678" * 2, b"\x01" * 8 + b"\x00" * 8, bytes(8) + b"abcdefgh"])
def test_degenerate_keys_are_known(key: bytes) -> None:
    """Equal halves, halves that differ in parity bits alone, and weak halves are degenerate."""
    assert degenerate(key)


def test_degenerate_keys_are_derived_again() -> None:
    """A card whose derived key would be degenerate gets the next one."""

    class Unlucky(CardKeys):
        def _derive(self, idm: bytes, version: int, attempt: int) -> bytes:
            return bytes(16) if attempt < 2 else super()._derive(idm, version, attempt)

    assert not degenerate(Unlucky(MASTER).key(bytes(8)))


def test_nothing_shows_a_key(tmp_path: Path) -> None:
    """Neither repr, nor pickle, nor an error about the file shows key material."""
    keys = CardKeys(MASTER)

    assert MASTER.hex()[:8] not in repr(keys) + str(keys) + f"{keys!r}"
    with pytest.raises(TypeError):
        pickle.dumps(keys)
    path = tmp_path / "master.key"
    path.write_text(MASTER.hex()[:-2] + "zz")
    path.chmod(0o600)
    with pytest.raises(ValueError, match="64 hexadecimal") as error:
        card_keys.load(path)
    assert MASTER.hex()[:8] not in str(error.value)


@pytest.mark.parametrize("master", [b"", bytes(16), bytes(32), b"ab" * 16, bytes(range(33))])
def test_poor_master_keys_are_refused(master: bytes) -> None:
    """A master key of another length, or plainly not random, is refused."""
    with pytest.raises(ValueError, match="master key"):
        CardKeys(master)


def test_created_file_is_private_and_loads_again(tmp_path: Path) -> None:
    """A new master key is in a file for its owner alone, gives the same keys when loaded, and is never overwritten."""
    path = tmp_path / "master.key"
    made = card_keys.create(path)

    assert 0o600 == path.stat().st_mode & 0o777
    assert made.key(bytes(8)) == card_keys.load(path).key(bytes(8))
    with pytest.raises(ValueError, match="exists already"):
        card_keys.create(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A master key that others may read is refused, with the command that mends it."""
    path = tmp_path / "master.key"
    card_keys.create(path)
    path.chmod(mode)

    with pytest.raises(ValueError, match="chmod 600"):
        card_keys.load(path)


def test_missing_file_link_and_folder_are_refused(tmp_path: Path) -> None:
    """A missing file, a symbolic link and a folder are each refused in one sentence."""
    card_keys.create(tmp_path / "master.key")
    os.symlink(tmp_path / "master.key", tmp_path / "link")

    for name in ("none", "link", "."):
        with pytest.raises(ValueError, match=r"cannot be opened|not a plain file"):
            card_keys.load(tmp_path / name)
