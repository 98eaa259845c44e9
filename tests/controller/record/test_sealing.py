"""Whose word it is and who may read it: keys, signed messages, sealed texts; changed at every byte."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.record.keys import BadKey, KeyPair, PublicKeys, verify
from controller.record.private import PrivateRow, digest
from controller.record.sealed import Unreadable, seal, unseal
from controller.record.signed import Forged, open_message, sign_message

KEY = KeyPair.generate()
OTHER = KeyPair.generate()


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_a_sealed_text_is_read_by_its_key_alone(text: bytes, context: bytes) -> None:
    """A box opens with the key it was sealed to and at its place, and with no other; sealing twice gives two boxes."""
    box = seal(KEY.public.sealing, context, text)

    assert unseal(KEY.sealing, context, box) == text
    assert len(box) == len(text) + 48
    assert seal(KEY.public.sealing, context, text) != box
    for key, place in ((OTHER.sealing, context), (KEY.sealing, context + b"x")):
        with pytest.raises(Unreadable):
            unseal(key, place, box)


def test_every_changed_byte_of_a_box_is_noticed() -> None:
    """No byte of a box can be changed, cut or added."""
    box = seal(KEY.public.sealing, b"place", b"text")
    changed = [box[:n] + bytes([box[n] ^ 1]) + box[n + 1 :] for n in range(len(box))]
    changed += [box[:n] for n in range(len(box))] + [box + b"\0", bytes(len(box))]
    for wrong in changed:
        with pytest.raises(Unreadable):
            unseal(KEY.sealing, b"place", wrong)


def test_every_changed_byte_of_a_message_is_noticed() -> None:
    """No byte of a signed message can be changed so that another payload comes out, and it holds for its topic alone."""
    data = sign_message(KEY, "sekimori/works/state/portal/lab-door", {"lock": "secure", "seq": 7})
    topic = "sekimori/works/state/portal/lab-door"
    payload = open_message(KEY.public.signing, topic, data)

    assert payload == b'{"lock":"secure","seq":7}'
    for n in range(len(data)):
        for flip in (1, 0x20, 0x80):
            try:
                changed = open_message(KEY.public.signing, topic, data[:n] + bytes([data[n] ^ flip]) + data[n + 1 :])
            except Forged:
                continue
            assert changed == payload  # a hex digit in the other case
    for signing, place in ((OTHER.public.signing, topic), (KEY.public.signing, topic + "x"), (b"", topic)):
        with pytest.raises(Forged):
            open_message(signing, place, data)


@given(st.binary(max_size=200))
def test_random_bytes_are_no_message(data: bytes) -> None:
    """Random bytes raise Forged and nothing else."""
    with pytest.raises(Forged):
        open_message(KEY.public.signing, "t", data)


def test_every_changed_character_of_a_key_line_is_noticed() -> None:
    """A slip of the hand in the line between two consoles is caught, wherever it is."""
    text = KEY.public.text()
    for n, letter in enumerate(text):
        for wrong in ("A" if letter != "A" else "B", "é", " ", ""):
            try:
                assert PublicKeys.parse(text[:n] + wrong + text[n + 1 :]) == KEY.public
            except BadKey:
                continue
    assert PublicKeys.parse(f"  {text}\n") == KEY.public
    assert PublicKeys.parse(text).text() == text


@given(st.text(max_size=120))
def test_random_text_is_no_key(text: str) -> None:
    """Random text raises BadKey, with and without the right beginning."""
    for tried in (text, "sekimori-key-1." + text):
        with pytest.raises(BadKey):
            PublicKeys.parse(tried)


def test_keys_are_kept_where_their_owner_alone_reads(tmp_path: Path) -> None:
    """A key file is made 0600, comes back as it was, is never replaced, and is refused once others may read it."""
    path = tmp_path / "keys" / "site.key"
    pair = KeyPair.load_or_create(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert KeyPair.load_or_create(path).public == pair.public
    with pytest.raises(FileExistsError):
        OTHER.save(path)
    assert pair.public.id in repr(pair) and pair.public.signing.hex() not in repr(pair)
    for mode in (0o640, 0o604, 0o610):
        os.chmod(path, mode)
        with pytest.raises(BadKey, match="others may read"):
            KeyPair.load(path)
    os.chmod(path, 0o600)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BadKey, match="63 bytes"):
        KeyPair.load(path)


@given(st.binary(max_size=70), st.binary(max_size=70), st.binary(max_size=20))
def test_verifying_never_raises(signing: bytes, signature: bytes, message: bytes) -> None:
    """Any bytes as key or signature are a no, not an error."""
    assert verify(signing, signature, message) is False
    assert verify(KEY.public.signing, signature, message) is False


@given(st.dictionaries(st.sampled_from(["name", "title"]), st.text(st.characters(exclude_categories=("Cs",)))))
def test_a_digest_needs_its_salt(text: dict[str, str]) -> None:
    """A record's digest of a private text is another one under another salt (C7.5: the register holds no names)."""
    row = PrivateRow("person-1", 1, text, "00" * 16)

    assert row.ref().digest == digest(text, bytes(16))
    assert row.ref().digest != PrivateRow("person-1", 1, text, "01" * 16).ref().digest
    assert not any(value and value in row.ref().digest for value in text.values() if len(value) > 4)
