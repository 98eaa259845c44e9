"""`sekimori setup`: the first run, on a terminal and without one, once and again."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import Said, sekimori
from hypothesis import given
from hypothesis import strategies as st
from site_process import SCRIPT, SiteProcess
from terminal import Terminal

from controller.cli.texts import Lang
from controller.keyring import site_keys
from controller.record.envelope import Record, decode
from controller.record.keys import KeyPair
from controller.setup import template
from controller.setup.found import suggestions
from controller.setup.questions import QUESTIONS, wrong
from controller.site import settings_of

SETTINGS = {
    "site": "honsha",
    "name-ja": "本社",
    "name-en": "Head office",
    "zone": "rnd",
    "zone-ja": "開発室",
    "zone-en": "R&D room",
    "portal": "rnd-door",
    "portal-ja": "開発室 入口",
    "portal-en": "R&D door",
    "reader": "nfc+usb:",
    "lock": "gpio:17",
    "contact": "gpio:22",
    "broker": "none",
}
PEOPLE = "# 二人\nadministrator = 佐藤 恵子\n\nmanager,guard=鈴木 一郎\n"


def flags(**changes: str | None) -> list[str]:
    """All answers as options, some of them changed or left out."""
    said = SETTINGS | {name.replace("_", "-"): value for name, value in changes.items()}
    return [part for name, value in said.items() if value is not None for part in (f"--{name}", value)]


def records(data: Path) -> list[Record]:
    """The ledger's records."""
    with sqlite3.connect(data / "ledger.sqlite3") as ledger:
        return [decode(raw) for (raw,) in ledger.execute("select bytes from record order by seq")]


def of_the_clock(record: Record) -> bool:
    """Whether the record is there because of the machine's clock, which one tests on is not for the test to say."""
    return record.kind.startswith("clock.")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory that is not there yet."""
    return tmp_path / "site"


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A file with two operators."""
    file = tmp_path / "people.txt"
    file.write_text(PEOPLE, encoding="utf-8")
    return file


@pytest.fixture
def setup(data: Path) -> Callable[..., Said]:
    """`sekimori setup` of that directory, without a terminal."""

    def run(*arguments: object, lang: Lang = Lang.EN) -> Said:
        return sekimori("setup", "--data", data, "--non-interactive", *arguments, lang=lang)

    return run


Setup = Callable[..., Said]


def test_everything_at_once(setup: Setup, data: Path, people: Path) -> None:
    """One call makes settings, keys, two operators and the trust in a dashboard, and says what to type where next."""
    dashboard = KeyPair.generate().public

    said = setup(*flags(), "--operator-file", people, "--dashboard", dashboard.text())

    assert (0, "") == (said.code, said.err)
    facility = settings_of(data)
    assert ("honsha", "本社", None) == (facility.id, facility.name.ja, facility.broker)
    assert ["rnd-door/in"] == list(facility.readers)
    made = [record for record in records(data) if not of_the_clock(record)]
    assert ["ledger.opened", *["operator.registered"] * 2, "dashboard.trusted"] == [record.kind for record in made]
    assert [("administrator",), ("manager", "guard")] == [record.body.roles for record in made[1:3]]
    assert not any(record.mark for record in made)
    site_key = site_keys(data).site.public.text()
    assert site_key in said.out and f"sekimori-dashboard trust {site_key} --site honsha" in said.out
    assert "create-operator NAME --site honsha --operator 2" in said.out and f"sekimori run --data {data}" in said.out
    assert 0 == sekimori("check", "--data", data).code


