"""The map in Chromium, as a person uses it: from a file, without a network."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from reviewdesk.graph.map_page import write_map

from . import planted

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map")
    write_map(planted.graph(folder, planted.table(), texts=True), folder / "map.html")
    return folder / "map.html"


@pytest.fixture(params=["light 1280", "dark 500"])
def page(browser: Browser, file: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The opened map; whatever it does, it asks for nothing, runs nothing else, and fits."""
    scheme, width = request.param.split()
    context = browser.new_context(
        viewport={"width": int(width), "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    opened = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    opened.on("request", lambda one: asked.append(one.url))
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))

    def dismiss(dialog: Dialog) -> None:
        complaints.append("a script of a title ran")
        dialog.dismiss()

    opened.on("dialog", dismiss)
    opened.goto(file.as_uri())
    yield opened
    assert opened.title().startswith("Map of categories")
    assert opened.evaluate("document.documentElement.scrollWidth") <= int(width)
    context.close()
    assert {url.partition("#")[0] for url in asked if not url.startswith("data:")} == {
        file.as_uri()
    }
    assert complaints == []


def test_four_clicks_lead_to_the_reviews_of_a_product_in_a_wrong_category(page: Page) -> None:
    clicks = 0
    marked = page.locator("#overview .category", has=page.locator(".mark")).first
    marked.click()
    clicks += 1
    page.locator("#map circle.listed").first.click()
    clicks += 1
    stands = page.locator("#map .view > .source").inner_text().split()[0]
    assert stands in planted.WRONG
    expect(page.locator("#map .view")).to_contain_text(f"belongs in {planted.WRONG[stands]}")
    wanted = planted.table()
    wanted = wanted[wanted["product_id"] == stands].sort_values("review_date")
    expect(page.locator(".reviews li")).to_have_count(min(len(wanted), 20))
    expect(page.locator(".reviews li").first).to_contain_text(wanted["review_id"].iloc[-1])
    expect(page.locator(".reviews li").first).to_contain_text(planted.WRONG[stands])
    assert clicks <= 4


def test_by_keyboard_alone(page: Page) -> None:
    page.get_by_role("searchbox", name="Search").focus()
    for _ in range(5):  # the filters, and Show all
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Show all")).to_be_focused()
    page.keyboard.press("Tab")
    name = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert re.match(r"K\d\. \d+ reviews stand here", name)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    heading = page.locator("#map .view h3")
    expect(heading).to_have_text(name[:2])
    page.keyboard.press("Tab")
    expect(page.locator("#map .view .disc [tabindex='0']")).to_be_focused()
    before = page.evaluate("document.activeElement.getAttribute('aria-label')")
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    after = page.evaluate("document.activeElement.getAttribute('aria-label')")
    expect(page.locator("body > .tip")).to_contain_text("stands in")
    page.keyboard.press("Enter")
    expect(heading).to_have_text(re.compile("^" + re.escape(after.split(". ")[0][:8])))
    assert before.split(". ")[0]
    page.keyboard.press("Escape")
    expect(heading).to_have_text(name[:2])
    page.keyboard.press("Escape")
    expect(page.locator("#overview")).to_be_visible()
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith(f"{name[:2]}. ")


def test_search_finds_titles_and_ids(page: Page) -> None:
    box = page.get_by_role("searchbox", name="Search")
    box.fill("onerror=alert")
    results = page.get_by_label("What the search finds")
    expect(results.get_by_role("button")).to_have_count(2)
    expect(results.locator("strong").first).to_have_text(planted.HOSTILE)
    assert page.locator("#map img, #map script:not([type])").count() == 0
    box.fill("p13")
    box.press("Enter")
    expect(page.locator("#map .view h3")).to_have_text("Thing 13")
    page.go_back()
    expect(page.locator("#overview")).to_be_visible()
    box.fill("no such thing")
    expect(results).to_contain_text("No product")
    box.press("Escape")
    expect(results).to_be_hidden()


def test_filters(page: Page) -> None:
    status = page.get_by_role("status")
    said = planted.predictions(planted.table()).to_pandas().merge(planted.table(), on="review_id")
    expect(status).to_contain_text("600 reviews drawn")
    page.get_by_role("combobox", name="Confidence").select_option("at least 90 %")
    sure = said[said["confidence"] >= 0.9]
    expect(status).to_contain_text(f"{len(sure)} reviews drawn")
    page.get_by_role("combobox", name="From").select_option("2016")
    sure = sure[sure["review_date"] >= "2016"]
    expect(status).to_contain_text(f"{len(sure)} reviews drawn")
    page.get_by_role("combobox", name="Category").select_option("K2")
    sure = sure[(sure["product_category"] == "K2") | (sure["label"] == "K2")]
    expect(status).to_contain_text(f"{len(sure)} reviews drawn")
    page.get_by_role("button", name="Show all").click()
    expect(status).to_contain_text("600 reviews drawn")


def test_categories_beyond_the_picture_and_parts_of_the_page(page: Page) -> None:
    page.evaluate("document.querySelectorAll('[data-category=\"1\"]').forEach((o) => o.remove())")
    page.get_by_role("combobox", name="Category").select_option("K1")
    expect(page.locator("#map .view h3")).to_have_text("K1")
    page.get_by_role("link", name="About this map").click()
    expect(page.locator("#map .view h3")).to_have_text("K1")


def test_hovering_says_what_a_thing_is(page: Page) -> None:
    page.locator(".community").first.hover()
    expect(page.locator("body > .tip")).to_contain_text("Community 1")
    page.evaluate("location.hash = 'c0'")
    page.locator("#map circle.same").first.hover()
    expect(page.locator("body > .tip")).to_contain_text("stands in K0")


def test_the_first_picture_stands_without_script(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("#overview svg.flows")).to_be_visible()
    expect(page.locator("table")).to_contain_text("P05")
    page.emulate_media(media="print")
    expect(page.locator("#overview svg.flows")).to_be_visible()
    context.close()
