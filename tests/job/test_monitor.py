"""A log, by the server itself, against what a bundle was trained on."""

import json
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import reviewdesk as rd
from reviewdesk.formats.capture_files import CaptureFolder
from reviewdesk.formats.capture_log import Captured, truth_line
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
        assert "<iframe" in face._repr_html_()
        assert "reviewdesk_monitor_alarm" in client.get("/metrics").text
        assert told.json()["sentence"] in page.read_text()
    return truth


def test_what_has_not_changed_raises_no_alarm(folder: Path, tmp_path: Path) -> None:
    sent(folder, tmp_path / "logs", worse=False)
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["sentence"].startswith("Nothing has changed that matters")
    assert [one["name"] for one in told["quantities"]] == [
        *("share of positive", "share of right answers"),
        "sureness against rightness (50 % is even)",
        *("share of long reviews", "share of reviews in another language"),
        "share of unknown words",
    ]


def test_a_model_that_is_wrong_now_is_to_be_trained_again(folder: Path, tmp_path: Path) -> None:
    sent(folder, tmp_path / "logs", worse=True)
    told = json.loads((tmp_path / "told.json").read_text())
    assert told["sentence"].startswith("Train again: share of right answers")


GERMAN = (
    "Leider ist das Gerät nach einer Woche kaputt gegangen, ich bin sehr enttäuscht.",
    "Sehr gute Qualität, schnelle Lieferung, ich würde es jederzeit wieder kaufen.",
    "Der Akku hält nicht lange und der Klang ist schlecht, nicht zu empfehlen.",
)


def logged(
    folder: Path, place: Path, seed: int, *, german: float = 0.0, names: str = "A", worse: str = ""
) -> Path:
    """Log 1,200 of the live reviews as the server does; return the folder of ground truth.

    Reviews are dealt to variants; half of the answers of one that is worse are wrong in the end.
    """
    columns = ["review_headline", "review_body", "star_rating"]
    rows = pq.read_table(folder / "live" / "reviews", columns=columns).to_pylist()
    rng = np.random.default_rng(seed)
    rows = [row for row in rows if row["star_rating"] != 3]
    chosen = [rows[n] for n in rng.permutation(len(rows))[:1_200]]
    for row in chosen[600:]:
        if rng.random() < german:
            row["review_body"] = GERMAN[rng.integers(len(GERMAN))]
    log, lines = CaptureFolder(place / "logs", 1 << 30), []
    model = rd.load(folder / "bundle")
    texts = [{name: row[name] or "" for name in columns[:2]} for row in chosen]
    shares = model.predict_proba(pd.DataFrame(texts))
    for n, (row, one) in enumerate(zip(chosen, shares, strict=True)):
        answer = {"label": [f"__label__{model.labels[one.argmax()]}"], "prob": [float(one.max())]}
        body = json.dumps({"instances": [texts[n]]}).encode()
        time = f"2026-01-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}Z"
        variant = names[n % len(names)]
        log.write(
            Captured(
                *("sentiment", variant, f"e{n}", time, "", "application/json", body),
                *("application/json", json.dumps([answer]).encode(), 1.0, 200, "", False),
            )
        )
        label = "positive" if row["star_rating"] > 3 else "negative"
        if variant == worse and n > 400 and n % 3:
            label = "negative" if label == "positive" else "positive"
        lines.append(truth_line(f"e{n}", [label], ""))
    (place / "truth").mkdir()
    (place / "truth" / "t.jsonl").write_bytes(b"".join(lines))
    return place / "truth"


def test_reviews_in_another_language_are_noticed(folder: Path, tmp_path: Path) -> None:
    logged(folder, tmp_path, 0, german=0.5)
    found = rd.monitor(folder / "bundle", folder / "learn", tmp_path / "logs" / "sentiment")
    alarms = {one.quantity.name: one for one in found.alarms}
    assert alarms["share of reviews in another language"].since >= 600
    assert "another language" in found.sentence


def test_each_variant_is_watched(folder: Path, tmp_path: Path) -> None:
    truth = logged(folder, tmp_path, 1, names="AB", worse="B")
    logs = tmp_path / "logs" / "sentiment"
    words = ("monitor", folder / "bundle", folder / "learn", logs, "--truth", truth, "--json")
    refused = run_cli(*words)
    assert refused.code == 2
    assert "answers of A and B" in refused.err
    told = run_cli(*words, "--variant", f"B={folder / 'bundle'}")
    assert told.code == 0, told.err
    alarms = [one for one in told.json()["quantities"] if one["alarm"]]
    assert {one["variant"] for one in alarms} == {"B"}
    assert told.json()["sentence"].startswith("Train again: share of right answers of variant B")
    pooled = [one["name"] for one in told.json()["quantities"] if not one["variant"]]
    assert pooled == [
        *("share of long reviews", "share of reviews in another language"),
        "share of unknown words",
    ]
    labels = 'endpoint="sentiment",quantity="share of right answers",variant="B"'
    assert f"reviewdesk_monitor_alarm{{{labels}}} 1" in (logs / "monitor.prom").read_text()
    stranger = run_cli(*words, "--variant", f"C={folder / 'bundle'}")
    assert "no answer of a variant C" in stranger.err


@pytest.mark.slow
def test_where_nothing_has_changed_there_is_one_alarm_in_twenty_runs_at_most(
    folder: Path, tmp_path: Path
) -> None:
    for names in ("A", "AB"):
        alarms = 0
        others = dict.fromkeys(names[1:], folder / "bundle")
        for seed in range(20):
            place = tmp_path / f"{names}{seed}"
            truth = logged(folder, place, seed, names=names)
            found = rd.monitor(
                *(folder / "bundle", folder / "learn", place / "logs" / "sentiment"),
                truth=truth,
                variants=others,
            )
            alarms += bool(found.alarms)
        assert alarms <= 1