def test_again_it_does_what_is_missing_and_nothing_else(setup: Setup, data: Path, people: Path) -> None:
    """Run again it says what is there and changes nothing; with one thing more, it does that one thing."""
    assert 0 == setup(*flags(), "--operator-file", people).code
    before = {
        path: path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file() and "ledger" not in path.name
    }
    size = len(records(data))

    again = json.loads(setup(*flags(name_en="Another"), "--operator-file", people, "--json").out)
    plain = json.loads(setup("--json").out)
    trusting = json.loads(setup("--dashboard", KeyPair.generate().public.text(), "--json").out)

    assert {"settings": "kept", "keys": "kept", "operators": "kept"} == again["steps"] == plain["steps"]
    assert {"operators": "kept", "dashboard": "done"} == {
        step: trusting["steps"][step] for step in ("operators", "dashboard")
    }
    assert size + 1 == len(records(data))
    assert before == {path: path.read_bytes() for path in before}
    assert [(1, ["administrator"]), (2, ["guard", "manager"])] == [
        (o["operator"], o["roles"]) for o in again["operators"]
    ]


def test_a_run_that_was_killed_is_finished_by_the_next(setup: Setup, data: Path, people: Path) -> None:
    """After settings alone, or one operator of two, setup goes on from there."""
    data.mkdir()
    answers = {name.replace("-", "_"): "" if value == "none" else value for name, value in SETTINGS.items()}
    text = template.site_toml({q.key: answers.get(q.key, q.default or "") for q in QUESTIONS})
    assert template.write_new(data / "site.toml", text) and not template.write_new(data / "site.toml", "other")
    assert 0 == sekimori("operator", "add", "佐藤 恵子", "--role", "administrator", "--data", data).code

    said = json.loads(setup("--operator-file", people, "--json").out)

    assert {"settings": "kept", "keys": "kept", "operators": "done"} == said["steps"]
    assert [1, 2] == [operator["operator"] for operator in said["operators"]]
    assert text == (data / "site.toml").read_text()


def test_what_is_missing_is_named(setup: Setup, data: Path, people: Path) -> None:
    """Without a terminal the answers that are missing are named, all of them, and nothing is made."""
    none = setup("--json")
    some = setup(*flags(lock=None), "--operator", "administrator=佐藤 恵子", "--json")

    assert (2, 2) == (none.code, some.code)
    assert [*(f"--{name}" for name in SETTINGS), "--operator"] == json.loads(none.err)["missing"]
    assert ["--lock", "--operator"] == json.loads(some.err)["missing"]
    assert "佐藤" not in some.err + some.out
    assert not data.exists()


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        ("--site: site.id", flags(site="Honsha")),
        ("--lock: portal[1].lock", flags(lock="gpio:99")),
        ("--contact: portal[1].contact: gpio:17 is already portal[1].lock", flags(contact="gpio:17")),
        ("--reader: portal[1].reader[1].device", flags(reader="gpio:4")),
        ("--timezone: site.timezone", flags(timezone="Asia/Tokio")),
        ("--broker: broker.host", flags(broker="host:port")),
        ("--zone-ja: zone[1].name.ja: missing", flags(zone_ja=" ")),
        ("--name-en: site.name.en: not printable", flags(name_en="a\x1b[2J")),
        ("'佐藤 恵子' stands twice", [*flags(), "--operator", "manager=佐藤 恵子"]),
        ("ROLE[,ROLE]=NAME", [*flags(), "--operator", "manger=鈴木 一郎"]),
        ("1 to 500 printable characters", [*flags(), "--operator", "manager= "]),
        ("nobody is manager", [*flags(), "--operator", "guard=鈴木 一郎"]),
        ("--alone is for one person", [*flags(), "--alone", "--operator", "manager=鈴木 一郎"]),
        ("--dashboard: the key is not whole", [*flags(), "--dashboard", KeyPair.generate().public.text()[:-1]]),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(setup: Setup, data: Path, place: str, arguments: list[str]) -> None:
    """A wrong answer is named with its option and what the site's own checker says, and leaves nothing behind."""
    others = ["--operator", "administrator=佐藤 恵子"]
    others += [] if "--operator" in arguments else ["--operator", "manager=鈴木 一郎"]

    said = setup(*arguments, *others, "--json")

    assert 1 == said.code, said.err
    assert any(place in mistake for mistake in json.loads(said.out)["mistakes"]), said.out
    assert not data.exists()


