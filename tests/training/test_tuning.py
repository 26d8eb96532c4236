"""Tuning: trials, what they may see, kills, limits, the page."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.cli.main import main
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT
from reviewdesk.settings import Search, SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.family import new_classifier
from reviewdesk.training.search import TuneSettings, good_elsewhere, own_settings, search_space
from reviewdesk.training.time_limits import seconds_of
from reviewdesk.training.trials import METRICS, HeldOutLeak, TrainingShare
from reviewdesk.training.tuning import BEST, begin_and_search, search_job, tune
from reviewdesk.training.tuning_page import sentences, tuning_page

from .reviews import prepared, write_reviews

SPACE = {"smoothing": Search(0.01, 10, log=True), "min_df": Search(1, 3, whole=True)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("tuning")
    return prepared(write_reviews(folder / "r.tsv", 400), folder / "prepared")


def settings(**given: object) -> TuneSettings:
    return TuneSettings.from_json({"trials": 3, "folds": 2, **given})


def test_the_defaults_come_first_and_the_best_is_measured_once(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "tuned"
    tuned = tune(data, out, model="naive-bayes", settings=settings(), space=SPACE)
    assert tuned.trials[0].settings == {"smoothing": 0.1, "min_df": 2}
    assert len([t for t in tuned.trials if t.state in ("complete", "pruned")]) == 3
    complete = [t for t in tuned.trials if t.state == "complete"]
    assert tuned.best.value == max(t.value or 0 for t in complete)
    assert all(t.value is None for t in tuned.trials if t.state != "complete")
    for trial in complete:
        assert trial.value == pytest.approx(np.mean(trial.steps[1:]))
    assert tuned.bundle.metrics["figures"]["accuracy"]["value"] > 0.5
    before = (out / BEST / "manifest.json").stat().st_mtime_ns
    again = tune(data, out, model="naive-bayes", settings=settings(), space=SPACE)
    assert again.to_json() == tuned.to_json()
    assert (out / BEST / "manifest.json").stat().st_mtime_ns == before
    page = tuning_page(tuned).render()
    assert all(sentence.split(".")[0] in page for sentence in sentences(tuned)[:1])
    with pytest.raises(UsageError, match="--overwrite"):
        tune(data, out, model="naive-bayes", settings=settings(folds=3), space=SPACE)


def test_a_trial_is_what_cross_validation_by_hand_gives(data: PreparedData) -> None:
    examples = load_examples(data, TargetSettings(), TextSettings())
    share = TrainingShare.of(examples, SplitSettings(), 2, 0)
    assert not (share.train & share.test).any()
    for fold in range(2):
        inside = np.unique(examples.groups[share.folds == fold])
        outside = np.unique(examples.groups[share.train & (share.folds != fold)])
        assert not np.isin(inside, outside).any()
    steps = list(share.steps("naive-bayes", {}, METRICS["log_loss"]))
    assert len(steps) == share.rungs() == 3
    assert all(0 < step < 2 for step in steps)


def test_a_leak_of_the_held_out_side_is_caught(data: PreparedData) -> None:
    examples = load_examples(data, TargetSettings(), TextSettings())
    share = TrainingShare.of(examples, SplitSettings(), 2, 0)
    leaked = np.flatnonzero(share.test)[0]
    planted = TrainingShare(
        examples, share.train | (np.arange(len(examples)) == leaked), share.test, share.folds
    )
    with pytest.raises(HeldOutLeak, match="held out"):
        list(planted.steps("naive-bayes", {}, METRICS["accuracy"]))
    folds = share.folds.copy()
    folds[leaked] = 0
    measured = TrainingShare(examples, share.train, share.test, folds)
    with pytest.raises(HeldOutLeak, match="held out"):
        list(measured.steps("naive-bayes", {}, METRICS["accuracy"]))


KILLED = """
import sys
from pathlib import Path
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import Search
from reviewdesk.training.search import TuneSettings
from reviewdesk.training.tuning import tune
if __name__ == "__main__":
    space = {"smoothing": Search(0.01, 10, log=True), "min_df": Search(1, 3, whole=True)}
    settings = TuneSettings.from_json({"trials": 40, "folds": 2})
    tune(PreparedData.open(sys.argv[1]), Path(sys.argv[2]), model="naive-bayes",
         settings=settings, space=space)
