from pathlib import Path

import pytest

from reviewdesk.errors import InputError, UsageError
from reviewdesk.job.base_models import Predictions, by_target
from reviewdesk.job.find import FindSettings, find
from reviewdesk.prepare.prepared import PreparedData
from tests.findings.shop import ids_of, probabilities_of, rows_of, shop, write_predictions


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return shop(tmp_path_factory.mktemp("shop"), rows_of(60))


def written(
    data: PreparedData, folder: Path, *, target: str = "category", letter: str = ""
) -> dict[str, tuple[Path, ...]]:
    """Write predictions of the shop's categories, of which each has a letter more."""
    labels = [f"{name}{letter}" for name in ("Books", "Garden", "Phones")]
    path = folder / f"{target}{letter}.parquet"
    found = probabilities_of(data)
    return by_target([write_predictions(path, ids_of(data), found, labels, target=target)])


def test_predictions_that_no_finder_needs_are_refused(data: PreparedData, tmp_path: Path) -> None:
    given = {**written(data, tmp_path), **written(data, tmp_path, target="sentiment")}
    wanted = FindSettings(("product-category", "declining"), predictions=given)
    said = r"sentiment\.parquet holds predictions of 'sentiment', .* needs those of category and st"
    with pytest.raises(UsageError, match=said):
        find(data, tmp_path / "out", wanted)
    with pytest.raises(UsageError, match="'category', and what is looked for needs no predictions"):
        Predictions(data, tmp_path, written(data, tmp_path)).check(())
    assert not (tmp_path / "out").exists()


def test_predictions_of_other_categories_are_refused(data: PreparedData, tmp_path: Path) -> None:
    other = written(data, tmp_path, letter="!")
    with pytest.raises(InputError, match=r"none of the labels of .*category!\.parquet is a cat"):
        find(data, tmp_path / "out", FindSettings(("product-category",), predictions=other))
    assert not (tmp_path / "out").exists()
    Predictions(data, tmp_path, written(data, tmp_path)).check(("category",))


def test_data_without_categories_is_not_held_against_predictions(tmp_path: Path) -> None:
    plain = shop(tmp_path, [{**row, "product_category": None} for row in rows_of(60)])
    Predictions(plain, tmp_path, written(plain, tmp_path)).check(("category",))


def test_tables_are_checked_when_they_are_named(data: PreparedData, tmp_path: Path) -> None:
    given = by_target([*written(data, tmp_path)["category"], *written(data, tmp_path)["category"]])
    assert [len(paths) for paths in given.values()] == [2]
    with pytest.raises(InputError, match="no Parquet file"):
        by_target([data.path / "manifest.json"])
