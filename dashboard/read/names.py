"""What the things and people in records are called. Numbers stay numbers where no name is known, or none is left."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from controller.record.words import words
from dashboard.database import private_text, projected
from dashboard.plain import plain
from dashboard.read.sites import Site

_AT_ONCE = 500


class Holder(NamedTuple):
    """Whose something is: a person's, a group's, or somebody's in a group; and of a right, where it leads."""

    person: int | None
    zone: str
    team: int | None


NOBODY = Holder(None, "", None)


class Names:
    """The names of one site's things, in one language. People are learnt in batches, as they are needed."""

    def __init__(self, connection: sa.Connection, site: Site, lang: str) -> None:
        self._connection = connection
        self.site = site
        self.lang = lang
        self.portals = self._fixed("portal")
        self.zones = self._fixed("zone")
        self.schedules = self._fixed("schedule")
        self.stations = self._fixed("station")
        self.conditions = self._fixed("condition")
        self.readers = self._readers()
        self._containers = self._all_containers()
        self._people: dict[int, dict[str, str]] = {}
        self._erased: set[int] = set()
        self._operators: dict[int, str] = {}
        self._teams: dict[int, str] = {}

    def _fixed(self, noun: str) -> dict[str, str]:
        table = projected[noun]
        name = table.c.name_ja if self.lang == "ja" else table.c.name_en
        query = sa.select(table.c[noun], name).where(*self._present(table)).order_by(table.c.position)
        return {id: called or id for id, called in self._connection.execute(query)}

    @property
    def containers(self) -> dict[str, str]:
        """The containers on record that are in service, by id; those that a badge opens are zones."""
        return {id: name for id, (name, state) in self._containers.items() if state == "in_use"}

    def _all_containers(self) -> dict[str, tuple[str, str]]:
        table = projected["container"]
        query = sa.select(table.c.container, table.c.private, table.c.state).where(*self._present(table))
        rows = self._connection.execute(query.order_by(table.c.container)).all()
        texts = self.private(row.private for row in rows) if rows else {}
        return {row.container: (texts.get(row.private, {}).get("name", ""), row.state) for row in rows}

    @property
    def places(self) -> dict[str, str]:
        """Every place that there is now: the zones in their order, then the containers."""
        return self.zones | {id: name or id for id, name in self.containers.items() if id not in self.zones}

    def place(self, id: str | None) -> str:
        """What a place is or was called; its id where nobody gave it a name."""
        if not id or id in self.zones:
            return self.zones.get(id or "", "")
        return self._containers.get(id, ("", ""))[0] or id

    def _readers(self) -> dict[str, tuple[str, str]]:
        table = projected["reader"]
        query = sa.select(table.c.reader, table.c.portal, table.c.side).where(*self._present(table))
        return {
            row.reader: (row.portal, row.side) for row in self._connection.execute(query.order_by(table.c.position))
        }

    def _present(self, table: sa.Table) -> tuple[sa.ColumnElement[bool], ...]:
        return (table.c.ledger_site == self.site.id, table.c.epoch == self.site.epoch)

    def learn(
        self,
        people: Iterable[int | None] = (),
        operators: Iterable[int | None] = (),
        teams: Iterable[int | None] = (),
    ) -> None:
        """Looks up the names of these people, operators and groups, those that are not known yet."""
        unknown = {id for id in people if id is not None} - self._people.keys()
        self._people |= self._texts("person", unknown)
        self._erased |= self._gone(id for id in unknown if not self._people[id])
        wanted = {id for id in operators if id is not None} - self._operators.keys()
        self._operators |= {id: text.get("name", "") for id, text in self._texts("operator", wanted).items()}
        groups = {id for id in teams if id is not None} - self._teams.keys()
        self._teams |= {id: text.get("name", "") for id, text in self._texts("team", groups).items()}

    def _texts(self, noun: str, wanted: set[int]) -> dict[int, dict[str, str]]:
        table = projected[noun]
        found: dict[int, dict[str, str]] = {id: {} for id in wanted}
        private = sa.and_(private_text.c.ledger_site == table.c.ledger_site, private_text.c.id == table.c.private)
        query = sa.select(table.c[noun], private_text.c.text).join(private_text, private).where(*self._present(table))
        ids = sorted(wanted)
        for start in range(0, len(ids), _AT_ONCE):
            batch = query.where(table.c[noun].in_(ids[start : start + _AT_ONCE]))
            found |= {id: _plain(text) for id, text in self._connection.execute(batch)}
        return found

    def _gone(self, unnamed: Iterable[int]) -> set[int]:
        """Those of these people who were erased."""
        ids, table = sorted(unnamed), projected["person"]
        query = sa.select(table.c.person).where(*self._present(table), table.c.state == "erased")
        return {
            id
            for start in range(0, len(ids), _AT_ONCE)
            for (id,) in self._connection.execute(query.where(table.c.person.in_(ids[start : start + _AT_ONCE])))
        }

    def text(self, person: int) -> dict[str, str]:
        """What the private store holds of a person that `learn` has seen."""
        return self._people.get(person, {})

    def person(self, id: int | None) -> str:
        """A person's name, or `#14`, which says so when they were erased; nothing for nobody."""
        if id in self._erased:
            gone = words("erased", self.lang, "state")
            return f"#{id}（{gone}）" if self.lang == "ja" else f"#{id} ({gone.lower()})"
        return "" if id is None else self._people.get(id, {}).get("name") or f"#{id}"

    def operator(self, id: int | None) -> str:
        """An operator's name, or `operator 3`; nothing for nobody."""
        numbered = f"操作者 {id}" if self.lang == "ja" else f"operator {id}"
        return "" if not id else self._operators.get(id) or numbered

    def team(self, id: int | None) -> str:
        """A group's name, or `group 3`; nothing for none."""
        numbered = f"グループ {id}" if self.lang == "ja" else f"group {id}"
        return "" if id is None else self._teams.get(id) or numbered

    def reader(self, id: str) -> str:
        """A reader by its portal and side, or a station by its name."""
        if id not in self.readers:
            return self.stations.get(id, id)
        portal, side = self.readers[id]
        beside = words(side, self.lang, "side")
        called = self.portals.get(portal, portal)
        return f"{called}（{beside}）" if self.lang == "ja" else f"{called} ({beside})"

    def holders(self, noun: str, ids: Iterable[int]) -> dict[int, Holder]:
        """Whose these badges, memberships or rights are: by number, the person, the group, and (of a right) the zone."""
        table, wanted = projected[noun], sorted(set(ids))
        zone = table.c.zone if "zone" in table.c else sa.literal("")
        team = table.c.team if "team" in table.c else sa.null()
        query = sa.select(table.c[noun], table.c.person, zone, team).where(*self._present(table))
        found: dict[int, Holder] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            batch = query.where(table.c[noun].in_(wanted[start : start + _AT_ONCE]))
            found |= {row[0]: Holder(*row[1:]) for row in self._connection.execute(batch)}
        self.learn((holder.person for holder in found.values()), (), (holder.team for holder in found.values()))
        return found

    def private(self, ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """Private rows of the site by id, those that are here."""
        wanted = sorted(set(ids))
        query = sa.select(private_text.c.id, private_text.c.text).where(private_text.c.ledger_site == self.site.id)
        rows: dict[str, dict[str, str]] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            batch = query.where(private_text.c.id.in_(wanted[start : start + _AT_ONCE]))
            rows |= {id: _plain(text) for id, text in self._connection.execute(batch)}
        return rows


def _plain(text: dict[str, str]) -> dict[str, str]:
    return {field: plain(str(value)) for field, value in text.items()}
