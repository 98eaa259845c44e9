"""The ledger page and its exports: filters in the address, pages by key, files that a spreadsheet opens as they are."""

import csv
import io
import json
import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from example_house import House

from controller.record.envelope import Record, decode, encode
from controller.record.kinds.door import DoorOpened
from controller.record.kinds.retention import RecordsDropped, digest_of
from controller.record.tree import leaf_hash
from dashboard.intake.intake import Message
from dashboard.paper.cell import plain_cell
from dashboard.read import ledger

from .conftest import Browser

SignIn = Callable[[str], Browser]


def _rows(answer: str) -> int:
    return answer.count('<tr role="row">') - 1  # its head


def _csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("result=refused", 5),
        ("result=refused&portal=lab", 2),
        ("code=proof", 1),
        ("kind=door.forced", 1),
        ("person=1&result=granted", 2),
        ("person=山田&result=granted", 2),
        ("person=ヤマダ&result=granted", 2),
        ("person=100%25", 0),
        ("operator=4", 2),
        ("from=2026-11-22 10:08&to=2026/11/22 10:11", 3),
        ("from=2026-11-23", 0),
        ("to=2026-11-21", 0),
        ("kind=", 50),
    ],
)
def test_a_filter_in_the_address_chooses_the_rows(signed_in: SignIn, query: str, expected: int) -> None:
    """What stands in the address, and only that, decides what is shown: it can be kept, printed and attached."""
    answer = signed_in("auditor").get(f"/ledger?{query}")

    assert answer.status_code == 200
    assert max(_rows(answer.text), 0) == expected


@pytest.mark.parametrize(
    ("query", "parameter", "said"),
    [
        ("kind=entry.grnted", "kind", "Did you mean entry.granted?"),
        ("portal=labb", "portal", "Did you mean lab?"),
        ("result=denied", "result", "is not known here"),
        ("code=shedule", "code", "Did you mean schedule?"),
        ("from=yesterday", "from", "has to be a date"),
        ("to=2026-13-01", "to", "has to be a date"),
        ("from=2026-11-22T00:00%2B09:00", "from", "has to be a date"),
        ("from=2026-11-23&to=2026-11-20", "to", "before the beginning"),
        ("operator=three", "operator", "has to be a whole number"),
        ("before=-1", "before", "has to be a whole number"),
        ("person=99999999999999999999", "person", "has to be a whole number"),
        ("potal=lab", "potal", "not a filter of this page"),
        ("code='; drop table record --", "code", "is not known here"),
    ],
)
def test_nonsense_is_named_and_nothing_lost(signed_in: SignIn, query: str, parameter: str, said: str) -> None:
    """A wrong filter is a 400 that names the parameter, shows no rows, and keeps what was typed."""
    answer = signed_in("auditor").get(f"/ledger?{query}&person=山田" if "person" not in query else f"/ledger?{query}")

    assert answer.status_code == 400
    assert f"<code>{parameter}</code>" in answer.text and said in answer.text
    assert '<table class="grid"' not in answer.text
    assert "person" in query or 'value="山田"' in answer.text
    exported = signed_in("auditor").get(f"/ledger.csv?{query}")
    assert parameter in ("before",) or (exported.status_code == 400 and parameter in exported.text)


def test_pages_by_key_show_each_record_once(house: House, signed_in: SignIn) -> None:
    """Going to the oldest page and back meets every record once, however many arrive meanwhile."""
    auditor = signed_in("auditor")
    total = len(house.peer.records)
    seen: list[int] = []
    answer = auditor.get("/ledger.json")
    oldest_first = [entry["seq"] for entry in json.loads(answer.text)]
    address = "/ledger"
    while address:
        text = auditor.get(address).text
        seen += [int(seq) for seq in re.findall(r'href="/ledger/factory/1/(\d+)"', text)]
        house.write(DoorOpened("lab", 1, "entry", "open"))
        older = re.search(r'href="(/ledger\?before=\d+)"', text)
        address = older[1] if older else ""

    assert seen == list(reversed(oldest_first)) == list(range(total, 0, -1))


def test_the_page_back_is_the_page_before(signed_in: SignIn) -> None:
    """The key of the newer page leads back to the rows one came from."""
    auditor = signed_in("auditor")

    text = auditor.get("/ledger?before=20").text
    assert "after=19" in text
    assert _rows(auditor.get("/ledger?after=19").text) == ledger.PAGE


def test_the_csv_opens_in_excel_as_it_is(house: House, signed_in: SignIn) -> None:
    """UTF-8 with a byte order mark and CRLF, every filtered row, codes beside words, the site's local time."""
    auditor = signed_in("auditor")
    auditor.get("/?lang=ja")

    answer = auditor.get("/ledger.csv?result=refused")
    rows = _csv(answer.text)

    assert answer.data.startswith(b"\xef\xbb\xbf") and b"\r\n" in answer.data and b"\r\r\n" not in answer.data
    assert unquote(answer.headers["Content-Disposition"]).endswith("ledger_factory_result-refused_5.csv")
    assert [row["理由コード"] for row in rows] == ["schedule", "right", "approval", "proof", "second_person"]
    assert rows[0]["日時"] == "2026/11/22 10:08:00" and rows[0]["日時（UTC）"] == "2026-11-22T01:08:00.000000Z"
    assert rows[0]["人"] == "髙橋 﨑子" and rows[0]["種類コード"] == "entry.refused"
    seq = int(rows[0]["番号"])
    assert rows[0]["葉のハッシュ"] == leaf_hash(house.peer.records[seq - 1]).hex()


