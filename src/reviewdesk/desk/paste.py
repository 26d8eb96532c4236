"""The page to paste a review into, as a tab of the desk."""

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from reviewdesk.desk.desk import Desk
from reviewdesk.desk.judges import Judge, judges_of
from reviewdesk.desk.page import answer, page
from reviewdesk.report.html import element
from reviewdesk.serving.service import Service


async def show(desk: Desk, request: Request) -> Response:
    """Show the page."""
    _, judges = await run_in_threadpool(_judges, desk)
    root = desk.settings.root_path
    back = element("p", element("a", desk.texts("paste.back"), href=f"{root}/"))
    markup, policy = page(judges, root, back, desk.texts)
    return HTMLResponse(markup, headers={"Content-Security-Policy": policy})


async def analyse(desk: Desk, request: Request) -> Response:
    """Answer what the page asks about a review."""
    service, judges = await run_in_threadpool(_judges, desk)
    return await answer(service, judges, request, desk.texts)


def _judges(desk: Desk) -> tuple[Service, Sequence[Judge]]:
    service = desk.service
    return service, judges_of(service.bundles)
