"""The page and its addresses: ``GET /`` and ``POST /desk/analyse``.

The page is one answer with its style and script inside. Its Content-Security-Policy allows those
two by their digests and nothing else, so nothing that gets into the page as text can run, and
nothing leaves for another host.
"""

import base64
import functools
import hashlib
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from reviewdesk.desk.analysis import analyse
from reviewdesk.desk.by_accept import ANALYSE
from reviewdesk.desk.judges import Judge, Pasted, judges_of
from reviewdesk.desk.texts import Texts
from reviewdesk.desk.wording import heading
from reviewdesk.errors import RequestError, UnsupportedMediaType
from reviewdesk.report.html import Child, element, escaped, fragment
from reviewdesk.serving.batching import is_large
from reviewdesk.serving.body import read_body
from reviewdesk.serving.media_types import JSON, request_type
from reviewdesk.serving.readers import parse_json
from reviewdesk.serving.service import Service
from reviewdesk.settings import ServeSettings

SAMPLES: Final = ("happy", "complaint", "both", "irony", "short", "copied")
_NAME: Final = re.compile(r"\{\{([\w.-]+)\}\}")
_SAID_BY_SCRIPT: Final = ("hint", "read", "reading")
"""Sentences of ``paste`` that the script says, too."""


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


def page(
    judges: Sequence[Judge], root_path: str = "", back: Child = "", say: Texts | None = None
) -> tuple[str, str]:
    """Return the page's markup and its Content-Security-Policy.

    Args:
        judges: who is asked.
        root_path: where a proxy in front has the server.
        back: a way back to where the page belongs.
        say: the desk's sentences; None for English.
    """
    say = say or Texts.english()
    said = {**say.below("script"), **{name: say(f"paste.{name}") for name in _SAID_BY_SCRIPT}}
    style = _file("page.css")
    script = _file("page.js").replace(ANALYSE, root_path + ANALYSE)
    parts = {
        "/* style */": style,
        "/* script */": script,
        "<!-- back -->": fragment(back).markup,
        "<!-- say -->": escaped(json.dumps(said)),
        "<!-- promise -->": _promise(say, [one.target for one in judges]),
        "<!-- samples -->": _samples(say),
        "<!-- example -->": _example(say, judges) + _without_labels(say, judges),
        "<!-- meanings -->": _meanings(say, judges),
    }
    title = _file("title.html") if any(one.reads_title for one in judges) else ""
    markup = _file("page.html").replace("<!-- title -->", title)
    markup = _NAME.sub(lambda name: escaped(say(name[1])), markup)
    for mark, part in parts.items():
        markup = markup.replace(mark, part)
    policy = (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return markup, policy


async def answer(
    service: Service, judges: Sequence[Judge], request: Request, say: Texts | None = None
) -> Response:
    """Answer what the page asks about a review."""
    body = await body_of(request, service.settings)
    large = is_large(body)
    async with service.hold(large):
        review = pasted(body)
        found = await service.run(
            functools.partial(analyse, judges, review, say or Texts.english()), large
        )
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


def _promise(say: Texts, targets: Sequence[str]) -> str:
    named = [f"paste.promised.{one}" for one in targets if say.has(f"paste.promised.{one}")]
    said = [say(name) for name in named or ["paste.promised.other"]]
    what = said[-1]
    if len(said) > 1:
        what = say("paste.and", first=", ".join(said[:-1]), last=what)
    return escaped(say("paste.promise", what=what))


def _example(say: Texts, judges: Sequence[Judge]) -> str:
    """Say which judgements are those of examples."""
    learnt = [heading(say, one.target) for one in judges if one.is_example]
    if not learnt:
        return ""
    why = say("paste.why_example")
    said = say("paste.is_example", why=why)
    if len(learnt) < len(judges):
        said = say("paste.are_examples", which=", ".join(learnt), why=why)
    return element("p", said, class_="example", role="note").markup


def _without_labels(say: Texts, judges: Sequence[Judge]) -> str:
    """Say which judgements nobody taught, and on what they rest."""
    said = [
        say("paste.said", title=heading(say, one.target), text=one.rests_on)
        for one in judges
        if one.rests_on
    ]
    return "".join(element("p", one, class_="example", role="note").markup for one in said)


def _samples(say: Texts) -> str:
    """Return reviews to try the desk with, written for it."""
    buttons = [
        element(
            "button",
            say(f"sample.{name}.name"),
            type="button",
            class_="sample",
            data_headline=say(f"sample.{name}.headline"),
            data_body=say(f"sample.{name}.body"),
        )
        for name in SAMPLES
    ]
    return fragment(*buttons).markup


def _meanings(say: Texts, judges: Sequence[Judge]) -> str:
    """Return what each judgement means."""
    said = [
        fragment(element("dt", heading(say, one.target)), element("dd", one.meaning(say)))
        for one in judges
    ]
    return fragment(*said).markup


def _file(name: str) -> str:
    return (files("reviewdesk.desk") / name).read_text("utf-8")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
