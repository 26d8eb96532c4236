"""The Python face, as a user of DataFrames and lists meets it."""

import ast
import doctest
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import reviewdesk as rd
from reviewdesk.api import model as model_module
from reviewdesk.api import reviews as reviews_module
from reviewdesk.errors import InputError, MissingColumn, NotEnoughData, UsageError

SOURCE = Path(rd.__file__).parent
GOOD, BAD = ("works very well", "lovely colour, happy"), ("broke after a week", "poor, sent back")


def shop(rows: int = 120) -> pd.DataFrame:
    """Return reviews with columns that are called otherwise than ours."""
    return pd.DataFrame(
        {
            "comment": [f"{(BAD, GOOD)[n % 2][n % 4 // 2]}, room number {n}" for n in range(rows)],
            "score": [(1, 5)[n % 2] for n in range(rows)],
            "topic": [("defect", "praise")[n % 2] for n in range(rows)],
        }
    )


@pytest.fixture(scope="module")
def model() -> rd.Model:
    return rd.train(shop(), text="comment", label="topic")


def test_importing_loads_nothing_heavy() -> None:
    script = (
        "import sys, reviewdesk; print(*{'numpy', 'pyarrow', 'duckdb', 'rich'} & {*sys.modules})"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_everything_that_is_named_is_there() -> None:
    import reviewdesk.explore.page
    import reviewdesk.prepare.prepare  # noqa: F401  (rooms of the functions' names)

    for name in rd.__all__:
        assert callable(getattr(rd, name)) or name == "__version__"
    assert set(dir(rd)) == set(rd.__all__)
    with pytest.raises(AttributeError, match="reed"):
        rd.reed  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize("module", [model_module, reviews_module])
def test_the_examples_in_docstrings(module: Any) -> None:
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "batch", "csv", "prepared"])
def test_reviews_of_every_kind(kind: str, tmp_path: Path) -> None:
    frame, table = shop(), pa.Table.from_pandas(shop())
    source: Any = {
        "pandas": frame,
        "polars": pl.from_pandas(frame),
        "arrow": table,
        "batch": table.to_batches()[0],
        "csv": tmp_path / "shop.csv",
        "prepared": tmp_path / "prepared",
    }[kind]
    columns = {"review_body": "comment", "star_rating": "score"}
    if kind == "csv":
        frame.to_csv(source, index=False)
    if kind == "prepared":
        rd.prepare(frame, source, columns=columns)
        columns = {}
    reviews = rd.read(source, columns=columns) if columns else rd.read(source)
    assert len(reviews) == 120
    assert reviews.counts["written"] == 120
    assert sorted(reviews.to_pandas()["review_body"]) == sorted(frame["comment"])
    assert reviews.to_polars()["star_rating"].sum() == 360
    assert len(pl.DataFrame(reviews)) == 120
    assert pa.table(reviews).num_rows == 120
    assert "120" in reviews._repr_html_()


def test_unreadable_rows_are_a_warning_and_counted(tmp_path: Path) -> None:
    lines = shop().to_csv(index=False).splitlines()
    (tmp_path / "shop.csv").write_text("\n".join([*lines, *["one,too,many,cells"] * 10]) + "\n")
    with pytest.warns(UserWarning, match="could not be read"):
        reviews = rd.read(tmp_path / "shop.csv", columns={"review_body": "comment"})
    assert len(reviews) == 120


def test_texts_of_every_kind_get_the_same_answer(model: rd.Model) -> None:
    texts = ["works well", "it broke", ""]
    wanted = model.predict_proba(texts)
    assert wanted.shape == (3, 2)
    frame = pd.DataFrame({"comment": texts})
    for given in (
        np.array(texts),
        pd.Series(texts),
        pl.Series(texts),
        pa.array(texts),
        pa.chunked_array([texts]),
        pa.table({"text": texts}),
        pl.DataFrame({"review_body": texts}),
    ):
        np.testing.assert_array_equal(model.predict_proba(given), wanted)
    np.testing.assert_array_equal(model.predict_proba(frame, text="comment"), wanted)
    assert model.predict(texts)[:2].tolist() == ["praise", "defect"]
    assert model.predict([]).tolist() == []


