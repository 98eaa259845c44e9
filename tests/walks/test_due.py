"""A key that is not brought back: from the loan through the ledger, over a power cut, to the message on a phone (C8.2)."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from example_house import House
from key_site import CUSTODIAN, EMPLOYEE, MANAGER, add_key, dues, key_site, lent
from site_peer import SitePeer
from sites import BEGAN, TestSite, fold_of, make_site, stored_tables

from controller.clock import SteppedClock
from controller.record import asks as ask
from controller.record.asks import key
from controller.record.asks.keeper import ApproveKeeper, ProposeKeeper
from controller.record.envelope import encode
from dashboard.notify import addresses
from dashboard.notify.addresses import Told
from dashboard.notify.sender import Sender
from dashboard.notify.settings import Settings

TOKYO = ZoneInfo("Asia/Tokyo")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=TOKYO)


class Follower:
    """A dashboard that follows the site, and whose services are two lists."""

    def __init__(self, folder: Path, site: TestSite) -> None:
        self.house = House(folder, peer=SitePeer("works", keys=site.key), time=BEGAN)
        for operator in (CUSTODIAN, MANAGER, EMPLOYEE):
            self.house.account(str(operator), operator)
        services = folder / "notify.services"
        services.write_text('mail = "json://127.0.0.1/{address}"\n')
        services.chmod(0o600)
        self.settings = Settings(services)
        self.sent: list[tuple[str, str]] = []
        for account, operator in enumerate((CUSTODIAN, MANAGER, EMPLOYEE), 1):
            addresses.put(folder, account, Told("mail", f"op{operator}", "ja"))

    def tell(self, site: TestSite) -> dict[str, str]:
        """Takes what the site has recorded, and tells people; by operator, the first line of what each was told."""
        known, peer = len(self.house.peer.records), self.house.peer
        peer.records += [encode(record) for record in site.records(known + 1)]
        self.house._take([peer.online(), *(peer.record(seq) for seq in range(known + 1, len(peer.records) + 1))])
        self.house.time = site.clock.now()
        self.sent.clear()
        Sender(self.house.engine, self.house.data, self.settings, now=self.house.now, deliver=self._deliver).round()
        return dict(self.sent)

    def _deliver(self, url: str, title: str, text: str) -> bool:
        self.sent.append((url.rpartition("/")[2], text.splitlines()[0]))
        return True


def stages(site: TestSite) -> list[str]:
    return [record.body.stage for record in site.records() if record.kind == "due.reached" and record.body.sort == "loan"]


def until(site: TestSite, moment: datetime) -> None:
    """Lets time pass and what is due then happen."""
    while site.clock.now() < moment:
        wait = max(0.0, min(site.loop.wait_s(), (moment - site.clock.now()).total_seconds()))
        site.clock.step(timedelta(seconds=wait))
        site.turn()


def test_a_key_that_is_not_brought_back(tmp_path: Path) -> None:
    """Half an hour before, at its time, next morning by one message, and when nobody has acted to who answers for the place."""
    (tmp_path / "site").mkdir()
    (tmp_path / "dashboard").mkdir()
    site = key_site(tmp_path / "site")
    assert site.asks(ProposeKeeper("lab", 5, 6), 1) is None
    assert site.asks(ApproveKeeper(site.facts.next("appointment") - 1), 2) is None
    follower = Follower(tmp_path / "dashboard", site)
    loan = lent(site, add_key(site, "K-01", due_time="18:30"))

    until(site, at(24, 18, 1))
    assert stages(site) == ["soon"]
    site.close()  # the power is cut, and comes back in the night
    clock = SteppedClock(at(24, 23, 0))
    dashboard = site.dashboard
    site = make_site(tmp_path / "site", clock=clock, boot="boot-2")
    site.dashboard = dashboard
    site.turn()
    assert stages(site) == ["soon", "overdue"], "told within one tick of the start"
    assert follower.tell(site) == {}, "nobody is disturbed at night"

    until(site, at(25, 8, 30))
    told = follower.tell(site)
    assert told[f"op{EMPLOYEE}"] == "期限超過が1件あります（鍵の返却）" and f"op{CUSTODIAN}" not in told
    until(site, at(25, 9, 31))
    assert stages(site)[-1] == "escalated", "two business hours without an answer"
    told = follower.tell(site)
    assert told[f"op{CUSTODIAN}"] == told[f"op{MANAGER}"] == "対応されていない期限超過が1件あります（鍵の返却）"

    body = key.ReturnKey(site.facts.next("lock_key") - 1)
    assert site.asks(body, CUSTODIAN) is None
    assert f"loan:{loan}" not in dues(site)
    until(site, at(26, 12, 0))
    follower.tell(site)
    assert not any("鍵の返却" in text for _, text in follower.sent) and stages(site)[-1] == "escalated"
    assert fold_of(site.records()) == stored_tables(site.ledger.connection)
    site.close()


def test_a_leaver_owes_still(tmp_path: Path) -> None:
    """Leaving is not refused because of a key in hand, and does not settle it: it is due now, until it is back (C7.4)."""
    site = key_site(tmp_path)
    loan = lent(site, add_key(site, "K-01"))

    assert site.asks(ask.LeavePerson(1), 1) is None

    assert dues(site) == [f"loan:{loan}"]
    until(site, at(24, 9, 1))
    assert stages(site)[-1] == "overdue"
    site.close()
