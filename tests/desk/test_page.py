import base64
import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reviewdesk.bundle import Bundle
from reviewdesk.desk.judges import BundleJudge
from reviewdesk.desk.page import SAMPLES, page
from reviewdesk.desk.texts import Texts
from tests.serving.fakes import category, sentiment, stars
from tests.serving.process import Server


def page_of(bundles: list[Bundle]) -> tuple[str, str]:
    return page([BundleJudge(bundle) for bundle in bundles])


@pytest.fixture
def client(running: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, trust_env=False) as one:
        yield one


def test_the_policy_allows_the_pages_own_style_and_script_only() -> None:
    markup, policy = page_of([sentiment()])
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", markup, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in markup
    assert not re.findall(r"\son\w+=", markup)


def test_the_page_asks_nobody_else() -> None:
    markup, _ = page_of([sentiment()])
    addresses = set(re.findall(r"https?://[^'\"\s)]+", markup))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", markup)


def test_samples_are_escaped() -> None:
    markup, _ = page_of([sentiment()])
    assert markup.count('class="sample"') == len(SAMPLES)
    assert "Nice &amp;amp; warm" in markup
    assert "Fits <b>" not in markup


def test_the_page_says_what_is_served() -> None:
    one, _ = page_of([category()])
    assert "The desk says what kind of product it is about, how sure" in one
    assert "6 categories" in one
    all_of_them, _ = page_of([sentiment(), stars(), category()])
    assert "positive or negative, how many stars it would get and what kind" in all_of_them
    assert "4 to 5 stars, negative like reviews with 1 to 3 stars" in all_of_them
    assert "<!-- " not in all_of_them
    assert "{{" not in all_of_them


def test_the_page_in_another_language(tmp_path: Path) -> None:
    file = tmp_path / "de.toml"
    file.write_text(
        'language = "de"\n[paste]\nheading = "Was sagt <sie>?"\n'
        '[paste.promised]\nsentiment = "ob sie gut ist"\n[script]\nslow = "Zu \\"langsam\\""\n',
        encoding="utf-8",
    )
    markup, policy = page([BundleJudge(sentiment())], say=Texts.load(file))
    assert '<html lang="de">' in markup
    assert "Was sagt &lt;sie&gt;?" in markup
    assert "ob sie gut ist" in markup
    (said,) = re.findall(r'data-say="([^"]*)"', markup)
    assert json.loads(html.unescape(said))["slow"] == 'Zu "langsam"'
    assert policy == page_of([sentiment()])[1]  # the script is the same


def test_get(client: httpx.Client) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'sha256-" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_analyse(client: httpx.Client) -> None:
    review = {"review_headline": "Great", "review_body": "Lovely sound"}
    answer = client.post("/desk/analyse", json=review)
    assert answer.status_code == 200
    assert [one["target"] for one in answer.json()["judgements"]] == [
        "sentiment",
        "stars",
        "category",
    ]


@pytest.mark.parametrize(
    ("review", "status"),
    [
        ({"review_headline": "", "review_body": ""}, 400),
        ({"review_headline": None, "review_body": "a"}, 400),
        ({"review_body": "a"}, 400),
        (["a"], 400),
        ("a", 400),
        ({"review_headline": "", "review_body": "a" * 20_001}, 413),
        ({"review_headline": "", "review_body": "a" * 7_000_000}, 413),
    ],
)
def test_analyse_refuses(client: httpx.Client, review: Any, status: int) -> None:
    answer = client.post("/desk/analyse", json=review)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_analyse_refuses_other_bodies(client: httpx.Client) -> None:
    json_type = {"content-type": "application/json"}
    surrogate = b'{"review_headline": "", "review_body": "\\ud800"}'
    assert client.post("/desk/analyse", content=surrogate, headers=json_type).status_code == 400
    assert client.post("/desk/analyse", content=b"\xff", headers=json_type).status_code == 400
    assert client.post("/desk/analyse", content=b"[" * 99_999, headers=json_type).status_code == 400
    # A form of another site can send text/plain without asking; it cannot send JSON.
    assert client.post("/desk/analyse", content=b"{}").status_code == 415
    assert client.get("/desk/analyse").status_code == 405


def test_a_desk_that_learned_from_generated_reviews_says_so() -> None:
    assert "generated reviews" not in page_of([sentiment()])[0]
    example = sentiment()
    example.manifest["data"]["rows"] = {"reviews": 100, "generated": 100}
    assert "This desk is an example: it learned from generated reviews" in page_of([example])[0]
    assert "An example: Verdict: it learned" in page_of([example, stars()])[0]
    few = sentiment()
    few.manifest["data"]["rows"] = {"reviews": 10_000, "generated": 2}
    assert "generated reviews" not in page_of([few])[0]
