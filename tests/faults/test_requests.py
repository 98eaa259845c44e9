"""Requests as an attacker makes them, over a real broker to a real controller: refused, each with its code; no lock lets go.

What somebody trusted has signed is refused in a reply under the site's own signature, and on record. What nobody known has
signed gets no answer and is counted. The building's log, which the controller does not write, says which lock let go.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
import pytest
from broker import RunningBroker, running_broker
from mqtt_client import BareClient
from site_process import SITE, SiteProcess, until
from ulid import ULID

from controller.console import ask
from controller.ledger.verify import verify_file
from controller.record.asks import (
    ApproveRight,
    BeginLockdown,
    EndLockdown,
    RegisterPerson,
    ReinstatePerson,
    ReleasePortal,
    RequestRight,
    RetireBadge,
    SuspendPerson,
)
from controller.record.canonical import canonical, timestamp
from controller.record.keys import KeyPair
from controller.record.requests import LARGEST_REQUEST, PRIVATE_FIELDS, Request, make_request, name_of
from controller.record.signed import open_message
from controller.record.topics import Reply, Topics

TOPICS = Topics(SITE)
GUARD, NARROW, AUDITOR, RETIRED, TWIN, OTHER_TWIN, CLERK = 2, 3, 4, 5, 6, 7, 8
"""Operators: 2 may release any portal; 3 has the lab alone in its scope; 6 and 7 are one human; 8 is an administrator only."""


class Attack:
    """A site on a broker, and everybody's keys in one hand. `counted` is what the site must have counted in the end."""

    def __init__(self, site: SiteProcess, broker: RunningBroker) -> None:
        self.site = site
        self.own, self.other, self.revoked, self.stranger = site.dashboard, *(KeyPair.generate() for _ in range(3))
        self.counted: Counter[str] = Counter()
        self.releases = 0
        self._hand = BareClient(broker.port)
        self._hand.subscribe(TOPICS.reply("+"))

    def make(self, body: msgspec.Struct, operator: int = GUARD, *, key: KeyPair | None = None, **changes: Any) -> Request:
        """A request, good unless `changes` (of `make_request`'s arguments) say otherwise."""
        now = datetime.now(UTC)
        texts = {name: "試験" for name in PRIVATE_FIELDS[name_of(body)] if name[-1] not in "?*"}
        arguments: dict[str, Any] = {
            "id": str(ULID()),
            "body": body,
            "private": texts,
            "operator": operator,
            "issued_at": now,
            "expires_at": now + timedelta(seconds=30),
        }
        return make_request(key or self.own, SITE, self.site.keys.site.public, **(arguments | changes))

    def sign(self, request: Request, key: KeyPair | None = None, **changes: Any) -> Request:
        """The request with these fields changed, signed again by somebody who is trusted."""
        changed = msgspec.structs.replace(request, **changes)
        return msgspec.structs.replace(changed, sig=(key or self.own).sign(changed.signed_bytes()).hex())

    def say(self, data: bytes, topic: str = TOPICS.request, *, retain: bool = False) -> None:
        """Hands it to the broker, and waits until that has it."""
        self._hand.publish(topic, data, retain=retain)

    def reply(self, request: Request, data: bytes | None = None) -> Reply:
        """Sends it, and again as a dashboard does, until the site answers; its answer."""
        topic, heard, again_s = TOPICS.reply(request.dashboard), len(self._hand.heard), 0.0

        def look() -> Reply | None:
            nonlocal again_s
            if monotonic() >= again_s:
                self.say(data or canonical(request))
                again_s = monotonic() + 3.0
            for where, payload in self._hand.heard[heard:]:
                said = msgspec.json.decode(open_message(self.site.keys.site.public.signing, where, payload), type=Reply)
                if (where, said.request) == (topic, request.id):
                    return said
            return None

        return until(f"the site answers {request.kind}", look)

    def refused(self, request: Request) -> str | None:
        """Sends it; the code of the site's answer, which is on record as well, and nothing else is."""
        before = self.site.size()
        reply = self.reply(request)
        records = self.site.records(before)
        assert [(r.kind, r.body.request, r.body.code) for r in records if r.kind != "requests.rejected"] == [
            ("request.refused", request.id, reply.code)
        ]
        return reply.code

    def ignored(self, code: str, *messages: bytes, topic: str = TOPICS.request) -> None:
        """Sends these; a good request behind them is answered, they are not, and the site did nothing for them."""
        before, heard = self.site.size(), len(self._hand.heard)
        for data in messages:
            self.say(data, topic)
        fence = self.make(RegisterPerson(), 1)
        assert self.reply(fence).code is None
        if code:
            self.counted[code] += len(messages)
        kinds = {record.kind for record in self.site.records(before)}
        assert kinds - {"requests.rejected"} == {"person.registered", "request.accepted"}
        assert {json.loads(payload)["payload"]["request"] for _, payload in self._hand.heard[heard:]} == {fence.id}

    def works(self, portal: str = "front") -> Request:
        """A good release is done: the lock lets go."""
        self.secure()
        good = self.make(ReleasePortal(portal))
        self.releases += 1
        assert self.reply(good).code is None
        until("the lock lets go", lambda: self.let_go() == self.releases or None)
        return good

    def secure(self) -> None:
        """Waits until every lock is secure."""
        self.site.building.wait_for(lambda seen: not any(door.released for door in seen.doors.values()), 20.0)

    def let_go(self) -> int:
        """How often a lock has let go, by the building's log."""
        lines = (self.site.folder / "building.log").read_text().splitlines()
        return sum(json.loads(line)["event"] == "released" for line in lines)

    def close(self) -> None:
        self._hand.close()