def test_the_csv_holds_all_rows_not_a_page(house: House, signed_in: SignIn) -> None:
    """An export is not cut at a page or a chunk."""
    house.write(*(DoorOpened("lab", 1, "entry", "open") for _ in range(ledger.CHUNK + 1)))

    answer = signed_in("auditor").get("/ledger.csv")

    total = len(house.peer.records)
    assert [int(row["No."]) for row in _csv(answer.text)] == list(range(1, total + 1))
    assert f"_{total}.csv" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", " =1", "\t=1", "\r=1"])
def test_no_cell_is_a_formula(text: str) -> None:
    """What somebody typed as a name or reason is text in a spreadsheet, whatever it begins with."""
    assert plain_cell(text) == f"'{text}"


def test_a_reason_like_a_formula_is_exported_as_text(house: House, signed_in: SignIn) -> None:
    """The protection reaches the file."""
    house.private("reason-1", reason='=HYPERLINK("http://evil.example")')

    rows = _csv(signed_in("auditor").get("/ledger.csv?kind=portal.released").text)

    assert rows[0]["Reason"].startswith("'=HYPERLINK")


def test_the_json_holds_the_records_verbatim(house: House, signed_in: SignIn) -> None:
    """The JSON twin carries each record as it is hashed, beside its words."""
    found = json.loads(signed_in("auditor").get("/ledger.json?kind=door.forced").text)

    assert len(found) == 1
    entry = found[0]
    assert (
        json.dumps(entry["record"], ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
        in house.peer.records
    )
    assert entry["what"] == "Door forced open" and entry["where"] == "Side door"


def test_exports_have_a_bound(signed_in: SignIn) -> None:
    """A fifth export at the same time is told to wait, and the place is free again when one ends."""
    auditor = signed_in("auditor")
    slots = auditor.client.application.extensions["sekimori"].exports
    taken = [slots.take() for _ in range(slots.most)]

    assert auditor.get("/ledger.csv").status_code == 503
    taken[0].free()
    taken[0].free()
    answer = auditor.get("/ledger.csv")
    assert answer.status_code == 200 and slots.taken == slots.most
    answer.close()
    assert slots.taken == slots.most - 1


def test_a_record_shows_its_bytes_hash_and_words(house: House, signed_in: SignIn) -> None:
    """One record's page: what it says, the private text it points at, and the leaf hash to check it by."""
    seq = next(n for n, data in enumerate(house.peer.records, 1) if b"portal.released" in data)

    text = signed_in("auditor").get(f"/ledger/factory/1/{seq}").text

    assert leaf_hash(house.peer.records[seq - 1]).hex() in text
    assert "荷物の受取りのため" in text and "Unlocked by an operator" in text
    assert "Covered by a signed checkpoint" in text
    assert signed_in("auditor").get("/ledger/factory/1/9999").status_code == 404


def test_an_unknown_kind_is_shown_as_unknown(house: House, signed_in: SignIn) -> None:
    """A record of a newer controller is listed by its code, can be filtered by it, and breaks nothing."""
    seq = len(house.peer.records) + 1
    house.peer.records.append(
        encode(Record(seq, house.peer.now(), "boot-1", "synced", "vault.melted", 7, "controller", {"how": ["much"]}))
    )
    said = house.peer.record(seq)
    house.intake.take([Message(said.topic, said.payload)])
    auditor = signed_in("auditor")

    assert _rows(auditor.get("/ledger?kind=vault.melted").text) == 1
    assert "vault.melted" in auditor.get("/ledger").text
    assert auditor.get(f"/ledger/factory/1/{seq}").status_code == 200


def test_names_are_escaped(signed_in: SignIn) -> None:
    """A name that is markup is text on every page."""
    auditor = signed_in("auditor")
    for address in ("/ledger", "/", "/people", "/people/factory/6", "/rights?state="):
        text = auditor.get(address).text
        assert "&lt;script&gt;alert(1)" in text, address
        assert "<script>alert" not in text


def test_empty_is_said_in_two_ways(house: House, signed_in: SignIn) -> None:
    """No record yet and no record that fits are different things, and said differently."""
    text = signed_in("auditor").get("/ledger?kind=inputs.dropped").text

    assert "No record fits this filter." in text and "No records yet" not in text


def test_a_dropped_record_is_a_hash_and_found_by_nothing(house: House, signed_in: SignIn) -> None:
    """The page of a dropped record says so and shows its hash; lists, filters and exports pass it over."""
    kinds = ("door.closed", "door.opened", "entry.granted")
    gone = [n for n, data in enumerate(house.peer.records, 1) if decode(data).kind in kinds]
    last = len(house.peer.records)
    house.write(RecordsDropped(1, last, kinds, (), len(gone), digest_of(gone)))
    browser = signed_in("auditor")

    page = browser.get(f"/ledger/factory/1/{gone[0]}").text

    assert "dropped past their retention" in page and leaf_hash(house.peer.records[gone[0] - 1]).hex() in page
    listed = browser.get("/ledger?site=factory").text
    assert "Records past retention dropped" in listed and f"/ledger/factory/1/{gone[-1]}\"" not in listed
    assert "Entry granted" not in browser.get("/ledger.csv?site=factory").text.partition("\n")[2]
    assert browser.get("/ledger.json?site=factory").status_code == 200
    for address in ("/", "/people/factory/1", "/portals/factory/front"):
        assert browser.get(address).status_code == 200