def test_a_file_that_is_no_list_is_named(setup: Setup, data: Path, tmp_path: Path) -> None:
    """A line that names nobody is named with its number; a file that is none, or too long, is refused."""
    file = tmp_path / "people.txt"
    for text, named in (
        (b"administrator=a\nb\n", "line 2"),
        (b"administrator=\xff\xfe\n", "not UTF-8"),
        (b"#" * 70_000, "more than 65536"),
    ):
        file.write_bytes(text)
        said = setup(*flags(), "--operator-file", file, "--json")
        assert (1, True) == (said.code, named in said.out)
    assert 2 == setup(*flags(), "--operator-file", tmp_path / "nowhere").code
    assert not data.exists()


def test_operators_come_from_a_pipe(data: Path) -> None:
    """Names need not stand in the command line of a process: they can come by standard input."""
    command = [SCRIPT, "setup", "--data", data, *flags(), "--operator-file", "-", "--json", "--lang", "en"]
    said = subprocess.run(command, input=PEOPLE.encode(), capture_output=True, check=True)

    assert 2 == len(json.loads(said.stdout)["operators"])
    assert "佐藤" not in said.stdout.decode() + said.stderr.decode()


def test_settings_that_are_there_but_wrong_are_named(setup: Setup, data: Path, people: Path) -> None:
    """A site.toml that is there is checked and never replaced."""
    data.mkdir()
    (data / "site.toml").write_text("[site]\nid = 7\n")

    said = setup(*flags(), "--operator-file", people)

    assert (2, True) == (said.code, "site.id" in said.err)
    assert "[site]\nid = 7\n" == (data / "site.toml").read_text() and not (data / "keys").exists()


def test_beginning_alone(setup: Setup, data: Path) -> None:
    """`--alone` takes one person and is a record; the mark stands on it and on all behind it, and setup says what ends it."""
    said = setup(*flags(), "--alone", "--operator", "administrator,manager=佐藤 恵子")
    again = json.loads(setup("--alone", "--json").out)
    plain = json.loads(setup("--json").out)
    second = setup("--operator", "manager=鈴木 一郎", "--dashboard", KeyPair.generate().public.text())
    refused = setup("--alone", "--json")

    assert (0, 0) == (said.code, second.code)
    assert "sekimori setup --operator manager=NAME" in said.out and "the mark" in said.out
    assert "kept" == again["steps"]["alone"] == plain["steps"]["alone"] and again["alone"]
    assert "reviews what was done alone" in second.out
    assert (1, True) == (refused.code, "two people" in refused.out)
    marked = {"operator.registered", "start.single", "dashboard.trusted"}
    found = [(record.kind, record.mark) for record in records(data)]
    asked = [(record.kind, record.mark) for record in records(data) if not of_the_clock(record)]
    assert [("ledger.opened", ""), ("operator.registered", ""), ("start.single", "alone")] == asked[:3]
    assert {kind for kind, mark in asked if mark} == marked
    heard = sekimori("listen", "--data", data, "--no-follow").out.splitlines()
    assert [bool(mark) for _, mark in found] == [line.endswith("[Alone]") for line in heard]
    assert 0 == sekimori("export", "--data", data, "--format", "csv", "-o", data / "all.csv").code
    rows = (data / "all.csv").read_text(encoding="utf-8-sig").splitlines()
    assert [mark for _, mark in found] == [row.rpartition(",")[2] for row in rows[1:]]
    assert 0 == sekimori("verify", data / "ledger.sqlite3").code


def test_with_a_running_controller(running: SiteProcess) -> None:
    """While a controller runs its console does it: settings and operators are there, a new operator is registered by it."""
    size = running.size()

    kept = sekimori("setup", "--data", running.data, "--non-interactive", "--json")
    more = sekimori("setup", "--data", running.data, "--non-interactive", "--operator", "auditor=監査 役", "--json")

    assert (0, 0) == (kept.code, more.code), kept.err + more.err
    record = running.wait_record("operator.registered", after=size)
    assert ("console", ("auditor",)) == (record.by, record.body.roles)
    assert "kept" == json.loads(kept.out)["steps"]["operators"]