@pytest.fixture(scope="module")
def attack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attack]:
    """One site for all attacks of this file: what one of them leaves behind, the others meet."""
    with (
        running_broker(largest=2 << 20) as broker,
        SiteProcess(tmp_path_factory.mktemp("site"), (broker.host, broker.port)) as site,
    ):
        attack = Attack(site, broker)
        with site.past() as past:
            human = past.person("二役 太郎")
            past.person("山田 花子")
            for roles, scope, person in (
                (["guard"], ["lab"], None),
                (["auditor"], ["*"], None),
                (["guard", "manager"], ["*"], None),
                (["manager", "administrator"], ["*"], human),
                (["manager"], ["*"], human),
                (["administrator"], ["*"], None),
            ):
                past.console("operator.add", {"name": "操作者", "roles": roles, "scope": scope, "person": person})
            past.console("operator.retire", {"operator": RETIRED})
            for key in (attack.other, attack.revoked):
                past.console("trust", {"key": key.public.text()})
            past.console("revoke", {"dashboard": attack.revoked.public.id})
        site.start()
        try:
            yield attack
        finally:
            attack.close()


@pytest.fixture(autouse=True)
def nothing_opens(attack: Attack) -> Iterator[None]:
    """Whatever a test does: no lock let go but for its good releases, and the controller still runs."""
    yield
    assert attack.let_go() == attack.releases
    assert attack.site.controller is not None and attack.site.controller.poll() is None


RELEASE = ReleasePortal("front")


def right(person: int = 2, zone: str = "lab", **changes: Any) -> RequestRight:
    now = datetime.now(UTC)
    fields = {"from_at": timestamp(now), "until_at": timestamp(now + timedelta(days=30))}
    return RequestRight(person, zone, "always", **(fields | changes))


def issued(a: Attack, issued_s: float, expires_s: float | None, body: msgspec.Struct = RELEASE) -> Request:
    """A request issued so many seconds from now, and valid until so many."""
    now = datetime.now(UTC)
    expires_at = None if expires_s is None else now + timedelta(seconds=expires_s)
    return a.make(body, issued_at=now + timedelta(seconds=issued_s), expires_at=expires_at)


