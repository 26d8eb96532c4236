"""Commands with a cluster behind them give what one machine gives, byte for byte."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewdesk.examples.export import export
from reviewdesk.prepare.count import count
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.prepare.sample import sample
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


@pytest.mark.slow
def test_prepared_data_on_s3_is_read_by_tasks(
    data: PreparedData, store: Bucket, tmp_path: Path
) -> None:
    engine = on_this_machine()
    remote = PreparedData.open(store.upload(data.path, "prepared"))
    settings = SampleSettings(fraction=0.2)
    sample(data, tmp_path / "sample", settings)
    sample(remote, Path(store.address("sample")), settings, engine=engine)
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
    for name in ("sample", "export"):
        store.download(name, tmp_path / "s3" / name)
    assert for_readers(tmp_path / "s3" / "sample") == for_readers(tmp_path / "sample")
    assert for_readers(tmp_path / "s3" / "export") == for_readers(tmp_path / "export")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["count", "RAW", "--json"], ""),
        (["sample", "DATA", "--fraction", "0.2", "--out"], "sample"),
        (["export", "DATA", "--format", "jsonl", "--target", "stars", "--out"], "export"),
    ],
    ids=lambda one: one[0] if isinstance(one, list) else "",
)
def test_each_command_takes_the_engine(
    words: list[str], out: str, raw: Path, data: PreparedData, tmp_path: Path
) -> None:
    places = {"RAW": str(raw), "DATA": str(data.path)}
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
