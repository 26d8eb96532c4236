"""The page in Chromium, as a person uses it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Dialog,
    Page,
    Route,
    expect,
    sync_playwright,
)

from tests.serving.process import Server

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]

# What axe would find first: controls without a name, images without a text, ids used twice,
# headings that skip a level.
BASICS = """() => {
  const found = [];
  for (const one of document.querySelectorAll("input, textarea, select"))
    if (!one.labels.length) found.push("no label: " + one.outerHTML);
  for (const one of document.querySelectorAll("button, a, [role=meter], [role=group]"))
    if (!(one.textContent.trim() || one.ariaLabel || one.getAttribute("aria-labelledby")))
      found.push("no name: " + one.outerHTML);
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  if (new Set(ids).size !== ids.length) found.push("an id is used twice");
  const levels = [...document.querySelectorAll("h1, h2, h3, h4")]
    .filter((one) => one.checkVisibility()).map((one) => +one.tagName[1]);
  if (levels.filter((level) => level === 1).length !== 1) found.push("not one h1");
  levels.forEach((level, place) => {
    if (place && level > levels[place - 1] + 1) found.push("a heading level is skipped");
  });
  if (!document.documentElement.lang) found.push("no language");
  if (!document.querySelector("main")) found.push("no main");
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, running: Server) -> Iterator[Page]:
    """The opened page; whatever it does, it asks its own host only and reports no error."""
    context = browser.new_context()
    opened = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    def dismiss(dialog: Dialog) -> None:
        complaints.append("a script of the review ran")
        dialog.dismiss()

    opened.on("request", lambda request: asked.append(request.url))
    opened.on("console", note)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("dialog", dismiss)
    opened.goto(running.url)
    yield opened
    context.close()
    assert {url for url in asked if not url.startswith(("data:", running.url))} == set()
    assert [one for one in complaints if "Failed to load resource" not in one] == []


def read(page: Page, body: str, headline: str = "") -> None:
    page.get_by_label("Headline").fill(headline)
    page.get_by_role("textbox", name="Review").fill(body)
    page.get_by_role("button", name="Read the review").click()


def test_markup_in_a_review_is_shown_as_text(page: Page) -> None:
    shown = "&lt;script&gt;alert(1)&lt;/script&gt; a < b &lt;img src=x onerror=alert(1)&gt; great"
    read(page, f"<script>alert(1)</script><img src=x onerror=alert(1)> {shown}", "<b>awful</b>")
    box = page.get_by_label("The review as the desk read it")
    expect(box).to_contain_text(
        "<script>alert(1)</script> a < b <img src=x onerror=alert(1)> great"
    )
    expect(box.locator("mark")).to_have_text(["awful", "great"])
    assert page.locator("#result script, #result img, #result b").count() == 0


def test_verdict_meter_stars_category_and_words(page: Page) -> None:
    read(page, "The sound is great and they are comfortable, my daughter loves the toy. Poor box.")
    result = page.get_by_label("What the desk found")
    expect(result.get_by_role("heading", level=2)).to_have_text("Positive")
    expect(result).to_contain_text("Quite sure. How often that is right was not measured")
    expect(result.get_by_role("meter", name="How positive")).to_have_attribute(
        "aria-valuenow", "88"
    )
    expect(result.locator(".side.for li")).to_have_text(["comfortable", "great", "loves"])
    expect(result.locator(".side.against li")).to_have_text(["poor"])
    expect(result).to_contain_text("5 stars ★★★★★")
    expect(result).to_contain_text("Toys")
    expect(page.get_by_role("status")).to_contain_text("Verdict: Positive.")
    assert page.evaluate(BASICS) == []


def test_by_keyboard_only(page: Page) -> None:
    page.keyboard.press("Tab")
    page.keyboard.type("Awful")
    page.keyboard.press("Tab")
    page.keyboard.type("It broke.\nPoor.")
    page.keyboard.press("Control+Enter")
    verdict = page.get_by_label("What the desk found").get_by_role("heading", level=2)
    expect(verdict).to_have_text("Negative")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Read the review")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Clear
    expect(verdict).to_be_hidden()
    expect(page.get_by_role("textbox", name="Review")).to_be_focused()
    expect(page.get_by_role("textbox", name="Review")).to_have_value("")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="A happy customer")).to_be_focused()
    page.keyboard.press("Space")
    expect(verdict).to_have_text("Positive")


