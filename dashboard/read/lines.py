"""A record as a line for people: when, what, where, who, why. The feed, the ledger page, the live stream and the
exports all show these, so that a record never reads differently in two places."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from controller.record.conditions import PLEDGE, TRAINING
from controller.record.envelope import MalformedRecord, decode
from controller.record.kinds.keeper import DEPUTY, MANAGER, KeeperAppointed, KeeperProposed
from controller.record.kinds.label import LabelPrinted
from controller.record.private import private_refs
from controller.record.words import codes, words
from dashboard.database import record
from dashboard.read.names import NOBODY, Holder, Names

COLUMNS = (
    record.c.arrival,
    record.c.ledger_site,
    record.c.epoch,
    record.c.seq,
    record.c.bytes,
    record.c.at,
    record.c.kind,
    record.c.portal,
    record.c.zone,
    record.c.person,
    record.c.operator,
    record.c.code,
    record.c.result,
    record.c.mark,
)
"""What a line is made of."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record, codes beside their words."""

    arrival: int
    site: str
    epoch: int
    seq: int
    at: str
    kind: str
    what: str
    result: str
    result_words: str
    portal: str
    zone: str
    where: str
    side: str
    person: int | None
    operator: int | None
    who: str
    by: str
    subject: str
    """Both: the person, and in brackets the operator who did it."""
    code: str
    why: str
    mark: str = ""


def lines(rows: Sequence[Any], names: Names) -> list[Line]:
    """The lines of rows of one site, selected with `COLUMNS`, in their order."""
    bodies = [body_of(row.bytes) for row in rows]
    names.learn(
        (*(row.person for row in rows), *(one for body in bodies for _duty, one in _keepers(body))),
        (row.operator for row in rows),
        (getattr(body, "team", None) for body in bodies),
    )
    about = _About(
        names.private(ref.id for body in bodies for ref in private_refs(body).values()),
        names.holders("access_right", (id for body in bodies if (id := getattr(body, "access_right", None)))),
        names.holders("badge", (id for body in bodies if (id := getattr(body, "badge", None)))),
        names.holders("membership", (id for body in bodies if (id := getattr(body, "membership", None)))),
    )
    return [_line(row, body, about, names) for row, body in zip(rows, bodies, strict=True)]


@dataclass(frozen=True, slots=True)
class _About:
    """What the records of a page point at, looked up once for all of them."""

    texts: dict[str, dict[str, str]]
    rights: dict[int, Holder]
    badges: dict[int, Holder]
    memberships: dict[int, Holder]

    def subject(self, body: object) -> Holder:
        """Whose badge, membership or right a body is about, and the right's zone, where the record itself names neither."""
        right, badge = getattr(body, "access_right", None), getattr(body, "badge", None)
        member = self.memberships.get(getattr(body, "membership", None) or 0)
        return self.rights.get(right or 0) or self.badges.get(badge or 0) or member or NOBODY


_GROUPS = {
    "asset.withdrawn": "withdrawal",
    "clock.doubted": "clock_doubt",
    "enrolment.closed": "enrolment",
    "ledger.opened": "opening",
    "part.failed": "fault",
    "person.erased": "erasure",
    "pin_enrolment.closed": "pin_enrolment",
    "presence.doubted": "presence_doubt",
}
"""Where the words for a record's reason are, for kinds whose reasons are no refusals."""


def _why(row: Any, body: object, texts: dict[str, dict[str, str]], names: Names) -> str:  # noqa: ANN401 - a row
    """The refusal, what was asked for, an operator's roles, and what somebody wrote as reason or purpose."""
    lang = names.lang
    parts = [words(getattr(body, "request_kind", ""), lang, "request")]
    parts += [words(role, lang, "role") for role in getattr(body, "roles", ())]
    if row.code:
        group = _GROUPS.get(row.kind, "code")
        group = group if row.code in codes(group) else "code"
        parts.append(words(row.code, lang, group))
    parts.append(condition_name("", body, names))
    parts += [despite(code, names) for code in getattr(body, "despite", ())]
    parts += _kept(row.kind, body, names)
    parts += [texts.get(ref.id, {}).get(name, "") for name, ref in private_refs(body).items()]
    return " · ".join(part for part in parts if part)


def _keepers(body: object) -> list[tuple[str, int]]:
    """Who a record names to answer for a place."""
    if not isinstance(body, KeeperProposed | KeeperAppointed | LabelPrinted):
        return []
    named = ((MANAGER, body.manager), (DEPUTY, body.deputy))
    return [(duty, person) for duty, person in named if person is not None]


