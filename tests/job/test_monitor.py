"""A log, by the server itself, against what a bundle was trained on."""

import json
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.formats.capture_log import truth_line
from tests.cli.conftest import run_cli
from tests.serving.process import server


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("monitor")
    for seed, name, reviews in ((1, "learn", 4_000), (2, "live", 2_400)):
        raw = path / f"{name}.tsv.gz"
        run_cli("demo-data", "--reviews", str(reviews), "--seed", str(seed), "--out", raw)
        assert run_cli("prepare", raw, "--out", path / name).code == 0
    run_cli("train", path / "learn", "--target", "sentiment", "--out", path / "bundle")
    return path


def sent(folder: Path, logs: Path, *, worse: bool) -> Path:
    """Send reviews to the bundle, and say what is true; return the folder of ground truth."""
    columns = ["review_headline", "review_body", "star_rating"]
    rows = pq.read_table(folder / "live" / "reviews", columns=columns).to_pylist()
    rows = [row for row in rows if row["star_rating"] != 3]
    truth = logs.with_name("truth")
    truth.mkdir()
    lines = []
    traffic = {"capture": str(logs), "capture_input": True}
    with (
        server(str(folder / "bundle"), traffic=traffic) as one,
        httpx.Client(base_url=one.url, trust_env=False) as client,
    ):
        for start in range(0, len(rows), 20):
            batch = rows[start : start + 20]
            body = {"instances": [
                {name: row[name] or "" for name in columns[:2]} for row in batch
            ]}  # fmt: skip
            headers = {"x-amzn-sagemaker-inference-id": f"r{start}"}
            client.post("/endpoints/sentiment/invocations", json=body, headers=headers)
            labels = ["positive" if row["star_rating"] > 3 else "negative" for row in batch]
            if worse and start > len(rows) / 3:
                labels = ["negative"] * len(batch)
            lines.append(truth_line(f"r{start}", labels, ""))
        (truth / "t.jsonl").write_bytes(b"".join(lines))
        words = ("monitor", folder / "bundle", folder / "learn", logs / "sentiment")
        page = logs.with_name("monitor.html")
        told = run_cli(*words, "--truth", truth, "--out", page, "--json")
        assert told.code == 0, told.err
        logs.with_name("told.json").write_text(told.out)
        face = rd.monitor(folder / "bundle", folder / "learn", logs / "sentiment", truth=truth)
        assert face.to_json() == told.json()
        assert "reviewdesk_monitor_alarm" in client.get("/metrics").text
        assert told.json()["sentence"] in page.read_text()
    return truth


def test_what_has_not_changed_raises_no_alarm(folder: Path, tmp_path: Path) -> None:
    sent(folder, tmp_path / "logs", worse=False)
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["sentence"].startswith("Nothing has changed that matters")
    assert [one["name"] for one in told["quantities"]] == [
        *("share of positive", "share of long reviews", "share of unknown words"),
        *("share of right answers", "sureness against rightness (50 % is even)"),
    ]


def test_a_model_that_is_wrong_now_is_to_be_trained_again(folder: Path, tmp_path: Path) -> None:
    sent(folder, tmp_path / "logs", worse=True)
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["sentence"].startswith("Train again: share of right answers")
