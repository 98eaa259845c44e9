"""Details, leaving and its effect at each site, on the dashboard's pages (C7.2, C7.4)."""

from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa
from example_house import House
from site_peer import SitePeer

from controller.record.kinds import badge, person, right
from controller.record.private import PrivateRef
from controller.record.requests import read_body, read_envelope, read_private
from dashboard import database as db
from dashboard.intake.intake import Intake, Message

from .conftest import Browser

SignIn = Callable[[str], Browser]


def asked(house: House) -> tuple[str, str, dict[str, object], dict[str, str]]:
    """The newest request: its id, kind, body and texts."""
    with house.engine.connect() as connection:
        id, data = connection.execute(sa.select(db.outbox.c.id, db.outbox.c.bytes).order_by(db.outbox.c.id.desc())).first()  # type: ignore[misc]
    request = read_envelope(data)
    return id, request.kind, msgspec.to_builtins(read_body(request)), read_private(request, house.peer.keys)


def test_what_ends_is_shown_before(signed_in: SignIn) -> None:
    """The page lists badge and rights with what has to be handed in, and names the button after the person (C7.4)."""
    text = signed_in("manager").get("/people/factory/1/leave").text

    assert "What ends" in text and "Office" in text and "To be handed in" in text
    assert "End everything of 山田 花子" in text


def test_at_once_until_the_site_has_done_it(house: House, signed_in: SignIn) -> None:
    """The request never expires; the page is red until the site's record is here, and then says when it took effect."""
    manager = signed_in("manager")
    answer = manager.post("/people/factory/1/leave", when="now", on="")
    id, kind, body, _ = asked(house)
    assert (answer.status_code, kind, body) == (303, "person.leave", {"person": 1, "leaves_on": ""})
    with house.engine.connect() as connection:
        assert connection.execute(sa.select(db.outbox.c.expires_at).where(db.outbox.c.id == id)).scalar() is None
    assert 'data-effect="waiting"' in manager.get(answer.location).text
    assert "data-leaving" in manager.get("/people/factory/1").text

    house.write(badge.BadgeRetired(1, "retired"), right.RightRevoked(1, 2, "revoked"), by="operator:2")
    house.write(person.PersonLeft(1, "operator:2", "left"), by="operator:2")
    with house.engine.begin() as connection:
        last = len(house.peer.records)
        values = {"state": "accepted", "first_seq": last - 2, "last_seq": last, "replied_at": house.peer.now(), "bytes": b""}
        connection.execute(sa.update(db.outbox).where(db.outbox.c.id == id).values(values))

    text = manager.get(answer.location).text
    assert 'data-effect="done"' in text and "(#1)" in text, "the badge to hand in"
    page = manager.get("/people/factory/1").text
    assert "data-left" in page and "data-leaving" not in page
    assert "nothing is left to end" in manager.get("/people/factory/1/leave").text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"when": "", "on": ""}, "Choose when."),
        ({"when": "day", "on": ""}, "Write the last day."),
        ({"when": "day", "on": "2026-11-21"}, "This day is over."),
        ({"when": "day", "on": "soon"}, "Write a date like"),
    ],
)
def test_a_wrong_day_is_said_at_its_field(house: House, signed_in: SignIn, fields: dict[str, str], wrong: str) -> None:
    """Nothing is asked of the site when the form is wrong, and what was typed stays."""
    answer = signed_in("manager").post("/people/factory/1/leave", **fields)

    assert answer.status_code == 400 and wrong in answer.text


def test_a_day_is_set_moved_and_taken_back(house: House, signed_in: SignIn) -> None:
    """The last day stands on the person's page; leaving only brings it forward, changing puts it off or takes it back."""
    manager = signed_in("manager")
    manager.post("/people/factory/1/leave", when="day", on="2026-12-31")
    assert asked(house)[2] == {"person": 1, "leaves_on": "2026-12-31"}
    ref = PrivateRef("person-1", 1, "ab" * 32)
    house.write(person.PersonChanged(1, ref, "2026-12-31", "2026-12-31T15:00:00.000000Z", "operator:2"), by="operator:2")
    assert "2026/12/31" in manager.get("/people/factory/1").text

    assert manager.post("/people/factory/1/leave", when="day", on="2027-01-31").status_code == 400
    manager.post("/people/factory/1/change", name="山田 花子", kana="", department="設計部", title="課長", on="")

    _, kind, body, texts = asked(house)
    assert (kind, body) == ("person.change", {"person": 1, "leaves_on": ""})
    assert texts == {"name": "山田 花子", "department": "設計部", "title": "課長"}
    manager.post("/people/factory/1/change", name="山田 花子", kana="", department="", title="", on="2026-12-31")
    assert asked(house)[2] == {"person": 1, "leaves_on": None}, "the day stays as it is"
    assert manager.post("/people/factory/1/change", name="", on="").status_code == 400


def test_who_may_not_sees_nothing_of_it(signed_in: SignIn) -> None:
    """A guard neither changes details nor lets anybody leave, nor looks at what others asked for (C7.3)."""
    guard = signed_in("guard")

    assert guard.get("/people/factory/1/leave").status_code == 403
    assert guard.get("/people/factory/1/change").status_code == 403
    assert guard.get("/people/leaving?ask=" + "0" * 26).status_code == 403
    assert signed_in("manager").get("/people/leaving?ask=" + "0" * 26).status_code == 404
    assert "Leaver or mover" not in guard.get("/people/factory/1").text


def test_the_same_name_at_another_site(house: House, signed_in: SignIn) -> None:
    """Who has the same name at another site is offered there, never chosen by itself; each site gets its own request (C7.4)."""
    branch = SitePeer("branch").company()
    sites = {house.peer.name: house.peer.keys.public, branch.name: branch.keys.public}
    house.runtime.outbox._sites = sites
    intake = Intake(house.engine, house.keys, sites, house.now)
    said = [*branch.say_all(house.keys.public), branch.private(house.keys.public, "person-3", {"name": "山田 花子"})]
    intake.take([Message(one.topic, one.payload) for one in said])
    manager = signed_in("manager")
    assert "other sites" not in manager.get("/people/factory/1/leave").text, "an account without a role there"
    with house.engine.begin() as connection:
        account = connection.execute(sa.select(db.account.c.id).where(db.account.c.name == "manager")).scalar_one()
        row = {"account": account, "ledger_site": "branch", "operator": 1}
        connection.execute(sa.insert(db.account_operator).values(row))

    text = manager.get("/people/factory/1/leave").text
    assert 'value="branch:3"' in text and 'value="branch:1"' not in text and 'value="branch:3" checked' not in text
    manager.post("/people/factory/1/leave", when="now")
    assert requested(house) == [("factory", 1)]
    answer = manager.post("/people/factory/1/leave", when="now", also="branch:3")

    assert sorted(requested(house)) == [("branch", 3), ("factory", 1), ("factory", 1)]
    assert manager.get(answer.location).text.count('data-effect="waiting"') == 2
    manager.post("/people/factory/1/leave", when="now", also="branch:1")
    assert ("branch", 1) not in requested(house), "only who was offered"


def requested(house: House) -> list[tuple[str, int]]:
    """Site and person of every request that somebody leaves."""
    with house.engine.connect() as connection:
        data = connection.execute(sa.select(db.outbox.c.bytes).where(db.outbox.c.kind == "person.leave")).scalars().all()
    return [(envelope.site, envelope.body["person"]) for envelope in map(read_envelope, data)]
