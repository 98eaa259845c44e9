"""A cupboard from the card in the field to its lock: in one person's hands at a time, over a power cut (C8.1)."""

from pathlib import Path

from site_process import SiteProcess


def test_a_cupboard_is_opened_by_one_person_at_a_time(tmp_path: Path) -> None:
    """One opens it, another's badge moves no lock until it is shut, a power cut in between changes nothing of that."""
    with SiteProcess(tmp_path) as site:
        path = site.data / "site.toml"
        zone = 'id = "lab"\nname'
        settings = path.read_text("utf-8")
        assert settings.count(zone) == 2
        path.write_text(settings.replace(zone, 'id = "lab"\nkind = "container"\ninside = "office"\nname', 1), "utf-8")
        with site.past() as past:
            for name, login in (("山田 花子", "yamada"), ("佐藤 一郎", "sato")):
                person = past.person(name)
                past.right(person, "lab")
                past.badge(person, login)
        site.start()

        assert site.building.tap("yamada", "lab/in", walk=False).ms is not None
        site.building.open_leaf("lab")
        site.wait_record("container.opened", zone="lab", person=1, cause="entry")
        assert site.building.tap("sato", "lab/in", timeout_s=0.6).ms is None
        site.wait_record("entry.refused", person=2, code="closing")

        site.kill()
        before = site.size()
        site.start()
        assert site.query("select person from container_use") == [(1,)]
        assert site.building.tap("sato", "lab/in", timeout_s=0.6).ms is None
        site.wait_record("entry.refused", before, person=2, code="closing")
        site.building.close_leaf("lab")
        site.wait_record("container.closed", before, zone="lab", person=1)

        assert site.building.tap("sato", "lab/in").opened
        site.wait_record("container.opened", before, person=2)
        assert "forced" not in " ".join(record.kind for record in site.records(before))
