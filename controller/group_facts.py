"""Facts about groups and memberships for the rules: indexed queries on the writer's connection, as in `controller.facts`."""

import sqlite3

from controller.rules.group import Membership, Team

_STANDING = "state in ('active', 'requested', 'suspended')"


class GroupFacts:
    """Questions that the rules have about groups, answered from the tables."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def team(self, number: int | None) -> Team | None:
        """The group with this number, and its rights that hold or were requested."""
        row = self._connection.execute(
            "select team, state, private, private_version from team where team = ?", (number,)
        ).fetchone()
        if row is None:
            return None
        rights = self._connection.execute(
            f"select access_right, zone from access_right where team = ? and {_STANDING} order by access_right",  # noqa: S608 - a constant
            (number,),
        )
        return Team(row[0], row[1], row[2], row[3], rights.fetchall())

    def membership(self, number: int) -> Membership | None:
        """The membership with this number, its group, and which human asked for it."""
        row = self._connection.execute(
            """select membership.membership, membership.person, person.state, membership.state, requested_by,
                operator.person, membership.team
            from membership left join person on person.person = membership.person
            left join operator on operator.operator = requested_by where membership = ?""",
            (number,),
        ).fetchone()
        team = None if row is None else self.team(row[6])
        return None if team is None else Membership(row[0], row[1], row[2], row[3], row[4], row[5], team)

    def groups_of(self, person: int) -> list[int]:
        """The groups that the person is in or waits to join, but for closed ones."""
        rows = self._connection.execute(
            f"""select membership.team from membership join team on team.team = membership.team
            where person = ? and membership.{_STANDING} and team.state = 'active'""",  # noqa: S608 - a constant
            (person,),
        )
        return [team for (team,) in rows]

    def memberships_of(self, person: int) -> list[int]:
        """The person's memberships that hold or were requested."""
        rows = self._connection.execute(
            f"select membership from membership where person = ? and {_STANDING} order by membership",  # noqa: S608 - a constant
            (person,),
        )
        return [number for (number,) in rows]

    def is_in(self, person: int | None, team: int | None) -> bool:
        """Whether the person is in the group, or waits to join it."""
        row = self._connection.execute(
            f"select 1 from membership where person = ? and team = ? and {_STANDING} limit 1",  # noqa: S608 - a constant
            (person, team),
        ).fetchone()
        return row is not None
