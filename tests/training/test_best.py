"""The best model within a time: what is chosen, what is said, what a kill leaves."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import reviewdesk as rd
from reviewdesk.bundle import load_bundle
from reviewdesk.cli.main import main
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training import best as best_module
from reviewdesk.training.best import BASELINE, Best, choose, train_best
from reviewdesk.training.out_of_fold import Candidate, Cost, Fits
from reviewdesk.training.trials import TrainingShare

from .reviews import prepared, write_reviews

FEW = [BASELINE, Candidate("naive-bayes", "naive-bayes", {})]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("best")
    return prepared(write_reviews(folder / "r.tsv", 500), folder / "prepared")


@pytest.fixture(scope="module")
def share(data: PreparedData) -> TrainingShare:
    examples = load_examples(data, TargetSettings(), TextSettings())
    return TrainingShare.of(examples, SplitSettings(), 3, 0)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_module, "candidates", lambda rows: FEW)
    monkeypatch.setattr(best_module, "MOST_TRIALS", 2)


def fits(
    share: TrainingShare, name: str, right: float, seed: int = 0, seconds: float = 1.0
) -> Fits:
    """Return a candidate that is right about a share of the reviews, on others by each seed."""
    true = share.examples.label[share.train]
    good = np.random.default_rng(seed).random(len(true)) < right
    said = np.where(good, true, 1 - true)
    probabilities: NDArray[np.float32] = np.full((len(true), 2), 1 - right, np.float32)
    probabilities[np.arange(len(true)), said] = right
    candidate = BASELINE if name == "linear" else Candidate(name, name, {})
    return Fits(candidate, 3, probabilities, Cost(seconds, 1.0, 0.001, 1 << 20))


def test_an_encoder_is_tried_where_labels_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_module, "is_installed", lambda name: True)
    assert [one.name for one in best_module.candidates(2_000)][-2:] == ["cnn", "few-shot"]
    assert [one.name for one in best_module.candidates(2_001)][-1] == "cnn"
    monkeypatch.setattr(best_module, "is_installed", lambda name: False)
    names = [one.name for one in best_module.candidates(100)]
    assert names[0] == "linear"
    assert not {"cnn", "few-shot"} & {*names}


def test_linear_stays_where_nothing_is_better(share: TrainingShare) -> None:
    linear = fits(share, "linear", 0.95)
    worse = fits(share, "naive-bayes", 0.5, seed=1)
    assert choose(share, [linear, worse], 100).name == "linear"
    assert choose(share, [linear], 100).name == "linear"


def test_the_best_out_of_fold_is_chosen_and_never_below_linear(share: TrainingShare) -> None:
    linear = fits(share, "linear", 0.8)
    better = fits(share, "naive-bayes", 0.9, seed=1)
    third = fits(share, "fasttext", 0.85, seed=2)
    found = choose(share, [linear, better, third], 100)
    assert found.accuracy >= 0.88
    names = ("linear", "naive-bayes", "fasttext")
    alike = [fits(share, name, 0.8, seed=seed) for seed, name in enumerate(names)]
    together = choose(share, alike, 100)
    assert together.name == "the blend"
    assert together.accuracy > 0.85
    assert together.weighed is not None
    assert (together.weighed.stack.weights > 0).all()


def test_what_there_is_no_time_for_is_not_chosen(share: TrainingShare) -> None:
    linear = fits(share, "linear", 0.8)
    slow = fits(share, "fasttext", 0.95, seed=1, seconds=1000)
    assert choose(share, [linear, slow], 100).name == "linear"
    with pytest.raises(NotEnoughData, match="linear was not finished"):
        choose(share, [fits(share, "naive-bayes", 0.9)], 100)


def found_best(data: PreparedData, folder: Path) -> Best:
    return train_best(
        data, folder / "best", folder / "bundle", target=TargetSettings(), text=TextSettings(),
        split=SplitSettings(), seconds=float("inf"),
    )  # fmt: skip


@pytest.mark.usefixtures("few")
def test_three_sentences_say_what_was_tried_what_won_and_what_it_costs(
    data: PreparedData, tmp_path: Path
) -> None:
    found = found_best(data, tmp_path)
    tried, won, cost = found.sentences
    assert tried.startswith("Tried: linear, naive-bayes")
    assert "2 trials of tuning" in tried
    assert "linear" in won
    assert "95 % interval" in won
    assert "ms for one review" in cost
    assert load_bundle(tmp_path / "bundle").id == found.bundle.id
    assert (tmp_path / "best" / "comparison.html").is_file()
    again = found_best(data, tmp_path)
    assert again.already
    assert again.to_json() == found.to_json()
    # A kill before the end was said: the same again, from what is there.
    (tmp_path / "best" / "best.json").unlink()
    assert found_best(data, tmp_path).bundle.id == found.bundle.id
    (tmp_path / "best" / "plan.json").write_text("{}")
    with pytest.raises(UsageError, match="other data or settings"):
        found_best(data, tmp_path)
    other = train_best(
        data, tmp_path / "best", tmp_path / "bundle", target=TargetSettings(), text=TextSettings(),
        split=SplitSettings(), seconds=float("inf"), refit=False, overwrite=True,
    )  # fmt: skip
    assert not other.bundle.settings.refit


@pytest.mark.usefixtures("few")
def test_the_main_job_with_the_best_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_module, "is_installed", lambda _: False)  # so that none are tuned
    path = write_reviews(tmp_path / "r.tsv", 400)
    job = rd.run(path, tmp_path / "job", best=True, folds=2)
    assert len(job.tried["sentiment"]) == 3
    page = job.html()
    assert "Tried: linear, naive-bayes" in page
    assert (tmp_path / "job" / "sentiment" / "predictions.parquet").is_file()
    told = json.loads((tmp_path / "job" / "job.json").read_text())
    assert told["targets"]["sentiment"]["tried"] == job.tried["sentiment"]
    with pytest.raises(UsageError, match="leave --model"):
        rd.run(path, tmp_path / "other", best=True, model="naive-bayes")
    with pytest.raises(UsageError, match="goes with --best"):
        rd.run(path, tmp_path / "other", time_limit="5m")


@pytest.mark.slow
def test_from_the_command_line_within_a_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_reviews(tmp_path / "r.tsv", 400)
    with pytest.raises(SystemExit) as end:
        main(["run", str(path), "--best", "--time-limit", "2m", "--out", str(tmp_path / "job")])
    assert end.value.code in (0, None)
    assert "- Tried: linear" in capsys.readouterr().out
