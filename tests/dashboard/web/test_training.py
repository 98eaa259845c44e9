"""Training and pledges on the pages: who lacks what, recording for many, withdrawing, and My page for the person alone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from example_house import SHA, House

from controller.record.asks import QueryPrivate
from controller.record.kinds import badge, group, membership, right
from controller.record.kinds.condition import PledgeSigned, TrainingCompleted
from controller.record.private import PrivateRow
from controller.record.requests import KINDS, read_body, read_envelope
from dashboard import database as db
from dashboard.intake.missing_texts import MissingTexts
from dashboard.read import conditions
from dashboard.read.conditions import When
from dashboard.read.names import Names
from dashboard.read.sites import site_called
from dashboard.web.language import last_day_text, zone_of

from .conftest import Browser

SignIn = Callable[[str], Browser]


@pytest.fixture
def required(house: House) -> House:
    """The site after a day, its office requiring a pledge and a course."""
    return house.required()


def sent(house: House) -> Any:
    """The body of the newest request that waits in the outbox."""
    with house.engine.connect() as connection:
        row = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id.desc())).first()
    assert row is not None
    envelope = read_envelope(bytes(row[0]))
    return msgspec.convert(envelope.body, KINDS[envelope.kind])


def cells(house: House, only: str = "all", **more: Any) -> dict[int, list[str]]:
    """The matrix: by person, how they stand to each condition that their rights need."""
    with house.engine.connect() as connection:
        site = site_called(connection, house.peer.name)
        assert site is not None
        names = Names(connection, site, "en")
        known = conditions.known(connection, names)
        when = When(house.now(), zone_of("Asia/Tokyo"))
        asked = {"text": "", "after": 0} | more
        rows, _ = conditions.matrix(connection, names, known, when, only=only, **asked)
    return {row.person: [cell.shown for cell in row.cells if cell.needed] for row in rows}


def test_the_matrix_says_how_everybody_stands(required: House) -> None:
    """Of each person with a right into the zone: valid, ends soon, lapsed, another text, nothing; of others nothing."""
    assert cells(required) == {
        1: ["held", "held"],
        2: ["held", "soon"],
        3: ["version", "lapsed"],
        4: ["never", "never"],
        5: ["never", "never"],
    }
    assert list(cells(required, "missing")) == [3, 4, 5]
    assert list(cells(required, "soon")) == [2]
    assert list(cells(required, text="山田")) == [1]
    assert list(cells(required, text="#4")) == [4]
    assert list(cells(required, after=3)) == [4, 5]


def test_a_right_by_group_needs_what_the_zone_requires(required: House) -> None:
    """Who comes in as one of a group is in the list as who has a right of their own; who left the group is not."""
    name = required.private("team-1", name="試作班").ref()
    purpose = required.private("purpose-90", purpose="試作").ref()
    until = "2027-03-31T15:00:00.000000Z"
    asked = right.RightRequested(90, None, "lab", "always", required.peer.now(), until, purpose, 2, "requested", 1)
    required.write(group.GroupCreated(1, name, 2, "active"), asked, right.RightApproved(90, 3, "active"))
    joined = required.private("membership-1", purpose="試作").ref()
    required.write(membership.MembershipRequested(1, 1, 8, joined, 2, "requested"))
    assert 8 not in cells(required)

    required.write(membership.MembershipApproved(1, 3, "active"))
    assert cells(required)[8] == ["never"]
    required.write(membership.MembershipEnded(1, 2, "ended"))
    assert 8 not in cells(required)


def test_the_page_shows_it_to_whom_it_concerns(required: House, signed_in: SignIn) -> None:
    """A manager sees the people, and chooses some of them to record for; an auditor only looks; a guard does not."""
    text = signed_in("manager").get("/training").text

    assert "鈴木 次郎" in text and "山田 花子" not in text
    assert 'name="person" value="3"' in text
    assert "Present text not signed" in text and "Lapsed" in text and "Not yet" in text
    auditor = signed_in("auditor").get("/training?only=all").text
    assert "山田 花子" in auditor and 'name="person"' not in auditor and "/record" not in auditor
    assert signed_in("guard").get("/training").status_code == 403
    assert signed_in("manager").get("/training?only=some").status_code == 400


def test_one_form_many_people_one_request(required: House, signed_in: SignIn) -> None:
    """A course for people who were chosen in the list and others by number is one request, with the site's day."""
    manager = signed_in("manager")
    page = "/training/factory/record?person=3&person=4"
    assert "鈴木 次郎" in manager.get(page).text

    fields = {"condition": "training:induction", "on": "2026-11-21", "more": "5, 7-8", "note": "外部講師"}
    answer = manager.client.post(
        "/training/factory/record", data={"csrf_token": token(manager, page), "person": ["3", "4"], **fields}
    )

    assert answer.status_code == 303
    body = sent(required)
    assert (body.people, body.course, body.completed_on) == ((3, 4, 5, 7, 8), "induction", "2026-11-21")