def test_keys_that_systemd_keeps_are_not_asked_for(site: SiteProcess) -> None:
    """Where the keys are the controller's own credentials, setup works through its console; without it, it says why not."""
    with site.past():
        pass
    site.start()
    (site.data / "keys").rename(site.folder / "elsewhere")
    command = ("setup", "--data", site.data, "--non-interactive", "--json", "--operator", "auditor=監査 役")

    said = sekimori(*command)
    again = sekimori(*command[:-1], "auditor=監査 二")
    site.stop()
    alone = sekimori(*command[:-1], "auditor=監査 三")

    assert (0, 0, 2) == (said.code, again.code, alone.code), said.err + again.err
    answer = json.loads(said.out)
    assert (None, "kept", 3) == (answer["site_key"], answer["steps"]["keys_elsewhere"], len(answer["operators"]))
    assert "key" == json.loads(alone.err)["error"] and not list((site.data / "keys").iterdir())


# On a terminal -----------------------------------------------------------------------------------------------------------

ANSWERS = [
    ("Site id", "Honsha"),
    ("site.id", "honsha"),
    ("name in Japanese", "本社"),
    ("name in English", "Head office"),
    ("Time zone", ""),
    ("first zone", "rnd"),
    ("zone's name in Japanese", "開発室"),
    ("zone's name in English", "R&D room"),
    ("Id of the door", "rnd-door"),
    ("door's name in Japanese", "入口"),
    ("door's name in English", "Door"),
    ("reader's URL", "nfc+udp://127.0.0.1:54321"),
    ("lock's URL", "simulated:1"),
    ("contact's URL", "simulated:1"),
    ("already portal[1].lock", "simulated:2"),
    ("exit button's URL", "none"),
    ("simulated building", "/run/building.sock"),
    ("MQTT broker", "broker.example:1883"),
    ("User name", "sekimori-honsha"),
    ("its password", "none"),
    ("its CA", "none"),
]


WHOLE = flags(timezone="Asia/Tokyo", button="none")
"""Options for everything but the people."""


def test_a_conversation(data: Path) -> None:
    """On a terminal each answer is asked for, asked again while it is wrong, and written after a last yes."""
    with Terminal("setup", "--data", data) as terminal:
        for question, answer in ANSWERS:
            terminal.answer(question, answer)
        terminal.answer("the administrator", "佐藤 恵子")
        terminal.answer("the manager", "佐藤 恵子")
        terminal.answer("two different people", "鈴木 一郎")
        terminal.answer("key line", "sekimori-key-1.x")
        terminal.answer("key line", "")
        assert not data.exists()
        terminal.answer("Make it so?", "y")
        assert 0 == terminal.end(), terminal.said

    facility = settings_of(data)
    assert ("honsha", "Asia/Tokyo", "/run/building.sock") == (facility.id, facility.timezone.key, facility.building)
    assert facility.broker is not None
    assert ("broker.example", 1883, "sekimori-honsha") == (
        facility.broker.host,
        facility.broker.port,
        facility.broker.user,
    )
    assert [("administrator",), ("manager",)] == [
        r.body.roles for r in records(data) if r.kind == "operator.registered"
    ]
    assert "sekimori-dashboard key" in terminal.said


def test_alone_is_never_a_slip_of_the_hand(data: Path) -> None:
    """Who leaves the second person empty reads what that means, and has to write it; the one then has both roles."""
    with Terminal("setup", "--data", data, *WHOLE, lang="ja") as terminal:
        terminal.answer("システム管理者の名前", "佐藤 恵子")
        terminal.answer("管理者の名前", "")
        terminal.answer("一人で始めるなら「単独」と入力", "")
        terminal.answer("管理者の名前", "")
        terminal.answer("一人で始めるなら「単独」と入力", "単独")
        terminal.answer("鍵の行", "")
        terminal.answer("用意しますか", "")
        assert 0 == terminal.end(), terminal.said

    found = records(data)
    assert ["start.single"] == [record.kind for record in found if record.mark]
    assert [("administrator", "manager")] == [r.body.roles for r in found if r.kind == "operator.registered"]

    with Terminal("setup", "--data", data) as terminal:
        terminal.answer("Name of the second person", "鈴木 一郎")
        terminal.answer("key line", "")
        terminal.answer("Make it so?", "")
        assert 0 == terminal.end(), terminal.said
    assert "alone" == records(data)[-1].mark and ("manager",) == records(data)[-1].body.roles


