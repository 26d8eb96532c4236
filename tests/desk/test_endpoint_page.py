"""The page for people in front of endpoints elsewhere: ours, plain ones, SageMaker's by name."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anyio
import httpx
import pytest

from reviewdesk.cli.remote import remote_judges
from reviewdesk.desk.analysis import analyse
from reviewdesk.desk.endpoint_page import create_app
from reviewdesk.desk.judges import Judge, Pasted
from reviewdesk.desk.texts import Texts
from reviewdesk.errors import UsageError
from reviewdesk.scoring import endpoint
from reviewdesk.serving.metrics import Metrics
from reviewdesk.settings import ServeSettings
from tests.serving.process import Server

REVIEW = {"review_headline": "Great", "review_body": "Lovely <b>sound</b>, but it broke."}


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def ask(judges: list[Judge], review: Any = REVIEW) -> httpx.Response:
    return anyio.run(_ask, judges, review)


async def _ask(judges: list[Judge], review: Any) -> httpx.Response:
    app = create_app(judges, ServeSettings(), Metrics())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert "Paste a customer review" in (await client.get("/")).text
        assert (await client.get("/ping")).status_code == 200
        return await client.post("/desk/analyse", json=review)


def test_it_says_what_the_endpoint_s_own_page_says(running: Server, stack: ExitStack) -> None:
    places = [f"{running.url}/endpoints/{name}/invocations" for name in ("stars", "sentiment")]
    answer = ask(remote_judges(places, stack))
    assert answer.status_code == 200
    found = answer.json()
    own = httpx.post(f"{running.url}/desk/analyse", json=REVIEW).json()
    assert found["positivity"] == own["positivity"]
    assert [one["target"] for one in found["judgements"]] == ["sentiment", "stars"]
    for one, other in zip(found["judgements"], own["judgements"], strict=False):
        assert one["verdict"] == other["verdict"]
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-5)
        words = [{word["word"] for word in each["for"]["words"]} for each in (one, other)]
        assert words[0] == words[1]
    levels = {part["text"]: part["level"] for part in found["review"]["review_body"]}
    assert levels["Lovely"] > 0 > levels["broke"]


def test_one_of_sagemaker_s_by_its_name(
    running: Server, stack: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", running.url),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):
        monkeypatch.setenv(name, value)
    (judge,) = remote_judges(["sentiment=sentiment"], stack)
    found = ask([judge]).json()
    (one,) = found["judgements"]
    assert one["title"] == "Verdict"
    assert {word["word"] for word in one["for"]["words"]} >= {"great", "lovely"}
    with pytest.raises(UsageError, match="does not answer with the labels of stars"):
        remote_judges(["stars=sentiment"], stack)
    (judge,) = remote_judges(["category"], stack)  # an endpoint of ours says what it predicts
    assert judge.target == "category"


class Plain(BaseHTTPRequestHandler):
    """Answers as BlazingText's containers do: texts in, labels out, and nothing about itself."""

    protocol_version = "HTTP/1.1"
    asked: list[Any]
    status = 200

    def do_GET(self) -> None:
        self._answer(404, b"")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body["instances"])
        answers = [
            {"label": ["__label__yes", "__label__no"], "prob": [p, 1 - p]}
            for p in (0.9 if "wombat" in text else 0.2 for text in body["instances"])
        ]
        self._answer(self.status, json.dumps(answers).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def plain() -> Iterator[tuple[str, type[Plain]]]:
    handler = type("Handler", (Plain,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


def test_a_plain_endpoint_is_sent_texts(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.0)
    with plain() as (url, handler):
        (judge,) = remote_judges([url], stack)
        found = (ask([judge], {"review_headline": "A wombat", "review_body": "Yes."})).json()
        assert found["judgements"][0]["verdict"] == "yes"
        assert [word["word"] for word in found["judgements"][0]["for"]["words"]] == ["wombat"]
        assert handler.asked[-1][0] == "A wombat\nYes."
        assert found["judgements"][0]["certainty"].endswith("was not measured for texts like this.")
        nothing = analyse([judge], Pasted("", "..."), Texts.english())
        assert nothing["judgements"][0]["cannot_tell"]
        handler.status = 503
        answer = ask([judge])
        assert answer.status_code == 502
        assert "Lovely" not in answer.text
        handler.status = 413
        assert (ask([judge])).status_code == 502
        assert (ask([judge], {"review_headline": "", "review_body": ""})).status_code == 400


def test_the_command_shows_the_page_alone(running: Server) -> None:
    words = [sys.executable, "-m", "reviewdesk", "serve", "--port", "0"]
    both = [*words, "sentiment=x", "--endpoint", running.url]
    for refused in (words, both, [*words, "--endpoint", running.url, "--workers", "2"]):
        done = subprocess.run(refused, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stderr
    with subprocess.Popen(
        [*words, "--endpoint", running.url],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        page = re.search(r"the page: (http://\S+)", process.stderr.readline())
        assert page
        assert httpx.get(page[1]).status_code == 200
        answer = httpx.post(f"{page[1]}desk/analyse", json=REVIEW)
        assert answer.json()["judgements"][0]["target"] == "sentiment"
        process.terminate()
        assert process.wait() == 0
