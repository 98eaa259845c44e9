"""What a card must do to be believed."""

from time import monotonic

import nfc.clf
import nfc.tag
import pytest
from hardware_bench import IDM, Bench

from hardware import felica
from hardware.card_keys import FACTORY_KEY, CardKeys
from hardware.protocols import Assurance
from hardware.simulated.felica_card import FelicaLiteSCard
from hardware.simulated.field import Card, Field
from hardware.simulated.plain_card import FelicaCard, TypeACard

OTHER_KEY = b"0123456789abcdef"


def test_own_card_is_proven_mutually(bench: Bench) -> None:
    """A card with its own diversified key is proven mutually, with the credential of its IDm."""
    before = monotonic()
    read = bench.tap(bench.own_card())

    assert ("felica-lite-s:0102030405060708", Assurance.MUTUAL, None) == (read.credential, read.assurance, read.problem)
    assert "07:08" == read.label
    assert not read.personalised
    assert before <= read.sensed_at <= monotonic()


def test_wrong_key_is_no_proof(bench: Bench) -> None:
    """A card with another key comes out with what it claims, no assurance, and the problem `proof`."""
    read = bench.tap(FelicaLiteSCard(IDM, OTHER_KEY, 1))

    assert ("felica-lite-s:0102030405060708", Assurance.ID_ONLY, "proof") == (
        read.credential,
        read.assurance,
        read.problem,
    )


def test_copied_idm_is_no_proof(bench: Bench) -> None:
    """C1: a copy of a right holder's IDm that carries the key of another of our cards is refused."""
    other = bytes.fromhex("0102030405060799")

    read = bench.tap(FelicaLiteSCard(IDM, bench.keys.key(other), 1))

    assert ("felica-lite-s:0102030405060708", "proof") == (read.credential, read.problem)


def test_blank_card_needs_personalisation(bench: Bench) -> None:
    """A card with the factory key and version 0 is never proven, while no one has armed the reader."""
    read = bench.tap(FelicaLiteSCard(IDM))

    assert (Assurance.ID_ONLY, "personalisation") == (read.assurance, read.problem)


def test_factory_key_under_our_version_is_no_proof(bench: Bench) -> None:
    """A card that says it has our key version, but has the factory key, is refused."""
    assert "proof" == bench.tap(FelicaLiteSCard(IDM, FACTORY_KEY, 1)).problem


def test_unknown_key_version_is_no_proof(bench: Bench) -> None:
    """A key version that we never wrote is refused."""
    assert "proof" == bench.tap(FelicaLiteSCard(IDM, bench.keys.key(IDM), 7)).problem


@pytest.mark.parametrize("key", [FACTORY_KEY, b"", b"short"])
def test_factory_and_empty_keys_are_refused_before_the_card_is_asked(key: bytes) -> None:
    """The factory key, which nfcpy also takes for an empty one, cannot be used as a proof even by mistake."""
    with pytest.raises(ValueError, match="prove nothing"):
        felica._mutual(None, key)


class TamperedCard:
    """Somebody between card and reader who flips one bit of each answer to a read with MAC."""

    technologies: tuple[bytes, ...] = (b"212F",)
    changed = False

    def __init__(self, card: FelicaLiteSCard, block: int, at: int) -> None:
        self.card, self.block, self.at = card, block, at

    def power_off(self) -> None:
        self.card.power_off()

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        answer = self.card.answer(technology, frame)
        with_mac = answer is not None and frame[1] == 0x06 and frame[-2:] == b"\x80\x81"
        if answer is None or not with_mac or frame[-3] != self.block:
            return answer
        return answer[: self.at] + bytes([answer[self.at] ^ 1]) + answer[self.at + 1 :]


@pytest.mark.parametrize("block", [0x82, 0x92])
@pytest.mark.parametrize("at", [13, 21, 29, 36])
def test_tampered_answer_is_no_proof(bench: Bench, block: int, at: int) -> None:
    """One flipped bit in the identity, the state or their MAC, and the card is not proven."""
    assert "proof" == bench.tap(TamperedCard(bench.own_card(), block, at)).problem