@pytest.mark.parametrize("key", [b"\x03", b"\x04"])
def test_giving_up_writes_nothing(data: Path, key: bytes) -> None:
    """Ctrl-C and the end of input end the conversation with nothing written; so does a no at its end."""
    with Terminal("setup", "--data", data, *WHOLE) as terminal:
        terminal.answer("the administrator", "佐藤 恵子")
        terminal.press("the manager", key)
        assert 2 == terminal.end() and "nothing was written" in terminal.said
    with Terminal("setup", "--data", data, *WHOLE) as terminal:
        terminal.answer("the administrator", "佐藤 恵子")
        terminal.answer("the manager", "鈴木 一郎")
        terminal.answer("key line", "")
        terminal.answer("Make it so?", "n")
        assert 2 == terminal.end() and "nothing was written" in terminal.said
    assert not data.exists()


# What can be suggested, and what is written ----------------------------------------------------------------------------------


def test_suggestions_are_what_is_there(tmp_path: Path) -> None:
    """A known reader on USB, the pins of a Pi, its zone and its name are suggested; what is not there is not."""
    assert not suggestions(tmp_path, "raspberrypi").keys() & {"reader", "lock", "contact", "timezone", "site"}

    def usb(port: str, vendor: str, product: str) -> None:
        place = tmp_path / "sys/bus/usb/devices" / port
        place.mkdir(parents=True)
        said = {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": port[-1]}
        for name, value in said.items():
            (place / name).write_text(f"{value}\n")

    usb("1-1", "1d6b", "0002")
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/ttyAMA0").touch()
    assert "nfc+tty:///dev/ttyAMA0?driver=pn532" == suggestions(tmp_path, "honsha")["reader"]
    usb("1-2", "054c", "06c3")
    (tmp_path / "dev/gpiochip0").touch()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/timezone").write_text("Asia/Seoul\n")
    found = suggestions(tmp_path, "Honsha_1.example")
    assert ("honsha-1", "nfc+usb:", "gpio:17", "Asia/Seoul") == tuple(
        found[key] for key in ("site", "reader", "lock", "timezone")
    )
    usb("1-3", "054c", "06c1")
    assert "nfc+usb:001:002" == suggestions(tmp_path, "x")["reader"]


@given(ja=st.text(min_size=1, max_size=40), en=st.text(min_size=1, max_size=40))
def test_any_printable_name_is_written_as_it_is(tmp_path_factory: Any, ja: str, en: str) -> None:
    """Whatever a name holds, quotes and braces too, the written file says the same name; the rest is refused before."""
    name = {question.key: question for question in QUESTIONS}["name_ja"]
    if not (ja.isprintable() and en.isprintable()):
        assert wrong(name, ja + en, {}, lambda text: [])
        return
    folder = tmp_path_factory.mktemp("names")
    answers = {question.key: question.sample for question in QUESTIONS} | {"name_ja": ja, "name_en": en}
    (folder / "site.toml").write_text(template.site_toml(answers), encoding="utf-8")

    assert (ja, en) == (settings_of(folder).name.ja, settings_of(folder).name.en)


def test_another_ones_directory_is_left_alone(setup: Setup, data: Path, people: Path) -> None:
    """As root in the directory of the controller's user, setup does nothing that this user could not open afterwards."""
    data.mkdir()
    if os.geteuid() == 0:
        os.chown(data, 65_534, -1)
        said = setup(*flags(), "--operator-file", people)
        assert (2, True) == (said.code, "sudo -u nobody" in said.err)
    else:
        said = sekimori("setup", "--data", "/", "--non-interactive")
        assert (2, True) == (said.code, "sudo -u root" in said.err)
    assert not list(data.iterdir())
