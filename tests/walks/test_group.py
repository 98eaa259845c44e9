"""A right by a group, from the card to the lock: it opens for a member, and for one who left not a tap longer (C7.1, C7.4)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from site_process import SiteProcess

from controller.record.asks import ApproveRight, RequestRight
from controller.record.asks.group import ApproveMembership, CreateGroup, EndMembership, RequestMembership
from controller.record.canonical import timestamp


def test_a_members_badge_opens_and_a_former_members_does_not(tmp_path: Path) -> None:
    """Who joined walks in by the group's right, and is recorded so; once they have left, the lock stays as it is."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            sato = past.person("佐藤 一郎")
            past.badge(sato, "sato")
            past.ask(1, CreateGroup(), {"name": "試作班"})
            now = datetime.now(UTC)
            span = timestamp(now), timestamp(now + timedelta(days=30))
            past.ask(1, RequestRight(None, "office", "always", *span, team=1), {"purpose": "試作"})
            past.ask(2, ApproveRight(1))
            past.ask(1, RequestMembership(1, sato), {"purpose": "配属"})
            past.ask(2, ApproveMembership(1))
        site.start()

        assert site.building.tap("sato", "front/in").opened
        granted = site.wait_record("entry.granted", person=sato)
        assert granted.body.access_right == 1
        site.wait_record("door.closed", granted.seq, portal="front")
        assert site.stop() == 0

        with site.past() as past:
            past.ask(1, EndMembership(1))
        before = site.size()
        site.start()
        outcome = site.building.tap("sato", "front/in", timeout_s=0.6)

        assert outcome.lock_released_at is None
        assert site.wait_record("entry.refused", before).body.code == "right"