def test_what_cannot_be_read_is_said(model: rd.Model) -> None:
    with pytest.raises(InputError, match="list of texts"):
        model.predict("works well")
    with pytest.raises(InputError, match="not a text"):
        model.predict([1, 2])
    with pytest.raises(MissingColumn, match="no column .* is known to hold the reviews' text"):
        model.predict(pd.DataFrame({"a": ["x"]}))
    with pytest.raises(InputError, match="several types"):
        rd.read(pd.DataFrame({"text": ["a", 5, b"c"]}))
    with pytest.raises(UsageError, match="no setting 'sede'"):
        rd.train(shop(), text="comment", label="topic", sede=1)
    with pytest.raises(UsageError, match="a target or a column of labels"):
        rd.train(shop(), "stars", label="topic")
    with pytest.raises(UsageError, match="sentimnt"):
        rd.train(shop(), "sentimnt", text="comment")
    with pytest.raises(NotEnoughData):
        rd.train(shop().assign(topic="same"), text="comment", label="topic")
    with pytest.raises(UsageError, match="no-such"):
        rd.find("no-such", shop())


def test_a_model_is_saved_and_loaded(model: rd.Model, tmp_path: Path) -> None:
    saved = model.save(tmp_path / "bundle")
    loaded = rd.load(saved)
    assert loaded.labels == model.labels
    np.testing.assert_array_equal(
        loaded.predict_proba(["works well"]), model.predict_proba(["works well"])
    )
    with pytest.raises(UsageError, match="there already"):
        model.save(saved)


def test_measured_and_explained(model: rd.Model, tmp_path: Path) -> None:
    reviews = rd.read(shop(), columns={"review_body": "comment"}, keep=["topic"])
    measured = model.evaluate(reviews)
    assert measured.figures["accuracy"].value > 0.9
    assert measured.sentences
    assert "<iframe" in measured._repr_html_()
    measured.html(tmp_path / "page.html")
    assert (tmp_path / "page.html").is_file()
    assert {word.word for word in model.explain("it broke").evidence} & {"broke", "it broke"}
    assert "held out" in model._repr_html_()


def test_what_is_shown_is_escaped() -> None:
    frame = shop().assign(topic=lambda rows: "<script>" + rows["topic"])
    shown = rd.train(frame, text="comment", label="topic")._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_the_job_and_what_is_found(tmp_path: Path) -> None:
    columns = {"review_body": "comment", "star_rating": "score"}
    job = rd.run(shop(), tmp_path / "job", "sentiment", folds=2, columns=columns)
    assert job.models["sentiment"].predict(["broke"]).tolist() == ["negative"]
    assert "<iframe" in job._repr_html_()
    explored = rd.explore(job.reviews)
    assert "120" in explored.sentences[0]
    explored.html(tmp_path / "explored.html")
    assert (tmp_path / "explored.figures").is_dir()
    with pytest.raises(MissingColumn):  # a shop without products
        rd.find("similar", job.reviews)


def test_the_command_line_calls_the_same_functions() -> None:
    """Each function of a room that a command and the face share is the same object."""
    shared = {
        "prepare": "reviewdesk.prepare.prepare.prepare",
        "explore": "reviewdesk.explore.explore.explore",
        "train": "reviewdesk.training.train.train",
        "evaluate": "reviewdesk.training.evaluate.evaluate",
        "explain": "reviewdesk.scoring.explain.explain",
        "find": "reviewdesk.job.find.find",
        "tune": "reviewdesk.training.tuning.tune",
        "run": "reviewdesk.job.main_job.run_job",
        "graph_build": "reviewdesk.job.graph.build",
        "monitor": "reviewdesk.job.monitor.monitor",
    }
    face = {name for path in (SOURCE / "api").glob("*.py") for name in imported(path)}
    for command, function in shared.items():
        assert function in imported(SOURCE / "cli" / f"{command}.py")
        assert function in face


def imported(path: Path) -> set[str]:
    """Return what a file imports, by full names."""
    return {
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
