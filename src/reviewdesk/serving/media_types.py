"""Content-Type and Accept: which format a request is in and which the answer has."""

from collections.abc import Mapping
from email.message import Message
from functools import lru_cache
from typing import Final

from reviewdesk.errors import NotAcceptable, UnsupportedMediaType

JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonlines"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"
LIBSVM: Final = "text/x-libsvm"

MEDIA_TYPES: Final = (JSON, JSON_LINES, CSV, TEXT)
"""What the server writes; it reads them and LIBSVM."""

READ_TYPES: Final = (*MEDIA_TYPES, LIBSVM)
_OTHER_NAMES: Final = {"text/libsvm": LIBSVM}  # SageMaker's XGBoost takes both


_TELL: Final = ("known_words=true", 'known_words="true"')


@lru_cache(maxsize=64)
def request_type(content_type: str | None, content_encoding: str | None = None) -> str:
    """Return the media type of a request's body.

    Args:
        content_type: the header Content-Type.
        content_encoding: the header Content-Encoding.

    Raises:
        UnsupportedMediaType: it is none that the server reads, or not plain UTF-8.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    media_type = _OTHER_NAMES.get(media_type, media_type)
    if media_type not in READ_TYPES:
        raise UnsupportedMediaType(f"the Content-Type must be one of: {', '.join(READ_TYPES)}")
    header = Message()
    header["content-type"] = content_type or ""
    if str(header.get_param("charset", "utf-8")).lower() not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMediaType("the body must be UTF-8")
    if (content_encoding or "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("the body must not be compressed")
    return media_type


def answer_type(media_type: str, accept: str | None) -> str:
    """Return the media type of the answer.

    Like BlazingText, JSON and JSON lines are answered in kind and Accept is ignored. Text and CSV
    are answered in kind too, and LIBSVM as CSV, unless Accept prefers another of the formats.

    Args:
        media_type: that of the request.
        accept: the header Accept.

    Raises:
        NotAcceptable: Accept allows none of the formats.
    """
    media_type = CSV if media_type == LIBSVM else media_type
    if media_type in (JSON, JSON_LINES) or not (accept or "").strip():
        return media_type
    ranges = _ranges(accept or "")
    wanted = {one: _matching(one, ranges) for one in (media_type, *MEDIA_TYPES)}
    accepted = {one: place for one, place in wanted.items() if place and place[0] < 0}
    if not accepted:
        raise NotAcceptable(f"the answer can be one of: {', '.join(MEDIA_TYPES)}")
    return min(accepted, key=lambda one: accepted[one])


def _ranges(accept: str) -> dict[str, tuple[float, int]]:
    """Return the media ranges of an Accept header: their negative weight, and their place in it."""
    ranges = {}
    for place, part in enumerate(accept.split(",")):
        media_range, _, parameters = part.partition(";")
        ranges[media_range.strip().lower()] = -_quality(parameters), place
    return ranges


@lru_cache(maxsize=64)
def tells_known_words(*headers: str | None) -> bool:
    """Say whether Content-Type or Accept has the parameter ``known_words=true``.

    Formats without a place for options ask in this way for how many words of a review are known.
    """
    parameters = ";".join(header or "" for header in headers).replace(",", ";").lower().split(";")
    return any("".join(one.split()) in _TELL for one in parameters)


def _matching(media_type: str, ranges: Mapping[str, tuple[float, int]]) -> tuple[float, int] | None:
    """Return what the most specific range says of a media type (RFC 9110, 12.5.1)."""
    for media_range in (media_type, media_type.partition("/")[0] + "/*", "*/*"):
        if media_range in ranges:
            return ranges[media_range]
    return None


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
