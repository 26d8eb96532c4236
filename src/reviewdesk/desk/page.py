"""The page and its addresses: ``GET /`` and ``POST /desk/analyse``.

The page is one answer with its style and script inside. Its Content-Security-Policy allows those
two by their digests and nothing else, so nothing that gets into the page as text can run, and
nothing leaves for another host.
"""

import base64
import functools
import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from reviewdesk.bundle import EXAMPLE
from reviewdesk.desk.analysis import analyse
from reviewdesk.desk.by_accept import ANALYSE
from reviewdesk.desk.judges import Judge, Pasted, judges_of
from reviewdesk.desk.samples import SAMPLES
from reviewdesk.desk.wording import TITLES
from reviewdesk.errors import RequestError, UnsupportedMediaType
from reviewdesk.report.html import Child, element, fragment
from reviewdesk.serving.batching import is_large
from reviewdesk.serving.body import read_body
from reviewdesk.serving.media_types import JSON, request_type
from reviewdesk.serving.readers import parse_json
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings

PROMISES: Final = {
    "sentiment": "whether it is positive or negative",
    "stars": "how many stars it would get",
    "category": "what kind of product it is about",
    "category-year": "what kind of product it is about and from which year it is",
    "category-stars": "what kind of product it is about and how many stars it would get",
    "labels": "which labels fit it",
    "label": "which of the labels that people gave fits it best",
}


def routes(service: Service) -> Sequence[BaseRoute]:
    """Return the addresses of the page and of what it asks.

    Args:
        service: what is served; the first bundle of each target is asked.
    """
    shown = functools.lru_cache(maxsize=1)(page)  # until other bundles are served

    async def show(request: Request) -> Response:
        markup, policy = shown(tuple(judges_of(service.bundles)), service.settings.root_path)
        return HTMLResponse(markup, headers={"Content-Security-Policy": policy})

    async def ask(request: Request) -> Response:
        return await answer(service, judges_of(service.bundles), request)

    return [Route("/", show), Route(ANALYSE, ask, methods=["POST"])]


def page(judges: Sequence[Judge], root_path: str = "", back: Child = "") -> tuple[str, str]:
    """Return the page's markup and its Content-Security-Policy.

    Args:
        judges: who is asked.
        root_path: where a proxy in front has the server.
        back: a way back to where the page belongs.
    """
    style = _file("page.css")
    script = _file("page.js").replace(ANALYSE, root_path + ANALYSE)
    parts = {
        "/* style */": style,
        "/* script */": script,
        "<!-- back -->": fragment(back).markup,
        "<!-- promise -->": _promise([one.target for one in judges]),
        "<!-- samples -->": _samples(),
        "<!-- example -->": _example(judges) + _without_labels(judges),
        "<!-- title -->": _file("title.html") if any(one.reads_title for one in judges) else "",
        "<!-- meanings -->": _meanings(judges),
    }
    markup = _file("page.html")
    for mark, part in parts.items():
        markup = markup.replace(mark, part)
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return markup, policy


async def answer(service: Service, judges: Sequence[Judge], request: Request) -> Response:
    """Answer what the page asks about a review."""
    body = await body_of(request, service.settings)
    large = is_large(body)
    async with service.hold(large):
        review = pasted(body)
        found = await service.run(functools.partial(analyse, judges, review), large)
    return JSONResponse(found)


async def body_of(request: Request, settings: ServeSettings) -> bytes:
    """Return the JSON that the page sent.

    Raises:
        UnsupportedMediaType: it is something else.
        PayloadTooLarge: it is too long.
    """
    sent = request.headers
    if request_type(sent.get("content-type"), sent.get("content-encoding")) != JSON:
        raise UnsupportedMediaType(f"the Content-Type must be {JSON}")
    return await read_body(sent, request.receive, settings.max_body_bytes)


def pasted(body: bytes) -> Pasted:
    """Return the review that the page sent.

    Raises:
        RequestError: it is none.
    """
    try:
        value = parse_json(body.decode(), "the body")
        title = value.get("product_title", "")
        review = Pasted(value["review_headline"], value["review_body"], title)
        "".join(review).encode()
    except (UnicodeError, TypeError, KeyError, AttributeError) as error:
        raise RequestError(
            'the body must be {"review_headline": "...", "review_body": "..."}'
        ) from error
    return review


def _promise(targets: Sequence[str]) -> str:
    told = [PROMISES[one] for one in targets if one in PROMISES] or ["what it is"]
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return fragment(f"Paste a customer review. The desk says {listed}, how sure it is, and "
                    "which words led it there.").markup  # fmt: skip


def _example(judges: Sequence[Judge]) -> str:
    """Say which judgements are those of examples."""
    learnt = [TITLES.get(one.target, one.target) for one in judges if one.is_example]
    if not learnt:
        return ""
    what = (
        "This desk is an example"
        if len(learnt) == len(judges)
        else (f"An example: {', '.join(learnt)}")
    )
    return element("p", f"{what}: {EXAMPLE}.", class_="example", role="note").markup


def _without_labels(judges: Sequence[Judge]) -> str:
    """Say which judgements nobody taught, and on what they rest."""
    told = [
        f"{TITLES.get(one.target, one.target)}: {one.rests_on}." for one in judges if one.rests_on
    ]
    return "".join(element("p", one, class_="example", role="note").markup for one in told)


def _samples() -> str:
    buttons = [
        element(
            "button",
            sample.name,
            type="button",
            class_="sample",
            data_headline=sample.headline,
            data_body=sample.body,
        )
        for sample in SAMPLES
    ]
    return fragment(*buttons).markup


def _meanings(judges: Sequence[Judge]) -> str:
    """Return what each judgement means."""
    told = [
        fragment(element("dt", TITLES.get(one.target, one.target)), element("dd", one.meaning))
        for one in judges
    ]
    return fragment(*told).markup


def _file(name: str) -> str:
    return (files("reviewdesk.desk") / name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
