"""What every finder keeps to: the house's own, and another package's."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk import findings
from reviewdesk.errors import InputError, MissingColumn, NotEnoughData
from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.page import findings_page, shown_samples
from reviewdesk.findings.store import read_findings, write_findings
from reviewdesk.findings.texts import review_texts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.schema import FINDINGS
from reviewdesk.sources.truth import (
    DECLINING,
    PRODUCT_CATEGORY,
    REVIEW_CATEGORY,
    VARIANTS,
    Truth,
    truth_directory,
    write_truth,
)
from tests.report.reading import Reader

from .market import EVIL, market, market_rows
from .plugin import install
from .shop import ids_of, probabilities_of, write_predictions

OWN = tuple(FINDERS.names())
STARS = ("1", "2", "3", "4", "5")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    return market(tmp_path_factory.mktemp("market"))


@pytest.fixture(scope="module")
def inputs(data: PreparedData, tmp_path_factory: pytest.TempPathFactory) -> FinderInputs:
    return inputs_of(data, tmp_path_factory.mktemp("predictions"))


@pytest.fixture(params=[*OWN, "odd"])
def finder(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Finder:
    install(tmp_path / "plugin", monkeypatch, odd="tests.findings.fakes:OddFinder")
    kind = FINDERS.load(request.param)
    assert issubclass(kind, Finder)
    return kind()


@pytest.fixture(scope="module")
def found_by(inputs: FinderInputs) -> dict[str, Findings]:
    """What each finder of the house found; looked for once."""
    return {name: FINDERS.load(name)().find(inputs) for name in OWN}


def inputs_of(data: PreparedData, folder: Path, **more: Any) -> FinderInputs:
    """Return reviews with what a fair reader says of their categories and stars."""
    ids = ids_of(data)
    said = probabilities_of(data)
    category = [
        write_predictions(folder / f"category-{n}.parquet", ids, said, model=f"reader-{n}")
        for n in range(2)
    ]
    stars = np.full((len(ids), 5), 0.05, np.float32)
    bodies = data.table(["review_body"]).column(0).to_pylist()
    stars[np.arange(len(ids)), [0 if "broken" in one else 4 for one in bodies]] = 0.8
    rated = write_predictions(folder / "stars.parquet", ids, stars, STARS, target="stars")
    return FinderInputs(data, {"category": tuple(category), "stars": (rated,)}, **more)


def test_it_says_what_it_is(finder: Finder) -> None:
    assert finder.name in FINDERS.names()
    assert finder.title[:1].isupper()
    assert finder.description.endswith(".")
    assert set(finder.targets) <= {"category", "stars"}


def test_findings_have_their_columns_and_lists_are_nested(
    finder: Finder, inputs: FinderInputs, found_by: dict[str, Findings]
) -> None:
    found = found_by.get(finder.name) or finder.find(inputs)
    table = found.table
    assert table.schema.equals(FINDINGS)
    table.validate(full=True)
    assert set(table["finder"].to_pylist()) <= {finder.name}
    assert set(table["kind"].to_pylist()) <= {"review", "product", "category"}
    score = table["score"].to_numpy()
    assert np.all((score >= 0) & (score <= 1))
    if found.lists:
        promised = [one.promise for one in found.lists]
        assert promised == sorted(promised, reverse=True)
        assert set(promised) <= set(PROMISES)
        assert set(table["promise"].to_pylist()) <= set(promised)
    for one in found.lists:
        held = (table["promise"].to_numpy() >= one.promise - 1e-9).sum()
        assert one.listed == held
        assert 0 <= one.expected_errors <= max(one.listed, 0)
        assert (one.listed == 0) == (one.why_empty is not None)
    assert found.looked_at >= 0
    assert all(number >= 0 for number in found.left_out.values())


def test_the_evidence_is_there_and_about_these_reviews(
    finder: Finder, inputs: FinderInputs, data: PreparedData, found_by: dict[str, Findings]
) -> None:
    found = found_by.get(finder.name) or finder.find(inputs)
    known = set(ids_of(data))
    products = set(data.table(["product_id"]).column(0).to_pylist())
    for row in found.table.to_pylist():
        assert set(row["samples"] or ()) <= known
        assert len(row["samples"] or ()) <= 3
        assert row["action"].endswith(".")
        assert row["reviews"] >= 0
        if row["kind"] == "review":
            assert row["what"] in known
        elif row["kind"] == "product":
            assert row["what"] in products


def test_the_same_data_gives_the_same_findings(
    finder: Finder, inputs: FinderInputs, found_by: dict[str, Findings]
) -> None:
    before = found_by.get(finder.name) or finder.find(inputs)
    again = type(finder)().find(inputs)
    assert again.table == before.table
    assert again.lists == before.lists
    assert dict(again.tables) == dict(before.tables)
    assert again.notes == before.notes


def test_findings_are_written_read_and_shown(
    finder: Finder,
    inputs: FinderInputs,
    data: PreparedData,
    found_by: dict[str, Findings],
    tmp_path: Path,
) -> None:
    found = found_by.get(finder.name) or finder.find(inputs)
    texts = review_texts(data, shown_samples(found))
    page = findings_page(found, finder.info(), texts, EVIL).render()
    write_findings(tmp_path / finder.name, found, finder.info(), {"data": "x", "files": []}, page)
    stored = read_findings(tmp_path / finder.name).findings
    assert stored.table == found.table
    assert stored.lists == found.lists
    assert json.loads((tmp_path / finder.name / "findings.json").read_text())


def test_titles_and_texts_stay_text(
    finder: Finder, inputs: FinderInputs, data: PreparedData, found_by: dict[str, Findings]
) -> None:
    found = found_by.get(finder.name) or finder.find(inputs)
    texts = review_texts(data, shown_samples(found))
    page = Reader(findings_page(found, finder.info(), texts, EVIL).render())
    assert page.all("script") == []
    for _, attributes in page.elements:
        assert not any(name.startswith("on") for name in attributes)
        assert str(attributes.get("href", "#")).startswith(("#", "data:,"))


def test_data_with_little_or_nothing_in_it(finder: Finder, tmp_path: Path) -> None:
    rows = market_rows(60)
    for n, some in enumerate(([{"review_body": "no"}], rows[:1], rows[:2], rows[1:30])):
        small = market(tmp_path / str(n), some)
        folder = tmp_path / f"predictions-{n}"
        folder.mkdir()
        try:
            found = finder.find(inputs_of(small, folder))
        except (NotEnoughData, MissingColumn):
            continue  # said in one sentence, which is as good
        assert found.table.num_rows == 0 or not found.lists
        assert all(one.why_empty for one in found.lists)


@pytest.mark.parametrize(
    "missing", ["product_category", "product_id", "star_rating", "review_date"]
)
def test_a_column_that_is_not_filled_is_named_or_not_needed(
    finder: Finder, tmp_path: Path, missing: str
) -> None:
    rows = [{**row, missing: None} for row in market_rows(600)]
    bare = market(tmp_path / "bare", rows)
    try:
        found = finder.find(inputs_of(bare, tmp_path))
    except MissingColumn as error:
        assert missing in str(error)  # noqa: PT017  (finders may also do without)
        assert missing in finder.columns
        return
    if missing in finder.columns:
        assert found.lists
        assert all(one.why_empty for one in found.lists)


def test_predictions_of_other_reviews_are_refused(
    finder: Finder, inputs: FinderInputs, tmp_path: Path
) -> None:
    rows = [{**row, "review_id": f"X{row['review_id']}"} for row in market_rows(600)]
    for row in rows[100:]:
        row["star_rating"] = None  # so that predictions of stars are asked for
    other = market(tmp_path / "other", rows)
    if finder.targets:
        with pytest.raises(InputError, match="about other reviews"):
            finder.find(FinderInputs(other, inputs.predictions))


@pytest.fixture
def hidden(data: PreparedData) -> Iterator[Path]:
    """Known errors beside the data that nobody may look into, and then none."""
    reviews = data.table(["review_id", "product_id", "product_category"]).to_pylist()
    wrong = [
        {**row, "right_product_id": row["product_id"], "right_category": "Garden"}
        for row in reviews[::7]
    ]
    products = {row["product_id"]: row["product_category"] for row in reviews[::5]}
    moved = [
        {"product_id": one, "product_category": where, "right_category": "Phones", "reviews": 9}
        for one, where in products.items()
    ]
    worse = [
        {"product_id": one, "declines_from": date(2014, 6, 1), "reviews_before": 9}
        | {"reviews_after": 9, "stars_before": 4.0, "stars_after": 2.0}
        for one in products
    ]
    alike = [{"product_id": one, "product_parent": "P", "reviews": 9} for one in products]
    folder = truth_directory(data.path)
    tables = {REVIEW_CATEGORY: wrong, PRODUCT_CATEGORY: moved, DECLINING: worse, VARIANTS: alike}
    truth = Truth(*(pa.Table.from_pylist(rows, schema) for schema, rows in tables.items()))
    write_truth(folder, truth, {"data": data.fingerprint})
    yield folder
    shutil.rmtree(folder)


def test_no_finder_reads_the_truth(
    finder: Finder, inputs: FinderInputs, found_by: dict[str, Findings], hidden: Path
) -> None:
    before = found_by.get(finder.name)
    opened: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in ("open", "os.listdir", "os.scandir") and arguments:
            opened.append(os.fspath(arguments[0]) if not isinstance(arguments[0], int) else "")

    sys.addaudithook(watch)
    again = type(finder)().find(inputs)
    watching = False
    assert not [name for name in opened if str(name).startswith(str(hidden))]
    if before is None:
        shutil.move(hidden, hidden.with_name("elsewhere"))
        before = finder.find(inputs)
        shutil.move(hidden.with_name("elsewhere"), hidden)
    assert again.table == before.table  # Arrow opens files unseen by hooks
    assert again.lists == before.lists


def test_no_finder_knows_where_the_truth_stands() -> None:
    names = ("sources.truth", ".truth", "planted")
    files = list(Path(findings.__path__[0]).rglob("*.py"))
    assert len(files) > 50
    assert not [one for one in files if any(name in one.read_text() for name in names)]
