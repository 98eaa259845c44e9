"""Groups in a browser: made, joined and let in by two people, on a phone; what the approver sees (C7.1, C7.3)."""

from playwright.sync_api import Browser, Page, expect

from controller.record.kinds import group, membership

from .conftest import Served


def answered(served: Served, page: Page, *bodies: object, by: str = "operator:2") -> None:
    """The site does what was asked, and the request's page says so."""
    request = page.url.rpartition("/")[2].partition("?")[0]
    served.house.write(*bodies, by=by)  # type: ignore[arg-type]
    served.house.reply(request)
    expect(page.locator(".notice.ok")).to_be_visible()


def test_two_people_let_somebody_join(browser: Browser, fresh: Served) -> None:
    """One makes a group and asks that somebody joins; the other sees what the group may, and approves; then they are in."""
    house = fresh.house
    one = browser.new_context(locale="ja", viewport={"width": 360, "height": 740})
    two = browser.new_context(locale="ja")
    first, second = one.new_page(), two.new_page()
    fresh.sign_in(first, "manager")
    fresh.sign_in(second, "suzuki")

    first.goto(f"{fresh.url}/people")
    first.get_by_role("link", name="グループ").click()
    first.get_by_role("link", name="グループの作成").click()
    first.get_by_label("グループ名").fill("試作班")
    first.get_by_role("button", name="グループの作成").click()
    answered(fresh, first, group.GroupCreated(1, house.private("team-1", name="試作班").ref(), 2, "active"))

    first.goto(f"{fresh.url}/groups/factory/1")
    first.get_by_role("link", name="人を参加させる").click()
    first.get_by_label("氏名または番号").fill("サトウ")
    first.get_by_role("button", name="探す").click()
    expect(first.get_by_role("radio", name="佐藤 一郎")).to_be_checked()
    first.get_by_role("button", name="申請").click()
    expect(first.locator("#mistakes")).to_be_visible()
    first.get_by_label("目的").fill("配属のため")
    first.get_by_role("button", name="申請").click()
    purpose = house.private("membership-1", purpose="配属のため").ref()
    answered(fresh, first, membership.MembershipRequested(1, 1, 2, purpose, 2, "requested"))

    second.goto(f"{fresh.url}/rights")
    second.get_by_role("article", name="佐藤 一郎, 試作班").get_by_role("link").last.click()
    expect(second.get_by_role("heading", name="グループの権限")).to_be_visible()
    second.get_by_role("button", name="承認").click()
    answered(fresh, second, membership.MembershipApproved(1, 3, "active"), by="operator:3")

    second.goto(f"{fresh.url}/groups/factory/1")
    expect(second.locator("tr", has_text="佐藤 一郎").get_by_text("有効")).to_be_visible()
    one.close()
    two.close()
