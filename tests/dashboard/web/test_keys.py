"""Keys as the Now page shows them: a site that changed its own, and one that trusts this dashboard no more."""

from collections.abc import Callable

from example_house import House

from controller.record.canonical import canonical
from controller.record.keys import KeyPair
from controller.record.kinds.trust import DashboardRevoked, DashboardTrusted, SiteRekeyed
from controller.record.succession import Chain, hand_over
from dashboard.intake.intake import Message

from .conftest import Browser


def test_changed_key_of_a_site_is_shown(house: House, signed_in: Callable[[str], Browser]) -> None:
    """A key that was followed stands on the page with its id; before, there is nothing to say. The record has its words."""
    guard = signed_in("guard")
    assert "changed its key" not in guard.get("/").text
    new = KeyPair.generate()
    link = hand_over(house.peer.name, house.peer.keys, new.public)
    house.write(SiteRekeyed(link.previous, link.public, link.sig, False), by="console")
    house.intake.take([Message(house.peer.topics.key, canonical(Chain(house.peer.name, (link,))), True)])
    house.peer.keys = new
    house.hear()

    page = guard.get("/").text
    assert f"The site changed its key: {new.public.id}, followed" in page
    assert "Site&#39;s key changed" in page or "Site's key changed" in page
    assert f"拠点の鍵が新しくなりました：{new.public.id}" in guard.get("/?lang=ja").text


def test_dashboard_that_is_trusted_no_more_says_so(house: House, signed_in: Callable[[str], Browser]) -> None:
    """When the site has revoked this dashboard's key, the page says what that means; trusted again, it does not."""
    guard, own = signed_in("guard"), house.keys.public
    house.write(DashboardTrusted(own.id, own.text(), "trusted"), by="console")
    assert "no longer trusts" not in guard.get("/").text
    house.write(DashboardRevoked(own.id, "revoked"), by="console")
    assert "This site no longer trusts this dashboard." in guard.get("/").text
    assert "信頼を取り消しました" in guard.get("/?lang=ja").text
    house.write(DashboardTrusted(own.id, own.text(), "trusted"), by="console")
    assert "no longer trusts" not in guard.get("/?lang=en").text
