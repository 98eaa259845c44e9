"""From `sekimori setup --alone` to the review at a dashboard, through the console, the broker and both databases."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import sqlalchemy as sa
from broker import running_broker
from site_on_air import wait_for
from site_process import SITE, SiteProcess

from controller.record.asks import ApproveRight, RegisterPerson, RequestRight, ReviewStart
from controller.record.canonical import timestamp
from dashboard import database as db
from dashboard.composition import following, make_runtime
from dashboard.runtime import Runtime


class Desk:
    """The dashboard's outbox, for either operator."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def ask(self, operator: int, body: msgspec.Struct, **text: str) -> str | None:
        """Asks the site; the code of its answer."""
        id = self._runtime.outbox.submit(SITE, body, text, account=None, operator=operator)
        wait_for(lambda: self._row(id).state != "waiting")
        return self._row(id).reply_code

    def _row(self, id: str) -> sa.Row[tuple[object, ...]]:
        with self._runtime.engine.connect() as connection:
            return connection.execute(sa.select(db.outbox).where(db.outbox.c.id == id)).one()

    def marks(self) -> list[tuple[int, str | None]]:
        """The records here, and their marks."""
        with self._runtime.engine.connect() as connection:
            query = sa.select(db.record.c.seq, db.record.c.mark).order_by(db.record.c.seq)
            return [(seq, mark) for seq, mark in connection.execute(query)]

    def waiting(self) -> bool:
        """Whether a start waits for its review, as far as is known here."""
        with self._runtime.engine.connect() as connection:
            return connection.execute(sa.select(db.projected["start"].c.state)).scalars().all() == ["single"]


def test_one_begins_another_reviews_and_then_there_are_two(tmp_path: Path) -> None:
    """What one person does is marked at both ends and makes no right hold; after the second one's review it is as anywhere
    (C7.3)."""
    with running_broker() as broker, SiteProcess(tmp_path, (broker.host, broker.port)) as site:
        folder = tmp_path / "dashboard"
        site.dashboard.save(folder / "dashboard.key")
        (folder / "dashboard.toml").write_text(
            f'[broker]\nhost = "{broker.host}"\nport = {broker.port}\n[sites]\n{SITE} = "{site.keys.site.public.text()}"\n'
        )
        key = ("--dashboard", site.dashboard.public.text())
        first = ("--alone", "--operator", "administrator,manager=佐藤 恵子")
        assert site.sekimori("setup", "--non-interactive", *first, *key).returncode == 0
        site.start()
        runtime = make_runtime(folder)
        with following(runtime):
            desk = Desk(runtime)
            wait_for(desk.waiting)
            assert desk.ask(1, RegisterPerson(), name="山田 花子") is None
            now = datetime.now(UTC)
            right = RequestRight(1, "office", "always", timestamp(now), timestamp(now + timedelta(days=30)))
            assert desk.ask(1, right, purpose="試作") is None
            assert desk.ask(1, ApproveRight(1)) == "second_person"
            assert site.sekimori("setup", "--non-interactive", "--operator", "manager=鈴木 一郎").returncode == 0
            assert desk.ask(2, ApproveRight(1)) == "second_person"
            assert desk.ask(1, ReviewStart(1, site.size())) == "second_person"
            assert {record.mark for record in site.records(3)} == {"alone"}

            assert desk.ask(2, ReviewStart(1, site.size())) is None
            assert desk.ask(2, ApproveRight(1)) is None

            wait_for(lambda: len(desk.marks()) == site.size())
            assert not desk.waiting()
            assert desk.marks() == [(record.seq, record.mark or None) for record in site.records()]
            assert [("right.approved", "")] == [(r.kind, r.mark) for r in site.records() if r.kind.startswith("right.app")]
        runtime.engine.dispose()
        assert site.stop() == 0
