import re
import shutil
from pathlib import Path

import pytest

from reviewdesk.report.blocks import Column, details, shaded_table, table
from reviewdesk.report.html import element
from reviewdesk.report.page import Page, content_policy
from reviewdesk.report.panels import SCRIPT, Panel, panels
from reviewdesk.report.timeline import Bars, timeline
from tests.report.reading import Reader

CHROMIUM = shutil.which("chromium")


def page() -> Page:
    made = Page("A page", "with panels", "Test", SCRIPT)
    chart = timeline(["2014", "2015"], [Bars("Reviews", [3, 1200])], title="Chart", caption="c")
    rows = [["b", "1,000", "(−3)"], ["a", "20", "+10"], ["c", "300", "–"]]
    columns = [Column("Name", numeric=False), Column("Reviews"), Column("Trend")]
    made.section("Overview", table("All", columns, rows, sortable=True))
    made.section(
        "Panels",
        panels(
            "Category",
            [
                Panel("category-0", "All", chart),
                Panel("category-1", "Books </h3><script>alert(1)</script>", element("p", "books")),
                Panel("category-2", "Toys", details("More", element("p", "folded"))),
            ],
        ),
    )
    return made


def test_without_script_every_panel_is_there() -> None:
    read = Reader(page().render())
    sections = [one for one in read.all("section") if one.get("class") == "panel"]
    assert [one["id"] for one in sections] == ["category-0", "category-1", "category-2"]
    assert not any("hidden" in one for one in sections)
    assert read.all("select") == []


def test_the_policy_allows_this_script_and_no_other() -> None:
    markup = page().render()
    policy = content_policy(SCRIPT)
    assert len(Reader(markup).all("script")) == 1
    assert "script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "script-src" not in content_policy()
    assert not re.search(r"fetch|XMLHttp|import\(|http:|https:|innerHTML|eval\(", SCRIPT)


def test_a_shaded_table_leaves_out_what_is_not_there() -> None:
    import numpy as np

    shares = np.array([[np.nan, 0.4], [0.0, 1.0]])
    cells = Reader(shaded_table("Overlap", "stars", ["1", "2"], shares).markup).all("td")
    assert [cell["class"] for cell in cells[1:]] == ["none", "hit-4", "hit-1", "hit-10"]


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_choosing_pointing_and_sorting_in_a_browser(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "page.html"
    page().write(path)
    problems: list[str] = []
    requests: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 390, "height": 800})
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.on("request", lambda request: requests.append(request.url))
        tab.goto(path.as_uri())

        def shown() -> list[str]:
            found: list[str] = tab.eval_on_selector_all(
                ".panel:not([hidden])", "panels => panels.map(panel => panel.id)"
            )
            return found

        assert shown() == ["category-0"]
        tab.hover("svg[data-values]", position={"x": 250, "y": 60})
        assert tab.inner_text(".tip") == "2015\nReviews: 1,200"
        tab.focus("svg[data-values]")
        tab.keyboard.press("ArrowLeft")
        assert tab.inner_text(".tip") == "2014\nReviews: 3"
        tab.keyboard.press("Escape")
        assert tab.is_hidden(".tip")
        tab.select_option("select", "category-2")
        assert shown() == ["category-2"]
        assert tab.url.endswith("#category-2")
        tab.select_option("select", "")
        assert len(shown()) == 3

        def column() -> list[str]:
            found: list[str] = tab.eval_on_selector_all(
                "tbody th", "cells => cells.map(cell => cell.textContent)"
            )
            return found

        tab.click("th button >> text=Reviews")
        assert column() == ["b", "c", "a"]
        tab.click("th button >> text=Reviews")
        assert column() == ["a", "c", "b"]
        tab.click("th button >> text=Name")
        assert column() == ["a", "b", "c"]
        tab.click("th button >> text=Trend")
        assert column() == ["a", "b", "c"]
        assert tab.evaluate("document.documentElement.scrollWidth") == 390
        tab.goto(path.as_uri() + "#category-1")
        tab.reload()
        assert shown() == ["category-1"]
        browser.close()
    assert problems == []
    assert {url.partition("#")[0] for url in requests} == {path.as_uri()}
