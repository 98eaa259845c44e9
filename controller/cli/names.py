"""What numbers and ids in records are called: people and operators by the private store, portals and zones by the site.

For the eyes at the console alone. A name that was erased is not there any more; then the number has to do.
"""

import json
import sqlite3

from controller.cli.texts import Lang


class Names:
    """Looks names up as they are needed; what is configured is read anew when it changes."""

    def __init__(self, ledger: sqlite3.Connection) -> None:
        self._ledger = ledger

    def person(self, number: int) -> str:
        """The person's name, or empty."""
        return self._private("person", number)

    def people_called(self, name: str) -> list[int]:
        """The people with exactly this name, or this number."""
        if name.isascii() and name.isdigit():
            return [int(name)]
        rows = self._ledger.execute(
            "select t.person from person t join private p on p.id = t.private and p.version = t.private_version"
            " where json_extract(p.text, '$.name') = ? order by t.person",
            (name,),
        )
        return [person for (person,) in rows]

    def person_state(self, number: int) -> str:
        """The person's state, or empty for nobody."""
        row = self._ledger.execute("select state from person where person = ?", (number,)).fetchone()
        return "" if row is None else str(row[0])

    def operator(self, number: int) -> str:
        """The operator's name, or empty."""
        return self._private("operator", number)

    def team(self, number: int) -> str:
        """The group's name, or its number."""
        return self._private("team", number) or f"#{number}"

    def combination(self, number: int) -> str:
        """The name of a combination lock, or empty."""
        return self._private("combination", number)

    def place(self, table: str, id: str, lang: Lang) -> str:
        """The name of a portal or zone, or of a container on record; its id when there is none of that id any more."""
        row = self._ledger.execute(f"select name_{lang} from {table} where {table} = ?", (id,)).fetchone()  # noqa: S608
        if row is not None:
            return str(row[0])
        return (self._private("container", id) if table == "zone" else "") or id

    def site(self) -> str:
        """The id of the site whose ledger it is; empty before it began."""
        row = self._ledger.execute("select bytes from record where seq = 1").fetchone()
        return "" if row is None else str(json.loads(row[0])["body"]["site"])

    def timezone(self) -> str:
        """The site's time zone; UTC before it was configured."""
        row = self._ledger.execute("select timezone from site").fetchone()
        return "UTC" if row is None else str(row[0])

    def private(self, table: str, number: int) -> str:
        """What the private store calls something else with a number: a key. Empty where it does not."""
        return self._private(table, number)

    def _private(self, table: str, number: int | str) -> str:
        row = self._ledger.execute(
            f"select p.text from {table} t join private p on p.id = t.private and p.version = t.private_version"  # noqa: S608
            f" where t.{table} = ?",
            (number,),
        ).fetchone()
        return "" if row is None else str(json.loads(row[0]).get("name", ""))