# Signed by somebody trusted, and not allowed ------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, Callable[[Attack], Request]]] = {
    "expired": ("freshness", lambda a: issued(a, -20, -1)),
    "issued in the future": ("freshness", lambda a: issued(a, 300, 310)),
    "without the expiry that a release needs": ("freshness", lambda a: issued(a, 0, None)),
    "valid for too long": ("freshness", lambda a: issued(a, 0, 61)),
    "issued long ago, to be valid now": ("freshness", lambda a: issued(a, -3600, 10)),
    "a time that is none": ("form", lambda a: a.sign(a.make(RELEASE), issued_at="2026-02-30T00:00:00.000000Z")),
    "a time of another form": ("form", lambda a: a.sign(a.make(RELEASE), expires_at="tomorrow")),
    "an unknown kind": ("form", lambda a: a.sign(a.make(RELEASE), kind="portal.melt")),
    "a kind of another body": ("form", lambda a: a.sign(a.make(RELEASE), kind="person.register")),
    "an unknown field": ("form", lambda a: a.sign(a.make(RELEASE), body={"portal": "front", "for_s": 900})),
    "a missing field": ("form", lambda a: a.sign(a.make(RELEASE), body={})),
    "a wrong type": ("form", lambda a: a.sign(a.make(RELEASE), body={"portal": ["front"]})),
    "a number below all": ("form", lambda a: a.sign(a.make(SuspendPerson(1)), body={"person": -1})),
    "a number above all": ("form", lambda a: a.sign(a.make(SuspendPerson(1)), body={"person": 2**63})),
    "a number with a fraction": ("form", lambda a: a.sign(a.make(SuspendPerson(1)), body={"person": 1.5})),
    "a deep body": ("form", lambda a: a.sign(a.make(RELEASE), body={"portal": nested(200)})),
    "a long word": ("form", lambda a: a.make(ReleasePortal("x" * 4000))),
    "no private box": ("form", lambda a: a.make(RELEASE, private={})),
    "the private box of another request": (
        "form", lambda a: a.sign(a.make(RELEASE), private=a.make(RELEASE).private)),
    "a private box for another site": ("form", lambda a: a.sign(sealed_elsewhere(a))),
    "a private box of nonsense": ("form", lambda a: a.sign(a.make(RELEASE), private="AAAA")),
    "an unknown private text": ("form", lambda a: a.make(RELEASE, private={"reason": "x", "wage": "1"})),
    "a right without purpose": ("purpose", lambda a: a.make(right(), 1, private={})),
    "a right without end": ("purpose", lambda a: a.make(right(until_at="9999-12-31T23:59:59.999999Z"), 1)),
    "by an operator without the role": ("role", lambda a: a.make(RELEASE, AUDITOR)),
    "by one who makes badges": ("role", lambda a: a.make(ApproveRight(1), CLERK)),
    "out of scope": ("scope", lambda a: a.make(RELEASE, NARROW)),
    "by a retired operator": ("operator", lambda a: a.make(RELEASE, RETIRED)),
    "by an unknown operator": ("operator", lambda a: a.make(RELEASE, 99)),
    "by the console's own number": ("operator", lambda a: a.make(RELEASE, 0)),
    "an unknown portal": ("subject", lambda a: a.make(ReleasePortal("attic"))),
    "an unknown person": ("subject", lambda a: a.make(SuspendPerson(99))),
    "an unknown badge": ("subject", lambda a: a.make(RetireBadge(99, "lost"))),
    "a person who is not suspended": ("subject", lambda a: a.make(ReinstatePerson(1))),
    "by another dashboard, expired": ("freshness", lambda a: expired_of(a, a.other)),
}  # fmt: skip


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def sealed_elsewhere(a: Attack) -> Request:
    """A request to this site with a box that another site could open."""
    good, elsewhere = a.make(RELEASE), KeyPair.generate().public
    made = make_request(
        a.own, SITE, elsewhere, id=good.id, body=RELEASE, private={"reason": "x"}, operator=GUARD,
        issued_at=datetime.now(UTC), expires_at=datetime.now(UTC) + timedelta(seconds=30),
    )  # fmt: skip
    return msgspec.structs.replace(good, private=made.private)


