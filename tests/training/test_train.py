import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.splits import split
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.train import train
from tests.killing import Killer
from tests.scoring import corpus


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    place = tmp_path_factory.mktemp("training")
    return corpus.prepared(
        corpus.write_reviews(place / "r.tsv", 600, unrated_every=20), place / "prepared"
    )


def one_product_each(path: Path, rows: list[tuple[str, int, str]]) -> PreparedData:
    """Prepare reviews that are given as (product, stars, text)."""
    lines = ["review_id,product_id,star_rating,review_headline,review_body"]
    lines += [f"r{i},{p},{stars},,{text}" for i, (p, stars, text) in enumerate(rows)]
    path.mkdir(parents=True, exist_ok=True)
    (path / "r.csv").write_text("\n".join(lines) + "\n")
    return corpus.prepared(path / "r.csv", path / "prepared")


def files(path: Path) -> dict[str, bytes]:
    """Return the contents of all files but the log, which holds times."""
    found = [p for p in path.rglob("*") if p.is_file() and p.name != "log.json"]
    return {p.relative_to(path).as_posix(): p.read_bytes() for p in found}


def test_a_bundle_says_what_it_is_and_how_right_it_is(data: PreparedData, tmp_path: Path) -> None:
    result = train(data, tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    assert bundle.manifest == result.bundle.manifest
    assert bundle.labels == ["negative", "positive"]
    assert bundle.data_fingerprint == data.fingerprint
    assert bundle.settings.clean == data.clean_settings
    assert bundle.settings.model["min_df"] == 2
    rows = bundle.manifest["data"]["rows"]
    assert rows["reviews"] == 600
    assert rows["labelled"] == 570
    assert rows["left_out"] == {"no_star_rating": 30}
    assert rows["train"] + rows["test"] + rows["dropped_texts"] == 570
    assert rows["test"] == bundle.metrics["rows"]
    assert rows["default_headlines"] > 0
    assert bundle.metrics["figures"]["accuracy"]["value"] > 0.8


def test_it_is_measured_on_what_it_has_not_learnt_from(data: PreparedData, tmp_path: Path) -> None:
    settings = SplitSettings(by="customer", test_share=0.3, seed=4)
    bundle = train(data, tmp_path / "bundle", split=settings, refit=False).bundle
    examples = load_examples(data, TargetSettings(), TextSettings())
    sides = split(examples, settings)
    assert not (sides.train & sides.test).any()
    found = [bundle.predict_proba(batch) for batch in examples.batches(sides.test)]
    right = np.concatenate(found).argmax(axis=1) == examples.label[sides.test]
    assert bundle.metrics["figures"]["accuracy"]["value"] == pytest.approx(right.mean(), abs=1e-6)


def test_held_out_texts_are_not_learnt_from(tmp_path: Path) -> None:
    """Each product has words of its own, so that nothing is known of one that is held out."""
    rows = [(f"p{i // 10}", 1 + 4 * (i // 10 % 2), f"word{i // 10} number{i}") for i in range(400)]
    data = one_product_each(tmp_path, rows)
    held_out = train(data, tmp_path / "product", split=SplitSettings(by="product")).bundle
    leaked = train(data, tmp_path / "review", split=SplitSettings(by="review")).bundle
    assert held_out.metrics["figures"]["accuracy"]["value"] < 0.75
    assert leaked.metrics["figures"]["accuracy"]["value"] > 0.95


def test_texts_on_both_sides_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = [
        (f"p{i}", 1 + 4 * (i % 2), f"{'good bad'.split()[1 - i % 2]} {i % 20}") for i in range(200)
    ]
    bundle = train(one_product_each(tmp_path, rows), tmp_path / "bundle").bundle
    counts = bundle.manifest["data"]["rows"]
    assert counts["dropped_texts"] > 0
    assert counts["train"] + counts["test"] + counts["dropped_texts"] == 200


def test_the_same_training_makes_the_same_bytes(data: PreparedData, tmp_path: Path) -> None:
    for name in ("1", "2"):
        train(data, tmp_path / name / "bundle", folds=2, oof=tmp_path / name / "oof.parquet")
    assert files(tmp_path / "1") == files(tmp_path / "2")
    packed = train(data, tmp_path / "bundle.tar.gz").bundle
    assert packed.id == load_bundle(tmp_path / "bundle.tar.gz").id
    assert packed.id == load_bundle(tmp_path / "1" / "bundle").id


def test_a_log_says_when_and_how_long(data: PreparedData, tmp_path: Path) -> None:
    train(data, tmp_path / "bundle")
    log = json.loads((tmp_path / "bundle" / "log.json").read_text())
    assert log["step"] == "train"
    assert set(log["seconds"]) == {"label", "fit", "measure", "refit"}
    assert log["fingerprints"] == {"data": data.fingerprint}


@pytest.mark.parametrize(
    ("target", "fields"),
    [("sentiment", ("review_body",)), ("stars", ("review_headline", "review_body"))],
)
def test_targets_and_texts(
    data: PreparedData, tmp_path: Path, target: str, fields: tuple[str, ...]
) -> None:
    text = TextSettings(fields=fields, drop_default_headlines=True)
    bundle = train(
        data, tmp_path / "bundle", target=TargetSettings(target=target), text=text
    ).bundle
    assert bundle.target == target
    assert load_bundle(tmp_path / "bundle").settings.text == text


def test_nothing_need_be_held_out(data: PreparedData, tmp_path: Path) -> None:
    bundle = train(data, tmp_path / "bundle", split=SplitSettings(test_share=0)).bundle
    assert bundle.metrics == {}
    assert bundle.manifest["data"]["rows"]["test"] == 0
    assert bundle.manifest["data"]["rows"]["train"] == 570


def test_the_newest_can_be_held_out(data: PreparedData, tmp_path: Path) -> None:
    bundle = train(data, tmp_path / "bundle", split=SplitSettings(by="time")).bundle
    assert bundle.manifest["data"]["rows"]["cut_date"].startswith("2015-")


def test_a_label_that_is_held_out_whole_gets_no_probability(tmp_path: Path) -> None:
    lines = ["review_id,star_rating,review_body,review_date"]
    lines += [f"old{i},{1 + i % 2},{'awful bad'.split()[i % 2]} {i},2014-01-01" for i in range(60)]
    lines += [f"new{i},5,great {i},2015-01-01" for i in range(15)]
    (tmp_path / "r.csv").write_text("\n".join(lines) + "\n")
    data = corpus.prepared(tmp_path / "r.csv", tmp_path / "prepared")
    bundle = train(
        data,
        tmp_path / "bundle",
        target=TargetSettings(target="stars"),
        split=SplitSettings(by="time"),
        refit=False,
    ).bundle
    assert bundle.labels == ["1", "2", "5"]
    assert bundle.manifest["data"]["rows"]["train_labels"] == {"1": 30, "2": 30, "5": 0}
    assert bundle.metrics["figures"]["accuracy"]["value"] == 0
    columns = ["review_headline", "review_body"]
    found = np.concatenate([bundle.predict_proba(batch) for batch in data.batches(columns)])
    assert found[:, 2].max() == 0


def test_the_same_training_again_does_nothing(data: PreparedData, tmp_path: Path) -> None:
    place = tmp_path / "bundle"
    first = train(data, place, folds=3, oof=tmp_path / "oof.parquet")
    before = [(p, p.stat().st_mtime_ns) for p in sorted(tmp_path.rglob("*"))]
    shutil.copytree(data.path, copy := tmp_path.with_name(f"{tmp_path.name}-copy"))
    unreadable = PreparedData.open(copy)
    for part in copy.rglob("*.parquet"):
        part.unlink()
    second = train(unreadable, place, folds=3, oof=tmp_path / "oof.parquet")
    assert [(p, p.stat().st_mtime_ns) for p in sorted(tmp_path.rglob("*"))] == before
    assert not first.already
    assert second.already
    assert second.crossfit is not None
    assert second.crossfit.already
    assert first.crossfit is not None
    assert second.crossfit.counts() == first.crossfit.counts()
    assert second.bundle.manifest == first.bundle.manifest


def test_another_bundle_is_not_replaced_unasked(data: PreparedData, tmp_path: Path) -> None:
    train(data, tmp_path / "bundle")
    before = files(tmp_path)
    others: list[dict[str, Any]] = [
        {"target": TargetSettings(drop_three=True)},
        {"text": TextSettings(fields=("review_body",))},
        {"split": SplitSettings(seed=1)},
        {"model_settings": {"strength": 2.0}},
    ]
    for changed in others:
        with pytest.raises(UsageError, match="other data or settings"):
            train(data, tmp_path / "bundle", **changed)
    assert files(tmp_path) == before
    train(data, tmp_path / "bundle", overwrite=True, **others[0])
    assert files(tmp_path) != before


def test_something_else_is_not_replaced_unasked(data: PreparedData, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="is no bundle"):
        train(data, tmp_path / "bundle")
    assert files(tmp_path) == {"bundle/notes.txt": b"mine"}


def test_settings_that_do_not_exist_are_named(data: PreparedData, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no setting 'deph'; it has: "):
        train(data, tmp_path / "bundle", model_settings={"deph": 3})
    with pytest.raises(UsageError, match="unknown model 'tfidf'; there are: .*tfidf-svc"):
        train(data, tmp_path / "bundle", model="tfidf")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("folds", [0, 3])
def test_folds_and_their_file_go_together(data: PreparedData, tmp_path: Path, folds: int) -> None:
    oof = tmp_path / "oof.parquet" if folds == 0 else None
    with pytest.raises(UsageError, match="needs both"):
        train(data, tmp_path / "bundle", folds=folds, oof=oof)


def test_one_label_is_not_enough(tmp_path: Path) -> None:
    data = one_product_each(tmp_path, [(f"p{i}", 5, f"good {i}") for i in range(50)])
    with pytest.raises(NotEnoughData, match="two labels"):
        train(data, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(tmp_path: Path) -> None:
    raw = corpus.write_reviews(tmp_path / "r.tsv", 200, unrated_every=20)
    data = corpus.prepared(raw, tmp_path / "prepared")
    good, out = tmp_path / "good", tmp_path / "killed"
    chance = random.Random(3)
    with Killer("tests.training.steps:train_folder") as killer:
        killer.run(data.path, good)
        whole = killer.run(data.path, tmp_path / "timed")
        kills = 0
        while kills < 8:
            if killer.kill(data.path, out, after=chance.random() * whole / 3):
                kills += 1
            else:
                shutil.rmtree(out)
        killer.run(data.path, out)
    assert files(out) == files(good)
    assert {p.name for p in out.iterdir()} == {"bundle", "oof.parquet"}


class TestCrossFit:
    def test_every_review_has_one_prediction_in_the_order_of_the_data(
        self, data: PreparedData, tmp_path: Path
    ) -> None:
        result = train(data, tmp_path / "bundle", folds=4, oof=tmp_path / "oof.parquet")
        reviews = data.table(["review_id", "star_rating", "product_parent"])
        table = pq.read_table(tmp_path / "oof.parquet")
        assert table.column("review_id").equals(reviews.column("review_id"))
        assert pc.unique(table.column("model_id")).to_pylist() == [result.bundle.id]
        unrated = pc.is_null(reviews.column("star_rating"))
        assert pc.is_null(table.column("fold")).equals(unrated)
        assert sorted(pc.unique(table.column("fold").drop_null()).to_pylist()) == [0, 1, 2, 3]
        folds = reviews.append_column("fold", table.column("fold")).filter(pc.invert(unrated))
        per_product = folds.group_by("product_parent").aggregate([("fold", "count_distinct")])
        assert pc.max(per_product.column("fold_count_distinct")).as_py() == 1
        assert result.crossfit is not None
        assert (result.crossfit.rows, result.crossfit.unlabelled) == (570, 30)

    def test_reviews_without_a_label_are_predicted_by_the_bundle(
        self, data: PreparedData, tmp_path: Path
    ) -> None:
        bundle = train(data, tmp_path / "b", folds=2, oof=tmp_path / "oof.parquet").bundle
        table = pq.read_table(tmp_path / "oof.parquet")
        unlabelled = table.filter(pc.is_null(table.column("fold")))
        reviews = data.table(["review_id", "review_headline", "review_body"])
        chosen = reviews.filter(pc.is_in(reviews.column(0), unlabelled.column("review_id")))
        expected = np.concatenate([bundle.predict_proba(b) for b in chosen.to_batches()])
        assert unlabelled.column("probabilities").to_pylist() == expected.tolist()

    def test_no_classifier_has_seen_the_product_that_it_predicts(self, tmp_path: Path) -> None:
        """Words give a product away, and each product has one label: only a leak knows it."""
        rows = [
            (f"p{i // 10}", 1 + 4 * (i // 10 % 2), f"word{i // 10} number{i}") for i in range(400)
        ]
        data = one_product_each(tmp_path, rows)
        train(data, tmp_path / "bundle", folds=5, oof=tmp_path / "oof.parquet")
        table = pq.read_table(tmp_path / "oof.parquet", columns=["review_id", "label"])
        found = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
        right = [
            found[f"r{i}"] == ("negative", "positive")[stars // 5]
            for i, (_, stars, _) in enumerate(rows)
        ]
        assert np.mean(right) < 0.75

    def test_no_classifier_has_seen_the_text_that_it_predicts(self, tmp_path: Path) -> None:
        """Every text stands under many products, always with the same label."""
        rows = [(f"p{i}", 1 + 4 * (i % 2), f"word{i % 40}") for i in range(400)]
        rows += [(f"q{i}", 1 + 4 * (i % 2), f"other{i}") for i in range(400)]
        data = one_product_each(tmp_path, rows)
        result = train(data, tmp_path / "bundle", folds=5, oof=tmp_path / "oof.parquet")
        assert result.crossfit is not None
        assert min(result.crossfit.dropped_texts) > 0
        table = pq.read_table(tmp_path / "oof.parquet", columns=["review_id", "label"])
        found = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
        right = [found[f"r{i}"] == ("negative", "positive")[i % 2] for i in range(400)]
        assert np.mean(right) < 0.75

    def test_more_folds_than_products(self, tmp_path: Path) -> None:
        rows = [(f"p{i % 3}", 1 + 4 * (i % 2), f"word{i % 2} {i}") for i in range(60)]
        data = one_product_each(tmp_path, rows)
        with pytest.raises(NotEnoughData, match="4 folds need as many products"):
            train(
                data,
                tmp_path / "bundle",
                split=SplitSettings(by="review"),
                folds=4,
                oof=tmp_path / "oof.parquet",
            )

    def test_one_fold_is_none(self, data: PreparedData, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="2 folds or more"):
            train(data, tmp_path / "bundle", folds=1, oof=tmp_path / "oof.parquet")

    def test_another_table_is_not_replaced_unasked(
        self, data: PreparedData, tmp_path: Path
    ) -> None:
        oof = tmp_path / "oof.parquet"
        train(data, tmp_path / "bundle", folds=2, oof=oof)
        before = oof.read_bytes()
        with pytest.raises(UsageError, match="something else"):
            train(data, tmp_path / "bundle", folds=3, oof=oof)
        assert oof.read_bytes() == before
