"""A small site with keys: operators who are people, people with rights to the lab, and keys to it kept by hand.

Operator 1 (administrator, manager) is nobody the site knows; 2 (manager, guard) too; 5 is person 5, a custodian; 6 is
person 6, a manager; 7 is person 1, an employee. Persons 1, 2, 5 and 6 may enter the lab at any time.
"""

from pathlib import Path
from typing import Any

from sites import SITE_TOML, TestSite, give_right, make_site, people

from controller.record import asks as ask
from controller.record.asks import key

CUSTODIAN, MANAGER, EMPLOYEE = 5, 6, 7


def key_site(folder: Path, text: str = SITE_TOML, **arguments: Any) -> TestSite:
    """The site, without any key yet."""
    site = people(make_site(folder, text=text, **arguments))
    for person in (5, 6):
        assert site.asks(ask.RegisterPerson()) is None
        give_right(site, person, "lab")
    for person, roles in ((5, ["custodian"]), (6, ["manager"]), (1, ["employee"])):
        site.console("operator.add", name="操作者", roles=roles, scope=["*"], person=person)
    return site


def add_key(site: TestSite, label: str, **kept: Any) -> int:
    """A key registered by the custodian: to the lab, kept in the lobby, due at half past five."""
    number = site.facts.next("lock_key")
    body = key.RegisterKey(**{"label": label, "home": "lobby", "opens": "lab", "due_time": "17:30", **kept})
    assert site.asks(body, CUSTODIAN) is None
    return number


def lent(site: TestSite, number: int, person: int = 1) -> int:
    """A key that nobody else has to agree to, handed to a person; answers the loan."""
    loan = site.facts.next("key_loan")
    assert site.asks(key.LendKey(number, person), CUSTODIAN) is None
    return loan


def state(site: TestSite, number: int) -> str:
    """How a key stands."""
    row = site.ledger.connection.execute("select state from lock_key where lock_key = ?", (number,)).fetchone()
    return str(row[0])


def dues(site: TestSite) -> list[str]:
    """What is owed, by its key."""
    return [due for (due,) in site.ledger.connection.execute("select due from due order by due")]