def expired_of(a: Attack, key: KeyPair) -> Request:
    now = datetime.now(UTC)
    return a.make(RELEASE, key=key, issued_at=now - timedelta(seconds=40), expires_at=now - timedelta(seconds=30))


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_signed_and_not_allowed_is_refused_with_its_code(attack: Attack, what: str) -> None:
    """Refused in a reply under the site's signature, on record with the same code, and nothing else is done."""
    code, make = REFUSED[what]

    assert attack.refused(make(attack)) == code


# Signed by nobody known ------------------------------------------------------------------------------------------------

REJECTED: dict[str, tuple[str, Callable[[Attack], list[bytes]]]] = {
    "unsigned": ("signature", lambda a: [unsigned(a)]),
    "a stranger's signature": ("signature", lambda a: [canonical(a.make(RELEASE, key=a.stranger))]),
    "a stranger's signature in a known name": (
        "signature", lambda a: [canonical(a.sign(a.make(RELEASE), a.stranger))]),
    "another dashboard's signature": ("signature", lambda a: [canonical(a.sign(a.make(RELEASE), a.other))]),
    "a signature over other bytes": ("signature", lambda a: moved_signatures(a)),
    "another site's request": ("signature", lambda a: [canonical(a.sign(a.make(RELEASE), site="other"))]),
    "a signature in capitals": ("signature", lambda a: [capitals(a)]),
    "truncated": ("form", lambda a: truncated(a)),
    "a megabyte": ("form", lambda a: [b"x" * (1 << 20), b"[" * (1 << 20), megabyte(a)]),
    "a byte too long": ("form", lambda a: [canonical(a.make(RELEASE)).ljust(LARGEST_REQUEST + 1)]),
    "an unknown field in the envelope": ("form", lambda a: [with_field(a)]),
    "a field twice": ("form", lambda a: twice(a)),
    "other bytes of the same meaning": ("form", lambda a: same_meaning(a)),
    "nested deeply": ("form", lambda a: [b"[" * 16_000, b'{"id":' * 2000, deep(a)]),
    "wrong types": ("form", lambda a: wrong_types(a)),
    "an id that is none": ("form", lambda a: [canonical(a.sign(a.make(RELEASE), id="../../etc/passwd"))]),
    "no JSON": ("form", lambda a: [b"", b"\x00", b"\xff\xfe", b"null", b"[]", b'"release"', b"{}", b"\xef\xbb\xbf{}"]),
}  # fmt: skip


def unsigned(a: Attack) -> bytes:
    return canonical(msgspec.structs.replace(a.make(RELEASE), sig=""))


def moved_signatures(a: Attack) -> list[bytes]:
    """The signature of a harmless request under a release, and a good one with each field changed."""
    harmless, release = a.make(RegisterPerson(), 1), a.make(RELEASE)
    changes: list[dict[str, Any]] = [
        {"operator": 1},
        {"body": {"portal": "lab"}},
        {"expires_at": None},
        {"issued_at": timestamp(datetime.now(UTC))},
        {"private": ""},
        {"operator_proof": "x"},
        {"id": str(ULID())},
        {"kind": "portal.resume"},
        {"sig": harmless.sig},
    ]
    return [canonical(msgspec.structs.replace(release, **change)) for change in changes]


def capitals(a: Attack) -> bytes:
    request = a.make(RELEASE)
    return canonical(msgspec.structs.replace(request, sig=request.sig.upper()))


def truncated(a: Attack) -> list[bytes]:
    data = canonical(a.make(RELEASE))
    return [data[:n] for n in [*range(0, len(data), 17), len(data) - 1]]


def megabyte(a: Attack) -> bytes:
    """A release, rightly signed, with a megabyte of reason."""
    return canonical(a.sign(a.make(RELEASE), private="A" * (1 << 20)))


def with_field(a: Attack) -> bytes:
    envelope = json.loads(canonical(a.make(RELEASE)))
    return canonical(envelope | {"admin": True})


