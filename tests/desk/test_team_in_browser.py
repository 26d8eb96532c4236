"""What a team sees beside the queue: logging in, deciding about a whole filter, the audit log."""

import os
import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from reviewdesk.desk.accounts import set_account
from reviewdesk.desk.session import ADMIN
from tests.desk.desks import RunningDesk, desk
from tests.desk.test_desk_in_browser import browser, pytestmark  # noqa: F401

PASSWORD = "correct horse battery staple"
LOOKS = (("light", 1280), ("dark", 1280), ("light", 390))
MOST_TABS = 120
FOCUSED = """() => {
  const e = document.activeElement;
  if (e === document.body) return ["", "", ""];
  const labels = [...(e.labels || [])].map((label) => label.innerText);
  const style = getComputedStyle(e);
  const named = [e.innerText, e.ariaLabel || "", ...labels].join(" ");
  return [named, style.outlineStyle, style.boxShadow];
}"""


@pytest.fixture(scope="module")
def team(desk_job: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    place = tmp_path_factory.mktemp("team") / "shop"
    shutil.copytree(desk_job.parent, place, ignore=shutil.ignore_patterns("desk"))
    set_account(place / "accounts.json", "Ada", ADMIN, PASSWORD)
    with desk(place / "job", "--auth", place / "accounts.json") as running:
        yield running


def check(page: Page, name: str) -> None:
    """Check a page in light, dark and phone width; keep its picture where a person wants to look.

    REVIEWDESK_PICTURES names the folder.
    """
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(axe)
        violations = page.evaluate("async () => (await axe.run()).violations")
        said = [(one["id"], [node["html"] for node in one["nodes"]]) for one in violations]
        assert said == [], (name, scheme, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if folder := os.environ.get("REVIEWDESK_PICTURES"):
            page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def tab_to(page: Page, text: str) -> None:
    """Go by keyboard to what has a text or a label, and see that it shows that it has the focus."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        named, outline, shadow = page.evaluate(FOCUSED)
        if text in named:
            assert (outline, shadow) != ("none", "none"), text
            return
    raise AssertionError(f"no key leads to {text!r}")


def test_a_team_by_keyboard_alone(browser: Browser, team: RunningDesk) -> None:  # noqa: F811
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(team.url)
    expect(page).to_have_url(f"{team.url}/login?back=%2F")
    check(page, "login")
    tab_to(page, "Name")
    page.keyboard.type("Ada")
    tab_to(page, "Password")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page, "login-wrong")
    tab_to(page, "Name")
    page.keyboard.type("Ada")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{team.url}/")

    page.goto(f"{team.url}/findings")
    tab_to(page, "From")
    page.keyboard.type("01012014")
    page.keyboard.press("Enter")
    page.wait_for_url("**/findings?*since=2014-01-01*")
    check(page, "findings")
    tab_to(page, "at once")
    page.keyboard.press("Enter")
    tab_to(page, "Unsure")
    page.keyboard.press("Enter")
    page.wait_for_url("**/findings/bulk/confirm")
    check(page, "bulk")
    page.keyboard.press("Enter")  # the button has the focus
    expect(page.locator(".done")).to_contain_text("findings")
    page.goto(f"{team.url}/audit")
    expect(page.locator("main")).to_contain_text("decided about a whole filter")
    check(page, "audit")
    context.close()
