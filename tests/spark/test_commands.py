"""Commands with a cluster behind them give what one machine gives, byte for byte."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from reviewdesk.bundle import load_bundle
from reviewdesk.examples.examples import load_examples
from reviewdesk.examples.export import export
from reviewdesk.explore.explore import explore
from reviewdesk.prepare.count import count
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.sample import sample
from reviewdesk.progress import SILENT
from reviewdesk.scoring.predict import predict, predict_on_cluster
from reviewdesk.settings import (
    CleanSettings,
    ExportSettings,
    PrepareSettings,
    SampleSettings,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.training.crossfit import BaseModel, cross_fit
from reviewdesk.training.distributed import FamilyQuestion, cross_fit_on
from tests.cluster import SETTINGS, missing, on_this_machine
from tests.prepare.corpus import for_readers
from tests.s3 import Bucket, bucket

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
    pytest.mark.timeout(1200),
]

STARS = TargetSettings(target="stars")


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    for seed in ("1", "2"):
        out = str(folder / f"{seed}.tsv.gz")
        words = ["demo-data", "--reviews", "600", "--seed", seed, "--out", out]
        subprocess.run(
            [sys.executable, "-m", "reviewdesk", *words], check=True, capture_output=True
        )
    return folder


@pytest.fixture(scope="module")
def data(raw: Path) -> PreparedData:
    return prepared(raw, raw.parent / "prepared")


def prepared(raw: Path, out: Path, **settings: Any) -> PreparedData:
    files = sorted(map(str, raw.glob("*.gz")))
    return prepare(
        open_inputs(files, SourceSettings()),
        out,
        prepare=PrepareSettings(**settings),
        clean=CleanSettings(),
        source=SourceSettings(),
    )


@pytest.fixture(scope="module")
def bundle(data: PreparedData, raw: Path) -> Path:
    out = raw.parent / "bundle"
    command = ["train", str(data.path), "--target", "stars", "--model", "linear", "--out", str(out)]
    subprocess.run([sys.executable, "-m", "reviewdesk", *command], check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def store() -> Iterator[Bucket]:
    with bucket() as one:
        yield one


def test_raw_files_and_footers_are_counted(raw: Path, data: PreparedData) -> None:
    engine = on_this_machine()
    for place in (raw, data.path / "reviews"):
        expected = count(str(place), SourceSettings())
        assert expected.rows
        assert count(str(place), SourceSettings(), engine=engine) == expected


def test_a_sample_is_the_same(data: PreparedData, tmp_path: Path) -> None:
    settings = SampleSettings(fraction=0.2, min_category_share=0.03)
    sample(data, tmp_path / "machine", settings)
    drawn = sample(data, tmp_path / "cluster", settings, engine=on_this_machine())
    assert 0 < drawn.rows < data.rows
    assert for_readers(tmp_path / "cluster") == for_readers(tmp_path / "machine")


@pytest.mark.parametrize(
    "settings", [{"format": "csv", "column": ("star_rating",)}, {"format": "libsvm", "chunks": 2}]
)
def test_an_export_is_the_same(
    settings: dict[str, Any], data: PreparedData, tmp_path: Path
) -> None:
    for name, engine in (("machine", None), ("cluster", on_this_machine())):
        made = export(
            data,
            tmp_path / name,
            target=STARS,
            text=TextSettings(),
            split=SplitSettings(),
            export=ExportSettings(**settings),
            engine=engine,
        )
        assert not made.already
    assert for_readers(tmp_path / "cluster") == for_readers(tmp_path / "machine")


def test_predictions_are_the_same(
    data: PreparedData, bundle: Path, raw: Path, tmp_path: Path
) -> None:
    engine = on_this_machine()
    inputs = open_inputs([str(raw)], SourceSettings())
    for name, source in (("prepared", data), ("raw", inputs)):
        machine, cluster = (tmp_path / f"{name}-{by}.parquet" for by in ("machine", "cluster"))
        expected = predict(load_bundle(bundle), source, machine, part_rows=200)
        found = predict_on_cluster(engine, bundle, source, cluster, part_rows=200)
        assert cluster.read_bytes() == machine.read_bytes()
        assert found.labels == expected.labels
        assert found.rejected == expected.rejected
        assert found.unseen_languages == expected.unseen_languages
        assert predict_on_cluster(engine, bundle, source, cluster, part_rows=200).already


def test_cross_fitted_predictions_are_the_same(data: PreparedData, tmp_path: Path) -> None:
    examples = load_examples(data, STARS, TextSettings())
    model = BaseModel.of_family("naive-bayes", {}, examples, data.fingerprint)
    machine = cross_fit(examples, model, tmp_path / "machine.parquet", folds=2)
    asked = FamilyQuestion(
        data, STARS, TextSettings(), "naive-bayes", {}, tmp_path / "cluster.parquet", 2, 0
    )
    cluster = cross_fit_on(on_this_machine(), asked, overwrite=False, progress=SILENT)
    assert not cluster.already
    assert cluster.out.read_bytes() == machine.out.read_bytes()
    assert cluster.counts() == machine.counts()
    again = cross_fit_on(on_this_machine(), asked, overwrite=False, progress=SILENT)
    assert again.already
    assert again.counts() == machine.counts()


def test_what_is_explored_is_the_same(data: PreparedData) -> None:
    expected, explored = explore(data), explore(data, engine=on_this_machine())
    assert explored.counts.sort_by("category") == expected.counts.sort_by("category")
    for name in ("files", "months", "window", "copies"):
        assert getattr(explored, name) == getattr(expected, name)
    assert str(explored.everything) == str(expected.everything)
    assert str(explored.categories) == str(expected.categories)
    assert explored.customers.phrases.num_rows
    assert explored.customers.tables() == expected.customers.tables()
    assert explored.product_ids == expected.product_ids


@pytest.mark.slow
def test_one_language_is_explored_as_on_one_machine(data: PreparedData) -> None:
    code = data.main_language
    expected, explored = (
        explore(data, languages=[code], engine=engine) for engine in (None, on_this_machine())
    )
    assert 0 < explored.reviews == expected.reviews
    assert explored.languages == {code: data.languages[code]}
    assert str(explored.everything) == str(expected.everything)
    assert explored.customers.tables() == expected.customers.tables()


@pytest.mark.slow
def test_prepared_data_on_s3_is_read_by_tasks(
    data: PreparedData, bundle: Path, store: Bucket, tmp_path: Path
) -> None:
    engine = on_this_machine()
    remote = PreparedData.open(store.upload(data.path, "prepared"))
    settings = SampleSettings(fraction=0.2)
    sample(data, tmp_path / "sample", settings)
    sample(remote, Path(store.address("sample")), settings, engine=engine)
    machine = predict(load_bundle(bundle), data, tmp_path / "predictions.parquet")
    predict_on_cluster(engine, bundle, remote, Path(store.address("found/predictions.parquet")))
    for name, place in (
        ("machine", tmp_path / "export"),
        ("cluster", Path(store.address("export"))),
    ):
        export(
            data if name == "machine" else remote,
            place,
            target=STARS,
            text=TextSettings(),
            split=SplitSettings(),
            export=ExportSettings(format="fasttext"),
            engine=None if name == "machine" else engine,
        )
    assert str(explore(remote, engine=engine).categories) == str(explore(data).categories)
    for name in ("sample", "export", "found"):
        store.download(name, tmp_path / "s3" / name)
    assert for_readers(tmp_path / "s3" / "sample") == for_readers(tmp_path / "sample")
    assert for_readers(tmp_path / "s3" / "export") == for_readers(tmp_path / "export")
    predictions = tmp_path / "s3" / "found" / "predictions.parquet"
    assert predictions.read_bytes() == machine.out.read_bytes()
    assert pq.read_metadata(predictions).num_rows == data.rows


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["count", "RAW", "--json"], ""),
        (["sample", "DATA", "--fraction", "0.2", "--out"], "sample"),
        (["export", "DATA", "--format", "jsonl", "--target", "stars", "--out"], "export"),
        (["predict", "BUNDLE", "DATA", "--out"], "predictions.parquet"),
        (["explore", "DATA", "--json", "--out"], "page.html"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_each_command_takes_the_engine(
    words: list[str], out: str, raw: Path, data: PreparedData, bundle: Path, tmp_path: Path
) -> None:
    places = {"RAW": str(raw), "DATA": str(data.path), "BUNDLE": str(bundle)}
    conf = [word for one in SETTINGS.items() for word in ("--conf", "=".join(one))]
    spark = ["--engine", "spark", "--master", "local[2]", *conf]
    said = []
    for name, more in (("machine", []), ("cluster", spark)):
        (tmp_path / name).mkdir()
        command = [places.get(word, word) for word in words] + ([out] if out else [])
        result = subprocess.run(
            [sys.executable, "-m", "reviewdesk", *command, *more],
            cwd=tmp_path / name,
            check=True,
            capture_output=True,
            text=True,
        )
        said.append(result.stdout)
    assert said[0] == said[1]
