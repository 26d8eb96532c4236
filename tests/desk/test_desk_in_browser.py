"""An agent's first hour in Chromium, by keyboard, with a second agent beside; axe on every page."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from reviewdesk.report.html import Html
from reviewdesk.report.page import Page as ReportPage
from reviewdesk.report.panels import SCRIPT, Panel, panels
from tests.desk.desks import REVIEW_CATEGORY, RunningDesk, desk

CHROMIUM = Path("/usr/bin/chromium")
DECIDED = 40

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        expect.set_options(timeout=60_000)  # the machine may be busy
        yield chromium
        expect.set_options(timeout=5_000)
        chromium.close()


@pytest.fixture(scope="module")
def shared_desk(desk_job: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """A desk of its own, where a part of the queue is drawn at random."""
    place = tmp_path_factory.mktemp("browser") / "shop"
    shutil.copytree(desk_job.parent, place, ignore=shutil.ignore_patterns("desk"))
    with desk(place / "job") as running:
        yield running


@contextmanager
def opened(
    browser: Browser, running: RunningDesk, name: str, *, refused: bool = False
) -> Iterator[Page]:
    """Open the desk under a name; it asks its own host only and reports no error.

    Args:
        browser: where.
        running: the desk.
        name: who.
        refused: whether addresses are asked for that are not there, which browsers report.
    """
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme="light", accept_downloads=True
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    page.on("console", lambda one: complaints.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def dismiss(dialog: Dialog) -> None:
        complaints.append("a script ran")
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(running.url)
    page.locator(".who summary").click()
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Change").click()
    expect(page.locator(".who summary")).to_contain_text(name)
    yield page
    context.close()
    assert {url for url in asked if not url.startswith((running.url, "data:"))} == set()
    assert [one for one in complaints if not (refused and "status of 404" in one)] == []


def left(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#left").inner_text()))


def finding(page: Page) -> str:
    return page.locator("#finding").get_attribute("data-finding") or ""


def press_and_wait(page: Page, key: str) -> str:
    """Press a key, and wait for another finding; return its name."""
    before = finding(page)
    page.keyboard.press(key)
    expect(page.locator("#finding")).not_to_have_attribute("data-finding", before)
    return finding(page)


def test_the_first_hour(browser: Browser, open_desk: RunningDesk, tmp_path: Path) -> None:
    with (
        opened(browser, open_desk, "Ann") as page,
        opened(browser, open_desk, "Bob") as beside,
    ):
        begin = left(page)
        seen = [finding(page)]
        assert finding(beside) != seen[0]
        # Forty findings by keyboard; the other agent decides a few at the same time.
        others = []
        for number in range(DECIDED):
            seen.append(press_and_wait(page, "123"[number % 3]))
            if number % 10 == 5:
                others.append(finding(beside))
                press_and_wait(beside, "1")
        assert len(set(seen)) == DECIDED + 1
        assert set(seen).isdisjoint(others)
        expect(page.locator("#left")).to_have_text(re.compile(f"^{begin - DECIDED - len(others)} "))
        expect(page.locator("#toast")).to_contain_text("Undo")

        # Undo one: it comes back.
        page.keyboard.press("z")
        expect(page.locator("#finding")).to_have_attribute("data-finding", seen[DECIDED - 1])
        expect(page.locator(".history")).to_contain_text("Ann undid it")

        # A reason goes along, and keys do nothing while one writes.
        page.keyboard.press("r")
        page.keyboard.type("12 n z: sarcasm")
        assert finding(page) == seen[DECIDED - 1]
        page.keyboard.press("Escape")
        press_and_wait(page, "2")
        press_and_wait(page, "n")

        # Dismiss all of a filter at once.
        page.get_by_role("link", name="Findings", exact=True).click()
        page.get_by_role("link", name=re.compile("Reviews in the wrong category")).click()
        summary = page.get_by_text(re.compile(r"Decide about all \d+ at once"))
        number = int(re.sub(r"\D", "", summary.inner_text()))
        summary.click()
        page.get_by_role("form", name="A decision about all of them").get_by_role(
            "button", name="Wrong"
        ).click()
        page.get_by_role("button", name=re.compile("^Yes: ")).click()
        expect(page.locator(".done").first).to_contain_text("Wrong")
        # What Bob looks at, and what he has fetched ahead, is his.
        expect(page.locator("#left")).to_have_text(re.compile(r"^[012] findings? to look at"))
        assert number > 2

        # Find a product, read its story.
        page.get_by_role("link", name="Products", exact=True).click()
        name = page.locator("tbody th a").first.inner_text()
        page.keyboard.press("/")
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        page.get_by_role("link", name=name, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("heading", name="Over time")).to_be_visible()

        # Export a list.
        page.goto(f"{open_desk.url}/findings?finder=review-category&status=all")
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        download.value.save_as(tmp_path / "list.csv")
        table = pd.read_csv(tmp_path / "list.csv")
        assert len(table) == REVIEW_CATEGORY
        assert set(table["verdict"].dropna()) <= {"right", "wrong", "unsure"}
        assert "Ann" in set(table["decided_by"])


def test_dragging_over_months_filters(browser: Browser, open_desk: RunningDesk) -> None:
    with opened(browser, open_desk, "Cy") as page:
        page.goto(f"{open_desk.url}/reviews")
        everything = page.locator("main > .lead").inner_text()
        box = page.locator(".histogram svg").bounding_box()
        assert box
        middle = box["y"] + box["height"] / 2
        page.mouse.move(box["x"] + box["width"] * 0.6, middle)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=4)
        page.mouse.up()
        page.wait_for_url(re.compile(r"since=\d{4}-\d\d&until=\d{4}-\d\d"))
        assert page.locator("main > .lead").inner_text() != everything


def test_keys_can_be_switched_off(browser: Browser, open_desk: RunningDesk) -> None:
    with opened(browser, open_desk, "Dee") as page:
        page.keyboard.press("?")
        page.get_by_label("Keys without Ctrl or Alt").uncheck()
        page.keyboard.press("Escape")
        before = page.locator("#work").inner_text()
        page.keyboard.press("1")
        page.wait_for_timeout(300)
        assert page.locator("#work").inner_text() == before
        passed = finding(page)  # by a button, which is there for those without keys
        page.get_by_role("button", name="Pass over").click()
        expect(page.locator("#finding")).not_to_have_attribute("data-finding", passed)


PAGES = (
    *("/", "/findings?status=all", "/findings?text=nothing-has-this", "/findings/{finding}"),
    *("/products", "/products?q=the", "/products/{product}", "/categories/{category}"),
    *("/customers/{customer}", "/reviews?q=the", "/reviews?q=wombatisch", "/reviews/{review}"),
    *("/delivered", "/paste", "/reports", "/reports/job/report.html", "/activity", "/digest"),
    "/reports/job/sentiment/evaluation.html",
    *("/nothing-is-here", "/findings/none", "/audit"),  # what is not there is said on a page, too
)
LOOKS = ("light 1280", "dark 390")
"""Between them every colour and every layout; the others put these together otherwise."""


@pytest.mark.parametrize(
    "look",
    [*LOOKS, *(pytest.param(one, marks=pytest.mark.slow) for one in ("light 390", "dark 1280"))],
)
def test_axe_finds_nothing_and_pages_fit(
    browser: Browser, open_desk: RunningDesk, look: str
) -> None:
    """Every page; REVIEWDESK_PICTURES names a folder where pictures are kept for people."""
    axe = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    scheme, width = look.split()
    with opened(browser, open_desk, f"Eva {scheme}", refused=True) as page:
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.set_viewport_size({"width": int(width), "height": 900})
        for path, address in addresses(page, open_desk).items():
            page.goto(open_desk.url + address)
            page.evaluate(axe)
            found = page.evaluate("async () => (await axe.run()).violations")
            said = [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in found]
            assert said == [], path
            assert page.evaluate("document.documentElement.scrollWidth") <= int(width), path
            if folder := os.environ.get("REVIEWDESK_PICTURES"):
                name = re.sub(r"\W+", "-", path).strip("-") or "queue"
                page.screenshot(path=f"{folder}/{name}-{scheme}-{width}.png", full_page=True)


def test_a_page_that_somebody_dropped_runs_nothing(
    browser: Browser, open_desk: RunningDesk
) -> None:
    whole = ReportPage("Dropped", "A forged page.", "Report", SCRIPT)
    whole.section(
        "Ours", panels("Category", [Panel("a", "A", Html("a")), Panel("b", "B", Html("b"))])
    )
    forged = (
        "<script>document.title = 'ran'</script><img src=x onerror=\"document.title = 'ran'\">"
        f"<img src={open_desk.url}/digest.json><a href=\"javascript:document.title='ran'\">go</a>"
    )
    folder = open_desk.job.parent / "dropped"
    folder.mkdir(exist_ok=True)
    (folder / "page.html").write_text(whole.render().replace("<main>", f"<main>{forged}"))
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    page.on("requestfinished", lambda one: asked.append(one.url))
    page.goto(f"{open_desk.url}/reports/dropped/page.html")
    expect(page.locator("select")).to_have_count(1)  # the script of ours has run
    page.get_by_role("link", name="go").click()
    assert page.title() == "Dropped · reviewdesk"
    assert page.evaluate("window.origin") == "null"
    assert asked == [f"{open_desk.url}/reports/dropped/page.html"]
    context.close()
    shutil.rmtree(folder)


def addresses(page: Page, running: RunningDesk) -> dict[str, str]:
    """Return every kind of page with real names in its address."""
    page.goto(f"{running.url}/reviews")
    links = " ".join(link.get_attribute("href") or "" for link in page.locator("main a").all())
    names = {
        kind: found[1]
        for kind, pattern in (
            ("product", r"/products/(\S+)"), ("review", r"/reviews/(R\w+)"),
            ("customer", r"/customers/(\w+)"),
        )
        if (found := re.search(pattern, links))
    }  # fmt: skip
    page.goto(f"{running.url}/findings?status=all")
    found = re.search(r"/findings/(\w{16})", page.content())
    assert found
    page.goto(f"{running.url}/products")
    category = re.search(r"/categories/([\w%.-]+)", page.content())
    assert category
    names |= {"finding": found[1], "category": category[1]}
    return {path: path.format(**names) for path in PAGES}
