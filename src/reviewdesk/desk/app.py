"""The desk's web application: which address shows what, and who may ask for it."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from reviewdesk.desk import (
    activity,
    delivered,
    digest,
    files,
    findings_list,
    login,
    paste,
    products,
    queue,
    reports,
    reviews_page,
    shell,
)
from reviewdesk.desk.accounts import allowed
from reviewdesk.desk.by_accept import ANALYSE
from reviewdesk.desk.desk import Desk
from reviewdesk.desk.session import ADMIN, AGENT, Session
from reviewdesk.desk.visit import FRAGMENT, Visit, cookie_of, visit_of
from reviewdesk.errors import Forbidden, LoginNeeded, ReviewdeskError
from reviewdesk.report.html import element
from reviewdesk.serving.answers import answer_error
from reviewdesk.serving.app import guards
from reviewdesk.serving.metrics import Metrics

GET: Final = "GET"
POST: Final = "POST"
_FOREVER: Final = "public, max-age=31536000, immutable"


class Address(NamedTuple):
    """One address: what answers there, and the role that it needs.

    Args:
        path: with names of parts in braces.
        method: GET or POST; what changes anything is POST.
        role: the least role that may ask; empty for everybody.
        answer: what answers.
    """

    path: str
    method: str
    role: str
    answer: Callable[[Visit], Response]


ADDRESSES: Final = (
    Address("/", GET, AGENT, queue.show),
    Address("/queue/next", POST, AGENT, queue.following),
    Address("/decide", POST, AGENT, queue.act),
    Address("/undo", POST, AGENT, queue.undo),
    Address("/findings", GET, AGENT, findings_list.show),
    Address("/findings/bulk/confirm", POST, AGENT, findings_list.confirm),
    Address("/findings/bulk", POST, AGENT, findings_list.act),
    Address("/findings/export/{kind}", GET, AGENT, findings_list.export),
    Address("/findings/{finding_id}", GET, AGENT, queue.show_finding),
    Address("/products", GET, AGENT, products.search),
    Address("/products/{product_id:path}", GET, AGENT, products.show),
    Address("/categories/{category:path}", GET, AGENT, products.category),
    Address("/customers/{customer}", GET, AGENT, products.customer),
    Address("/reviews", GET, AGENT, reviews_page.show),
    Address("/reviews/export/{kind}", GET, ADMIN, reviews_page.export),
    Address("/reviews/{review_id:path}", GET, AGENT, reviews_page.show_one),
    Address("/delivered", GET, AGENT, delivered.show),
    Address("/delivered/answers", GET, AGENT, delivered.answers),
    Address("/reports", GET, AGENT, reports.show),
    Address("/reports/{page:path}", GET, AGENT, reports.one),
    Address("/digest", GET, AGENT, digest.show),
    Address("/digest.json", GET, AGENT, digest.feed),
    Address("/take-in", POST, ADMIN, digest.take_in),
    Address("/activity", GET, AGENT, activity.show),
    Address("/decisions/export/{kind}", GET, AGENT, files.decisions),
    Address("/name", POST, AGENT, activity.rename),
    Address("/login", GET, "", login.show),
    Address("/login", POST, "", login.log_in),
    Address("/logout", POST, AGENT, login.log_out),
    Address("/audit", GET, ADMIN, login.events),
)


def create_app(desk: Desk, metrics: Metrics) -> Starlette:
    """Return the application.

    Args:
        desk: what is on the desk.
        metrics: where requests are counted.
    """
    routes = [
        *(Route(one.path, _endpoint(desk, one), methods=[one.method]) for one in ADDRESSES),
        Route("/paste", _open(desk, paste.show)),
        Route(ANALYSE, _open(desk, paste.analyse), methods=[POST]),
        Route(shell.STYLE_ADDRESS, _static(shell.STYLE, "text/css")),
        Route(shell.SCRIPT_ADDRESS, _static(shell.SCRIPT, "text/javascript")),
        Route("/ping", _ping),
    ]

    async def answer(request: Request, error: Exception) -> Response:
        return await _error(desk, request, error)

    app = Starlette(
        routes=routes,
        middleware=guards(desk.settings, metrics, [route.path for route in routes]),
        exception_handlers={ReviewdeskError: answer, HTTPException: answer},
    )
    app.router.redirect_slashes = False  # a redirect would name a host that the client chose
    return app


def _endpoint(desk: Desk, address: Address) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = desk.sessions.read(cookie_of(request))
        known = session is not None
        session = session or desk.sessions.new()
        _check_role(desk, session, address.role)
        visit = await visit_of(desk, request, session)
        await run_in_threadpool(desk.renew)
        answer = await run_in_threadpool(address.answer, visit)
        if not known and "set-cookie" not in answer.headers:
            activity.set_cookie(answer, visit, desk.sessions.cookie(session))
        return answer

    return endpoint


def _check_role(desk: Desk, session: Session, role: str) -> None:
    """Refuse who may not.

    Raises:
        LoginNeeded: nobody has logged in.
        Forbidden: the role does not suffice.
    """
    if allowed(session, role):
        return
    if not session.role:
        raise LoginNeeded(desk.texts("error.login"))
    raise Forbidden(desk.texts("error.role", role=desk.texts(f"role.{role}")))


def _open(
    desk: Desk, answer: Callable[[Desk, Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = desk.sessions.read(cookie_of(request)) or desk.sessions.new()
        _check_role(desk, session, AGENT)
        return await answer(desk, request)

    return endpoint


async def _error(desk: Desk, request: Request, error: Exception) -> Response:
    """Answer with a page where a person asks, else with JSON."""
    wants_page = "text/html" in request.headers.get("accept", "")
    if not wants_page or FRAGMENT in request.headers:
        return await answer_error(request, error)
    if isinstance(error, LoginNeeded) and request.method == GET:
        root = desk.settings.root_path
        return RedirectResponse(f"{root}/login?{urlencode({'back': request.url.path})}", 303)
    status = HTTPStatus.INTERNAL_SERVER_ERROR.value
    message = desk.texts("error.title")
    if isinstance(error, ReviewdeskError):
        status, message = error.http_status, str(error)
    elif isinstance(error, HTTPException):
        status = error.status_code
        known = f"error.{status}"
        message = desk.texts(known) if desk.texts.has(known) else desk.texts("error.other")
    session = desk.sessions.read(cookie_of(request)) or Session("", "", "")
    visit = Visit(desk, session, "/", {}, {}, {}, {}, fragment=False)
    back = element("p", element("a", desk.texts("error.back"), href=visit.to("/")))
    return shell.page(
        visit, "", desk.texts("error.title"), element("p", message), back, status=status
    )


def _static(content: str, media: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return Response(content, media_type=media, headers={"Cache-Control": _FOREVER})

    return endpoint


async def _ping(request: Request) -> Response:
    return Response(status_code=HTTPStatus.OK)
