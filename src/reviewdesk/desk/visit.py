"""One request as pages see it: who asks, for what, with which words."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, quote, urlencode

from starlette.requests import Request

from reviewdesk.desk.desk import Desk
from reviewdesk.desk.session import COOKIE, TOKEN, Session
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import Forbidden, RequestError, UnsupportedMediaType
from reviewdesk.serving.body import read_body
from reviewdesk.serving.guards import is_loopback

MOST_FORM_BYTES: Final = 262_144
MOST_FIELDS: Final = 200
LONGEST_FIELD: Final = 4_000
FRAGMENT: Final = "x-reviewdesk-fragment"
_FORM: Final = "application/x-www-form-urlencoded"
_HOST: Final = re.compile(r"(?:[\w.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True)
class Visit:
    """One request.

    Args:
        desk: what is on the desk.
        session: who asks.
        path: the address asked for.
        names: parts of the address, as the route calls them.
        query: fields of the address, each once.
        form: fields of what was sent, each once.
        several: fields of what was sent that may be there several times.
        fragment: whether the desk's own script asks, for a part of a page.
        client: the address it comes from.
        secure: whether it came by TLS, as far as is known, so that cookies may be kept to that.
        origin: scheme, host and port at which the desk was reached; empty unless known.
    """

    desk: Desk
    session: Session
    path: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    form: Mapping[str, str]
    several: Mapping[str, list[str]]
    fragment: bool
    client: str = ""
    secure: bool = False
    origin: str = ""

    @property
    def root(self) -> str:
        """Where a proxy in front has the desk."""
        return self.desk.settings.root_path

    def to(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Return an address of the desk."""
        fields = {name: value for name, value in (query or {}).items() if value}
        return f"{self.root}{quote(path)}" + (f"?{urlencode(fields)}" if fields else "")

    def whole(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """Return an address of the desk for programs elsewhere, with its scheme and host."""
        return self.origin + self.to(path, query)


async def visit_of(desk: Desk, request: Request, session: Session) -> Visit:
    """Read a request.

    Raises:
        RequestError: it cannot be read.
        Forbidden: what was sent does not come from a page of the desk.
    """
    sent: dict[str, list[str]] = {}
    if request.method == "POST":
        sent = await _form(request, desk.texts)
        if not desk.sessions.is_token(session, _first(sent).get(TOKEN, "")):
            raise Forbidden(desk.texts("error.token"))
    return Visit(
        desk=desk,
        session=session,
        path=request.url.path,
        names=dict(request.path_params),
        query=_first(_fields(request.url.query, desk.texts)),
        form=_first(sent),
        several=sent,
        fragment=FRAGMENT in request.headers,
        client=request.client.host if request.client else "",
        secure=is_secure(request),
        origin=_origin(request),
    )


def is_secure(request: Request) -> bool:
    """Say whether a browser that asks has to be on TLS: all but those on this machine itself."""
    if _forwarded(request, "proto") == "https":
        return True
    return request.url.scheme == "https" or not is_loopback(request.url.hostname or "")


def _origin(request: Request) -> str:
    """Return by which scheme and host the desk was reached; a proxy in front says it in headers."""
    host = _forwarded(request, "host") or request.headers.get("host", "")
    scheme = "https" if _forwarded(request, "proto") == "https" else request.url.scheme
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else ""


def _forwarded(request: Request, name: str) -> str:
    """Return what the first of the proxies in front has said; empty without."""
    return request.headers.get(f"x-forwarded-{name}", "").partition(",")[0].strip().lower()


def cookie_of(request: Request) -> str:
    """Return the session's cookie; empty without."""
    return request.cookies.get(COOKIE, "")


async def _form(request: Request, say: Texts) -> dict[str, list[str]]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request.headers, request.receive, MOST_FORM_BYTES)
    if body and kind != _FORM:
        raise UnsupportedMediaType(say("error.form_type", type=_FORM))
    try:
        return _fields(body.decode(), say)
    except UnicodeDecodeError as error:
        raise RequestError(say("error.fields")) from error


def _fields(text: str, say: Texts) -> dict[str, list[str]]:
    try:
        fields = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except (ValueError, UnicodeError) as error:
        raise RequestError(say("error.fields")) from error
    if any(len(value) > LONGEST_FIELD for values in fields.values() for value in values):
        raise RequestError(say("error.long_field", n=LONGEST_FIELD))
    return fields


def _first(fields: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[0].replace("\x00", "") for name, values in fields.items()}
