import json
from typing import Any

import pytest

from reviewdesk.errors import PayloadTooLarge, RequestError
from reviewdesk.serving.instances import Instances, ReviewTexts
from reviewdesk.serving.media_types import CSV, JSON, JSON_LINES, LIBSVM, TEXT
from reviewdesk.serving.readers import read_instances


def read(media_type: str, body: str | bytes | Any, limit: int = 10) -> Instances:
    if not isinstance(body, str | bytes):
        body = json.dumps(body)
    return read_instances(media_type, body.encode() if isinstance(body, str) else body, limit)


def test_json_of_texts_and_objects() -> None:
    found = read(
        JSON,
        {
            "instances": [
                "one",
                {"source": "two"},
                {"review_headline": "h", "review_body": "three", "star_rating": 5},
                {"review_headline": None, "review_body": ""},
            ],
            "configuration": {"k": 2},
        },
    )
    assert [one.body for one in found.texts] == ["one", "two", "three", ""]
    assert [one.headline for one in found.texts] == [None, None, "h", None]
    assert found.wanted == [2, 2, 2, 2]
    assert found.batch().schema.names == ["review_headline", "review_body", "product_title"]


def test_json_lines_each_with_its_k() -> None:
    lines = '{"source": "one", "k": 3}\r\n\n{"review_body": "two\\nlines"}\n'
    found = read(JSON_LINES, lines)
    assert [one.body for one in found.texts] == ["one", "two\nlines"]
    assert found.wanted == [3, 1]


def test_text_is_one_review_a_line() -> None:
    found = read(TEXT, "one\r\n\ntwo \u2028 \x0b still two, a < b\n")
    assert [one.body for one in found.texts] == ["one", "", "two \u2028 \x0b still two, a < b"]


def test_a_byte_order_mark_is_no_text() -> None:
    assert read(TEXT, b"\xef\xbb\xbfone").texts == [ReviewTexts("one")]


@pytest.mark.parametrize(
    ("body", "headlines", "bodies"),
    [
        ("one\ntwo", [None, None], ["one", "two"]),
        ('"a, ""b""\nc"\r\n', [None], ['a, "b"\nc']),
        ("h,b\n\n,c\n", ["h", ""], ["b", "c"]),
        ("star_rating,review_body\n5,b\n", [None], ["b"]),
        ("review_body,x,review_headline\nb,1,h\n", ["h"], ["b"]),
        ("h\x00,b\n", ["h\x00"], ["b"]),
        ('"' + "a, " * 100_000 + '"', [None], ["a, " * 100_000]),
        (" Review_Body , REVIEW_HEADLINE\nb,h\n", ["h"], ["b"]),
        ("Review Headline,Source\nh,b\n", ["h"], ["b"]),
        ('""\n', [None], [""]),
    ],
)
def test_csv(body: str, headlines: list[str | None], bodies: list[str]) -> None:
    found = read(CSV, body)
    assert [(one.headline, one.body) for one in found.texts] == list(
        zip(headlines, bodies, strict=True)
    )


@pytest.mark.parametrize(
    ("media_type", "body", "told"),
    [
        (JSON, "", "no body"),
        (JSON, " \n ", "no body"),
        (JSON, b"\xff\xfe{", "UTF-8 at byte 0"),
        (JSON, "{", "not valid JSON"),
        (JSON, '{"instances": ["a"],}', "not valid JSON"),
        (JSON, '{"instances": ["a\x01"]}', "not valid JSON"),
        (JSON, "[" * 200_000, "nested too deep"),
        (JSON, '{"instances": ' + '{"source":' * 100_000, "nested too deep"),
        (JSON, '{"instances": [' + "9" * 5000 + "]}", "too many digits"),
        (JSON, '{"instances": [NaN]}', "NaN"),
        (JSON, '{"instances": ["a"], "configuration": {"k": Infinity}}', "Infinity"),
        (JSON, ["a"], "instances"),
        (JSON, {}, "instances"),
        (JSON, {"instances": "a"}, "instances"),
        (JSON, {"instances": None}, "instances"),
        (JSON, {"instances": [1]}, "instance 0"),
        (JSON, {"instances": ["a", ["b"]]}, "instance 1"),
        (JSON, {"instances": [{}]}, "instance 0"),
        (JSON, {"instances": [{"review_body": None}]}, "instance 0"),
        (JSON, {"instances": [{"source": "a", "review_headline": 1}]}, "review_headline"),
        (JSON, {"instances": ["a"], "configuration": [1]}, "configuration"),
        (JSON, '{"instances": ["a"], "configuration": {"k": 1e999}}', "k of configuration"),
        *((JSON, {"instances": ["a"], "configuration": {"k": k}}, "k of") for k in (0, -1, 2.0)),
        *((JSON, {"instances": ["a"], "configuration": {"k": k}}, "k of") for k in (True, "1")),
        (JSON_LINES, '{"source": "a"}\n{', "line 2 is not valid JSON"),
        (JSON_LINES, '{"source": "a", "k": 0}', "k of line 1"),
        (JSON_LINES, '"a"', "line 1"),
        (JSON_LINES, "[]", "line 1"),
        (CSV, "a,b,c\n", "without a header"),
        (CSV, "a,b\nc\n", "line 2"),
        (CSV, 'a\n"b', "line 2"),
        (CSV, '"a"b\n', "line 1"),
    ],
)
def test_refused_with_a_reason(media_type: str, body: Any, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        read(media_type, body)


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (JSON, {"instances": []}),
        (JSON, '{"instances": ["\\ud800"]}'),
        (CSV, "review_headline,review_body\n"),
    ],
)
def test_refused_as_a_batch(media_type: str, body: Any) -> None:
    with pytest.raises(RequestError):
        read(media_type, body).batch()


