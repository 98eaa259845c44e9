"""`sekimori trust` and `sekimori operator`."""

import json
import os
import subprocess

import pytest
from command_line import sekimori
from site_process import SCRIPT, SiteProcess, until

from controller.cli.texts import Lang
from controller.keyring import site_keys
from controller.record.keys import KeyPair, PublicKeys
from controller.record.note import VerifierKey, open_checkpoint


def test_key_is_enrolled_at_a_running_controller(running: SiteProcess) -> None:
    """A dashboard's key typed at the console is trusted by the running controller and in its ledger, by the console."""
    keys, size = KeyPair.generate().public, running.size()

    said = running.sekimori("trust", keys.text())

    record = running.wait_record("dashboard.trusted", after=size)
    assert 0 == said.returncode
    assert ("console", keys.id) == (record.by, record.body.dashboard)
    assert keys.id in said.stdout


def test_sites_own_keys_are_shown(running: SiteProcess) -> None:
    """Without a key `trust` shows the site's key line and the verifier key that opens its checkpoints, and changes nothing."""
    size = running.size()

    shown = json.loads(sekimori("trust", "--data", running.data, "--json").out)

    key = VerifierKey.parse(shown["verifier_key"])
    notes = until(
        "a checkpoint", lambda: running.query("select note from checkpoint order by size desc limit 1") or None
    )
    assert site_keys(running.data).site.public == PublicKeys.parse(shown["site_key"])
    assert open_checkpoint(notes[0][0], key).size > 0
    assert "trusted" == shown["dashboards"][0]["state"]
    assert size == running.size()


def test_line_to_type_at_the_dashboard_is_shown(running: SiteProcess) -> None:
    """What to type at the dashboard is printed whole, on one line, however narrow the terminal."""
    said = sekimori("trust", "--data", running.data, lang=Lang.JA)
    line = f"sekimori-dashboard trust {site_keys(running.data).site.public.text()} --site works"

    assert line in [shown.strip() for shown in said.out.splitlines()]


def test_trusting_and_revoking_without_a_controller(site: SiteProcess) -> None:
    """While no controller runs the commands write the ledger themselves, and sign what they wrote."""
    keys = KeyPair.generate().public

    assert 0 == sekimori("trust", keys.text(), "--data", site.data).code
    again = sekimori("trust", keys.text(), "--data", site.data)
    assert (1, True) == (again.code, "trusted already" in again.err)
    assert 0 == sekimori("trust", "--revoke", keys.id, "--data", site.data).code
    assert 1 == sekimori("trust", "--revoke", keys.id, "--data", site.data).code

    kinds = [record.kind for record in site.records()]
    assert ["ledger.opened", "dashboard.trusted", "dashboard.revoked"] == kinds
    assert [(3,)] == site.query("select max(size) from checkpoint")


@pytest.mark.parametrize("spoil", [lambda key: key[:-1], lambda key: key.replace("-1.", "-2."), lambda key: ""])
def test_slip_of_the_hand_is_noticed(site: SiteProcess, spoil) -> None:  # type: ignore[no-untyped-def]
    """A key line with a character missing or changed is refused and leaves no record."""
    said = sekimori("trust", spoil(KeyPair.generate().public.text()), "--data", site.data, "--json")

    assert (1, "form") == (said.code, json.loads(said.out)["code"])
    assert ["ledger.opened"] == [record.kind for record in site.records()]


def test_operators_are_registered_listed_and_retired(site: SiteProcess) -> None:
    """Operators get numbers in order; their names are in the list and in no record; a retired one is retired once."""
    data = ("--data", site.data)
    assert (
        1
        == json.loads(sekimori("operator", "add", "佐藤 恵子", "--role", "administrator", "--json", *data).out)[
            "operator"
        ]
    )
    added = sekimori("operator", "add", "田中 守", "--role", "guard", "--role", "auditor", "--zone", "office", *data)
    assert (0, "Operator 2 is registered.\n") == (added.code, added.out)
    assert 0 == sekimori("operator", "retire", 1, *data).code
    assert 1 == sekimori("operator", "retire", 1, *data).code

    listed = json.loads(sekimori("operator", "list", "--json", *data).out)["operators"]
    assert [(1, "佐藤 恵子", ["*"], "retired"), (2, "田中 守", ["office"], "active")] == [
        (row["operator"], row["name"], row["scope"], row["state"]) for row in listed
    ]
    assert "田中 守" in sekimori("operator", "list", *data, lang=Lang.JA).out
    assert not [record for record in site.records() if "田中" in str(record)]


@pytest.mark.parametrize(
    ("place", "arguments"),
    [
        ("roles", ["田中 守", "--role", "gaurd"]),
        ("scope", ["田中 守", "--role", "guard", "--zone", "vault"]),
        ("person", ["田中 守", "--role", "guard", "--person", "7"]),
        ("name", ["  ", "--role", "guard"]),
    ],
)
def test_operator_that_cannot_be_is_refused(site: SiteProcess, place: str, arguments: list[str]) -> None:
    """An unknown role, zone or person and an empty name are refused with their place, and leave no record."""
    said = sekimori("operator", "add", *arguments, "--data", site.data, "--json")

    assert (1, place) == (said.code, json.loads(said.out)["place"])
    assert not [record for record in site.records() if record.kind == "operator.registered"]


def test_name_that_is_no_text_is_refused(running: SiteProcess) -> None:
    """A name of bytes that are no UTF-8 is refused, and the running controller goes on."""
    said = running.sekimori("operator", "add", "\udcff", "--role", "guard", "--json")

    assert 1 == said.returncode
    assert 0 == running.sekimori("operator", "add", "守", "--role", "guard").returncode


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_that_want_it(site: SiteProcess, environ: dict[str, str], coloured: bool) -> None:
    """On a terminal what was done is green, unless NO_COLOR says otherwise."""
    near, far = os.openpty()
    command = [SCRIPT, "operator", "add", "守", "--role", "guard", "--data", str(site.data)]
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    subprocess.run(command, stdout=far, env=clean | {"TERM": "xterm"} | environ, check=True)
    said = os.read(near, 4096)
    os.close(near)
    os.close(far)

    assert coloured is (b"\x1b[32m" in said)