def twice(a: Attack) -> list[bytes]:
    data = canonical(a.make(RELEASE, AUDITOR))
    return [
        data.replace(b'"operator":4', b'"operator":2,"operator":4'),
        data.replace(b'"operator":4', b'"operator":4,"operator":2'),
        data.replace(b'"portal":"front"', b'"portal":"lab","portal":"front"'),
    ]


def same_meaning(a: Attack) -> list[bytes]:
    data = canonical(a.make(RELEASE))
    return [data + b"\n", b" " + data, data.replace(b":", b": ", 1), data.replace(b"portal.", b"portal\\u002e")]


def deep(a: Attack) -> bytes:
    return canonical(a.make(RELEASE)).replace(b'"front"', b"[" * 3000 + b"]" * 3000)


def wrong_types(a: Attack) -> list[bytes]:
    envelope = json.loads(canonical(a.make(RELEASE)))
    changes: list[dict[str, Any]] = [{name: value} for name in envelope for value in (None, [], 7.5) if name != "expires_at"]
    changes += [{"operator": n} for n in (-1, 2**31, 2**64, "2", True)] + [{"expires_at": 1}, {"body": "front"}]
    return [json.dumps(envelope | change, sort_keys=True, separators=(",", ":")).encode() for change in changes]


@pytest.mark.parametrize("what", REJECTED)
def test_what_nobody_known_signed_gets_no_answer(attack: Attack, what: str) -> None:
    """No answer, no record of its own, nothing done: it is counted, and the next good request is answered."""
    code, make = REJECTED[what]

    attack.ignored(code, *make(attack))


def test_a_revoked_dashboard_is_told_so_and_nothing_else(attack: Attack) -> None:
    """What a key signed that is trusted no more is refused as `signature`, and that dashboard alone may learn why."""
    before = attack.site.size()
    reply = attack.reply(attack.make(RELEASE, key=attack.revoked))
    attack.counted["signature"] += 1

    assert (reply.code, reply.place, reply.first) == ("signature", "dashboard", None)
    assert {record.kind for record in attack.site.records(before)} <= {"requests.rejected"}


@pytest.mark.parametrize(
    "topic", [TOPICS.record, TOPICS.reply("x"), f"{TOPICS.request}/now", Topics("other").request, TOPICS.state("portal", "a")]
)
def test_a_request_on_another_topic_is_none(attack: Attack, topic: str) -> None:
    """A good release that is said anywhere but on the site's request topic does nothing, and is not even counted."""
    before = attack.site.size()
    attack.say(canonical(attack.make(RELEASE)), topic)
    assert attack.reply(attack.make(RegisterPerson(), 1)).code is None

    assert {r.kind for r in attack.site.records(before)} - {"requests.rejected"} == {"person.registered", "request.accepted"}


# Again, and out of order ---------------------------------------------------------------------------------------------


def test_a_replay_is_answered_again_and_not_done_twice(attack: Attack) -> None:
    """The same bytes, or the same id over another body, get the first answer; the lock lets go once, also across a restart."""
    good = attack.works("front")
    attack.secure()
    first = attack.reply(good)
    before = attack.site.size()
    elsewhere = attack.sign(attack.make(ReleasePortal("lab")), id=good.id)

    for again in (good, good, elsewhere):
        reply = attack.reply(again)
        assert (reply.code, reply.first, reply.last) == (None, first.first, first.last)
    attack.ignored("signature", canonical(attack.sign(good, attack.other, dashboard=attack.other.public.id)))
    assert attack.site.stop() == 0
    attack.site.start()
    reply = attack.reply(good)

    assert (reply.code, reply.first, reply.last) == (None, first.first, first.last)
    assert [r.kind for r in attack.site.records(before) if r.kind == "portal.released"] == []


