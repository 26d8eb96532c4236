"""The same raw review gets the same probabilities through prepare and predict and over HTTP."""

import json
from pathlib import Path

import httpx
import numpy as np
import pyarrow.parquet as pq

from reviewdesk.schema import REVIEWS
from reviewdesk.scoring.predict import predict
from tests.scoring import corpus
from tests.serving.process import server

RAW = (
    '<br />It&#39;s \\"bad\\" &amp; b\u0301roke<br><br />after a < b week',
    "<script>great()</script>The <i>battery</i> is fine\u00a0and works\x07.",
    "caf\u00e9 cafe\u0301 &lt;b&gt;perfect&lt;/b&gt; \U0001f600 waste\u200b of the price",
)


def raw_reviews(path: Path) -> dict[str, dict[str, str]]:
    """Write raw reviews and return headline and body of each, as they stand in the file."""
    corpus.write_reviews(path, 200)
    lines = path.read_text().splitlines()
    row = dict(zip(REVIEWS.names, lines[1].split("\t"), strict=True))
    for number, body in enumerate(RAW):
        odd = {**row, "review_id": f"odd{number}", "review_headline": body, "review_body": body}
        lines.append("\t".join(odd.values()))
    path.write_text("\n".join(lines) + "\n")
    rows = [dict(zip(REVIEWS.names, line.split("\t"), strict=True)) for line in lines[1:]]
    return {
        row["review_id"]: {name: row[name] for name in ("review_headline", "review_body")}
        for row in rows
    }


def test_bit_for_bit(tmp_path: Path) -> None:
    raw = raw_reviews(tmp_path / "raw.tsv")
    bundle = corpus.bundle(tmp_path / "bundle")
    prepared = corpus.prepared(tmp_path / "raw.tsv", tmp_path / "prepared")
    predict(bundle, prepared, tmp_path / "predictions.parquet")
    table = pq.read_table(tmp_path / "predictions.parquet")
    ids = table.column("review_id").to_pylist()
    expected = np.array(table.column("probabilities").to_pylist(), dtype=np.float32)  # (n, 2)
    assert set(ids) == set(raw)

    lines = "".join(json.dumps({**raw[one], "k": 2}) + "\n" for one in ids)
    with server(str(tmp_path / "bundle")) as one:
        url = f"{one.url}/endpoints/sentiment/invocations"
        headers = {"content-type": "application/jsonlines"}
        answer = httpx.post(url, content=lines, headers=headers, trust_env=False)
    answers = [json.loads(line) for line in answer.text.splitlines()]
    found = np.array(
        [dict(zip(one["label"], one["prob"], strict=True))["__label__positive"] for one in answers],
        dtype=np.float32,
    )
    assert np.array_equal(found, expected[:, 1])
    likeliest = np.array(["__label__negative", "__label__positive"])[expected.argmax(axis=1)]
    assert [one["label"][0] for one in answers] == likeliest.tolist()
