"""Importing people and rights: as Excel writes it, all mistakes at once with their lines, nothing done before it was seen."""

import io
import re
from collections.abc import Callable

import msgspec
import pytest
import sqlalchemy as sa
from example_house import House
from werkzeug.test import TestResponse

from controller.record.kinds.person import PersonChanged, PersonSuspended
from controller.record.requests import LARGEST_REQUEST, read_body, read_envelope, read_private
from dashboard import database as db
from dashboard.importing.reading import LARGEST_FILE, MOST_LINES, decoded, read

from .conftest import Browser

SignIn = Callable[[str], Browser]
HEAD = "番号,氏名,ふりがな,所属,役職,区画,時間,開始,終了,目的,入室の条件\r\n"
GOOD = HEAD + (
    ",新田 誠,ニッタ マコト,設計部,係長,試作室,業務時間,2026/12/01,2027/03/31,次期モデルの試作,\r\n"
    ",新田 誠,ニッタ マコト,設計部,係長,store,always,,2027-03-31,図面の確認,立会者の同行が必要\r\n"
    ",森 葉子,,,,,,,,,\r\n"
    '1,山田 花子,,,,Server room,Office hours,,2027/03/31,"点検, 月次",escort\r\n'
)
ADDRESS = "/people/factory/import"


def send(browser: Browser, data: bytes) -> TestResponse:
    """Uploads a file."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(ADDRESS).text)
    assert token
    form = {"csrf_token": token[1], "file": (io.BytesIO(data), "people.csv")}
    return browser.client.post(ADDRESS, data=form, content_type="multipart/form-data")


def hidden(page: str) -> dict[str, str]:
    """The form of the preview as a browser would send it."""
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def asked(house: House) -> list[tuple[dict, dict[str, str]]]:  # type: ignore[type-arg]
    """The requests in the outbox, as the site opens them: bodies and texts."""
    with house.engine.connect() as connection:
        rows = connection.execute(sa.select(db.outbox.c.bytes).order_by(db.outbox.c.id)).scalars().all()
    assert all(len(data) <= LARGEST_REQUEST for data in rows)
    requests = [read_envelope(data) for data in rows]
    return [(msgspec.to_builtins(read_body(one)), read_private(one, house.peer.keys)) for one in requests]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_from_file_to_request(house: House, signed_in: SignIn, encoding: str) -> None:
    """The preview shows who is new and what is asked for, and asks nothing; confirmed, it is one request, its texts sealed."""
    manager = signed_in("manager")

    page = send(manager, GOOD.encode(encoding))

    assert page.status_code == 200 and asked(house) == []
    assert "2 people are registered, 3 rights are asked for" in page.text
    answer = manager.client.post(ADDRESS, data=hidden(page.text))
    assert answer.status_code == 303
    ((body, text),) = asked(house)
    first, second, third, fourth = body["rows"]
    assert (first["zone"], first["from_at"], first["until_at"]) == (
        "lab", "2026-11-30T15:00:00.000000Z", "2027-03-31T15:00:00.000000Z",
    )  # fmt: skip
    assert (second["same"], second["zone"], second["manner"], second["schedule"]) == (0, "store", "escorted", "always")
    assert third == {} and (fourth["person"], fourth["zone"], fourth["manner"]) == (1, "server", "escort")
    assert text["name.0"] == "新田 誠" and text["name.2"] == "森 葉子" and text["purpose.3"] == "点検, 月次"
    assert "name.1" not in text and "name.3" not in text
    assert "Part 1" in manager.get(answer.location).text


def test_confirmed_twice_is_asked_once(house: House, signed_in: SignIn) -> None:
    """A form that is sent again leads to the same requests and makes none."""
    manager = signed_in("manager")
    form = hidden(send(manager, GOOD.encode()).text)

    one, two = (manager.client.post(ADDRESS, data=form) for _ in range(2))

    assert one.location == two.location and len(asked(house)) == 1


def test_every_mistake_is_told_at_once_with_its_line(house: House, signed_in: SignIn) -> None:
    """One wrong row stops all; each mistake stands with its line and column, and nothing is asked."""
    text = house.private("person-2", name="佐藤 一郎").ref()
    house.write(PersonChanged(2, text, "2026-12-31", "2026-12-31T15:00:00.000000Z", "operator:2"))
    house.write(PersonSuspended(7, "suspended", house.private("reason-9", reason="休職").ref()), by="operator:2")
    rows = (
        ",,,,,lab,office,,2027/03/31,試作,",
        ",新田 誠,,,,,,,,試作,",
        "99,,,,,lab,office,,2027/03/31,試作,",
        "7,,,,,lab,office,,2027/03/31,試作,",
        "1,別人,,,,lab,office,,2027/03/31,試作,",
        "1,,,,,,,,,,",
        ",甲,,,,月面,夜間,12月,,,いつでも",
        ",乙,,,,lab,office,2027/04/01,2027/03/31,試作,",
        ",丙,,,,lab,office,,2037/03/31,試作,",
        "2,,,,,lab,office,,2027/03/31,試作,",
        ",\u202e丁,,,,,,,,,",
        f",{'長' * 101},,,,,,,,,",
        ",戊,,,,lab,office,,2027/03/31,試作,,余り",
    )
    page = send(signed_in("manager"), (HEAD + "\r\n".join(rows)).encode())

    assert page.status_code == 400 and asked(house) == []
    cells = r'data-label="Line">(\S+)</td><td role="cell">(\S+)</td><td role="cell" class="full">([^<]+)<'
    said = re.findall(cells, page.text)
    assert [(line, column) for line, column, _ in said] == [
        ("2", "Name"), ("3", "Zone"), ("4", "Number"), ("5", "Number"), ("6", "Name"), ("7", "Zone"), ("8", "Zone"),
        ("8", "Hours"), ("8", "Manner"), ("8", "Purpose"), ("8", "From"), ("8", "Until"), ("9", "Until"), ("10", "Until"),
        ("11", "Until"), ("12", "Name"), ("13", "Name"), ("14", "–"),
    ]  # fmt: skip
    assert "There are 18 mistakes" in page.text and "山田 花子" in page.text


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Choose a file."),
        (b"x" * (LARGEST_FILE + 1), "The file is too large."),
        (b"\x81\xff\xfe,\x82", "neither UTF-8 nor Shift_JIS"),
        (HEAD.encode(), "no rows below the head"),
        ("氏名,色\n甲,青".encode(), "no column “色”"),
        ("氏名,名前\n甲,乙".encode(), "is there twice"),
        ("区画\nlab".encode(), "number or the name of people is needed"),
        ('氏名\n"甲'.encode(), "quotation mark"),
        ((HEAD + ",甲,,,,,,,,,\r\n" * (MOST_LINES + 1)).encode(), f"more than {MOST_LINES} rows"),
    ],
)
def test_what_is_no_such_file_is_told_so(house: House, signed_in: SignIn, data: bytes, said: str) -> None:
    """Whatever is uploaded, the page says what is wrong with it, and nothing is done."""
    page = send(signed_in("manager"), data)

    assert page.status_code == 400 and said in page.text and asked(house) == []


def test_a_body_beyond_the_bound_is_refused(signed_in: SignIn) -> None:
    """A file far too large is not even taken in."""
    assert send(signed_in("manager"), b"x" * 200_000).status_code == 413


def test_what_changed_meanwhile_is_shown_again(house: House, signed_in: SignIn) -> None:
    """Between preview and confirmation somebody was suspended: nothing is asked, and the mistake is told."""
    manager = signed_in("manager")
    form = hidden(send(manager, GOOD.encode()).text)
    house.write(PersonSuspended(1, "suspended", house.private("reason-9", reason="休職").ref()), by="operator:2")

    assert manager.client.post(ADDRESS, data=form).status_code == 400
    assert asked(house) == []
    form = hidden(send(manager, (HEAD + ",森,,,,,,,,,\r\n").encode()).text)
    assert manager.client.post(ADDRESS, data=form | {"plan": "0" * 64}).status_code == 409
    for broken in ({"packed": "*"}, {"packed": "AAAA"}, {"ids": "x"}, {"ids": form["ids"] + "," + "A" * 26}):
        assert manager.client.post(ADDRESS, data=form | broken).status_code in (400, 409)
    assert asked(house) == []


def test_a_large_file_is_several_requests(house: House, signed_in: SignIn) -> None:
    """More rows than one transaction should hold are in as few requests as fit, each under the bound, nobody torn apart."""
    rows = "".join(
        f",人{n // 3},,,,{('lab', 'store', 'server')[n % 3]},office,,2027/03/31,{'目的' * 20},\r\n" for n in range(MOST_LINES)
    )
    manager = signed_in("manager")
    page = send(manager, (HEAD + rows).encode("cp932"))
    assert manager.client.post(ADDRESS, data=hidden(page.text)).status_code == 303

    requests = asked(house)
    assert sum(len(body["rows"]) for body, _ in requests) == MOST_LINES and len(requests) > 6
    names = [{value for name, value in text.items() if name.startswith("name.")} for _, text in requests]
    assert sum(map(len, names)) == len(set().union(*names)) == 67


def test_too_much_for_one_new_person_is_a_mistake(house: House, signed_in: SignIn) -> None:
    """What would not fit one request is told before, and not torn apart."""
    row = f",新田 誠,,,,lab,office,,2027/03/31,{'目' * 400},\r\n"
    page = send(signed_in("manager"), (HEAD + row * 20).encode())

    assert page.status_code == 400 and "too much for one new person" in page.text


def test_who_may(house: House, signed_in: SignIn) -> None:
    """A guard imports nothing, the auditor neither; an operator's scope counts, and others' imports are not shown."""
    for name in ("guard", "auditor"):
        assert signed_in(name).get(ADDRESS).status_code == 403
    manager = signed_in("manager")
    answer = manager.client.post(ADDRESS, data=hidden(send(manager, GOOD.encode()).text))
    assert signed_in("admin").get(answer.location).status_code == 404
    assert manager.get("/people/factory/import/sent?ids=" + "A" * 26).status_code == 404
    head = manager.get("/people/factory/import/template.csv?lang=ja")
    assert head.data.decode("utf-8-sig").startswith("番号,氏名,")


def test_a_namesake_is_pointed_out(house: House, signed_in: SignIn) -> None:
    """A new person who is called as somebody registered is shown so, and may be another."""
    page = send(signed_in("manager"), (HEAD + ",佐藤 一郎,,,,,,,,,\r\n").encode())

    assert "Somebody is called so already" in page.text and 'href="/people/factory/2"' in page.text


def test_reading_keeps_lines() -> None:
    """The line of a row is where it begins in the file, also behind a cell with a line end in it, and behind empty lines."""
    rows, mistakes = read('氏名,目的\n甲,"一\n二"\n\n乙,三\n')

    assert mistakes == [] and [(row.line, row.cell("name"), row.cell("purpose")) for row in rows] == [
        (2, "甲", "一\n二"), (5, "乙", "三"),
    ]  # fmt: skip
    assert decoded("髙﨑".encode("cp932")) == "髙﨑" and decoded(b"\xff\xfe\x00") is None
