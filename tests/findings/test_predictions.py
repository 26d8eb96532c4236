from pathlib import Path

import numpy as np
import pytest

from reviewdesk.errors import InputError, MissingColumn, StorageError
from reviewdesk.examples.folds import NO_FOLD
from reviewdesk.findings.predictions import read_predictions
from reviewdesk.prepare.prepared import PreparedData

from .shop import CATEGORIES, ids_of, no_reviews, probabilities_of, shop, write_predictions


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return shop(tmp_path_factory.mktemp("shop"))


def test_rows_come_in_the_order_of_the_reviews_whatever_the_tables(
    data: PreparedData, tmp_path: Path
) -> None:
    ids, wanted = ids_of(data), probabilities_of(data)
    shuffled = np.random.default_rng(1).permutation(len(ids))
    paths = (
        write_predictions(tmp_path / "a.parquet", ids, wanted),
        write_predictions(
            tmp_path / "b.parquet", [ids[n] for n in shuffled], wanted[shuffled], model="other"
        ),
    )
    found = read_predictions(paths, data)
    assert found.labels == CATEGORIES
    assert found.models == ["reader-1", "other"]
    for one in found.probabilities:
        np.testing.assert_array_equal(one, wanted)
    assert found.fold.tolist() == [n % 5 for n in range(len(ids))]


def test_labels_of_further_tables_are_put_into_the_order_of_the_first(
    data: PreparedData, tmp_path: Path
) -> None:
    ids, turned = ids_of(data), CATEGORIES[::-1]
    first = write_predictions(tmp_path / "a.parquet", ids, probabilities_of(data))
    second = write_predictions(
        tmp_path / "b.parquet", ids, probabilities_of(data, turned), labels=turned
    )
    found = read_predictions([first, second], data)
    np.testing.assert_allclose(found.probabilities[0], found.probabilities[1], atol=1e-6)


def test_reviews_that_are_not_there_any_more_are_passed_over(
    data: PreparedData, tmp_path: Path
) -> None:
    ids, wanted = ["gone", *ids_of(data), "gone too"], probabilities_of(data)
    more = np.concatenate([wanted[:1], wanted, wanted[:1]])
    found = read_predictions([write_predictions(tmp_path / "a.parquet", ids, more)], data)
    np.testing.assert_array_equal(found.probabilities[0], wanted)


def test_predictions_of_other_reviews_are_refused(data: PreparedData, tmp_path: Path) -> None:
    ids = ids_of(data)
    ids[3] = "elsewhere"
    path = write_predictions(tmp_path / "a.parquet", ids, probabilities_of(data))
    with pytest.raises(InputError, match=r"nothing on 1 of these 600"):
        read_predictions([path], data)


@pytest.mark.parametrize("value", [np.nan, -0.5, 1.5, 0.0])
def test_values_that_are_no_probabilities_are_refused(
    data: PreparedData, tmp_path: Path, value: float
) -> None:
    broken = probabilities_of(data)
    broken[7] = value
    path = write_predictions(tmp_path / "a.parquet", ids_of(data), broken)
    with pytest.raises(InputError, match="no probabilities"):
        read_predictions([path], data)


def test_other_labels_and_other_files_are_refused(data: PreparedData, tmp_path: Path) -> None:
    ids = ids_of(data)
    first = write_predictions(tmp_path / "a.parquet", ids, probabilities_of(data))
    second = write_predictions(
        tmp_path / "b.parquet", ids, probabilities_of(data), labels=["Books", "Garden", "Toys"]
    )
    with pytest.raises(InputError, match="other labels"):
        read_predictions([first, second], data)
    with pytest.raises(MissingColumn, match="not a predictions table"):
        read_predictions([data.path / "rejects.parquet"], data)
    with pytest.raises(InputError, match="no Parquet file"):
        read_predictions([data.path / "manifest.json"], data)
    with pytest.raises(StorageError, match="does not exist"):
        read_predictions([tmp_path / "none.parquet"], data)


def test_data_without_reviews(tmp_path: Path) -> None:
    nothing = no_reviews(tmp_path)
    path = write_predictions(tmp_path / "a.parquet", [], probabilities_of(nothing))
    found = read_predictions([path], nothing)
    assert found.probabilities[0].shape == (0, 3)
    assert len(found.fold) == 0
    assert NO_FOLD == -1
