"""Checkpoints and verifier keys against the C2SP form, checked by code of our own that shares nothing with the product."""

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from controller.record.keys import KeyPair, verify
from controller.record.note import BadNote, Checkpoint, VerifierKey, open_checkpoint, origin
from controller.record.tree import EMPTY_ROOT

# The example of the signed-note format (golang.org/x/mod/sumdb/note, which C2SP signed-note describes).
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_TEXT = b"If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NEUMANN_SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
SUM_GOLANG = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"

KEY = KeyPair.generate()
NAME = origin("works", 1)
VKEY = VerifierKey(NAME, KEY.public.signing)
CHECKPOINT = Checkpoint(NAME, 12345, hashlib.sha256(b"root").digest())


def stranger_opens(note: str, vkey: str) -> tuple[str, int, bytes]:
    """What a C2SP tool does, written from the specification: raises unless the key signed this checkpoint."""
    name, hashed, encoded = vkey.split("+", 2)
    key = base64.b64decode(encoded)
    assert key[0] == 1 and hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == hashed
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for line in signatures.removesuffix("\n").split("\n"):
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob, validate=True)
        if dash == "—" and signer == name and raw[:4].hex() == hashed:
            Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], text.encode())
            break
    else:
        raise AssertionError("no signature by this key")
    lines = text.split("\n")
    return lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)


@pytest.mark.parametrize("text", [NEUMANN, SUM_GOLANG])
def test_published_verifier_keys_are_read(text: str) -> None:
    """Verifier keys that others published parse, with their hash checked, and are written the same again."""
    assert VerifierKey.parse(text).text() == text


def test_the_published_note_is_signed_as_we_check_it() -> None:
    """The signature of the published example note holds under the published key."""
    raw = base64.b64decode(NEUMANN_SIGNATURE)

    assert raw[:4].hex() == NEUMANN.split("+")[1]
    assert verify(VerifierKey.parse(NEUMANN).signing, raw[4:], NEUMANN_TEXT)


@given(st.integers(0, 2**53), st.binary(min_size=32, max_size=32))
def test_a_stranger_can_check_our_checkpoints(size: int, root: bytes) -> None:
    """A checkpoint is opened by an independent reading of the specification, given the note and the verifier key alone."""
    checkpoint = Checkpoint(NAME, size, root)
    note = checkpoint.sign(KEY)

    assert stranger_opens(note, VKEY.text()) == (NAME, size, root)
    assert open_checkpoint(note, VerifierKey.parse(VKEY.text())) == checkpoint
    assert Checkpoint.parse(note) == checkpoint


def test_cosignatures_are_passed_over() -> None:
    """A note that a witness has cosigned still opens with the site's key, wherever the witness's line stands."""
    note = CHECKPOINT.sign(KEY)
    witness = "— witness.example " + base64.b64encode(bytes(68)).decode() + "\n"
    text, _, signature = note.partition("\n\n")

    assert open_checkpoint(note + witness, VKEY) == CHECKPOINT
    assert open_checkpoint(f"{text}\n\n{witness}{signature}", VKEY) == CHECKPOINT
    assert open_checkpoint(f"{text}\n\n— {NAME} !!!\n{signature}", VKEY) == CHECKPOINT


def test_every_changed_byte_of_a_note_is_noticed() -> None:
    """No byte of a signed checkpoint can be changed so that it opens as anything but what was signed."""
    note = CHECKPOINT.sign(KEY).encode()
    for n in range(len(note)):
        for flip in (1, 2, 0x20):
            changed = (note[:n] + bytes([note[n] ^ flip]) + note[n + 1 :]).decode(errors="replace")
            try:
                opened = open_checkpoint(changed, VKEY)
            except BadNote:
                continue
            assert opened == CHECKPOINT  # the last base64 digit has two bits that mean nothing


def test_another_key_or_origin_does_not_open_it() -> None:
    """A note by another key, under another name, or of another epoch is refused."""
    note = CHECKPOINT.sign(KEY)
    for wrong in (
        VerifierKey(NAME, KeyPair.generate().public.signing),
        VerifierKey(origin("works", 2), KEY.public.signing),
        VerifierKey("", KEY.public.signing),
    ):
        with pytest.raises(BadNote):
            open_checkpoint(note, wrong)
    with pytest.raises(BadNote):
        open_checkpoint(Checkpoint(origin("works", 2), 5, EMPTY_ROOT).sign(KEY), VKEY)


@pytest.mark.parametrize("size", ["", "-1", "+1", "01", " 1", "1 ", "1e3", "１", "0x1", "9" * 5000])
def test_a_size_has_one_form(size: str) -> None:
    """A checkpoint's size is decimal without sign, zero in front or space."""
    root = base64.b64encode(EMPTY_ROOT).decode()

    with pytest.raises(BadNote):
        Checkpoint.parse(f"{NAME}\n{size}\n{root}\n\n— {NAME} AAAA\n")


@given(st.text(max_size=200))
def test_random_text_is_no_note_and_no_key(text: str) -> None:
    """Random text raises BadNote from either parser, never anything else."""
    with pytest.raises(BadNote):
        Checkpoint.parse(text)
    with pytest.raises(BadNote):
        VerifierKey.parse(text)


@given(st.data())
def test_a_mutilated_note_raises_bad_note_or_opens_as_signed(data: st.DataObject) -> None:
    """A piece of a note cut out, doubled or replaced raises BadNote or leaves what was signed."""
    note = CHECKPOINT.sign(KEY)
    begin = data.draw(st.integers(0, len(note)))
    end = data.draw(st.integers(begin, len(note)))
    changed = note[:begin] + data.draw(st.text(max_size=5) | st.just(note[begin:end] * 2)) + note[end:]
    try:
        assert open_checkpoint(changed, VKEY) == CHECKPOINT
    except BadNote:
        pass


def test_a_mistyped_verifier_key_is_refused() -> None:
    """Every single changed character of a verifier key is refused, or leaves the same key."""
    text = VKEY.text()
    for n, letter in enumerate(text):
        changed = text[:n] + ("A" if letter != "A" else "B") + text[n + 1 :]
        try:
            assert VerifierKey.parse(changed) == VKEY
        except BadNote:
            continue