class SwappedIdentity(TamperedCard):
    """A card of ours whose block 0x82, with a true MAC, names somebody else."""

    def __init__(self, card: FelicaLiteSCard, claimed: bytes) -> None:
        super().__init__(card, 0, 0)
        self.claimed = claimed

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        own = self.card.idm
        answer = self.card.answer(technology, frame.replace(self.claimed, own))
        return None if answer is None else answer[:2] + answer[2:10].replace(own, self.claimed) + answer[10:]


def test_identity_must_be_the_polled_one(bench: Bench) -> None:
    """A relay that shows one card's IDm and lets another of our cards prove itself is refused."""
    claimed = bytes.fromhex("0102030405060799")

    read = bench.tap(SwappedIdentity(bench.own_card(), claimed))

    assert ("felica-lite-s:0102030405060799", "proof") == (read.credential, read.problem)


class TypeBCard:
    """A Type B card, up to its answer to the poll."""

    technologies: tuple[bytes, ...] = (b"106B",)
    changed = False

    def power_off(self) -> None: ...

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        return bytes.fromhex("50A1B2C3D400000000718171") if frame == b"\x05\x00\x10" else None


class Type1Card:
    """A Topaz tag, which has no anticollision."""

    technologies: tuple[bytes, ...] = (b"106A",)
    changed = False

    def power_off(self) -> None: ...

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        return {0x26: bytes.fromhex("000C"), 0x78: bytes.fromhex("1148B2B3B4B5")}.get(frame[0])


@pytest.mark.parametrize(
    ("card", "credential", "problem"),
    [
        (FelicaCard(IDM), "felica:0102030405060708", None),
        (FelicaCard(bytes.fromhex("01FE030405060708")), "", "identity"),
        (TypeACard(bytes.fromhex("04112233445566")), "nfca:04112233445566", None),
        (TypeACard(bytes.fromhex("A1B2C3D4")), "nfca:a1b2c3d4", None),
        (TypeACard(bytes.fromhex("08B2C3D4")), "", "identity"),
        (Type1Card(), "nfca:b2b3b4b5", None),
        (TypeBCard(), "nfcb:a1b2c3d4", None),
    ],
)
def test_other_cards_only_say_who_they_are(bench: Bench, card: Card, credential: str, problem: str | None) -> None:
    """Cards of other kinds come out with their number and assurance 0; numbers drawn anew each time name nobody."""
    read = bench.tap(card)

    assert (credential, Assurance.ID_ONLY, problem) == (read.credential, read.assurance, read.problem)


def activated(field: Field) -> tuple[nfc.clf.ContactlessFrontend, nfc.tag.Tag]:
    """The card on the antenna as nfcpy sees it."""
    frontend = nfc.clf.ContactlessFrontend(f"udp:127.0.0.1:{field.port}")
    return frontend, nfc.tag.activate(frontend, frontend.sense(nfc.clf.RemoteTarget("212F")))


class LastReadTampered(TamperedCard):
    """A flipped bit in the second read of the identity only: authentication has passed by then."""

    reads = 0

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        if frame[1] == 0x06 and frame[-4:] == b"\x80\x82\x80\x81":
            self.reads += 1
        if self.reads == 2:
            return super().answer(technology, frame)
        return self.card.answer(technology, frame)


class OtherIdentityInside(FelicaLiteSCard):
    """A card with the right key for the IDm it polls with, whose block 0x82 names another IDm, with a true MAC."""

    def __init__(self, idm: bytes, key: bytes) -> None:
        super().__init__(idm, key, 1)
        self._fixed[0x82] = bytes.fromhex("0102030405060799") + bytes(8)


def test_prove_reads_identity_with_mac(keys: CardKeys) -> None:
    """After authentication block 0x82 is read with a MAC: a bad MAC, or another IDm in it, is no proof."""
    good = FelicaLiteSCard(IDM, keys.key(IDM), 1)
    cards = {
        "proof": (LastReadTampered(good, 0x82, 13), OtherIdentityInside(IDM, keys.key(IDM))),
        None: (good,),
    }
    field = Field()
    for problem, shown in cards.items():
        for card in shown:
            field.place(card)
            frontend, tag = activated(field)
            assert felica.Proof(IDM, problem) == felica.prove(tag, keys)
            frontend.close()
    field.close()
