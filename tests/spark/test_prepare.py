"""Spark prepares the very folder that one machine does, byte for byte.

The steps themselves are compared for every format and option in ``tests/prepare``, in one process;
here they run as Spark's tasks.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.errors import UsageError
from reviewdesk.prepare.copies import COPIES_QUERY
from reviewdesk.prepare.duplicates import add_keys, verdict_steps
from reviewdesk.prepare.lengths import LengthBounds
from reviewdesk.prepare.prepare import prepare
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs
from tests.cluster import SETTINGS, missing, on_this_machine
from tests.prepare.corpus import for_readers, mixed_corpus, review, write_lines
from tests.prepare.test_distributed import BODIES
from tests.prepare.test_duplicates import placed, random_keys
from tests.sources.samples import SAMPLES

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=missing() or "there is Spark"),
    pytest.mark.timeout(1200),
]


def both(
    folder: Path, *places: Path, source: SourceSettings | None = None, **settings: Any
) -> dict[str, bytes]:
    """Prepare on one machine and on Spark; return the files, which must be equal."""
    found = []
    for engine in (None, on_this_machine()):
        out = folder / ("machine" if engine is None else "cluster")
        source = source or SourceSettings()
        prepare(
            open_inputs(list(map(str, places)), source),
            out,
            prepare=PrepareSettings(max_rejects=1.0, **settings),
            clean=CleanSettings(),
            source=source,
            engine=engine,
        )
        found.append(for_readers(out))
    machine, cluster = found
    assert cluster == machine
    return machine


def test_files_of_every_format_give_the_same_folder(tmp_path: Path) -> None:
    """All formats in one run: of each two files, the second with copies of the first's reviews."""
    places = []
    for number, sample in enumerate(SAMPLES):
        for part, some in enumerate((BODIES, BODIES[:10])):
            folder = tmp_path / f"{number:02d}-{part}"
            folder.mkdir()
            places.append(sample.write(folder, some))
    files = both(tmp_path, *places)
    assert len(json.loads(files["manifest.json"])["inputs"]) == 2 * len(SAMPLES)


def test_a_column_that_is_kept_is_in_every_part(tmp_path: Path) -> None:
    rows = [review(number % 50, shop=f"shop {number}") for number in range(60)]
    rows.append({"star_rating": 4, "product_id": "P1", "shop": "no text"})
    places = (
        write_lines(tmp_path / "1.jsonl", rows[:40]),
        write_lines(tmp_path / "2.jsonl", rows[40:]),
    )
    both(tmp_path, *places, source=SourceSettings(keep=("shop",)))
    shops = PreparedData.open(tmp_path / "cluster").table(["shop"])["shop"].to_pylist()
    assert len(shops) >= 50
    assert all(shop.startswith("shop ") for shop in shops)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"partition_by": "category", "length": "auto"},
        {"partition_by": "both", "format": "csv"},
        {"duplicates": "keep", "tokens": True, "stem": True},
    ],
    ids=str,
)
def test_options_give_the_same_folder(settings: dict[str, Any], tmp_path: Path) -> None:
    both(tmp_path, *mixed_corpus(tmp_path, files=4, rows=120), **settings)


@pytest.mark.slow
def test_the_command_prepares_on_spark(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "reviews.jsonl", [review(number % 50) for number in range(60)])
    command = [sys.executable, "-m", "reviewdesk", "prepare", str(file), "--out"]
    conf = [word for one in SETTINGS.items() for word in ("--conf", "=".join(one))]
    spark = ["--engine", "spark", "--master", "local[2]", *conf]
    for out, more in (("machine", []), ("cluster", spark)):
        subprocess.run([*command, str(tmp_path / out), *more], check=True)
    assert for_readers(tmp_path / "machine") == for_readers(tmp_path / "cluster")


def test_a_question_about_a_column_is_asked_as_on_one_machine(tmp_path: Path) -> None:
    rows = [review(number, review_date="04/07/2019") for number in range(5)]
    file = write_lines(tmp_path / "reviews.jsonl", rows)
    asked = []
    for engine in (None, on_this_machine()):
        with pytest.raises(UsageError) as error:
            prepare(
                open_inputs([str(file)], SourceSettings()),
                tmp_path / "out",
                prepare=PrepareSettings(),
                clean=CleanSettings(),
                source=SourceSettings(),
                engine=engine,
            )
        asked.append(str(error.value))
    assert asked[0] == asked[1]


@pytest.mark.parametrize("bounds", [None, LengthBounds(20, 80)], ids=str)
def test_the_queries_about_duplicates_say_the_same(
    bounds: LengthBounds | None, tmp_path: Path
) -> None:
    runs = placed(tmp_path, random_keys(np.random.default_rng(11), 400), [100, 250])
    said = []
    with DuckDBEngine(temp_directory=tmp_path / "spill") as machine:
        for engine in (machine, on_this_machine()):
            add_keys(runs, engine)
            steps, verdicts = verdict_steps(bounds)
            for name, sql in steps.items():
                engine.keep(name, sql, str(tmp_path))
            engine.keep("decided", verdicts, str(tmp_path))
            found = [
                pa.Table.from_batches(engine.query(f"SELECT * FROM ({sql}) AS one ORDER BY place"))
                for sql in ("SELECT place, verdict FROM decided", COPIES_QUERY)
            ]
            said.append([table.to_pylist() for table in found])
    assert said[0] == said[1]
    assert all(said[0])
