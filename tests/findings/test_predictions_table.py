import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewdesk.errors import InputError
from reviewdesk.examples.folds import NO_FOLD
from reviewdesk.findings.predictions import read_predictions
from reviewdesk.findings.predictions_table import PredictionsTable
from reviewdesk.prepare.prepared import PreparedData

from .shop import CATEGORIES, ids_of, probabilities_of, shop, write_predictions

Change = Callable[[pa.Table], pa.Table]
SURE = [[1.0, 0.0, 0.0]]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def good(data: PreparedData, tmp_path: Path) -> Path:
    return write_predictions(tmp_path / "good.parquet", ids_of(data), probabilities_of(data))


def changed(good: Path, change: Change) -> Path:
    """Write another table beside a good one, of which it keeps the metadata if it has none."""
    table = pq.read_table(good)
    other = change(table)
    path = good.with_name("other.parquet")
    pq.write_table(
        other.replace_schema_metadata(other.schema.metadata or table.schema.metadata), path
    )
    return path


def with_column(name: str, values: list[object], kind: pa.DataType) -> Change:
    """Return what sets a column: its first values, and the last of them for all further rows."""

    def change(table: pa.Table) -> pa.Table:
        filled = values + values[-1:] * (len(table) - len(values))
        return table.set_column(table.schema.names.index(name), name, pa.array(filled, kind))

    return change


def without(name: str) -> Change:
    return lambda table: table.drop_columns([name])


def with_metadata(name: str, value: str) -> Change:
    return lambda table: table.replace_schema_metadata(
        {**table.schema.metadata, name.encode(): value}
    )


def twice(name: str) -> Change:
    return lambda table: table.append_column(name, table.column(name))


FLOATS = pa.list_(pa.float32())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (without("review_id"), "{} has no column review_id"),
        (twice("review_id"), "{} has 2 columns review_id"),
        (with_column("review_id", [7], pa.int64()), "review_id of {} is of int64; .* text"),
        (
            with_column("probabilities", [0.5], pa.float32()),
            "probabilities of {} is of float; it has to be of lists of floating-point numbers",
        ),
        (
            with_column("probabilities", [["a"] * 3], pa.list_(pa.string())),
            "probabilities of {} is of list<.*: string>",
        ),
        (with_column("model_id", [7], pa.int64()), "model_id of {} is of int64"),
        (with_column("fold", [0.5], pa.float64()), "fold of {} is of double; .* whole numbers"),
        (with_metadata("labels", "not json"), "{} names no labels"),
        (with_metadata("labels", "5"), "{} names no labels"),
        (with_metadata("labels", '["a", "b"]'), "{} has 3 probabilities a review for 2 labels"),
        (with_metadata("target", ""), "{} does not say what it predicts"),
    ],
)
def test_a_table_is_refused_before_a_row_is_read(good: Path, change: Change, sentence: str) -> None:
    path = changed(good, change)
    with pytest.raises(InputError, match=sentence.format(re.escape(str(path)))):
        PredictionsTable.open(path)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            with_column("review_id", ["R00001", None], pa.string()),
            "row 1 of {}, counted from 0, has no review_id",
        ),
        (with_column("review_id", [None], pa.string()), "row 0 of {}, .* has no review_id"),
        (
            with_column("probabilities", [*SURE, *SURE, None], pa.list_(pa.float32(), 3)),
            "row 2 of {}, counted from 0, has no probabilities",
        ),
        (with_column("probabilities", [None], FLOATS), "row 0 of {}, .* has no probabilities"),
        (
            with_column("probabilities", [*SURE, [1.0], *SURE], FLOATS),
            "row 1 of {}, counted from 0, has 1 probability for 3 labels",
        ),
        (  # as many numbers in all as there should be
            with_column("probabilities", [[1.0, 0.0], [1.0, 0.0, 0.0, 0.0], *SURE], FLOATS),
            "row 0 of {}, counted from 0, has 2 probabilities for 3 labels",
        ),
        (with_column("probabilities", [[1.0, None, 0.0]], FLOATS), "{} holds .* no probabilities"),
        (with_column("fold", [99_999], pa.int64()), "{} has numbers in fold"),
        (lambda table: pa.concat_tables([table, table]), "{} has several rows on one review"),
        (
            lambda table: pa.concat_tables([table.slice(0, 1), table.slice(0, 1), table.slice(1)]),
            "{} has several rows on one review",
        ),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    data: PreparedData, good: Path, change: Change, sentence: str
) -> None:
    path = changed(good, change)
    with pytest.raises(InputError, match=sentence.format(re.escape(str(path)))):
        read_predictions([path], data)


def test_the_row_is_counted_through_all_batches(data: PreparedData, tmp_path: Path) -> None:
    ids = [f"R{number}" for number in range(70_000)]
    path = write_predictions(
        tmp_path / "many.parquet", ids, np.full((len(ids), 3), 1 / 3, np.float32)
    )
    rows = with_column("probabilities", SURE * 69_999 + [None], FLOATS)
    with pytest.raises(InputError, match="row 69999 of"):
        list(PredictionsTable.open(changed(path, rows)).batches())


def test_neither_model_nor_fold_is_needed(data: PreparedData, good: Path) -> None:
    path = changed(
        good, lambda table: table.drop_columns(["model_id", "fold", "label", "evidence"])
    )
    found = read_predictions([path], data)
    assert found.models == ["other.parquet"]
    assert set(found.fold.tolist()) == {NO_FOLD}
    np.testing.assert_array_equal(found.probabilities[0], probabilities_of(data))


def test_models_and_folds_may_be_missing_in_rows(data: PreparedData, good: Path) -> None:
    path = changed(good, with_column("model_id", [None], pa.string()))
    assert read_predictions([path], data).models == ["other.parquet"]
    path = changed(good, with_column("fold", [None], pa.null()))
    assert set(read_predictions([path], data).fold.tolist()) == {NO_FOLD}
    path = changed(good, with_column("fold", [3, None], pa.int64()))
    assert read_predictions([path], data).fold[:3].tolist() == [3, NO_FOLD, NO_FOLD]


@pytest.mark.parametrize("kind", [FLOATS, pa.large_list(pa.float64()), pa.list_(pa.float64(), 3)])
def test_tables_of_other_programs_are_read(
    data: PreparedData, good: Path, kind: pa.DataType
) -> None:
    wanted = probabilities_of(data)
    ids = with_column("review_id", list[object](ids_of(data)), pa.large_string())
    lists = with_column("probabilities", wanted.tolist(), kind)
    found = read_predictions([changed(good, lambda table: ids(lists(table)))], data)
    np.testing.assert_array_equal(found.probabilities[0], wanted)


def test_what_a_table_says_of_itself(good: Path) -> None:
    table = PredictionsTable.open(good)
    assert (table.target, table.labels) == ("category", CATEGORIES)
    assert table.columns == {"review_id", "probabilities", "model_id", "fold"}
