"""`sekimori enroll`: blank cards become badges, at the controller's readers and at the console's own."""

import json
import threading
from collections.abc import Iterator
from functools import partial
from itertools import count

import pytest
from command_line import Said, sekimori
from site_process import SiteProcess, until

from controller.cli import enrolment
from controller.cli.texts import Lang

MOST_FRAMES = 60


class Enrolling:
    """An `enroll` that waits for its card, in a thread of this process."""

    def __init__(self, *arguments: object) -> None:
        self._said: list[Said] = []
        self._thread = threading.Thread(target=lambda: self._said.append(sekimori("enroll", *arguments, "--json")))
        self._thread.start()

    def ended(self, within_s: float) -> bool:
        """Whether it ends in this time."""
        self._thread.join(within_s)
        return bool(self._said)

    def result(self) -> Said:
        """What it said when it ended."""
        return self._said[0]

    def hold(self, site: SiteProcess, card: str, reader: str = "front/in") -> Said:
        """Holds the card to the reader until it has ended; again, when the reader took it for the one it saw before."""
        for _ in range(20):
            site.building.place(card, reader)
            ended = self.ended(0.5)
            site.building.remove(reader)
            if ended:
                return self._said[0]
        raise AssertionError("enroll has not ended")


def at_reader(site: SiteProcess, person: int, reader: str = "front/in") -> Enrolling:
    """An enrolment at a reader of the running controller, once the controller waits for the card."""
    size = site.size()
    enrolling = Enrolling("--person", person, "--reader", reader, "--data", site.data)
    site.wait_record("enrolment.opened", after=size, reader=reader)
    return enrolling


def result(said: Said) -> dict[str, object]:
    """The answer's code and badge."""
    answer = json.loads(said.out)
    return {"exit": said.code, "code": answer["code"]}


@pytest.fixture(scope="module")
def numbers() -> Iterator[str]:
    """Card numbers that no test had before."""
    return (f"0127{n:012x}" for n in count(0xABC000))


def blank(site: SiteProcess, idm: str) -> str:
    """Another blank card in the building; its name."""
    site.building.add_card(f"blank-{idm}", "felica-lite-s", idm)
    return f"blank-{idm}"


def test_blank_card_becomes_a_badge_and_opens_the_door(running: SiteProcess, numbers: Iterator[str]) -> None:
    """A blank card held to the armed reader is given its key, is enrolled, and then opens the door to its holder's zone."""
    idm = next(numbers)
    card, size = blank(running, idm), running.size()
    enrolling = at_reader(running, 1)

    assert {"exit": 0, "code": None} == result(enrolling.hold(running, card))
    badge = running.wait_record("badge.enrolled", after=size).body
    assert (1, "front/in", 2, True) == (badge.person, badge.reader, badge.assurance, badge.personalised)
    assert running.building.tap(card, "front/in").opened
    assert badge.badge == running.wait_record("entry.granted", after=size, person=1).body.badge


def test_copy_of_the_number_does_not_open(running: SiteProcess, numbers: Iterator[str]) -> None:
    """A card that says an enrolled card's number without having its key is refused as `proof`, and the lock does not move."""
    idm = next(numbers)
    card = blank(running, idm)
    assert 0 == at_reader(running, 1).hold(running, card).code
    running.add_card("copy", idm, key="00112233445566778899aabbccddeeff")
    size = running.size()

    outcome = running.building.tap("copy", "front/in", timeout_s=1.0)

    refused = running.wait_record("entry.refused", after=size).body
    assert (None, False, "proof", None) == (outcome.ms, outcome.opened, refused.code, refused.person)


@pytest.mark.parametrize("kind", ["tear", "tear_losing_answer"])
def test_card_torn_away_between_any_two_commands_is_resumed(
    running: SiteProcess, numbers: Iterator[str], kind: str
) -> None:
    """Torn away after any number of commands, a blank card is enrolled when it is held there again, and then opens."""
    torn, codes = 0, set()
    for frames in range(1, MOST_FRAMES):
        card = blank(running, next(numbers))
        enrolling = at_reader(running, 1)
        running.building.fault("front/in", kind, count=frames)
        running.building.place(card, "front/in")
        whole = until("the card was enrolled or gone", partial(enrolled_or_gone, running, enrolling))
        running.building.remove("front/in")
        if whole == "enrolled":
            break
        torn += 1
        codes |= resume(running, enrolling, card)
        opens(running, card)
    assert torn > 12
    assert {None, "card"} == codes


def resume(site: SiteProcess, enrolling: Enrolling, card: str) -> set[object]:
    """Holds a torn card to the reader again until it is enrolled; the codes on the way.

    An enrolment that heard of the tear has ended with `card`; one that did not hear of it still waits.
    """
    codes: set[object] = set()
    for _ in range(4):
        said = enrolling.hold(site, card)
        codes.add(result(said)["code"])
        if said.code == 0:
            return codes
        enrolling = at_reader(site, 1)
    raise AssertionError(f"never enrolled: {codes}")


def enrolled_or_gone(site: SiteProcess, enrolling: Enrolling) -> str | None:
    """`enrolled` when the card was enrolled before it was torn away, `gone` when it was torn away."""
    if site.building.look().cards["front/in"] is None:
        return "gone"
    return "enrolled" if enrolling.ended(0.01) and enrolling.result().code == 0 else None


def opens(site: SiteProcess, card: str) -> None:
    """The card releases the front door's lock."""
    assert site.building.tap(card, "front/in", walk=False).ms is not None


