"""Every code that a person may meet can be read in both languages."""

import re
from pathlib import Path

import pytest

import hardware
from controller import broker, link
from controller.record import projection, requests, tables
from controller.record.envelope import KINDS
from controller.record.explained import Unanswered
from controller.record.refusals import Code
from controller.record.words import LANGUAGES, codes, words
from controller.rules.authority import ROLES
from controller.rules.portal import Status
from hardware.protocols import HardwareFault

assert projection.project and tables.TABLES  # importing the fold registers the kinds


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", sorted({kind for kind, _ in KINDS}))
def test_every_kind_has_words(kind: str, lang: str) -> None:
    """Each kind of record reads as words, not as its code, in both languages."""
    assert words(kind, lang, "kind") != kind


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("code", list(Code))
def test_every_refusal_has_words(code: Code, lang: str) -> None:
    """Each refusal code reads as words in both languages."""
    assert words(code, lang, "code") != code


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("request", requests.KINDS),
        ("role", ROLES),
        ("status", [status.value for status in Status]),
        ("unanswered", list(Unanswered)),
    ],
)
def test_requests_roles_and_states_have_words(group: str, expected: list[str]) -> None:
    """Requests, roles and portal states have words, and no word stands for what does not exist."""
    assert set(codes(group)) == set(expected)


def test_every_fault_has_words() -> None:
    """Whatever a driver or the link says of a part that fails reads as words, and no word stands for what nothing says."""
    sources = [*Path(hardware.__file__).parent.glob("*.py"), Path(link.__file__), Path(broker.__file__)]
    text = "\n".join(path.read_text() for path in sources)
    said = set(re.findall(r'(?:HardwareFault|Broken)\([^\n]*?, "([a-z]+)"', text)) | set(broker._REASONS.values())
    said |= set(re.findall(r"`(absent|silent|garbled|other)`", HardwareFault.__doc__ or ""))

    assert {"absent", "silent", "garbled", "refused", "taken"} <= said
    assert said | {"unsteady", "flapping", "contradicted", "stuck"} == set(codes("fault"))


def test_no_word_is_left_over() -> None:
    """A kind or code that was given up does not linger among the words."""
    assert set(codes("kind")) == {kind for kind, _ in KINDS}
    assert set(codes("code")) == set(Code)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_kinds_read_alike(lang: str) -> None:
    """Two kinds of records never read the same, so that a filter by words is a filter by kind."""
    read = [words(kind, lang, "kind") for kind in codes("kind")]

    assert len(set(read)) == len(read)


def test_an_unknown_code_reads_as_itself() -> None:
    """A code of a newer program is shown as it is, never as nothing."""
    assert words("vault.melted", "ja") == "vault.melted"
    assert words("open", "en", "no-such-group") == "open"


def test_a_group_settles_what_a_code_means() -> None:
    """The same code reads differently as a leaf's state and as an enrolment's."""
    assert words("open", "en", "leaf") == "Open"
    assert words("open", "en", "enrolment") == "Waiting for a card"
    assert words("right", "en") == "No right to this zone"
