"""The addresses as a client meets them, over HTTP to a real process."""

import json
import threading
from typing import Any

import httpx
import numpy as np
import pytest

from tests.serving.process import Server


def invoke(client: httpx.Client, instances: list[Any], k: int = 1) -> httpx.Response:
    request = {"instances": instances, "configuration": {"k": k}}
    return client.post("/invocations", json=request)


def test_ping(client: httpx.Client) -> None:
    answer = client.get("/ping")
    assert (answer.status_code, answer.content) == (200, b"")


def test_execution_parameters(client: httpx.Client) -> None:
    found = client.get("/execution-parameters").json()
    assert set(found) == {"MaxConcurrentTransforms", "BatchStrategy", "MaxPayloadInMB"}
    assert found["BatchStrategy"] == "MULTI_RECORD"
    assert found["MaxPayloadInMB"] == 6
    assert 1 <= found["MaxConcurrentTransforms"] * 6 <= 100


def test_json(client: httpx.Client) -> None:
    body = {"review_headline": "awful", "review_body": "<b>broke</b>"}
    answer = invoke(client, ["great", body], k=2)
    assert answer.headers["content-type"] == "application/json"
    first, second = answer.json()
    assert first["label"] == ["__label__positive", "__label__negative"]
    assert second["label"] == ["__label__negative", "__label__positive"]
    assert sum(second["prob"]) == pytest.approx(1)


def test_known_words_are_told_on_request(client: httpx.Client) -> None:
    configuration = {"k": 1, "known_words": True}
    answer = client.post(
        "/invocations", json={"instances": ["great"], "configuration": configuration}
    ).json()[0]
    assert set(answer) == {"label", "prob", "known_words", "cannot_tell"}
    assert set(invoke(client, ["great"]).json()[0]) == {"label", "prob"}
    lines = '{"source": "great", "known_words": true}\n{"source": "great"}\n'
    headers = {"content-type": "application/jsonlines"}
    found = client.post("/invocations", content=lines, headers=headers).text.splitlines()
    assert ["known_words" in json.loads(line) for line in found] == [True, False]
    wrong = {"instances": ["a"], "configuration": {"known_words": 1}}
    assert client.post("/invocations", json=wrong).status_code == 400


@pytest.mark.parametrize(
    ("kind", "separator"), [("text/csv", ","), ("text/plain", "\t")], ids=["csv", "text"]
)
@pytest.mark.parametrize("header", ["Content-Type", "Accept"])
def test_lines_tell_known_words_on_request(
    client: httpx.Client, kind: str, separator: str, header: str
) -> None:
    headers = {"Content-Type": kind} | {header: f"{kind}; known_words=true"}
    answer = client.post("/invocations", content=b"great\nqxqxq\n", headers=headers)
    assert answer.status_code == 200
    known, unknown = (line.split(separator) for line in answer.text.splitlines())
    assert (len(known), len(unknown)) == (3, 3)
    assert known[2] == unknown[2] == ""  # this fake does not count
    plain = client.post("/invocations", content=b"great\n", headers={"Content-Type": kind})
    assert plain.text.strip().split(separator) == known[:2]


def test_json_lines_ignore_accept(client: httpx.Client) -> None:
    answer = client.post(
        "/invocations",
        content='{"source": "great", "k": 2}\n{"source": "bad"}',
        headers={"content-type": "application/jsonlines", "accept": "application/json"},
    )
    assert answer.headers["content-type"] == "application/jsonlines"
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [len(one["label"]) for one in found] == [2, 1]


def test_text_and_csv(client: httpx.Client) -> None:
    text = client.post("/invocations", content="great\nbad", headers={"content-type": "text/plain"})
    assert text.text.splitlines()[1].startswith("negative\t0.7")
    table = 'review_headline,review_body\nawful,"good, it ""works"""\n'
    rows = client.post("/invocations", content=table, headers={"content-type": "text/csv"})
    assert rows.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows.text.startswith("negative,0.7")


def test_libsvm_lines_are_refused_where_reviews_are_read(client: httpx.Client) -> None:
    headers = {"content-type": "text/x-libsvm"}
    answer = client.post("/invocations", content="1 3:1\n", headers=headers)
    assert answer.status_code == 415
    assert "reads reviews" in answer.json()["error"]["message"]


