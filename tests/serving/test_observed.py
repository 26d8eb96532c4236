"""What the server counts and logs, and where a proxy has it."""

import re
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reviewdesk.errors import UsageError
from reviewdesk.serving.metrics import Metrics
from reviewdesk.serving.service import Service
from reviewdesk.settings import CleanSettings, ServeSettings
from tests.serving.fakes import sentiment
from tests.serving.process import Server, server
from tests.serving.raw import connect, head, read, request

TEXT = {"content-type": "text/plain"}
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: str) -> Samples:
    """Read metrics with Prometheus' own parser."""
    return {
        (
            sample.name.removeprefix("reviewdesk_"),
            tuple(sorted(sample.labels.items())),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def behind() -> Iterator[Server]:
    with server(access_log=True, root_path="/shop/reviews", max_body_bytes=1000) as one:
        yield one


@pytest.fixture
def shop(behind: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=behind.url, timeout=60, trust_env=False) as one:
        yield one


def test_what_is_counted(behind: Server, shop: httpx.Client) -> None:
    before = samples(shop.get("/metrics").text)
    shop.post("/invocations", content="secret\ngood", headers=TEXT)
    shop.post("/endpoints/stars/invocations", content="good", headers=TEXT)
    shop.post("/invocations", content="secret" * 1000, headers=TEXT)
    shop.get("/secret?secret")
    with connect(behind) as connection:
        connection.sendall(b"SECRET\r\n\r\n")
        assert read(connection).status == 400
    answer = shop.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "secret" not in answer.text.lower()
    after = samples(answer.text)
    counted = {key: after[key] - before.get(key, 0) for key in after}
    invocations = ("route", "/invocations")
    for key, count in {
        ("http_requests_total", (invocations, ("status", "200"))): 1,
        ("http_requests_total", (invocations, ("status", "413"))): 1,
        ("http_requests_total", (("route", "other"), ("status", "404"))): 1,
        ("reviews_total", (("endpoint", "sentiment"),)): 2,
        ("reviews_total", (("endpoint", "stars"),)): 1,
        ("errors_total", (("code", "payload_too_large"),)): 1,
        ("errors_total", (("code", "not_found"),)): 1,
        ("connections_refused_total", (("code", "bad_request"),)): 1,
        ("http_request_seconds_count", (invocations,)): 2,
        ("http_request_seconds_bucket", (("le", "+Inf"), invocations)): 2,
    }.items():
        assert counted[key] == count, key
    assert 0 < counted["http_request_seconds_sum", (invocations,)] < 60
    assert after["connections", ()] >= 1
    assert after["requests_working", ()] == after["requests_queued", ()] == 0


def test_buckets_are_cumulated() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.02, 100):
        metrics.count_request("/ping", 200, seconds, None)
    found = samples(metrics.text())
    buckets = [
        found["http_request_seconds_bucket", (("le", end), ("route", "/ping"))]
        for end in ("0.001", "0.01", "0.025", "30", "+Inf")
    ]
    assert buckets == [1, 1, 2, 2, 3]


def test_the_log_has_a_line_a_request_and_no_text() -> None:
    with server(access_log=True) as one:
        httpx.post(f"{one.url}/invocations?secret", content="secret", headers=TEXT, trust_env=False)
        with connect(one) as connection:
            connection.sendall(head(target="/secret", method="SECRET"))
            assert read(connection).status == 404
        with connect(one) as connection:
            connection.sendall(head("Content-Length: 9"))
        told = one.end()
    assert "secret" not in told.lower()
    lines = [re.fullmatch(r'127\.0\.0\.1 - - \[.*? \+0000\] "(.*?)" (\d+) (\d+) \d+\.\d{3}', line)
             for line in told.splitlines()]  # fmt: skip
    found = [line.groups() for line in lines if line]
    assert len(found) == len(lines) == 3
    assert found[0][:2] == ("POST /invocations HTTP/1.1", "200")
    assert int(found[0][2]) > 0
    assert found[1][:2] == ("- other HTTP/1.1", "404")
    assert found[2][1] in ("400", "499")


@pytest.mark.parametrize("prefix", ["", "/shop/reviews"])
def test_a_proxy_may_cut_its_part_off_or_not(shop: httpx.Client, prefix: str) -> None:
    assert shop.get(f"{prefix}/ping").status_code == 200
    answer = shop.post(f"{prefix}/endpoints/stars/invocations", content="good", headers=TEXT)
    assert answer.status_code == 200
    page = shop.get(f"{prefix}/")
    assert 'fetch("/shop/reviews/desk/analyse"' in page.text
    review = {"review_headline": "", "review_body": "good"}
    assert shop.post(f"{prefix}/desk/analyse", json=review).status_code == 200


@pytest.mark.parametrize("path", ["/shop/reviewsping", "/shop/ping", "/shop/reviews/nothing"])
def test_other_paths_of_a_proxy(shop: httpx.Client, path: str) -> None:
    assert shop.get(path).status_code == 404


def test_endpoints_are_listed(shop: httpx.Client) -> None:
    found = shop.get("/endpoints").json()["endpoints"]
    assert [one["name"] for one in found] == ["sentiment", "stars", "category"]
    assert found[0] == {
        "name": "sentiment",
        "address": "/shop/reviews/endpoints/sentiment/invocations",
        "target": "sentiment",
        "labels": ["negative", "positive"],
        "family": "word-counter",
        "bundle": "word-counter-sentiment",
        "reads": ["review_headline", "review_body"],
        "clean": CleanSettings().to_json(),
        "learned_from_generated": False,
        "rests_on": "",
        "variants": {"AllTraffic": 1.0},
    }
    answer = shop.post(found[1]["address"], content="good", headers=TEXT)
    assert answer.status_code == 200


@pytest.mark.parametrize("root_path", ["reviews", "/", "/reviews/", "/a b", "/<script>", "//a"])
def test_root_paths_that_are_none(root_path: str) -> None:
    with pytest.raises(UsageError, match="root path"):
        Service({"a": sentiment()}, ServeSettings(root_path=root_path))


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://127.0.0.1:8080/invocations", 200),
        ("HTTP://localhost/invocations?x=http://y", 200),
        ("http://127.0.0.1", 405),
        ("http://evil.example/invocations", 400),  # a page that has its name point here
        ("http://evil.example@127.0.0.1/invocations", 400),
    ],
)
def test_a_whole_url(running: Server, target: str, status: int) -> None:
    with connect(running) as connection:
        connection.sendall(request(b"good", target=target))
        assert read(connection).status == status