"""


def test_killed_it_goes_on_with_every_trial(data: PreparedData, tmp_path: Path) -> None:
    out, script = tmp_path / "tuned", tmp_path / "script.py"
    script.write_text(KILLED)
    run = subprocess.Popen(
        [sys.executable, str(script), str(data.path), str(out)], start_new_session=True
    )
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and number_ended(out) < 2:
        time.sleep(0.3)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    before = ended(out)
    assert len(before) >= 2
    tuned = tune(
        data, out, model="naive-bayes", settings=settings(trials=len(before) + 2), space=SPACE
    )
    after = [(t.settings, t.value) for t in tuned.trials if t.state in ("complete", "pruned")]
    assert all(one in after for one in before)
    assert len(after) >= len(before) + 2
    killed = sum(trial.state == "fail" for trial in tuned.trials)
    assert f"{killed} stopped with the run, 0 failed" in sentences(tuned)[0]


def number_ended(out: Path) -> int:
    """Count trials without optuna, which would make the tables that the run is making."""
    place = f"file:{out / 'trials.sqlite'}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(place, uri=True)) as connection:
            states = "('COMPLETE', 'PRUNED')"
            (count,) = connection.execute(f"SELECT count(*) FROM trials WHERE state IN {states}")
            return int(count[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def ended(out: Path) -> list[tuple[dict[str, object], float | None]]:
    optuna = pytest.importorskip("optuna")
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{out / 'trials.sqlite'}")
    done = ("COMPLETE", "PRUNED")
    # The first trial takes no setting from the search.
    usual: dict[str, object] = {"smoothing": 0.1, "min_df": 2}
    return [
        (t.params or usual, t.value if t.state.name == "COMPLETE" else None)
        for t in study.get_trials()
        if t.state.name in done
    ]


def test_trials_that_need_too_much_memory_fail_and_are_said(
    data: PreparedData, tmp_path: Path
) -> None:
    with pytest.raises(NotEnoughData, match="memory"):
        tune(
            data,
            tmp_path / "tuned",
            model="naive-bayes",
            settings=settings(memory_mb=64, time_limit="60s"),
            space=SPACE,
        )


def test_no_time_for_a_trial_is_said(data: PreparedData, tmp_path: Path) -> None:
    short = settings(time_limit="0.1s")
    with pytest.raises(NotEnoughData, match="time limit"):
        tune(data, tmp_path / "tuned", model="naive-bayes", settings=short, space=SPACE)


def test_wrong_settings_are_said_before_any_work(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "tuned"
    with pytest.raises(UsageError, match="no setting 'smoothness'"):
        tune(data, out, model="naive-bayes", space={"smoothness": Search(0, 1)})
    with pytest.raises(UsageError, match="smoothing"):
        tune(data, out, model="naive-bayes", space={"smoothing": Search(-1, 1)})
    with pytest.raises(UsageError, match="nothing to tune"):
        tune(data, out, model="naive-bayes", space=SPACE, fixed={"smoothing": 1.0, "min_df": 1})
    for wrong in ("5", "m", "-3s", "3 days", "nanm", "infh"):
        with pytest.raises(UsageError, match="time limit"):
            seconds_of(wrong)
    assert seconds_of("1.5m") == 90
    assert not out.exists()


def test_from_a_job_of_sagemakers_through_the_command_line(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ranges = {
        "ContinuousParameterRanges": [
            {"Name": "smoothing", "MinValue": "0.1", "MaxValue": "1.0"},
            {"Name": "learning_rate", "MinValue": "0.005", "MaxValue": "0.01"},
        ]
    }
    job = {
        "Strategy": "Random",
        "ParameterRanges": ranges,
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
        "HyperParameterTuningJobObjective": {
            "MetricName": "validation:accuracy",
            "Type": "Maximize",
        },
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    out = tmp_path / "tuned"
    with pytest.raises(SystemExit) as end:
        main(
            ["tune", str(data.path), "--model", "naive-bayes", "--job", str(tmp_path / "job.json"),
             "--folds", "2", "--out", str(out), "--write-job", str(tmp_path / "ours.json")]
        )  # fmt: skip
    printed = capsys.readouterr()
    assert end.value.code in (0, None)
    assert "learning_rate is no setting of naive-bayes" in printed.err
    assert (out / "tuning.html").is_file()
    assert json.loads((out / "result.json").read_text())["trials"][1]["settings"].keys() == {
        "smoothing"
    }
    written = json.loads((tmp_path / "ours.json").read_text())
    assert written["Strategy"] == "Random"


BLAZINGTEXT = {  # a job for BlazingText's supervised mode, as walk-throughs write it
    "HyperParameterTuningJobConfig": {
        "Strategy": "Bayesian",
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 50, "MaxParallelTrainingJobs": 1},
        "HyperParameterTuningJobObjective": {
            "Type": "Maximize",
            "MetricName": "validation:accuracy",
        },
        "ParameterRanges": {
            "IntegerParameterRanges": [
                {"Name": "epochs", "MinValue": "5", "MaxValue": "15", "ScalingType": "Auto"},
                {"Name": "min_count", "MinValue": "0", "MaxValue": "100", "ScalingType": "Auto"},
                {"Name": "word_ngrams", "MinValue": "2", "MaxValue": "10", "ScalingType": "Auto"},
                {"Name": "vector_dim", "MinValue": "32", "MaxValue": "300"},
                {"Name": "window_size", "MinValue": "2", "MaxValue": "10"},
                {"Name": "negative_samples", "MinValue": "2", "MaxValue": "25"},
            ],
            "ContinuousParameterRanges": [
                {"Name": "learning_rate", "MinValue": "0.005", "MaxValue": "0.5"}
            ],
            "CategoricalParameterRanges": [],
        },
    },
    "TrainingJobDefinition": {"StaticHyperParameters": {"mode": "supervised", "buckets": "20000"}},
}


def test_a_job_for_blazingtext_runs_as_it_is(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "job.json").write_text(json.dumps(BLAZINGTEXT))
    out = tmp_path / "tuned"
    with pytest.raises(SystemExit) as end:
        main(
            ["tune", str(data.path), "--model", "fasttext", "--job", str(tmp_path / "job.json"),
             "--folds", "2", "--out", str(out), "--time-limit", "20s"]
        )  # fmt: skip
    said = capsys.readouterr().err
    assert end.value.code in (0, None)
    assert "window_size is no setting of fasttext" in said
    assert "negative_samples counts where labels are drawn" in said
    assert "min_count is looked for from 1 to 100" in said
    assert "mode" not in said
    plan = json.loads((out / "tuning.json").read_text())
    assert set(plan["space"]) == {"epoch", "min_count", "word_ngrams", "dim", "lr"}
    assert plan["fixed"] == {"bucket": 20000}


def test_every_family_says_where_to_look_and_tries_its_defaults_first() -> None:
    for name in CLASSIFIERS.names():
        if name == "blend":
            continue
        space = search_space(name, {}, None)
        usual = own_settings(name, space)
        assert set(usual) == set(space)
        new_classifier(name, usual)


def test_defaults_that_no_range_holds_are_the_first_trial(
    data: PreparedData, tmp_path: Path
) -> None:
    """``linear`` chooses some settings by itself, which no value of a range stands for."""
    tuned = tune(data, tmp_path / "tuned", model="linear", settings=settings(trials=2))
    first = tuned.trials[0].settings
    assert (first["ngrams"], first["strength"], first["epochs"]) == (0, 0.0, 0)
    assert tuned.trials[1].settings["ngrams"] >= 1
    assert tuned.best.value is not None
    assert tuned.trials[0].value is not None
    assert tuned.best.value >= tuned.trials[0].value


def test_a_job_begins_with_what_earlier_ones_found(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tune(data, tmp_path / "parent", model="naive-bayes", settings=settings(trials=2), space=SPACE)
    job = {
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1},
            "HyperParameterTuningJobObjective": {
                "Type": "Maximize",
                "MetricName": "validation:accuracy",
            },
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    {
                        "Name": "smoothing",
                        "MinValue": "0.01",
                        "MaxValue": "0.99",
                        "ScalingType": "ReverseLogarithmic",
                    }
                ]
            },
        },
        "WarmStartConfig": {
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "parent"}],
            "WarmStartType": "IdenticalDataAndAlgorithm",
        },
    }
    (tmp_path / "job.json").write_text(json.dumps(job))
    words = ["--job", str(tmp_path / "job.json"), "--folds", "2", "--out", str(tmp_path / "child")]
    with pytest.raises(SystemExit) as end:
        main(["tune", str(data.path), "--model", "naive-bayes", *words])
    capsys.readouterr()
    assert end.value.code in (0, None)
    trials = json.loads((tmp_path / "child" / "result.json").read_text())["trials"]
    parent = json.loads((tmp_path / "parent" / "tuning.json").read_text())
    assert parent["data"] == json.loads((tmp_path / "child" / "tuning.json").read_text())["data"]
    assert trials[0]["settings"] == {"smoothing": 0.1}
    assert all(0.01 <= one["settings"]["smoothing"] <= 0.99 for one in trials)
    with pytest.raises(UsageError, match="holds no tuning"):
        tune(data, tmp_path / "other", model="naive-bayes", warm_start=[tmp_path / "nothing"])
    with pytest.raises(UsageError, match="not identical"):
        tune(
            data, tmp_path / "other", model="linear", warm_start=[tmp_path / "parent"],
            identical=True,
        )  # fmt: skip


def test_settings_that_were_good_elsewhere_are_tried_first(
    data: PreparedData, tmp_path: Path
) -> None:
    good = [{"smoothing": 0.25}]
    space = {"smoothing": Search(0.01, 0.5, reverse=True)}
    job = search_job(
        data, tmp_path / "tuned", model="naive-bayes", target=TargetSettings(),
        text=TextSettings(), split=SplitSettings(), settings=settings(trials=2), space=space,
    )  # fmt: skip
    trials = begin_and_search(job, False, SILENT, good)
    assert trials[1].settings["smoothing"] == pytest.approx(0.25)
    assert good_elsewhere(tmp_path / "tuned", job)[0].keys() == {"smoothing"}