def test_enrolled_card_is_not_enrolled_again(running: SiteProcess) -> None:
    """A card that is somebody's badge already ends with 3, and stays whose it is."""
    said = at_reader(running, 1).hold(running, "sato")

    assert {"exit": 3, "code": "enrolled"} == result(said)
    assert [(2,)] == running.query("select person from badge where label = '00:02'")


def test_reader_that_waits_already_is_busy(running: SiteProcess, numbers: Iterator[str]) -> None:
    """A second enrolment at the same reader is refused; unknown people and readers are, too; each names the place."""
    card = blank(running, next(numbers))
    first = at_reader(running, 1)
    for code, place, person, reader in (
        ("busy", "body.reader", 2, "front/in"),
        ("subject", "body.person", 99, "lab/in"),
        ("subject", "body.reader", 2, "attic/in"),
    ):
        said = sekimori("enroll", "--person", person, "--reader", reader, "--data", running.data, "--json")
        answer = json.loads(said.out)
        assert (1, code, place) == (said.code, answer["code"], answer["place"])

    assert 0 == first.hold(running, card).code


def test_result_is_said_in_words(running: SiteProcess, numbers: Iterator[str]) -> None:
    """As a command of its own, in Japanese: who, which badge, its last digits, and that there is no right yet."""
    card, size = blank(running, next(numbers)), running.size()
    said: list[object] = []
    thread = threading.Thread(
        target=lambda: said.append(
            running.sekimori("enroll", "--person", "3", "--reader", "lab/in", lang="ja_JP.UTF-8")
        )
    )
    thread.start()
    running.wait_record("enrolment.opened", after=size, reader="lab/in")
    running.building.place(card, "lab/in")
    thread.join(30)
    running.building.remove("lab/in")

    out, code = said[0].stdout, said[0].returncode  # type: ignore[attr-defined]
    assert 0 == code
    for words in ("鈴木 次郎 #3 のバッジを lab/in で登録します", "かざしてください", "登録しました", "まだ入れません"):
        assert words in out


# At a reader of the console's own, while no controller runs ------------------------------------------------------------


@pytest.fixture
def desk(site: SiteProcess) -> SiteProcess:
    """A site at rest with one person, and a reader at the console (`spare`)."""
    with site.past() as past:
        past.person("山田 花子")
    return site


def spare(site: SiteProcess) -> str:
    """The address of the console's reader."""
    return f"nfc+udp://127.0.0.1:{site.ports['spare']}"


@pytest.mark.parametrize("torn_after", [None, 9, 14])
def test_card_is_enrolled_without_a_controller(desk: SiteProcess, torn_after: int | None) -> None:
    """A blank card at the console's reader becomes a badge in the ledger; one torn away is finished when it comes again."""
    enrolling = Enrolling("--person", 1, "--device", spare(desk), "--data", desk.data)
    if torn_after is not None:
        desk.building.fault("spare", "tear", count=torn_after)
        desk.building.place("blank", "spare")
        until("the card is gone", lambda: desk.building.look().cards["spare"] is None or None)

    assert {"exit": 0, "code": None} == result(enrolling.hold(desk, "blank", "spare"))
    body = desk.records()[-1].body
    assert (1, "", 2) == (body.person, body.reader, body.assurance)
    assert [("active",)] == desk.query("select state from badge where person = 1")


def test_badge_made_at_the_console_opens_the_door(desk: SiteProcess) -> None:
    """The credential that the console wrote is the one that the door's reader finds."""
    with desk.past() as past:
        past.right(1, "office")
    enrolling = Enrolling("--person", 1, "--device", spare(desk), "--data", desk.data)
    assert 0 == enrolling.hold(desk, "blank", "spare").code
    desk.start()

    assert desk.building.tap("blank", "front/in").opened


def test_second_badge_of_a_card_and_nobodys_badge_are_refused(desk: SiteProcess) -> None:
    """At the console, too, a card is one badge for ever (exit 3), and nothing is written to a card for nobody (exit 1)."""
    nobody = sekimori("enroll", "--person", 9, "--device", spare(desk), "--data", desk.data, "--json")
    assert {"exit": 1, "code": "subject"} == result(nobody)
    for expected in (0, 3):
        enrolling = Enrolling("--person", 1, "--device", spare(desk), "--data", desk.data)
        assert expected == enrolling.hold(desk, "blank", "spare").code
    assert [] == desk.query("select * from enrolment")


def test_no_card_in_time_ends_with_four(desk: SiteProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no card comes, `enroll` ends with 4 and says so."""
    monkeypatch.setattr(enrolment, "ENROLMENT_S", 0.2)

    said = sekimori("enroll", "--person", 1, "--device", spare(desk), "--data", desk.data, lang=Lang.JA)

    assert (4, True) == (said.code, "時間内にカードがかざされませんでした" in said.err)


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ("--reader or --device", []),
        ("no controller is running", ["--reader", "front/in"]),
        ("nfc+usb", ["--device", "serial:1"]),
        ("a part cannot be used", ["--device", "nfc+udp://127.0.0.1:9"]),
    ],
)
def test_what_cannot_be_done_is_said(desk: SiteProcess, words: str, arguments: list[str]) -> None:
    """No reader named, no controller running, a device that is none, and one that is absent: exit 2 and why."""
    said = sekimori("enroll", "--person", 1, *arguments, "--data", desk.data)

    assert (2, True) == (said.code, words in said.err), said.err
