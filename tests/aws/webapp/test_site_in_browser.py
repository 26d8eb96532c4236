"""The page as a site of its own in Chromium, asking through each kind of gateway."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from reviewdesk.aws.webapp.gateway_events import KINDS
from reviewdesk.aws.webapp.local import local_app
from reviewdesk.aws.webapp.site import site_page
from reviewdesk.desk.judges import judges_of
from reviewdesk.errors import UsageError
from tests.aws.webapp.gateways import bundles
from tests.desk.test_browser import BASICS, CHROMIUM, browser, read

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="there is no /usr/bin/chromium"),
]
__all__ = ["browser"]


@pytest.fixture(params=KINDS)
def opened(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The site's page; it asks its own host and the gateway only, and reports no error."""
    with local_app(bundles(), kind=request.param) as app:
        page = browser.new_page()
        asked: set[str] = set()
        complaints: list[str] = []
        page.on("request", lambda sent: asked.add("/".join(sent.url.split("/")[:3])))
        page.on("console", lambda said: complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(app.site)
        yield page
        page.close()
        assert {one for one in asked if not one.startswith("data:")} <= {app.api, app.site}
        assert [one for one in complaints if "Failed to load resource" not in one] == []


def test_a_review_is_read_through_the_gateway(opened: Page) -> None:
    read(opened, "The sound is great and they are comfortable. <b>Easy</b> box. ☕")
    result = opened.get_by_label("What the desk found")
    expect(result.get_by_role("heading", level=2)).to_have_text("Positive")
    expect(result.locator(".side.for li")).to_have_text(["comfortable", "easy", "great"])
    assert opened.evaluate(BASICS) == []
    read(opened, " <br> ")
    expect(opened.get_by_role("alert")).to_contain_text("There is no text to read here")


def test_a_gateway_that_is_gone_or_throttles_is_said(browser: Browser) -> None:
    with local_app(bundles()) as app:
        page = browser.new_page()
        page.goto(app.site)
        throttled = {"status": 429, "body": '{"message": "Too Many Requests"}',
                     "headers": {"access-control-allow-origin": app.site}}  # fmt: skip
        page.route("**/desk/analyse", lambda route: route.fulfill(**throttled))
        read(page, "great")
        expect(page.get_by_role("alert")).to_contain_text("The desk is busy")
        page.unroute_all()
    read(page, "great")
    expect(page.get_by_role("alert")).to_contain_text("The desk cannot be reached")
    page.close()


def test_a_page_asks_addresses_only() -> None:
    markup = site_page(
        judges_of(bundles()), "https://a.execute-api.eu-central-1.amazonaws.com/live"
    )
    assert "connect-src https://a.execute-api.eu-central-1.amazonaws.com;" in markup
    for api in (
        "javascript:alert(1)",
        'https://a"b',
        "https://a/b?c",
        "https://a/'-alert(1)-'",
        "",
    ):
        with pytest.raises(UsageError):
            site_page(judges_of(bundles()), api)
