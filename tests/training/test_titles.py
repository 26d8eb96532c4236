"""The product's title as a field that a classifier reads, from training to an endpoint's answer."""

import json
from pathlib import Path

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.explain import explain
from reviewdesk.scoring.predict import predict
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.train import train
from tests.scoring import corpus
from tests.serving.process import server

FIELDS = ("review_headline", "review_body", "product_title")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    """Reviews whose stars go with a word of the title; in a body the same word says nothing."""
    place = tmp_path_factory.mktemp("titles")
    random = np.random.default_rng(0)
    lines = ["review_id,product_id,product_title,star_rating,review_headline,review_body"]
    for number in range(400):
        good = number % 2
        other = random.choice(["deluxe", "basic"])
        title = f"Lamp <b>{'Deluxe' if good else 'Basic'}</b>"
        body = f"a {other} thing that I own {random.integers(999)}"
        lines.append(f"r{number},p{number},{title},{5 if good else 1},{other},{body}")
    (place / "r.csv").write_text("\n".join(lines) + "\n")
    return corpus.prepared(place / "r.csv", place / "prepared")


@pytest.mark.parametrize("model", ["linear", "tfidf-svc", "naive-bayes"])
def test_titles_are_read_where_they_are_asked_for(
    data: PreparedData, tmp_path: Path, model: str
) -> None:
    split = SplitSettings(by="review")
    without = train(data, tmp_path / "without", model=model, split=split)
    assert without.bundle.classifier.columns_ == FIELDS[:2]
    assert without.bundle.metrics["figures"]["accuracy"]["value"] < 0.7
    text = TextSettings(fields=FIELDS)
    found = train(data, tmp_path / "with", model=model, text=text, split=split).bundle
    assert found.classifier.columns_ == FIELDS
    assert found.metrics["figures"]["accuracy"]["value"] > 0.95
    assert evaluate(found, data).measures.figures["accuracy"].value > 0.95
    one = explain(found, "a basic thing", title="<i>Deluxe</i> chair")
    assert (one.label, one.evidence[0].word) == ("positive", "deluxe")
    assert explain(found, "a deluxe thing", title="Basic").label == "negative"


def test_the_same_in_a_table_and_from_the_endpoint(data: PreparedData, tmp_path: Path) -> None:
    text, target = TextSettings(fields=FIELDS), TargetSettings()
    bundle = train(data, tmp_path / "bundle", text=text, target=target).bundle
    predict(bundle, data, tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    wanted = dict(
        zip(table["review_id"].to_pylist(), table["probability"].to_pylist(), strict=True)
    )
    rows = data.table(["review_id", *FIELDS]).to_pylist()[:20]
    with server(str(tmp_path / "bundle")) as one:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        headers = {"content-type": "application/jsonlines"}
        answer = httpx.post(
            f"{one.url}/invocations", content=lines, headers=headers, trust_env=False
        )
        page = httpx.get(one.url, trust_env=False).text
        review = {"review_headline": "", "review_body": "a basic thing", "product_title": "Deluxe"}
        judged = httpx.post(f"{one.url}/desk/analyse", json=review, trust_env=False).json()
    found = [json.loads(line)["prob"][0] for line in answer.text.splitlines()]
    expected = [wanted[row["review_id"]] for row in rows]
    assert np.array_equal(np.array(found, np.float32), np.array(expected, np.float32))
    assert '<input id="title"' in page
    assert judged["judgements"][0]["label"] == "positive"
