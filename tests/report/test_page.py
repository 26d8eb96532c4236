import base64
import hashlib
import re
import shutil
import stat
from pathlib import Path

import pytest

from reviewdesk.report.blocks import Card, Figure, cards, figures
from reviewdesk.report.charts import Axis, Series, line_chart
from reviewdesk.report.page import STYLE, Page, content_policy
from tests.report.reading import Reader

CHROMIUM = shutil.which("chromium")


def hostile_page() -> Page:
    attack = "<script>document.title = 'broken'</script><img src=http://example.org/x>"
    chart = line_chart(
        [Series(attack, [0, 1], [0, 1]), Series("other", [0, 1], [1, 0])],
        Axis("x"),
        Axis("y"),
        label=attack,
        caption=attack,
    )
    page = Page(f"Title {attack}", attack, "Test")
    page.section("First", figures([Figure("a", "1", attack)]), chart)
    page.section(attack, cards([Card(attack, attack, False, attack, attack * 50, attack)]))
    return page


def test_page_has_one_heading_landmarks_and_a_link_to_each_section() -> None:
    read = Reader(hostile_page().render())
    assert [len(read.all(tag)) for tag in ("h1", "h2", "main", "header", "footer", "nav")] == [
        *(1, 2),
        *(1, 1, 1, 1),
    ]
    assert read.all("html") == [{"lang": "en"}]
    ids = [one["id"] for one in read.all("h2")]
    assert [one["href"] for one in read.all("a")] == [f"#{name}" for name in ids]
    assert [one["aria-labelledby"] for one in read.all("section")] == ids


def test_nothing_given_to_a_page_becomes_markup() -> None:
    read = Reader(hostile_page().render())
    assert read.all("script") == []
    assert read.all("img") == []
    assert not any(name.startswith("on") for _, attrs in read.elements for name in attrs)


def test_a_page_asks_nobody_and_its_policy_allows_its_style_only() -> None:
    markup = hostile_page().render()
    read = Reader(markup)
    for attributes in (one for _, one in read.elements):
        assert attributes.keys().isdisjoint({"src", "style", "srcset", "action"})
    assert [one["href"] for one in read.all("link")] == ["data:,"]
    assert "url(" not in STYLE
    assert "@import" not in STYLE
    policy = next(
        str(one["content"])
        for one in read.all("meta")
        if one.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy == content_policy()
    within = re.search("<style>(.*?)</style>", markup, re.DOTALL)
    assert within
    digest = base64.b64encode(hashlib.sha256(within[1].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_the_same_content_makes_the_same_bytes() -> None:
    assert hostile_page().render() == hostile_page().render()


def test_a_written_page_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    hostile_page().write(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8") == hostile_page().render()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1200, "light")])
def test_in_a_browser(tmp_path: Path, width: int, scheme: str) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "page.html"
    hostile_page().write(path)
    problems: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(path.as_uri())
        title = page.title()
        wide = page.evaluate("document.documentElement.scrollWidth")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        line = page.evaluate(
            "getComputedStyle(document.querySelector('svg path[stroke*=series-1]')).stroke"
        )
        browser.close()
    assert problems == []
    assert requests == [path.as_uri()]
    assert title.startswith("Title <script>")
    assert wide == width
    expected = {"dark": ("rgb(20, 23, 27)", "rgb(132, 182, 236)")}
    assert (paper, line) == expected.get(scheme, ("rgb(255, 255, 255)", "rgb(29, 91, 156)"))
