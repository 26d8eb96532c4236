"""`predict --endpoint`: any file through any endpoint gives the table of the bundle itself."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.scoring import endpoint
from reviewdesk.scoring.endpoint import EndpointPredictor, HttpEndpoint
from reviewdesk.scoring.predict import predict
from reviewdesk.settings import CleanSettings
from tests.cli.conftest import run_cli
from tests.scoring import corpus
from tests.serving.process import Server, server
from tests.serving.test_same_scores import raw_reviews


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("endpoint")
    raw_reviews(path / "raw.tsv")
    bundle = corpus.bundle(path / "bundle")
    predict(bundle, corpus.inputs(path / "raw.tsv"), path / "local.parquet")
    return path


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Server]:
    with server(str(folder / "bundle")) as one:
        yield one


def same(asked: Path, folder: Path) -> bool:
    return bool(pq.read_table(asked).equals(pq.read_table(folder / "local.parquet")))


@pytest.mark.parametrize("path", ["", "/endpoints/sentiment/invocations"])
def test_the_table_is_that_of_the_bundle_in_every_bit(
    served: Server, folder: Path, tmp_path: Path, path: str
) -> None:
    out = tmp_path / "found.parquet"
    done = run_cli(
        "predict", "--no-rows", "--endpoint", served.url + path, folder / "raw.tsv", "--out", out
    )
    assert done.code == 0, done.err
    assert "reviews a second" in done.err
    assert same(out, folder)
    assert (
        "already"
        in run_cli(
            "predict",
            "--no-rows",
            "--endpoint",
            served.url + path,
            folder / "raw.tsv",
            "--out",
            out,
        ).out
    )


def test_an_endpoint_by_name_through_boto3(
    served: Server, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": served.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "found.parquet"
    done = run_cli(
        "predict", "--no-rows", "--endpoint", "sentiment", folder / "raw.tsv", "--out", out
    )
    assert done.code == 0, done.err
    assert same(out, folder)
    refused = run_cli(
        "predict", "--no-rows", "--endpoint", "nobody", folder / "raw.tsv", "--out", out
    )
    assert refused.code == 3


class Flaky:
    """A server that answers as SageMaker's BlazingText does, and fails when it is told to."""

    def __init__(self) -> None:
        self.failures: list[int] = []
        self.sizes: list[int] = []
        self.reviews: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                instances = json.loads(body)["instances"]
                outer.sizes.append(len(body))
                outer.reviews.append(len(instances))
                status = outer.failures.pop(0) if outer.failures else 200
                answers = [
                    {"label": ["__label__good", "__label__bad"][:: 1 if len(one) % 2 else -1],
                     "prob": [0.75, 0.25]}
                    for one in instances
                ]  # fmt: skip
                self._answer(status, json.dumps(answers).encode())

            def do_GET(self) -> None:
                self._answer(404, b"{}")

            def log_message(self, *args: object) -> None:
                pass

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.predictors: list[EndpointPredictor] = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def predictor(self) -> EndpointPredictor:
        self.predictors.append(EndpointPredictor(HttpEndpoint(self.url)))
        return self.predictors[-1]


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    monkeypatch.setattr(endpoint, "FIRST_PAUSE", 0.001)
    one = Flaky()
    yield one
    for predictor in one.predictors:
        predictor.close()
    one.server.shutdown()
    one.server.server_close()


def texts(n: int, letters: int = 10) -> pa.RecordBatch:
    return pa.record_batch({"review_body": ["x" * (letters + i % 7) for i in range(n)]})


def test_order_is_kept_and_busy_answers_are_asked_again(flaky: Flaky) -> None:
    predictor = flaky.predictor()
    assert predictor.labels == ["bad", "good"]
    flaky.failures = [503, 200, 429, 500, 200, 200, 504]
    found = predictor.predict_proba(texts(3_001))
    expected = [0.75 if (10 + i % 7) % 2 else 0.25 for i in range(3_001)]
    assert found[:, 1].tolist() == expected
    assert len(flaky.sizes) == 1 + 7 + 4  # the probe, the batches, and four of them again


def test_requests_are_within_the_limits(flaky: Flaky) -> None:
    predictor = flaky.predictor()
    predictor.predict_proba(texts(1_200, letters=20_000))
    assert max(flaky.sizes) <= 6_291_456
    assert max(flaky.reviews) <= 500
    assert sum(flaky.reviews) == 1_201


