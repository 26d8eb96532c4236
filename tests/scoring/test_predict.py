import gzip
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reviewdesk.bundle import Bundle
from reviewdesk.errors import StorageError, UsageError
from reviewdesk.prepare.lock import locked
from reviewdesk.schema import REJECTS, prediction_labels, predictions_schema
from reviewdesk.scoring.predict import predict
from reviewdesk.settings import CleanSettings
from tests.killing import kill_and_resume
from tests.scoring import corpus


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scoring")


@pytest.fixture(scope="module")
def raw(place: Path) -> Path:
    return corpus.write_reviews(place / "raw.tsv", 400, bad_every=40, unrated_every=10)


@pytest.fixture(scope="module")
def bundle(place: Path) -> Bundle:
    return corpus.bundle(place / "bundle")


def by_id(path: Path) -> dict[str, list[float]]:
    table = pq.read_table(path)
    ids, values = table.column("review_id"), table.column("probabilities")
    return dict(zip(ids.to_pylist(), values.to_pylist(), strict=True))


def test_every_readable_row_is_predicted_in_input_order(
    raw: Path, bundle: Bundle, tmp_path: Path
) -> None:
    summary = predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.column("review_id").to_pylist() == [f"R0-{i}" for i in range(400)]
    assert summary.rows == 400
    assert summary.labels == dict(
        zip(*map(pa.Array.to_pylist, pc.value_counts(table.column("label")).flatten()), strict=True)
    )
    assert sum(summary.rejected.values()) == 10


