"""Content-Type and Accept: which format a request is in and which the answer has."""

from email.message import Message
from typing import Final

from reviewdesk.errors import NotAcceptable, UnsupportedMediaType

JSON: Final = "application/json"
JSON_LINES: Final = "application/jsonlines"
CSV: Final = "text/csv"
TEXT: Final = "text/plain"

MEDIA_TYPES: Final = (JSON, JSON_LINES, CSV, TEXT)
"""What the server reads and writes."""


def request_type(content_type: str | None, content_encoding: str | None = None) -> str:
    """Return the media type of a request's body.

    Args:
        content_type: the header Content-Type.
        content_encoding: the header Content-Encoding.

    Raises:
        UnsupportedMediaType: it is none that the server reads, or not plain UTF-8.
    """
    media_type = (content_type or "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise UnsupportedMediaType(f"the Content-Type must be one of: {', '.join(MEDIA_TYPES)}")
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
    are answered in kind too, unless Accept prefers another of the formats.

    Args:
        media_type: that of the request.
        accept: the header Accept.

    Raises:
        NotAcceptable: Accept allows none of the formats.
    """
    if media_type in (JSON, JSON_LINES) or not (accept or "").strip():
        return media_type
    order = (media_type, *(one for one in MEDIA_TYPES if one != media_type))
    for wanted in _by_preference(accept or ""):
        for offered in order:
            if wanted in ("*/*", offered) or wanted == offered.partition("/")[0] + "/*":
                return offered
    raise NotAcceptable(f"the answer can be one of: {', '.join(MEDIA_TYPES)}")


def _by_preference(accept: str) -> list[str]:
    """Return the media ranges of an Accept header, most wanted first, refused ones left out."""
    weighted = []
    for part in accept.split(","):
        media_range, _, parameters = part.partition(";")
        weighted.append((_quality(parameters), media_range.strip().lower()))
    weighted.sort(key=lambda one: -one[0])  # stable: the header's order among equals
    return [media_range for quality, media_range in weighted if quality > 0]


def _quality(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