def test_what_an_endpoint_refuses_is_not_asked_again(flaky: Flaky) -> None:
    predictor = flaky.predictor()
    flaky.failures = [400]
    with pytest.raises(InputError, match="400"):
        predictor.predict_proba(texts(3))
    assert len(flaky.sizes) == 2


def test_a_run_that_was_broken_off_goes_on_where_it_was(
    flaky: Flaky, folder: Path, tmp_path: Path
) -> None:
    out, whole = tmp_path / "found.parquet", tmp_path / "whole.parquet"
    raw = corpus.inputs(folder / "raw.tsv")
    predict(flaky.predictor(), raw, whole, part_rows=50)
    asked = len(flaky.sizes)
    flaky.failures = [200, 200, 200, *[503] * 6]
    with pytest.raises(StorageError, match="goes on where it was"):
        predict(flaky.predictor(), raw, out, part_rows=50)
    flaky.sizes.clear()
    predict(flaky.predictor(), raw, out, part_rows=50)
    assert pq.read_table(out).equals(pq.read_table(whole))
    assert len(flaky.sizes) == asked - 2


def test_what_is_no_endpoint_is_said(folder: Path, tmp_path: Path, flaky: Flaky) -> None:
    for url in ("ftp://host", "http://", "http://user:secret@host"):
        with pytest.raises(UsageError):
            HttpEndpoint(url)
    with pytest.raises(StorageError, match="did not answer"):
        EndpointPredictor(HttpEndpoint("http://127.0.0.1:9"))
    words = (
        "predict",
        "--endpoint",
        flaky.url,
        folder / "raw.tsv",
        "--out",
        tmp_path / "o.parquet",
    )
    assert run_cli(*words, "--evidence", "3").code == 2
    assert run_cli("predict", folder / "bundle", "--out", tmp_path / "o.parquet").code == 2


def test_a_prepared_folder_gives_the_table_of_the_bundle(
    served: Server, folder: Path, tmp_path: Path
) -> None:
    prepared = corpus.prepared(folder / "raw.tsv", tmp_path / "prepared")
    predict(load_bundle(folder / "bundle"), prepared, tmp_path / "local.parquet")
    found = tmp_path / "found.parquet"
    done = run_cli(
        "predict", "--no-rows", "--endpoint", served.url, tmp_path / "prepared", "--out", found
    )
    assert done.code == 0, done.err
    assert same(found, tmp_path)
    corpus.prepared(folder / "raw.tsv", tmp_path / "other", CleanSettings(html=False))
    refused = run_cli(
        "predict", "--no-rows", "--endpoint", served.url, tmp_path / "other", "--out", found
    )
    assert "cleaned with other settings" in refused.err


def test_what_is_cleaned_is_not_cleaned_again(served: Server) -> None:
    for text, cleaned in (("a &lt;b&gt; great", False), ("a <b> great", True)):
        configuration = {"k": 2, "cleaned": cleaned}
        body = {"instances": [text, "great &amp; waste"], "configuration": configuration}
        answer = httpx.post(f"{served.url}/invocations", json=body, trust_env=False).json()
        if not cleaned:
            first = answer[0]
    assert answer[0] == first
    body["configuration"] = {"cleaned": "yes"}
    told = httpx.post(f"{served.url}/invocations", json=body, trust_env=False)
    assert "cleaned of configuration must be true or false" in told.text


def test_the_python_face_asks_an_endpoint_as_a_model(
    served: Server, folder: Path, tmp_path: Path
) -> None:
    texts = ["great sound", "waste of the price", ""]
    model = rd.load(folder / "bundle")
    with rd.endpoint(served.url) as remote:
        assert remote.labels == model.labels
        assert remote.target == "sentiment"
        assert np.array_equal(remote.predict_proba(texts), model.predict_proba(texts))
        assert remote.predict(pd.Series(texts)).tolist() == model.predict(texts).tolist()
        remote.predict_file(folder / "raw.tsv", tmp_path / "found.csv")
        remote.predict_file(
            rd.prepare(folder / "raw.tsv", tmp_path / "prepared"), tmp_path / "found.parquet"
        )
    model.predict_file(folder / "raw.tsv", tmp_path / "local.csv")
    found, local = (pd.read_csv(tmp_path / name) for name in ("found.csv", "local.csv"))
    assert found["label"].tolist() == local["label"].tolist()
    assert set(pq.read_table(tmp_path / "found.parquet")["label"].to_pylist()) <= set(model.labels)
    with pytest.raises(UsageError, match="no address of an endpoint"):
        rd.endpoint("ftp://nowhere")
