"""Cards torn away between any two commands, while being proven and while being given their key."""

from time import monotonic

import pytest
from hardware_bench import IDM, Bench

from hardware.protocols import Assurance
from hardware.simulated.felica_card import FelicaLiteSCard

MOST_FRAMES = 60


def tear(bench: Bench, card: FelicaLiteSCard, frames: int, lose_answer: bool) -> str | None:
    """Taps with a card that leaves after so many answers; the problem reported, or `unseen`."""
    bench.field.place(card)
    bench.field.tear_after(frames, lose_answer=lose_answer)
    read = bench.reader.poll()
    bench.leave()
    return "unseen" if read is None else read.problem


@pytest.mark.parametrize("lose_answer", [False, True])
def test_torn_proof_is_card_and_never_more(bench: Bench, lose_answer: bool) -> None:
    """A card torn away after any number of answers is reported as `card`, until all answers came: then it is proven."""
    problems = []
    for frames in range(MOST_FRAMES):
        problems.append(tear(bench, bench.own_card(), frames, lose_answer))
        if problems[-1] is None:
            break

    assert "unseen" == problems[0]
    assert None is problems[-1]
    assert {"card"} == set(problems[1:-1])
    assert len(problems) > 6


@pytest.mark.parametrize("lose_answer", [False, True])
def test_torn_personalisation_is_resumed(bench: Bench, lose_answer: bool) -> None:
    """Torn away between any two commands of its personalisation, a card is good after the next presentation."""
    torn = 0
    for frames in range(MOST_FRAMES):
        card = FelicaLiteSCard(IDM)
        bench.reader.arm(monotonic() + 60)
        if tear(bench, card, frames, lose_answer) is None:
            break
        torn += 1
        resumed = bench.tap(card)
        assert (None, True, Assurance.MUTUAL) == (resumed.problem, resumed.personalised, resumed.assurance)
        assert (bench.keys.key(IDM), 1) == (card.key, card.version)
        assert None is bench.tap(card).problem

    assert torn > 12


@pytest.mark.parametrize("first", range(1, 30, 4))
def test_personalisation_survives_two_tears(bench: Bench, first: int) -> None:
    """Torn away twice in a row, at any pair of places, a card is still good after the third presentation."""
    for second in range(1, 30, 3):
        card = FelicaLiteSCard(IDM)
        bench.reader.arm(monotonic() + 60)
        tear(bench, card, first, False)
        tear(bench, card, second, True)
        bench.reader.arm(monotonic() + 60)
        assert None is bench.tap(card).problem


def test_half_personalised_card_does_not_open_unarmed(bench: Bench) -> None:
    """A card that has our key but not yet its version is blank to a reader that is not armed."""
    read = bench.tap(FelicaLiteSCard(IDM, bench.keys.key(IDM), 0))

    assert (Assurance.ID_ONLY, "personalisation") == (read.assurance, read.problem)


class LossyCard(FelicaLiteSCard):
    """Loses three answers in a row, which is when nfcpy gives up, once."""

    frames = 0

    def answer(self, technology: bytes, frame: bytes) -> bytes | None:
        self.frames += 1
        return None if self.frames in (4, 5, 6) else super().answer(technology, frame)


def test_lost_frames_are_tried_again_while_the_card_stays(bench: Bench) -> None:
    """A card that loses answers but stays on the reader is proven in the same tap."""
    assert None is bench.tap(LossyCard(IDM, bench.keys.key(IDM), 1)).problem
