"""Requests that wait are scored together, and each gets what it would get alone."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.models.linear.classifier import Linear
from reviewdesk.models.tfidf_svc import TfidfSVC
from reviewdesk.serving.batching import Asked, Scoring
from reviewdesk.serving.service import Service
from reviewdesk.serving.traffic import Call, Scored
from reviewdesk.serving.variants import Variant
from reviewdesk.settings import ServeSettings
from tests.scoring import corpus
from tests.serving.process import Server, server
from tests.serving.test_same_scores import RAW

TEXTS = [*RAW, "", "👍", "great sound, poor battery", "It broke. " * 40]


@pytest.fixture(scope="module", params=[Linear, TfidfSVC])
def bundle_path(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A bundle that is asked in the event loop, and one that is asked in threads."""
    folder = tmp_path_factory.mktemp("batching")
    corpus.bundle(folder / "bundle", request.param)
    return folder / "bundle"


def asked(bundle: Bundle, body: bytes, kind: str = "application/json") -> Asked:
    call = Call("sentiment", {}, kind, kind, body)
    return Asked(call, Variant("A", bundle), "", len(body))


def body_of(*texts: str) -> bytes:
    return json.dumps({"instances": texts, "configuration": {"k": 2}}).encode()


def answers(bundle: Bundle, requests: list[Asked]) -> list[Scored | Exception]:
    service = Service({"sentiment": bundle}, ServeSettings(max_instances=50))
    scoring = Scoring(service.traffic, service.settings)
    return scoring.answer(requests)


def test_answers_are_the_same_alone_and_together(bundle_path: Path) -> None:
    bundle = load_bundle(bundle_path)
    bodies = [body_of(text) for text in TEXTS] + [body_of(*TEXTS), body_of(*reversed(TEXTS))]
    together = answers(bundle, [asked(bundle, body) for body in bodies])
    alone = [answers(bundle, [asked(bundle, body)])[0] for body in bodies]
    assert together == alone
    assert all(isinstance(one, Scored) for one in alone)


def test_an_error_of_one_is_none_of_another(bundle_path: Path) -> None:
    bundle = load_bundle(bundle_path)
    bad = [b"{", b'{"instances": []}', b'{"instances": ["\\ud800"]}', body_of(*["x"] * 51)]
    good = body_of("great")
    found = answers(bundle, [asked(bundle, body) for body in (bad[0], good, *bad[1:], good)])
    (alone,) = answers(bundle, [asked(bundle, good)])
    assert found[1] == found[-1] == alone
    told = [str(one) for one in found if isinstance(one, Exception)]
    assert [
        next(part for part in ("not valid JSON", "holds no review", "surrogate", "at most 50")
             if part in sentence) for sentence in told
    ] == ["not valid JSON", "holds no review", "surrogate", "at most 50"]  # fmt: skip


def test_crowds_over_http_get_what_predict_says(bundle_path: Path) -> None:
    bundle = load_bundle(bundle_path)
    expected = {
        text: dict(zip(bundle.labels, bundle.predict_proba(raw(bundle, text))[0], strict=True))
        for text in TEXTS
    }
    with server(str(bundle_path)) as one, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda text: ask(one, text), TEXTS * 20))
    for text, probabilities in zip(TEXTS * 20, found, strict=True):
        assert probabilities == expected[text]


def raw(bundle: Bundle, text: str) -> pa.RecordBatch:
    columns = dict.fromkeys(bundle.settings.text.fields, "")
    return bundle.clean(pa.RecordBatch.from_pylist([{**columns, "review_body": text}]))


def ask(one: Server, text: str) -> dict[str, np.float32]:
    answer = httpx.post(f"{one.url}/invocations", content=body_of(text), trust_env=False,
                        headers={"content-type": "application/json"})  # fmt: skip
    (told,) = answer.json()
    labels = [label.removeprefix("__label__") for label in told["label"]]
    return dict(zip(labels, map(np.float32, told["prob"]), strict=True))


def test_a_model_that_takes_long_is_asked_once_for_all_that_wait() -> None:
    with server() as one:
        first = threading.Thread(target=ask, args=(one, "wait"))
        others = [threading.Thread(target=ask, args=(one, "wait")) for _ in range(30)]
        for client in (first, *others):
            client.start()
        assert one.says() == "working"
        one.let_go_on(31)
        for client in (first, *others):
            client.join(60)
        assert not any(client.is_alive() for client in (first, *others))
