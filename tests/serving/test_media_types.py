import pytest

from reviewdesk.errors import NotAcceptable, UnsupportedMediaType
from reviewdesk.serving.media_types import (
    CSV,
    JSON,
    JSON_LINES,
    LIBSVM,
    TEXT,
    answer_type,
    request_type,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("application/json", JSON),
        ("Application/JSON; charset=UTF-8", JSON),
        ("application/jsonlines", JSON_LINES),
        ("text/csv; header=present", CSV),
        ('text/plain; charset="utf-8"', TEXT),
        ("text/x-libsvm", LIBSVM),
        ("text/libsvm; charset=utf-8", LIBSVM),
    ],
)
def test_request_type(header: str, expected: str) -> None:
    assert request_type(header) == expected


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        (None, None),
        ("", None),
        ("text", None),
        ("application/x-www-form-urlencoded", None),
        ("application/json; charset=utf-16", None),
        ("application/json", "gzip"),
    ],
)
def test_request_type_refused(header: str | None, encoding: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        request_type(header, encoding)


@pytest.mark.parametrize(
    ("given", "accept", "expected"),
    [
        (JSON, "application/jsonlines", JSON),  # BlazingText: Accept is ignored unless it is equal
        (JSON_LINES, "application/json", JSON_LINES),
        (JSON, "image/png", JSON),
        (TEXT, None, TEXT),
        (TEXT, " ", TEXT),
        (TEXT, "*/*", TEXT),
        (CSV, "application/json", JSON),
        (LIBSVM, None, CSV),
        (LIBSVM, "application/jsonlines", JSON_LINES),
        (LIBSVM, "*/*", CSV),
        (CSV, "text/*", CSV),
        (CSV, "text/csv;q=0.1, application/jsonlines;q=0.9", JSON_LINES),
        (TEXT, "text/html, application/xml;q=0.9, */*;q=0.8", TEXT),
        (TEXT, "text/plain;q=x, text/csv", CSV),
        (TEXT, "text/plain;q=0, */*", JSON),
        (TEXT, "*/*, text/plain;q=0", JSON),
        (TEXT, "application/*;q=0, */*;q=0.1, text/plain;q=0", CSV),
        (TEXT, "text/plain;q=0.1, */*;q=0.8", JSON),
        (TEXT, "TEXT/PLAIN; Q=0, text/*", CSV),
    ],
)
def test_answer_type(given: str, accept: str | None, expected: str) -> None:
    assert answer_type(given, accept) == expected


@pytest.mark.parametrize(
    "accept", ["image/png", "text/csv;q=0", "*/*;q=0", "text/*;q=0.0", ";;,,", "a" * 10_000]
)
def test_answer_type_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        answer_type(CSV, accept)