@pytest.mark.parametrize(
    ("media_type", "make"),
    [
        (JSON, lambda n: json.dumps({"instances": ["a"] * n})),
        (JSON_LINES, lambda n: '{"source": "a"}\n' * n),
        (TEXT, lambda n: "a\n" * n),
        (CSV, lambda n: "a\n" * n),
    ],
)
def test_the_number_of_reviews_is_limited(media_type: str, make: Any) -> None:
    assert len(read(media_type, make(10)).texts) == 10
    with pytest.raises(PayloadTooLarge, match="at most 10"):
        read(media_type, make(11))


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        (JSON, '{"instances": [secret]}'),
        (JSON, '{"instances": [{"secret": "secret"}]}'),
        (JSON_LINES, '{"source": "secret", "k": "secret"}'),
        (CSV, '"x"secret'),
        (CSV, "x,y\nsecret"),
        (CSV, "secret,secret,secret"),
    ],
)
def test_messages_never_quote_the_body(media_type: str, body: str) -> None:
    with pytest.raises(RequestError) as caught:
        read(media_type, body)
    assert "secret" not in str(caught.value)


def test_a_product_title_may_come_with_a_review() -> None:
    lines = '{"review_body": "one", "product_title": "Lamp"}\n{"source": "two"}'
    found = [read(JSON_LINES, lines), read(CSV, "review_body,product_title\none,Lamp\ntwo,\n")]
    titles = [one.batch().column("product_title").to_pylist() for one in found]
    assert titles == [["Lamp", None], ["Lamp", ""]]
    with pytest.raises(RequestError, match="product_title of line 1"):
        read(JSON_LINES, '{"review_body": "one", "product_title": 5}')


@pytest.mark.parametrize("body", ["\n", "\r\n", "\ufeff\n", " \n"])
def test_a_lone_blank_line_is_one_review(body: str) -> None:
    assert [one.body.strip() for one in read(TEXT, body).texts] == [""]
    assert [one.body.strip() for one in read(CSV, body).texts] == [""]


def test_libsvm_lines_with_labels_or_without() -> None:
    found = read(LIBSVM, "1 3:1 17:2\n3:0.5\n0\n")
    assert len(found) == 3
    assert found.batch().column("features").to_pylist() == [
        [{"index": 3, "value": 1.0}, {"index": 17, "value": 2.0}],
        [{"index": 3, "value": 0.5}],
        [],
    ]
    with pytest.raises(RequestError, match="line 2 is not one of LIBSVM"):
        read(LIBSVM, "1 3:1\n1 3:secret\n")
    with pytest.raises(PayloadTooLarge):
        read(LIBSVM, "1 3:1\n" * 11)


def test_features_in_json() -> None:
    lines = '{"features": "3:1 17:2", "k": 2}\n{"features": ""}\n'
    found = read(JSON_LINES, lines)
    assert found.wanted == [2, 1]
    assert [len(row) for row in found.batch().column("features").to_pylist()] == [2, 0]
    assert len(read(JSON, {"instances": [{"features": "1:1"}]})) == 1
    for wrong in ("1 3:1", "3:1\n4:1", "3", {"3": 1}):
        with pytest.raises(RequestError, match="features"):
            read(JSON, {"instances": [{"features": wrong}]})
    with pytest.raises(RequestError, match="not both"):
        read(JSON, {"instances": [{"features": "1:1"}, "a text"]})
