"""Somebody leaves while the site runs: from the emulated card through ledger and lock, also when power fails (C7.4)."""

import json
from pathlib import Path

from site_process import SiteProcess


def test_a_leavers_badge_opens_nothing_from_the_commit_on(tmp_path: Path) -> None:
    """The badge opened; after the leaving is recorded no lock lets go for it, and not after a power cut either (C7.4)."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.right(yamada, "lab")
            past.badge(yamada, "yamada")
        site.start()
        before = site.size()
        assert site.building.tap("yamada", "front/in").opened
        site.wait_record("door.closed", before)

        left = site.sekimori("leave", str(yamada), "--json")
        assert left.returncode == 0 and json.loads(left.stdout)["done"]

        at = site.wait_record("person.left", before).seq
        site.kill()  # from the commit on, nothing that follows is needed
        site.start()
        for reader in ("front/in", "lab/in"):
            outcome = site.building.tap("yamada", reader, timeout_s=0.6)
            assert outcome.lock_released_at is None and not outcome.opened
            assert site.wait_record("entry.refused", at, portal=reader.partition("/")[0]).body.code == "active_badge"
        assert site.building.tap("yamada", "lab/out").opened, "nobody is kept in"
        assert site.stop() == 0


def test_a_right_that_nobody_reviewed_opens_nothing(tmp_path: Path) -> None:
    """A site whose power was off over a review's due date lets nobody in by a right that waited for it; it says why (C7.4)."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada = past.person("山田 花子")
            past.right(yamada, "office")
            past.badge(yamada, "yamada")
            past.review_over("office")
        before = site.size()
        site.start()

        outcome = site.building.tap("yamada", "front/in", timeout_s=0.6)

        assert outcome.lock_released_at is None and not outcome.opened
        assert site.wait_record("entry.refused", before, portal="front").body.code == "review"
        site.wait_record("right.suspended", before)
        site.wait_record("review.closed", before)
        assert site.stop() == 0
