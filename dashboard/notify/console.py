"""What `sekimori-dashboard notify` does: who is told and how, setting and ending it, and a test. It never says an address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from dashboard import database as db
from dashboard.accounts import plain_name
from dashboard.notify import addresses, delivery, services, standing
from dashboard.notify.addresses import Told
from dashboard.notify.message import TEST
from dashboard.notify.services import Service
from dashboard.notify.settings import Settings


class BadNotify(ValueError):
    """It cannot be done: `why` is `account`, `service`, `address`, `none` or `unused`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


WHY = {
    "account": ("その名前のアカウントはありません。", "There is no account of that name."),
    "service": ("その名前の連絡手段はありません。", "There is no service of that name."),
    "address": (
        "宛先として使えません。空白のない 1～200 文字です。",
        "That cannot be an address: 1 to 200 characters without spaces.",
    ),
    "none": ("そのアカウントには通知の設定がありません。", "That account is told nothing."),
    "unused": (
        "[notify] が dashboard.toml にありません。services_file を指定してください。",
        "There is no [notify] in dashboard.toml: name a services_file there.",
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """How one account is told; its address is left out."""

    name: str
    service: str
    lang: str
    failing_since: str

    def facts(self) -> dict[str, str | None]:
        """For programs."""
        return {"name": self.name, "service": self.service, "lang": self.lang, "failing_since": self.failing_since or None}


@dataclass(frozen=True, slots=True)
class Desk:
    """The commands, on one dashboard's data."""

    engine: sa.Engine
    data: Path
    settings: Settings

    def lines(self) -> list[Line]:
        """Everybody who is told, by name."""
        known = addresses.read(self.data)
        names = self._names()
        with self.engine.connect() as connection:
            since = {account: standing.failing_since(connection, account) for account in known}
        return sorted(
            (
                Line(names.get(account, f"#{account}"), told.service, told.lang, (since[account] or [""])[0])
                for account, told in known.items()
            ),
            key=lambda line: line.name,
        )

    def put(self, name: str, service: str, lang: str, ask: Callable[[], str]) -> None:
        """From now on the account is told by that service; `ask` asks for its address, where it needs one. Raises BadNotify."""
        account = self._account(name)
        offered = services.load(self.settings.services_file)
        if service not in offered:
            raise BadNotify("service")
        address = ask().strip() if offered[service].personal else ""
        if offered[service].personal and not services.is_address(address):
            raise BadNotify("address")
        keep(self.engine, self.data, account, Told(service, address, lang))

    def off(self, name: str) -> None:
        """The account is told nothing any more. Raises BadNotify."""
        account = self._account(name)
        if account not in addresses.read(self.data):
            raise BadNotify("none")
        keep(self.engine, self.data, account, None)

    def test(self, name: str | None, deliver: Callable[[str, str, str], bool] = delivery.deliver) -> dict[str, bool]:
        """Sends a test to the account, or to everybody who is told; by name, whether it was taken. Raises BadNotify."""
        known = addresses.read(self.data)
        names = self._names()
        if name is not None:
            account = self._account(name)
            if account not in known:
                raise BadNotify("none")
            known = {account: known[account]}
        offered = services.load(self.settings.services_file)
        return {names.get(account, f"#{account}"): _tested(told, offered, deliver) for account, told in known.items()}

    def _names(self) -> dict[int, str]:
        with self.engine.connect() as connection:
            return {row.id: row.name for row in connection.execute(sa.select(db.account.c.id, db.account.c.name))}

    def _account(self, name: str) -> int:
        kept = plain_name(name)
        found = [account for account, known in self._names().items() if known == kept]
        if not found:
            raise BadNotify("account")
        return found[0]


def keep(engine: sa.Engine, data: Path, account: int, told: Told | None) -> None:
    """Keeps how the account is told from now on; None: not any more. What failed before is no matter."""
    addresses.put(data, account, told)
    with db.write(engine) as connection:
        if told is None:
            standing.forget(connection, account)
        else:
            standing.renewed(connection, account)


def _tested(told: Told, offered: Mapping[str, Service], deliver: Callable[[str, str, str], bool]) -> bool:
    service = offered.get(told.service)
    title, text = TEST[told.lang]
    return service is not None and deliver(service.url(told.address), title, text)