def test_order_is_kept(client: httpx.Client) -> None:
    counts = np.random.default_rng(0).integers(0, 5, 300).tolist()
    found = invoke(client, ["good " * n + "x" for n in counts]).json()
    expected = 1 / (1 + np.exp(-np.array(counts, dtype=np.float32)))
    assert [one["prob"][0] for one in found] == pytest.approx(expected.tolist())


def test_ten_thousand_and_one_more(client: httpx.Client) -> None:
    assert len(invoke(client, ["good"] * 10_000, k=2).json()) == 10_000
    refused = invoke(client, ["good"] * 10_001)
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "payload_too_large")


JSON = {"content-type": "application/json"}
CSV = {"content-type": "text/csv"}


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", JSON, 400, "bad_request"),
        (b"{", JSON, 400, "bad_request"),
        (b'{"instances": []}', JSON, 400, "bad_request"),
        (b'{"instances": [NaN]}', JSON, 400, "bad_request"),
        (b"[" * 1_000_000, JSON, 400, "bad_request"),
        (b'{"instances": [' + b"9" * 9999, JSON, 400, "bad_request"),
        (b'{"instances": ["\\udc00"]}', JSON, 400, "bad_request"),
        (b"a", {**CSV, "accept": "image/png"}, 406, "not_acceptable"),
        (b"a" * 6_291_457, JSON, 413, "payload_too_large"),
        (b"a", {}, 415, "unsupported_media_type"),
        (b"a", {"content-type": "x/y"}, 415, "unsupported_media_type"),
        (b"a", {**JSON, "content-encoding": "gzip"}, 415, "unsupported_media_type"),
        (b'{"instances": ["please fail"]}', JSON, 500, "error"),
    ],
)
def test_bodies_that_are_refused(
    client: httpx.Client, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    answer = client.post("/invocations", content=content, headers=headers)
    assert error_code(answer, status) == code
    assert invoke(client, ["good"]).status_code == 200  # the server goes on


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/invocations", 405, "method_not_allowed"),
        ("DELETE", "/endpoints/sentiment/invocations", 405, "method_not_allowed"),
        ("POST", "/ping", 405, "method_not_allowed"),
        ("POST", "/endpoints/nothing/invocations", 404, "unknown_endpoint"),
        ("POST", "/endpoints/%3Cb%3E/invocations", 404, "unknown_endpoint"),
        ("GET", "/invocations/", 404, "not_found"),
        ("GET", "/../../etc/passwd", 404, "not_found"),
    ],
)
def test_addresses_that_are_refused(
    client: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    assert error_code(client.request(method, path, headers=JSON), status) == code


def error_code(answer: httpx.Response, status: int) -> str:
    """Check an error's status and shape and return its code."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()
    assert set(error) == {"error"}
    assert set(error["error"]) == {"code", "message"}
    return str(error["error"]["code"])


def test_unknown_headers_are_ignored(client: httpx.Client) -> None:
    headers = {b"x-amzn-sagemaker-target-model": b"m", b"x-anything": b"\xe9\xff"}
    answer = client.post("/invocations", json={"instances": ["a"]}, headers=headers)
    assert answer.status_code == 200


def test_runtime_headers(client: httpx.Client) -> None:
    path = "/endpoints/stars/invocations"
    attributes = "x-amzn-sagemaker-custom-attributes"
    request = {"instances": ["good"]}
    answer = client.post(path, json=request, headers={attributes: "trace=1"})
    assert answer.headers[attributes] == "trace=1"
    assert answer.headers["x-amzn-invoked-production-variant"] == "AllTraffic"
    for name, value in (
        (attributes, "a" * 1025),
        ("x-amzn-sagemaker-inference-id", "a" * 65),
        ("x-amzn-sagemaker-target-variant", "other"),
    ):
        refused = client.post(path, json=request, headers={name: value})
        assert refused.status_code == 400
        assert refused.headers["x-amzn-errortype"] == "ValidationError"


def test_ten_clients_at_once(running: Server) -> None:
    right: list[bool] = []

    def ask(number: int) -> None:
        with httpx.Client(base_url=running.url, timeout=60, trust_env=False) as own:
            for _ in range(5):
                found = invoke(own, ["good " * number, "bad"], k=2).json()
                expected = 1 / (1 + np.exp(-np.float32(number)))
                right.append(found[0]["prob"][0] == pytest.approx(float(expected)))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert right == [True] * 50