def token(browser: Browser, page: str) -> str:
    """The CSRF token of a page's form."""
    return browser.get(page).text.split('name="csrf_token" value="')[1].split('"')[0]


def test_a_pledge_is_recorded_in_its_present_text(required: House, signed_in: SignIn) -> None:
    """The request names the version and the document that the page showed, and the occasion."""
    manager = signed_in("manager")
    fields = {"condition": "pledge:nda", "on": "2026-11-22", "occasion": "joining", "more": "4"}
    assert manager.post("/training/factory/record", **fields).status_code == 303

    body = sent(required)
    assert (body.people, body.version, body.sha256, body.occasion) == ((4,), "2026-04", SHA, "joining")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"condition": ""}, "Choose a pledge or a course."),
        ({"condition": "pledge:other"}, "Choose a pledge or a course."),
        ({"occasion": ""}, "Choose the occasion"),
        ({"on": "2026-11-23"}, "This day has not come yet."),
        ({"on": "soon"}, "Write a date like"),
        ({"more": ""}, "Choose at least one person."),
        ({"more": "4 nobody"}, "Nobody has this number: nobody"),
        ({"more": "4 999"}, "Nobody has this number: 999"),
        ({"more": "1-200"}, "Nobody has this number: 1-200"),
        ({"more": "9-4"}, "Nobody has this number: 9-4"),
        ({"more": "3"}, "You cannot record your own."),
        ({"note": "x" * 501}, "500 characters at most"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(
    required: House, signed_in: SignIn, fields: dict[str, str], said: str
) -> None:
    """A form that cannot be is answered with what is wrong, keeps what was typed, and asks the site for nothing."""
    good = {"condition": "pledge:nda", "on": "2026-11-22", "occasion": "joining", "more": "4", "note": "原本は金庫"}
    answer = signed_in("suzuki").post("/training/factory/record", **(good | fields))

    assert answer.status_code == 400
    assert said in answer.text
    assert (good | fields)["note"][:20] in answer.text
    with required.engine.connect() as connection:
        assert connection.execute(sa.select(db.outbox)).first() is None


def test_history_and_withdrawal(required: House, signed_in: SignIn) -> None:
    """A person's page has every entry with its note; one that is a mistake is withdrawn for a reason, by another person."""
    manager = signed_in("manager")
    text = manager.get("/training/factory/people/1").text
    assert "原本は総務部の金庫" in text and "Secrecy pledge" in text and "2027/04/01" in text

    assert 'data-occasion="joining">2026/04/01' in text and 'data-occasion="leaving">not signed' in text

    assert manager.post("/training/factory/4/withdraw").status_code == 400
    assert manager.post("/training/factory/4/withdraw", reason="別人").status_code == 303
    assert sent(required).fulfilment == 4
    suzuki = signed_in("suzuki")
    assert "This is your own" in suzuki.get("/training/factory/6/withdraw").text
    assert "/training/factory/6/withdraw" not in suzuki.get("/training/factory/people/3").text
    assert manager.get("/training/factory/99/withdraw").status_code == 404


def test_my_page_is_for_the_person_alone(required: House, signed_in: SignIn) -> None:
    """Who is signed in sees what they lack, why the door refused them, and whom to ask; nothing of anybody else (C5.1)."""
    text = signed_in("suzuki").get("/my").text

    assert 'data-missing="pledge:nda"' in text and 'data-missing="training:induction"' in text
    assert text.count("data-refused") == 1 and "Secrecy pledge" in text.split("data-refused")[1]
    assert "managerさん" in text and "suzukiさん" not in text.split("data-my")[1]
    assert not any(name in text for name in ("山田", "佐藤", "髙橋", "Yearly training</strong>: "))
    nobody = signed_in("guard").get("/my").text
    assert "No site knows which badge holder you are" in nobody and "data-refused" not in nobody


def test_my_page_says_when_all_is_well_and_what_ends(required: House, signed_in: SignIn) -> None:
    """With everything on record nothing is lacking; what ends within 30 days is said with the days that are left."""
    required.write(
        PledgeSigned(20, 3, "nda", "2026-04", SHA, "2026-11-22", "joining", None, 2, None, "recorded"),
        TrainingCompleted(21, 3, "induction", "2026-11-22", "2026-11-29T15:00:00.000000Z", 2, None, "recorded"),
    )
    suzuki = signed_in("suzuki")

    text = suzuki.get("/my").text
    assert "data-missing" not in text and 'data-ending="training:induction"' in text
    assert "7 days left" in text and "2026/11/29" in text
    required.time = datetime(2026, 11, 29, 14, 0, tzinfo=UTC)
    assert "today is the last day" in signed_in("suzuki").get("/my").text
    required.time += timedelta(hours=1)
    assert 'data-missing="training:induction"' in signed_in("suzuki").get("/my").text


def test_a_person_and_an_approver_see_what_is_missing(required: House, signed_in: SignIn) -> None:
    """The person's page shows how they stand; who approves a right to the zone is told what the doors will refuse for."""
    manager = signed_in("manager")

    assert 'data-standing="lapsed"' in manager.get("/people/factory/3").text
    assert "data-standing" not in signed_in("guard").get("/people/factory/3").text
    decide = signed_in("suzuki").get("/rights/factory/8/approve").text
    assert 'data-lacking="pledge:nda"' in decide and 'data-lacking="training:induction"' in decide
    assert "/training/factory/record?person=8&amp;condition=pledge:nda" in decide


def test_who_lets_somebody_join_a_group_sees_what_is_missing(required: House, signed_in: SignIn) -> None:
    """The approver of a membership sees what the group's zones require and the person lacks; of a group's right, how many."""
    required.ask_right(91, 1, "office")
    name, purpose = required.private("team-7", name="夜勤班").ref(), required.private("purpose-92", purpose="夜勤").ref()
    until = "2027-03-31T15:00:00.000000Z"
    for number in (92, 93):
        asked = right.RightRequested(
            number, None, "office", "always", required.peer.now(), until, purpose, 2, "requested", 7
        )
        required.write(*((group.GroupCreated(7, name, 2, "active"),) if number == 92 else ()), asked)
    joined = [required.private(f"membership-{n}", purpose="夜勤").ref() for n in (71, 72)]
    required.write(
        right.RightApproved(92, 3, "active"),
        membership.MembershipRequested(71, 7, 4, joined[0], 2, "requested"),
        membership.MembershipRequested(72, 7, 5, joined[1], 2, "requested"),
        membership.MembershipApproved(72, 3, "active"),
    )
    suzuki = signed_in("suzuki")

    assert 'data-lacking="training:induction"' in suzuki.get("/memberships/factory/71/approve").text
    assert "1 person of the group lacks" in suzuki.get("/rights/factory/93/approve").text


def test_a_badge_that_was_enrolled_says_what_is_still_missing(required: House, signed_in: SignIn) -> None:
    """After the enrolment of somebody who lacks what their zones require, the page says so and how to mend it (ux 3.2)."""
    opened = badge.EnrolmentOpened("lab-in", 4, 1, "2026-11-22T09:00:00.000000Z")
    enrolled = badge.BadgeEnrolled(80, 4, "lab-in", "c" * 64, 2, "…0080", "active", True)
    required.write(opened, enrolled)

    text = signed_in("admin").get("/people/factory/4/enrolment/lab-in").text
    assert "Enrolled for" in text and 'data-lacking="training:induction"' in text


def test_the_first_page_tells_of_what_ends(required: House, signed_in: SignIn) -> None:
    """Managers are told how many pledges and courses end within 30 days; a guard is not."""
    assert "1 pledge or course ends within 30 days." in signed_in("manager").get("/").text
    assert 'data-note="ending"' not in signed_in("guard").get("/").text


def test_the_ledger_names_what_was_recorded_and_not_what_was_missing(required: House, signed_in: SignIn) -> None:
    """A line says which course was recorded; that of a refusal says the code alone: which one is for the person alone."""
    guard = signed_in("guard")

    assert "Induction" in guard.get("/ledger?kind=training.completed").text
    refused = guard.get("/ledger?code=pledge").text
    assert "A pledge that is required is missing" in refused and "Secrecy pledge" not in refused


@pytest.mark.parametrize(
    ("until", "day"),
    [("2026-11-29T15:00:00.000000Z", "2026/11/29"), ("2026-11-29T14:59:59.999999Z", "2026/11/29"), ("", "")],
)
def test_the_last_day_is_the_one_before_the_end(until: str, day: str) -> None:
    """What ends at midnight lasts through the day before."""
    assert last_day_text(until, "Asia/Tokyo") == day


def test_a_note_that_never_came_is_asked_for(house: House) -> None:
    """The site is asked again for a note that a broker lost; an entry without a note asks for nothing."""
    lost = PrivateRow("note-77", 1, {"note": "外部講師"}, "00" * 16).ref()
    house.write(
        TrainingCompleted(77, 1, "induction", "2026-11-22", None, 2, lost, "recorded"),
        TrainingCompleted(78, 2, "induction", "2026-11-22", None, 2, None, "recorded"),
    )
    house.hear()
    ((_, data),) = MissingTexts(house.engine, house.keys, house.now).due(house.intake.sources, 100.0)

    body = read_body(read_envelope(data))
    assert isinstance(body, QueryPrivate) and "note-77" in body.ids and all(body.ids)
