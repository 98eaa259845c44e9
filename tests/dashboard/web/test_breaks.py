"""A break of a site's ledger on the page: when, from which record on, what both histories share, what only the old one has."""

from collections.abc import Callable

import pytest
from example_house import House
from hypothesis import given, settings
from hypothesis import strategies as st
from listener import listening

from dashboard import database as db
from dashboard.read.breaks import Break, breaks
from dashboard.read.sites import Site, site_called

from .conftest import Browser, plain

SignIn = Callable[[str], Browser]


def found(house: House) -> list[Break]:
    with house.engine.connect() as connection:
        site = site_called(connection, house.peer.name)
        assert site is not None
        return breaks(connection, site)


def go_on(house: House, kept: int, *, changed: int | None = None, all_of_it: bool = True) -> None:
    """The site goes on in a new epoch that keeps so many records; `changed`: one of them is another."""
    first = house.peer
    second = first.reopened(kept)
    if changed is not None:
        second.records[changed - 1] = second.records[changed - 1].replace(b'"by":"', b'"by":"x')
    second.visits(2)
    house.peer = second
    house._take([second.online(), second.checkpoint()])
    begin = 1 if all_of_it else kept + 1
    house._take([second.record(seq) for seq in range(begin, len(second.records) + 1)])


def test_a_lost_tail_is_told_with_what_to_do(house: House, signed_in: SignIn) -> None:
    """Both histories, how far they are one, what is here in the old one only with a way to read it, and what to enter again."""
    last = len(house.peer.records)
    go_on(house, last - 4)
    (gap,) = found(house)
    assert (gap.old, gap.new, gap.opened, gap.shared, gap.only_old, gap.last_old) == (1, 2, last - 3, last - 4, 4, last)
    assert (gap.reason, gap.signed, gap.rewritten, gap.arriving) == ("lost", last, False, False)
    for address in ("/", "/ledger"):
        text = plain(signed_in("auditor").get(address, headers={"Accept-Language": "en"}))
        assert "goes on in epoch 2" in text and f"Up to No. {last - 4} both histories are the same" in text
        assert f"4 records are here in the old epoch only: No. {last - 3} to {last}" in text
        assert "Enter it again" in text and "information security officer" not in text
    japanese = plain(signed_in("auditor").get("/?lang=ja"))
    assert "第 2 世代として続いています" in japanese and "もう一度行ってください" in japanese
    old = signed_in("auditor").get(f"/ledger?epoch=1&after={last - 4}")
    assert old.status_code == 200 and old.text.count('<tr role="row">') - 1 == 4


def test_another_past_is_told_as_such(house: House, signed_in: SignIn) -> None:
    """A new epoch that says other things of the time before it is an alarm, with the record from which on it does."""
    last = len(house.peer.records)
    go_on(house, last - 4, changed=20)
    (gap,) = found(house)
    assert (gap.shared, gap.rewritten, gap.only_old) == (19, True, last - 19)
    text = plain(signed_in("auditor").get("/", headers={"Accept-Language": "en"}))
    assert "From No. 20 on the site says something else" in text and "information security officer" in text


def test_nothing_is_said_before_it_is_here(house: House, signed_in: SignIn) -> None:
    """While the shared records are on their way, the page accuses nobody of having changed them."""
    last = len(house.peer.records)
    go_on(house, last - 4, all_of_it=False)
    (gap,) = found(house)
    assert gap.arriving and not gap.rewritten
    house._take([house.peer.record(seq) for seq in range(1, last - 10)])
    (gap,) = found(house)
    assert gap.arriving and not gap.rewritten and gap.shared == last - 11
    text = plain(signed_in("auditor").get("/", headers={"Accept-Language": "en"}))
    assert "is on its way" in text and "Enter it again" not in text


def test_every_break_is_in_the_ledger(house: House, signed_in: SignIn) -> None:
    """The first page shows the newest break, the ledger all of them, each against the epoch before it."""
    go_on(house, len(house.peer.records) - 4)
    go_on(house, len(house.peer.records) - 1)
    assert [(gap.old, gap.new, gap.only_old) for gap in found(house)] == [(2, 3, 1), (1, 2, 4)]
    assert signed_in("auditor").get("/").text.count("data-break") == 1
    assert signed_in("auditor").get("/ledger").text.count("data-break") == 2


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_fork_names_the_way_out(house: House, signed_in: SignIn, lang: str) -> None:
    """A contradiction says, in both languages, what is not counted any more, whom to tell, and what ends it."""
    house._take([house.peer.checkpoint(5, root=b"\x07" * 32)])
    text = plain(signed_in("auditor").get(f"/?lang={lang}"))
    words = ("not counted", "security officer", "begins a new epoch", "stolen") if lang == "en" else (
        "情報管理責任者", "新しい世代", "盗まれた")  # fmt: skip
    assert all(word in text for word in words)


@settings(max_examples=15, deadline=None)
@given(kept=st.integers(1, 290), changed=st.none() | st.integers(1, 290))
def test_the_shared_beginning_is_found_at_any_place(
    tmp_path_factory: pytest.TempPathFactory, kept: int, changed: int | None
) -> None:
    """However long the histories and wherever they part, the last record that both have is found."""
    with listening(tmp_path_factory.mktemp("parts")) as listener:
        listener.peer.visits(100)
        listener.hear(listener.peer.online())
        listener.records(*range(1, len(listener.peer.records) + 1))
        last = len(listener.peer.records)
        second = listener.peer.reopened(kept)
        if changed is not None and changed <= kept:
            second.records[changed - 1] = second.records[changed - 1].replace(b'"by":"', b'"by":"x')
        listener.peer = second
        listener.hear(second.online())
        listener.records(*range(1, len(second.records) + 1))
        with listener.engine.connect() as connection:
            (gap,) = breaks(connection, Site("factory", 2, "", "", "UTC", True, None, 0, "epoch", "", None, 0))
        expected = changed - 1 if changed is not None and changed <= kept else kept
        assert gap.shared == expected and gap.only_old == last - expected
        assert listener.rows(db.broken)[0]["code"] == "epoch"
