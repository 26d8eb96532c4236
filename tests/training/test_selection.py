"""Families side by side: same folds, costs, time limits, kills."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import reviewdesk as rd
from reviewdesk.cli.main import main
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.family import new_classifier
from reviewdesk.training.selection import CompareSettings, compare_models
from reviewdesk.training.selection_page import selection_page, sentences
from reviewdesk.training.trials import TrainingShare

from .reviews import prepared, write_reviews

MODELS = ["linear", "naive-bayes"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("selection")
    return prepared(write_reviews(folder / "r.tsv", 400), folder / "prepared")


def test_all_are_measured_on_the_same_reviews_of_the_training_share(
    data: PreparedData, tmp_path: Path
) -> None:
    found = compare_models(data, tmp_path / "out", MODELS)
    examples = load_examples(data, TargetSettings(), TextSettings())
    share = TrainingShare.of(examples, SplitSettings(), 3, 0)
    assert found.comparison.measured == share.train.sum() < len(examples)
    for one, fits in zip(found.comparison.bundles, found.fits, strict=True):
        assert fits.probabilities is not None
        right = fits.probabilities.argmax(axis=1) == examples.label[share.train]
        assert one.measures.figures["accuracy"].value == pytest.approx(right.mean())
        assert fits.cost is not None
        assert min(vars(fits.cost).values()) > 0
    second = found.comparison.bundles[1]
    assert second.differences["accuracy"].low <= second.differences["accuracy"].high
    again = compare_models(data, tmp_path / "out", MODELS)
    assert again.to_json() == found.to_json()
    told = json.dumps(found.to_json())
    page = selection_page(found).render()
    assert "note1" not in told + page


def test_a_fold_is_predicted_by_what_did_not_see_its_products(
    data: PreparedData, tmp_path: Path
) -> None:
    found = compare_models(data, tmp_path / "out", MODELS, settings=CompareSettings(folds=2))
    examples = load_examples(data, TargetSettings(), TextSettings())
    share = TrainingShare.of(examples, SplitSettings(), 2, 0)
    by_hand = share.predicted(share.fit(new_classifier("naive-bayes", {}), 1), 1)
    inside = share.folds[share.train] == 1
    fits = found.fits[1].probabilities
    assert fits is not None
    np.testing.assert_array_equal(fits[inside], by_hand)


def test_what_was_not_finished_in_time_is_said_and_taken_up(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    compare_models(data, out, ["linear", "tfidf-svc"])
    short = compare_models(
        data, out, ["linear", "naive-bayes"], settings=CompareSettings(time_limit="0.05s")
    )
    assert [one.candidate.name for one in short.unfinished] == ["naive-bayes"]
    assert any("naive-bayes was not finished in the time: 0 of 3" in s for s in sentences(short))
    assert [one.name for one in short.comparison.bundles] == ["linear"]
    assert "not finished in the time" in selection_page(short).render()
    later = compare_models(
        data, out, ["linear", "naive-bayes"], settings=CompareSettings(time_limit="5m")
    )
    assert not later.unfinished


def test_a_model_that_cannot_be_learnt_is_named_with_the_reason(
    data: PreparedData, tmp_path: Path
) -> None:
    broken = {"cnn": {"word_vectors": str(tmp_path / "nothing.vec")}}
    found = compare_models(data, tmp_path / "out", ["linear", "cnn"], model_settings=broken)
    assert [one.candidate.name for one in found.unfinished] == ["cnn"]
    assert any(s.startswith("cnn was not finished: ") for s in sentences(found))


KILLED = """
import sys
from pathlib import Path
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.training.selection import compare_models
compare_models(PreparedData.open(sys.argv[1]), Path(sys.argv[2]), ["linear", "naive-bayes"])
"""


def test_killed_it_goes_on_and_ends_the_same(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(data.path), str(out)], start_new_session=True
    )
    deadline = time.monotonic() + 200
    while time.monotonic() < deadline and not list(out.glob(".linear-*/fold-1.parquet")):
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    kept = {p: p.stat().st_mtime_ns for p in out.glob(".*/fold-*.parquet")}
    assert kept
    found = compare_models(data, out, MODELS)
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    undisturbed = compare_models(data, tmp_path / "other", MODELS)
    for one, other in zip(found.fits, undisturbed.fits, strict=True):
        assert one.probabilities is not None
        assert other.probabilities is not None
        assert one.probabilities.tobytes() == other.probabilities.tobytes()


def test_from_the_command_line_and_from_python(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as end:
        main(["compare", str(data.path), "--models", "linear,naive-bayes", "--out", str(out),
              "--set", "linear.ngrams=1", "--folds", "2"])  # fmt: skip
    assert end.value.code in (0, None)
    printed = capsys.readouterr().out
    assert "calibration error" in printed
    assert "size, MiB" in printed
    figures = json.loads((out / "comparison.json").read_text())
    assert figures["settings"]["linear"] == {"ngrams": 1}
    assert (out / "comparison.html").is_file()
    models = rd.compare(
        rd.Reviews(data), out, models=MODELS, folds=2, model_settings={"linear": {"ngrams": 1}}
    )
    accuracy = models.figures["linear"]["accuracy"].value
    assert round(accuracy, 6) == figures["bundles"][0]["figures"]["accuracy"]["value"]
    assert "<html" in models.html()


def test_wrong_words_are_said_before_any_work(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match="two models"):
        compare_models(data, out, ["linear"])
    with pytest.raises(UsageError, match="fasttext, which is not compared"):
        compare_models(data, out, MODELS, model_settings={"fasttext": {}})
    with pytest.raises(UsageError, match="no setting 'grams'"):
        compare_models(data, out, MODELS, model_settings={"linear": {"grams": 2}})
    assert not out.exists()