def test_every_sample_gets_an_answer(page: Page) -> None:
    for button in page.locator(".sample").all():
        with page.expect_response("**/desk/analyse") as answer:
            button.click()
        assert answer.value.status == 200
    box = page.get_by_label("The review as the desk read it")
    expect(box).to_contain_text("Fits perfectly — my daughter won't take it off!")


def test_nothing_to_read(page: Page) -> None:
    read(page, "  \n ")
    expect(page.get_by_role("alert")).to_contain_text("Paste or type a review first")
    page.get_by_role("textbox", name="Review").fill("good")
    expect(page.get_by_role("alert")).to_be_hidden()
    read(page, "<br />")
    expect(page.get_by_role("alert")).to_contain_text("no text to read")


def test_too_long(page: Page) -> None:
    read(page, "x" * 20_005)
    expect(page.get_by_text("Too long by 5 characters.")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("up to 20,000 characters")


def test_half_an_emoji_is_read(page: Page) -> None:
    page.evaluate("document.getElementById('body').value = 'great \\ud83d'")
    page.get_by_role("button", name="Read the review").click()
    expect(page.get_by_label("The review as the desk read it")).to_contain_text("great �")


def test_a_desk_that_cannot_be_reached(page: Page) -> None:
    read(page, "awful")
    expect(page.get_by_role("heading", level=2)).to_have_text("Negative")
    page.context.set_offline(True)
    read(page, "good")
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    expect(page.get_by_role("heading", level=2)).to_be_hidden()  # it was about another review
    expect(page.get_by_role("textbox", name="Review")).to_have_value("good")
    page.context.set_offline(False)
    page.get_by_role("button", name="Read the review").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("Positive")
    expect(page.get_by_role("alert")).to_be_hidden()


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (503, "{}", "busy at the moment"),
        (500, "{}", "went wrong inside the desk"),
        (200, "<html>", "does not understand"),
    ],
)
def test_a_desk_that_answers_badly(page: Page, status: int, body: str, told: str) -> None:
    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body)

    page.route("**/desk/analyse", answer)
    read(page, "good")
    expect(page.get_by_role("alert")).to_contain_text(told)


def test_a_bug_in_the_desk(page: Page) -> None:
    read(page, "please fail")
    expect(page.get_by_role("alert")).to_contain_text("went wrong inside the desk")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_and_reads_well(browser: Browser, running: Server, scheme: str, width: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    opened = context.new_page()
    opened.goto(running.url)
    read(opened, "great " + "w" * 300 + " poor", "Good sound")
    expect(opened.get_by_role("heading", level=2)).to_be_visible()
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert opened.evaluate(CONTRAST) == []
    assert opened.evaluate(BASICS) == []
    context.close()


# WCAG's contrast of every visible stretch of text with the nearest opaque background.
CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = ([red, green, blue]) => [red, green, blue]
    .map((one) => one / 255)
    .map((one) => (one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4))
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgba(getComputedStyle(one).backgroundColor);
      if (colour[3] > 250) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility()) continue;
    if (element.closest("script, style")) continue;
    const [one, other] = [rgba(getComputedStyle(element).color), behind(element)]
      .map(luminance).sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    if (ratio < 4.5) found.push(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def test_where_verdict_and_stars_differ_both_stand_at_the_top(page: Page) -> None:
    read(page, "Disappointed, it dies; disappointed. The colour is lovely.")
    result = page.get_by_label("What the desk found")
    heading = result.get_by_role("heading", level=2)
    expect(heading).to_have_text("Unclear: negative, or 5 stars?")
    expect(result).to_contain_text("The two do not agree")
    expect(result.get_by_role("heading", name="5 stars", exact=True)).to_be_visible()