def _kept(kind: str, body: object, names: Names) -> list[str]:
    """What a record of places and the catalogue names beside the place: an asset by number, for not everybody reads more."""
    lang = names.lang
    parts = [f"{words(duty, lang, 'duty')} {names.person(person)}" for duty, person in _keepers(body)]
    if kind.startswith("container."):
        parts.append(names.place(getattr(body, "container", "")))
    if kind.startswith("asset."):
        parts.append(f"#{getattr(body, 'asset', '')}")
    if isinstance(body, LabelPrinted):
        parts.append(f"{words(body.template, lang, 'template')} × {body.count}")
    return parts


def condition_name(code: str, body: object, names: Names) -> str:
    """Which pledge or course a record is about; empty for none.

    With the code of a refusal, which one was missing: that is for the person alone, and in no line of the ledger (`ux.md` §2).
    """
    id = getattr(body, "condition", "")
    for sort, field in ((PLEDGE, "pledge"), (TRAINING, "course")):
        missing = str(getattr(body, "place", "")).partition(".")[2].partition(".")[0] if code == sort else ""
        if name := getattr(body, field, "") or missing:
            id = f"{sort}:{name}"
    return names.conditions.get(id, id)
def despite(code: str, names: Names) -> str:
    """What was open against a person when a right of theirs was approved, in words; a condition by its name."""
    said = words(code.partition(":")[0], names.lang, "violation")
    if ":" not in code:
        return said
    called = names.conditions.get(code, code)
    return f"{said}（{called}）" if names.lang == "ja" else f"{said} ({called})"


def _line(row: Any, body: object, about: _About, names: Names) -> Line:  # noqa: ANN401 - a row of COLUMNS
    lang = names.lang
    holder = about.subject(body)
    person = holder.person if row.person is None else row.person
    team = getattr(body, "team", None) or holder.team
    who, by = names.person(person) or names.team(team), names.operator(row.operator)
    return Line(
        arrival=row.arrival,
        site=row.ledger_site,
        epoch=row.epoch,
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        what=words(row.kind, lang, "kind"),
        result=row.result,
        result_words=words(row.result, lang, "result") if row.result else "",
        portal=row.portal,
        zone=row.zone,
        where=_where(row, body, names) or names.place(holder.zone) or _group(person, team, names),
        side=words(getattr(body, "side", ""), lang, "side"),
        person=person,
        operator=row.operator,
        who=who,
        by=by,
        subject=(f"{who}（{by}）" if lang == "ja" else f"{who} ({by})") if who and by else who or by,
        code=row.code,
        why=_why(row, body, about.texts, names),
        mark=row.mark or "",
    )


def _group(person: int | None, team: int | None, names: Names) -> str:
    """Which group somebody joins or leaves: the place of a record that has no other."""
    return "" if person is None else names.team(team)


def body_of(data: bytes) -> object:
    """The body in a record's bytes; None for bytes that are no record."""
    try:
        return decode(data).body
    except MalformedRecord:
        return None


def _where(row: Any, body: object, names: Names) -> str:  # noqa: ANN401 - a row of COLUMNS
    if station := getattr(body, "station", ""):
        return names.stations.get(station, str(station))
    if row.portal:
        return names.portals.get(row.portal, str(row.portal))
    if row.zone:
        called = names.place(row.zone)
        return called if called != row.zone else words(row.zone, names.lang, "place")
    if reader := getattr(body, "reader", ""):
        return names.reader(reader)
    return str(getattr(body, "part", ""))


def newest(connection: sa.Connection, names: Names, most: int) -> list[Line]:
    """The site's newest records, newest first."""
    mine = (record.c.ledger_site == names.site.id, record.c.epoch == names.site.epoch, record.c.kind != "")
    query = sa.select(*COLUMNS).where(*mine).order_by(record.c.seq.desc()).limit(most)
    return lines(connection.execute(query).all(), names)


def arrived(connection: sa.Connection, sites: Sequence[str], after: int, most: int) -> Sequence[Any]:
    """Rows of these sites that arrived after that one, in order of arrival."""
    query = sa.select(*COLUMNS).where(
        record.c.arrival > after, record.c.ledger_site.in_(sites), record.c.kind != ""
    )
    return connection.execute(query.order_by(record.c.arrival).limit(most)).all()


def last_arrival(connection: sa.Connection) -> int:
    """The newest arrival of any site; 0 when nothing has come yet."""
    return int(connection.execute(sa.select(sa.func.max(record.c.arrival))).scalar() or 0)
