"""`sekimori register` at the console (C7.5)."""

import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from site_process import SiteProcess

from controller.record.asks import ErasePerson
from controller.record.asks.person import ChangePerson


def test_now_then_in_words_and_as_csv(tmp_path: Path) -> None:
    """The register with names, of a zone, of a day before the ledger began, as JSON, CSV and words; erased ones by number."""
    with SiteProcess(tmp_path) as site:
        with site.past() as past:
            yamada, suzuki = past.person("山田 花子"), past.person("=鈴木")
            past.right(yamada, "office")
            past.right(yamada, "lab")
            past.right(suzuki, "office")
            past.suspend(suzuki)
        said = site.sekimori("register", "--json")
        answer = json.loads(said.stdout)
        assert said.returncode == 0 and [line["zone"] for line in answer["register"]] == ["Lab", "Office", "Office"]
        line = answer["register"][0]
        assert (line["name"], line["asked_by"], line["set_by"]) == ("山田 花子", "申請 係", "承認 係")
        assert line["set_on"] == f"{datetime.now(ZoneInfo('Asia/Tokyo')):%Y-%m-%d}"

        only = site.sekimori("register", "--zone", "lab", "--lang", "ja")
        assert "山田 花子" in only.stdout and "鈴木" not in only.stdout and "設定日" in only.stdout
        before = f"{datetime.now(ZoneInfo('UTC')) - timedelta(days=400):%Y-%m-%d}"
        assert json.loads(site.sekimori("register", "--at", before, "--json").stdout)["register"] == []
        rows = list(csv.reader(io.StringIO(site.sekimori("register", "--csv", "--lang", "en").stdout.removeprefix("\ufeff"))))
        assert [row[1] for row in rows] == ["Name", "山田 花子", "山田 花子", "'=鈴木"]

        with site.past() as past:
            past.ask(1, ChangePerson(yamada), {"name": "山田 花子", "title": "課長"})
        assert json.loads(site.sekimori("register", "--json").stdout)["register"][0]["title"] == "課長"
        now = datetime.now(ZoneInfo("UTC")).isoformat()
        with site.past() as past:
            past.ask(2, ErasePerson(suzuki, "unneeded"))
        then = json.loads(site.sekimori("register", "--at", now, "--json").stdout)["register"]
        assert [(line["person_no"], line["name"]) for line in then][-1] == (suzuki, "Erased")

        assert site.sekimori("register", "--zone", "attic").returncode == 1
        assert site.sekimori("register", "--at", "someday").returncode == 2