def test_the_table_is_a_predictions_table(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    table = pq.read_table(tmp_path / "p.parquet")
    assert table.schema.equals(predictions_schema(bundle.labels, "sentiment"))
    assert prediction_labels(table.schema) == bundle.labels
    assert table.schema.metadata[b"target"] == b"sentiment"
    assert pc.unique(table.column("model_id")).to_pylist() == [bundle.id]
    assert table.column("fold").null_count == len(table)
    assert table.column("evidence").null_count == len(table)
    probabilities = np.array(table.column("probabilities").to_pylist())
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    best = probabilities.argmax(axis=1)
    assert table.column("label").to_pylist() == [bundle.labels[i] for i in best]
    np.testing.assert_allclose(
        table.column("probability").to_numpy(), probabilities.max(axis=1), rtol=1e-6
    )


def test_rows_that_cannot_be_read_are_kept_beside(
    raw: Path, bundle: Bundle, tmp_path: Path
) -> None:
    summary = predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet", part_rows=50)
    assert summary.rejects == tmp_path / "p.rejects.parquet"
    rejects = pq.read_table(summary.rejects)
    assert rejects.schema.equals(REJECTS)
    assert rejects.column("raw").to_pylist() == [b"US\tbroken row"] * 10
    assert summary.rejected == {"wrong_field_count": 10}


def test_prepared_data_is_predicted_in_its_order(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    data = corpus.prepared(raw, tmp_path / "prepared")
    summary = predict(bundle, data, tmp_path / "p.parquet")
    found = pq.read_table(tmp_path / "p.parquet").column("review_id")
    assert found.to_pylist() == data.table(["review_id"]).column(0).to_pylist()
    assert summary.rejects is None
    assert not (tmp_path / "p.rejects.parquet").exists()


def test_raw_and_prepared_reviews_get_the_same_probabilities(
    raw: Path, bundle: Bundle, tmp_path: Path
) -> None:
    data = corpus.prepared(raw, tmp_path / "prepared")
    predict(bundle, data, tmp_path / "prepared.parquet")
    predict(bundle, corpus.inputs(raw), tmp_path / "raw.parquet")
    assert "<br />" in raw.read_text()
    assert by_id(tmp_path / "prepared.parquet") == by_id(tmp_path / "raw.parquet")


def test_one_review_gets_the_same_probabilities_as_among_others(
    raw: Path, bundle: Bundle, tmp_path: Path
) -> None:
    """A server predicts one review at a time."""
    predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    found = by_id(tmp_path / "p.parquet")
    for batch in next(iter(corpus.inputs(raw))).read():
        for i in range(0, len(batch.reviews), 50):
            one = bundle.clean(batch.reviews.slice(i, 1))
            expected = found[one.column("review_id")[0].as_py()]
            assert bundle.predict_proba(one)[0].tolist() == expected


def test_short_empty_and_repeated_reviews_are_predicted(bundle: Bundle, tmp_path: Path) -> None:
    lines = ["review_id,review_body"]
    lines += ["1,ok", "1,ok", "2,<br />", "3," + "great " * 5000, "4,\U0001f600"]
    (tmp_path / "r.csv").write_text("\n".join(lines) + "\n")
    summary = predict(bundle, corpus.inputs(tmp_path / "r.csv"), tmp_path / "p.parquet")
    assert pq.read_table(summary.out).column("review_id").to_pylist() == ["1", "1", "2", "3", "4"]


def test_a_file_without_a_readable_row_makes_an_empty_table(bundle: Bundle, tmp_path: Path) -> None:
    raw = corpus.write_reviews(tmp_path / "r.tsv", 0)
    raw.write_text(raw.read_text() + "US\tbroken row\n")
    summary = predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    assert summary.rows == 0
    assert summary.labels == {"negative": 0, "positive": 0}
    assert summary.rejected == {"wrong_field_count": 1}
    assert pq.read_table(summary.out).schema.equals(predictions_schema(bundle.labels, "sentiment"))


def test_evidence_is_given_when_asked_for(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet", evidence=3)
    table = pq.read_table(tmp_path / "p.parquet")
    evidence = table.column("evidence").to_pylist()
    assert max(len(words) for words in evidence) == 3
    strongest = {words[0]["word"] for words in evidence if words}
    assert strongest & {*corpus.GOOD, *corpus.BAD}
    for words in evidence:
        weights = [abs(one["weight"]) for one in words]
        assert weights == sorted(weights, reverse=True)


def test_the_size_of_parts_makes_no_difference_to_the_rows(
    raw: Path, bundle: Bundle, tmp_path: Path
) -> None:
    gz = tmp_path / "raw.tsv.gz"
    gz.write_bytes(gzip.compress(raw.read_bytes()))
    for rows in (60, 100, 100_000):
        predict(bundle, corpus.inputs(gz), tmp_path / f"{rows}.parquet", part_rows=rows)
    tables = [pq.read_table(tmp_path / f"{rows}.parquet") for rows in (60, 100, 100_000)]
    assert tables[0].equals(tables[1])
    assert tables[1].equals(tables[2])


def test_files_are_readable_by_their_owner_only(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    assert {p.name for p in tmp_path.iterdir()} == {"p.parquet", "p.rejects.parquet"}
    assert all(p.stat().st_mode & 0o077 == 0 for p in tmp_path.iterdir())


def test_the_same_run_again_does_nothing(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    first = predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    written = first.out.stat().st_mtime_ns
    second = predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    assert second.already
    assert second.out.stat().st_mtime_ns == written
    for name in ("rows", "labels", "rejected", "model_id", "out", "rejects"):
        assert second.to_json()[name] == first.to_json()[name]
    assert second.log.rows == first.log.rows == {"out": 400, "rejected": 10}


def test_another_table_is_not_replaced_unasked(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    out = tmp_path / "p.parquet"
    predict(bundle, corpus.inputs(raw), out)
    before = out.read_bytes()
    with pytest.raises(UsageError, match="something else"):
        predict(bundle, corpus.inputs(raw), out, evidence=1)
    assert out.read_bytes() == before
    predict(bundle, corpus.inputs(raw), out, evidence=1, overwrite=True)
    assert out.read_bytes() != before


@pytest.mark.parametrize("content", [b"", b"hello", b"PAR1" * 10])
def test_another_file_is_not_replaced_unasked(
    raw: Path, bundle: Bundle, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "p.parquet").write_bytes(content)
    with pytest.raises(UsageError, match="something else"):
        predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
    assert (tmp_path / "p.parquet").read_bytes() == content


def test_a_changed_file_is_noticed(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    """Not by its time or size: only by what is in it."""
    same = tmp_path / "raw.tsv"
    same.write_text(raw.read_text())
    predict(bundle, corpus.inputs(same), tmp_path / "p.parquet")
    same.write_text(raw.read_text().replace("great", "awful"))
    os.utime(same, ns=(0, 0))
    with pytest.raises(UsageError, match="something else"):
        predict(bundle, corpus.inputs(same), tmp_path / "p.parquet")


def test_data_that_was_cleaned_otherwise_is_refused(
    raw: Path, bundle: Bundle, tmp_path: Path
) -> None:
    data = corpus.prepared(raw, tmp_path / "prepared", CleanSettings(html=False))
    with pytest.raises(UsageError, match="cleaned with other settings"):
        predict(bundle, data, tmp_path / "p.parquet")
    assert not (tmp_path / "p.parquet").exists()


def test_two_processes_do_not_write_one_file(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    with locked(tmp_path / ".p.parquet.lock", "p"), pytest.raises(StorageError, match="another"):
        predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")


def test_parts_of_another_run_are_not_taken_up(raw: Path, bundle: Bundle, tmp_path: Path) -> None:
    predict(bundle, corpus.inputs(raw), tmp_path / "good.parquet")
    partial = tmp_path / ".p.parquet.partial"
    partial.mkdir()
    for plan in (None, "{}", "half a fi"):
        partial.mkdir(exist_ok=True)
        pq.write_table(pa.table({"wrong": [1]}), partial / "000000.parquet")
        if plan is not None:
            (partial / "plan.json").write_text(plan)
        predict(bundle, corpus.inputs(raw), tmp_path / "p.parquet")
        found = (tmp_path / "p.parquet").read_bytes()
        assert found == (tmp_path / "good.parquet").read_bytes()
        (tmp_path / "p.parquet").unlink()


def kill_predictions(kind: str, place: Path, folder: Path, kills: int) -> None:
    raw = corpus.write_reviews(folder / "r.tsv", 2000, bad_every=100, seed=1)
    data = raw if kind == "raw" else corpus.prepared(raw, folder / "prepared").path
    kill_and_resume(
        "tests.scoring.steps:predict_place",
        lambda out: (place / "bundle", data, out / "p.parquet"),
        folder,
        kills,
    )


@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("kind", ["raw", "prepared"])
def test_killed_at_fifty_random_moments(kind: str, place: Path, tmp_path: Path) -> None:
    kill_predictions(kind, place, tmp_path, 25)


@pytest.mark.slow
@pytest.mark.usefixtures("bundle")
@pytest.mark.parametrize("kind", ["raw", "prepared"])
def test_each_kind_killed_at_fifty_random_moments(kind: str, place: Path, tmp_path: Path) -> None:
    kill_predictions(kind, place, tmp_path, 50)