def test_what_the_broker_kept_is_no_request(attack: Attack) -> None:
    """A release that waits retained at the broker while the controller is away is not done when it comes back (F12)."""
    assert attack.site.stop() == 0
    kept = attack.make(RELEASE, expires_at=datetime.now(UTC) + timedelta(seconds=60))
    attack.say(canonical(kept), retain=True)
    attack.site.start()
    try:
        attack.ignored("")
    finally:
        attack.say(b"", retain=True)
    attack.counted["form"] += 1  # the empty message that takes it back

    assert attack.site.query("select count(*) from request where request = ?", kept.id) == [(0,)]


def test_an_approval_before_its_request_stays_refused(attack: Attack) -> None:
    """An approval that overtakes its request is refused, and is refused again when the request is there (reordered)."""
    number = 1 + int(attack.site.query("select coalesce(max(access_right), 0) from access_right")[0][0])
    early = attack.make(ApproveRight(number), GUARD)
    assert attack.refused(early) == "subject"
    assert attack.reply(attack.make(right(), 1)).code is None

    assert attack.reply(early).code == "subject"
    assert attack.site.query("select state from access_right where access_right = ?", number) == [("requested",)]
    assert attack.reply(attack.make(ApproveRight(number), GUARD)).code is None


@pytest.mark.parametrize(("asks", "approves"), [(1, 1), (TWIN, TWIN), (TWIN, OTHER_TWIN)])
def test_nobody_is_the_second_person_of_oneself(attack: Attack, asks: int, approves: int) -> None:
    """Neither the same operator nor the same human under another number approves a right (C7.3)."""
    assert attack.reply(attack.make(right(), asks)).code is None
    number = int(attack.site.query("select max(access_right) from access_right")[0][0])

    assert attack.refused(attack.make(ApproveRight(number), approves)) == "second_person"
    assert attack.site.query("select state from access_right where access_right = ?", number) == [("requested",)]


def test_a_lockdown_holds_against_good_requests(attack: Attack) -> None:
    """In a lockdown a good release is refused as `lockdown`, by whoever asks; afterwards it is done."""
    assert attack.reply(attack.make(BeginLockdown("lab"), NARROW)).code is None

    assert attack.refused(attack.make(ReleasePortal("lab"), GUARD)) == "lockdown"
    assert attack.refused(attack.make(EndLockdown("lab"), NARROW)) == "role"
    assert attack.refused(attack.make(ReleasePortal("lab"), NARROW)) == "lockdown"
    assert attack.reply(attack.make(EndLockdown("lab"), GUARD)).code is None
    attack.works("lab")


def test_who_begins_alone_is_no_second_person(tmp_path: Path) -> None:
    """During a single-person start an approval is refused as `second_person`, by whichever operator the one calls on (C7.3)."""
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        first = ("--alone", "--operator", "administrator,manager=佐藤 恵子")
        key = ("--dashboard", site.dashboard.public.text())
        assert site.sekimori("setup", "--non-interactive", *first, *key).returncode == 0
        site.start()
        alone = Attack(site, broker)
        assert ask(site.data, "operator.add", {"name": "佐藤 恵子", "roles": ["manager"], "scope": ["*"]})["code"] is None
        assert alone.reply(alone.make(RegisterPerson(), 1)).code is None
        assert alone.reply(alone.make(right(1), 1)).code is None

        assert [alone.refused(alone.make(ApproveRight(1), operator)) for operator in (1, 2)] == ["second_person"] * 2
        assert site.query("select state from access_right") == [("requested",)]
        alone.close()
        assert site.stop() == 0


def test_after_all_of_it_the_site_is_whole(attack: Attack) -> None:
    """After everything above a good release is done, each rejection is counted by its code, and the ledger verifies."""
    attack.works("front")
    attack.secure()
    assert attack.site.stop() == 0
    counted: Counter[str] = Counter()
    for record in attack.site.records():
        if record.kind == "requests.rejected":
            counted[record.body.code] += record.body.count
    attack.site.start()

    assert counted == attack.counted
    assert verify_file(attack.site.data / "ledger.sqlite3").ok
    assert "Traceback" not in attack.site.log.read_text()
