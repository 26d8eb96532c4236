"""Blends: weights out of fold, random labels, cascades, bundles like others."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import httpx
import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

import reviewdesk as rd
from reviewdesk.bundle import Bundle, load_bundle
from reviewdesk.cli.main import main
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.naive_bayes import NaiveBayes
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.explain import explain
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.blending import NAME, blend, sentences
from reviewdesk.training.evaluate import evaluate
from reviewdesk.training.train import train

from ..serving.process import server
from .reviews import prepared, write_reviews


class RandomLabels(NaiveBayes):
    """Learns from labels that were dealt out at random."""

    family: ClassVar[str] = "random-labels"

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        def shuffled(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            random = np.random.default_rng(0)
            for batch in batches:
                place = batch.schema.get_field_index("label")
                dealt = random.permutation(batch.column(place).to_numpy())
                yield batch.set_column(place, "label", pa.array(dealt))

        super()._fit(train.through(shuffled), validation)


class Hasty(NaiveBayes):
    """Learns from the first sixty reviews of each batch, so that it often does not know."""

    family: ClassVar[str] = "hasty"

    def _fit(self, train: LabelledReviews, validation: LabelledReviews | None) -> None:
        def first(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            return (batch.slice(0, 60) for batch in batches)

        super()._fit(train.through(first), validation)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    folder = tmp_path_factory.mktemp("blending")
    return prepared(write_reviews(folder / "r.tsv", 600), folder / "prepared")


@pytest.fixture(scope="module")
def bundles(
    data: PreparedData, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Bundle]]:
    folder = tmp_path_factory.mktemp("members")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(CLASSIFIERS._table, "random-labels", f"{__name__}:RandomLabels")
        patch.setitem(CLASSIFIERS._table, "hasty", f"{__name__}:Hasty")
        yield {
            name: train(data, folder / name, model=name, refit=False).bundle
            for name in ("linear", "naive-bayes", "random-labels", "hasty")
        }


def test_a_bundle_of_random_labels_gets_no_weight(
    data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    three = {name: bundles[name] for name in ("linear", "naive-bayes", "random-labels")}
    found = blend(three, data, tmp_path / "blend")
    assert found.shares["random-labels"] < 0.02
    assert sum(found.shares.values()) == pytest.approx(1, abs=1e-3)
    told = " ".join(sentences(found))
    assert "random-labels" in told
    assert found.comparison is not None
    by_name = {one.name: one for one in found.comparison.bundles}
    best = max(one.measures.figures["accuracy"].value for one in by_name.values())
    assert by_name[NAME].measures.figures["accuracy"].value >= best - 0.02
    again = blend(three, data, tmp_path / "blend")
    assert again.already
    assert again.shares == found.shares
    assert again.ranges == found.ranges
    for name, (least, most) in found.ranges.items():
        assert 0 <= least <= most <= 1
        assert least - 0.1 <= found.shares[name] <= most + 0.1
    assert found.ranges["random-labels"][1] < 0.05
    with pytest.raises(UsageError, match="another bundle"):
        blend(three, data, tmp_path / "blend", cascade=True)


def test_weights_are_learnt_from_out_of_fold_rows_of_the_training_share_only(
    data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = load_examples(data, TargetSettings(), TextSettings())
    seen: list[set[str]] = []

    def spied(self: NaiveBayes, train: LabelledReviews, validation: object) -> None:
        ids = [one for batch in train.batches() for one in batch.column("review_id").to_pylist()]
        seen.append(set(ids))
        NaiveBayes._fit(self, train, None)

    monkeypatch.setattr(RandomLabels, "_fit", spied)
    two = {name: bundles[name] for name in ("linear", "random-labels")}
    blend(two, data, tmp_path / "blend")
    assert len(seen) == 3  # a fit for each fold, and none of the whole
    groups = dict(zip(examples.column("review_id").to_pylist(), examples.groups, strict=True))
    manifest = bundles["linear"].manifest["data"]["rows"]
    for ids in seen:
        assert len(ids) < manifest["train"]
        outside = {groups[one] for one in set().union(*seen) - ids}
        assert not outside & {groups[one] for one in ids}


def test_it_is_a_bundle_like_others(
    data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    two = {name: bundles[name] for name in ("linear", "naive-bayes")}
    found = blend(two, data, tmp_path / "blend.tar.gz").bundle
    loaded = load_bundle(tmp_path / "blend.tar.gz")
    assert loaded.id == found.id
    batch = next(load_examples(data, TargetSettings(), TextSettings()).batches())
    probabilities = loaded.predict_proba(batch)
    assert probabilities.tobytes() == found.predict_proba(batch).tobytes()
    measured = evaluate(loaded, data)
    assert measured.measures.to_json()["figures"] == found.metrics["figures"]
    verdict = explain(loaded, "lovely and sturdy, it came in winter")
    assert {one.word for one in verdict.evidence[:2]} == {"lovely", "sturdy"}
    assert explain(loaded, "quux").cannot_tell
    again = loaded.classifier.unfitted()  # cross-fitting keeps the weights
    assert again.settings.to_json()["weights"] == found.settings.model["weights"]
    with pytest.raises(UsageError, match="is a blend"):
        blend({"a": bundles["linear"], "b": found}, data, tmp_path / "other")


def test_it_is_served(data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path) -> None:
    two = {name: bundles[name] for name in ("linear", "naive-bayes")}
    bundle = blend(two, data, tmp_path / "blend", cascade=True).bundle
    with server(str(tmp_path / "blend")) as running:
        answer = httpx.post(
            f"{running.url}/invocations",
            json={"instances": ["lovely and sturdy"]},
            trust_env=False,
            timeout=60,
        )
    assert answer.status_code == 200
    assert "positive" in answer.text
    assert bundle.settings.model["cascade"]


def test_a_cascade_asks_others_only_where_the_first_is_not_sure(
    data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = {name: bundles[name] for name in ("hasty", "linear")}
    whole = blend(two, data, tmp_path / "whole").bundle
    found = blend(two, data, tmp_path / "cascade", cascade=True)
    assert 0 < found.alone < 1
    fast, sure = bundles["hasty"], found.bundle.settings.model["sure"]
    batch = next(load_examples(data, TargetSettings(), TextSettings()).batches())
    alone = fast.predict_proba(batch).max(axis=1) >= sure
    assert alone.any()
    assert not alone.all()
    asked: list[int] = []
    slow = found.bundle.classifier.members_[1]  # type: ignore[attr-defined]
    predict = slow.predict_proba

    def counted(reviews: pa.RecordBatch) -> NDArray[np.float32]:
        asked.append(len(reviews))
        return np.asarray(predict(reviews))

    monkeypatch.setattr(slow, "predict_proba", counted)
    told = found.bundle.predict_proba(batch)
    assert asked == [int((~alone).sum())]
    np.testing.assert_allclose(told[alone], fast.predict_proba(batch)[alone], atol=1e-6)
    np.testing.assert_allclose(told[~alone], whole.predict_proba(batch)[~alone], atol=1e-6)


def test_loading_needs_no_torch_where_members_do_not(
    data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    blend({n: bundles[n] for n in ("linear", "naive-bayes")}, data, tmp_path / "blend")
    code = (
        "import sys; from reviewdesk.bundle import load_bundle; "
        "load_bundle(sys.argv[1]); print('torch' in sys.modules, 'optuna' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "blend")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["False", "False"]


def test_bundles_that_do_not_belong_together_are_refused(
    data: PreparedData, bundles: dict[str, Bundle], tmp_path: Path
) -> None:
    linear = bundles["linear"]
    with pytest.raises(UsageError, match="two bundles"):
        blend({"a": linear}, data, tmp_path / "blend")
    split = SplitSettings(seed=1)
    other = train(data, tmp_path / "split", model="naive-bayes", split=split).bundle
    with pytest.raises(UsageError, match="same split"):
        blend({"a": linear, "b": other}, data, tmp_path / "blend")
    others = prepared(write_reviews(tmp_path / "o.tsv", 200, seed=5), tmp_path / "others")
    foreign = train(others, tmp_path / "foreign", model="naive-bayes").bundle
    with pytest.raises(UsageError, match="other data"):
        blend({"a": linear, "b": foreign}, data, tmp_path / "blend")
    assert not (tmp_path / "blend").exists()


def test_from_the_command_line_and_from_python(
    data: PreparedData, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("linear", "naive-bayes"):
        train(data, tmp_path / name, model=name)
    places = [str(tmp_path / "linear"), str(tmp_path / "naive-bayes")]
    with pytest.raises(SystemExit) as end:
        main(["blend", *places, str(data.path), "--out", str(tmp_path / "blend")])
    assert end.value.code in (0, None)
    printed = capsys.readouterr().out
    assert "weight" in printed
    assert "How much each moves the answers" in printed
    assert "without one fold" in printed
    models = {one: rd.load(tmp_path / one) for one in ("linear", "naive-bayes")}
    model = rd.blend(models, rd.Reviews(data), tmp_path / "python")
    texts = ["lovely", "broken and useless"]
    same = load_bundle(tmp_path / "blend").classifier.predict_proba(texts)
    np.testing.assert_array_equal(model.predict_proba(texts), same)
