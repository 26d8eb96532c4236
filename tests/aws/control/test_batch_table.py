"""`aws predict`: by a batch transform and by an endpoint the table is the one of the bundle."""

import json
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.aws.control.batch_table import _digest
from reviewdesk.errors import InputError
from reviewdesk.scoring.endpoint import EndpointPredictor, Refused
from reviewdesk.scoring.predict import predict
from reviewdesk.scoring.transformed import TransformedEndpoint, write_lines
from tests.aws.control.cloud import BUCKET, Cloud
from tests.cli.conftest import run_cli
from tests.scoring import corpus
from tests.serving.process import server
from tests.serving.test_same_scores import raw_reviews


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle, reviews, what it predicts, and what its container answers to each line."""
    path = tmp_path_factory.mktemp("batch")
    raw_reviews(path / "raw.tsv")
    corpus.bundle(path / "bundle")
    words = ("predict", path / "bundle", path / "raw.tsv", "--out")
    assert run_cli(*words, path / "local.csv").code == 0
    assert run_cli(*words, path / "local.parquet", "--no-rows").code == 0
    for name, data in (
        ("raw", corpus.inputs(path / "raw.tsv")),
        ("prepared", corpus.prepared(path / "raw.tsv", path / "prepared")),
    ):
        (path / f"{name}-lines").mkdir()
        (path / f"{name}-answers").mkdir()
        write_lines(data, path / f"{name}-lines")
    words = ("predict", path / "bundle", path / "prepared", "--out")
    assert run_cli(*words, path / "prepared.parquet").code == 0
    with server(str(path / "bundle")) as one:
        for lines in path.glob("*-lines/*.jsonl"):
            answer = httpx.post(
                f"{one.url}/invocations",
                content=lines.read_bytes(),
                headers={"content-type": "application/jsonlines"},
                trust_env=False,
            )
            assert answer.status_code == 200, answer.text
            out = lines.parent.with_name(lines.parent.name.replace("lines", "answers"))
            (out / f"{lines.name}.out").write_bytes(answer.content)
    return path


def transforms(aws: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let batch transforms find what the container answers: first raw files, then prepared ones."""
    names = iter(("raw", "raw", "prepared"))
    monkeypatch.setattr("reviewdesk.aws.control.batch_job.job_name", lambda *_: next(names, "x"))
    for out in folder.glob("*-answers/*"):
        job = out.parent.name.removesuffix("-answers")
        key = f"reviewdesk/shop/jobs/{job}/answers/{out.name}"
        aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=out.read_bytes())


def test_a_batch_transform_writes_the_table_of_the_bundle(
    aws: Cloud, folder: Path, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (
        *("aws", "predict", "none", folder / "raw.tsv", "--batch", "--config", config),
        *("--model", folder / "bundle", "--out"),
    )
    transforms(aws, folder, monkeypatch)
    done = run_cli(*words, tmp_path / "found.parquet", "--no-rows")
    assert done.code == 0, done.err
    local = pq.read_table(folder / "local.parquet")
    assert pq.read_table(tmp_path / "found.parquet").equals(local)
    done = run_cli(*words, tmp_path / "found.csv")
    assert done.code == 0, done.err
    assert (tmp_path / "found.csv").read_bytes() == (folder / "local.csv").read_bytes()
    prefix = f"reviewdesk/shop/data/transform/reviews-{_digest(folder / 'raw-lines')}/"
    sent = aws.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]
    assert [one["Key"] for one in sent] == [f"{prefix}00000.jsonl"]
    made = rd.aws_predict(
        *("none", folder / "prepared", tmp_path / "prepared.parquet"),
        config=config,
        model=str(folder / "bundle"),
    )
    assert made.status == "Completed"
    asked = pq.read_table(tmp_path / "prepared.parquet")
    assert asked.equals(pq.read_table(folder / "prepared.parquet"))
    aws.calls.clear()
    done = run_cli(*words, tmp_path / "dry.csv", "--dry-run")
    assert done.code == 0, done.err
    assert "sagemaker CreateTransformJob" in done.out
    assert not any("Create" in call for call in aws.calls)
    assert not (tmp_path / "dry.csv").exists()


def test_other_programs_answers_depend_on_the_text_alone(folder: Path, tmp_path: Path) -> None:
    sent = (folder / "raw-lines/00000.jsonl").read_bytes().splitlines()
    lines = [json.loads(line) for line in sent]
    labels = ["long" if len(one["source"]) > 60 else "short" for one in lines]
    rows = [
        {"label": [label, "short" if label == "long" else "long"], "prob": [0.75, 0.25]}
        for label in labels
    ]
    (tmp_path / "00000.jsonl.out").write_text("\n\n".join(map(json.dumps, rows)))
    with EndpointPredictor(TransformedEndpoint("x", folder / "raw-lines", tmp_path)) as predictor:
        predict(predictor, corpus.inputs(folder / "raw.tsv"), tmp_path / "found.parquet")
    found = pq.read_table(tmp_path / "found.parquet")
    assert found["label"].to_pylist() == labels


def test_answers_that_are_missing_are_said(folder: Path, tmp_path: Path) -> None:
    lines = folder / "raw-lines"
    with pytest.raises(InputError, match=r"no answer in 00000\.jsonl\.out"):
        TransformedEndpoint("x", lines, tmp_path)
    whole = (folder / "raw-answers/00000.jsonl.out").read_bytes()
    (tmp_path / "00000.jsonl.out").write_bytes(whole[: whole.rstrip().rindex(b"\n")])
    with pytest.raises(InputError, match=r"00000\.jsonl\.out holds [0-9,]+ answers to"):
        TransformedEndpoint("x", lines, tmp_path)
    (tmp_path / "00000.jsonl.out").write_text("positive,0.9\n")
    with pytest.raises(InputError, match="not one of a classifier"):
        TransformedEndpoint("x", lines, tmp_path)
    endpoint = TransformedEndpoint("x", lines, folder / "raw-answers")
    with pytest.raises(Refused, match="the data has changed"):
        endpoint.send(b'{"instances": [{"review_body": "never sent"}]}')
    endpoint.close()


def test_a_dry_run_shows_what_an_endpoint_would_be_sent(
    aws: Cloud, folder: Path, tmp_path: Path, config: Path
) -> None:
    done = run_cli(
        *("aws", "predict", "sentiment", folder / "raw.tsv", "--config", config, "--dry-run"),
        *("--out", tmp_path / "labelled.csv"),
    )
    assert done.code == 0, done.err
    assert done.out.startswith("sagemaker-runtime InvokeEndpoint")
    assert '"EndpointName": "sentiment"' in done.out
    assert "bytes)" in done.out
    assert not [call for call in aws.calls if "invocations" in call]


def test_files_of_features_are_labelled_as_they_are(
    aws: Cloud, tmp_path: Path, config: Path
) -> None:
    (tmp_path / "rows.libsvm").write_text("1 1:1 3:2\n0 2:1\n")
    model = f"s3://{BUCKET}/model.tar.gz"
    words = (
        *("aws", "predict", "none", tmp_path / "rows.libsvm", "--batch", "--config", config),
        *("--model", model, "--content-type", "text/x-libsvm", "--out"),
    )
    aws.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=b"x")
    done = run_cli(*words, tmp_path / "found.parquet")
    assert done.code == 2
    assert "give --out a folder" in done.err
    done = run_cli(*words, tmp_path / "out", "--dry-run")
    assert done.code == 0, done.err
    assert '"Accept": "text/csv"' in done.out
