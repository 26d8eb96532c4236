"""A cluster's preparation is that of one machine: here its steps run in this process.

What the engine's verbs promise is tested in ``tests/engines``; a real cluster in ``tests/spark``.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reviewdesk.engines.base import Batches, by_group
from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.errors import ReviewdeskError
from reviewdesk.prepare import distributed
from reviewdesk.prepare.prepare import prepare
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.sources.splits import splits
from tests.sources.samples import SAMPLES, Sample

from .corpus import LONG, for_readers, mixed_corpus, review, write_lines


def both(folder: Path, *places: Path, **options: Any) -> dict[str, bytes]:
    """Prepare on one machine and by a cluster's steps; return the files, which must be equal."""
    found = []
    for engine in (None, DuckDBEngine(temp_directory=folder / "spill")):
        out = folder / ("machine" if engine is None else "cluster")
        source = SourceSettings()
        prepare(
            open_inputs(list(map(str, places)), source),
            out,
            prepare=PrepareSettings(max_rejects=1.0, **options),
            clean=CleanSettings(),
            source=source,
            engine=engine,
        )
        found.append(for_readers(out))
        assert not out.with_name(f".{out.name}.partial").exists()
    machine, cluster = found
    assert cluster == machine
    return machine


BODIES = (
    *(f"Review number {number}, long enough to be told apart from others." for number in range(30)),
    *("Great!", "Great!", "?", None, None),
)


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.file for sample in SAMPLES])
def test_every_format_gives_the_same_folder(sample: Sample, tmp_path: Path) -> None:
    """Of two files, where some reviews of the second are copies of those of the first."""
    places = []
    for number, some in enumerate((BODIES, BODIES[:10])):
        folder = tmp_path / f"folder {number}"
        folder.mkdir()
        places.append(sample.write(folder, some))
    assert both(tmp_path, *places)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"partition_by": "category"},
        {"partition_by": "both", "format": "csv"},
        {"duplicates": "keep", "tokens": True, "stem": True},
        {"length": "auto"},
        {"min_chars": 0, "max_chars": 0},
    ],
    ids=str,
)
def test_every_option_gives_the_same_folder(options: dict[str, Any], tmp_path: Path) -> None:
    files = both(tmp_path, *mixed_corpus(tmp_path, files=4, rows=120), **options)
    assert any(name.startswith("reviews/") for name in files)


class Overheard(DuckDBEngine):
    """An engine that keeps all that its verbs hand to the process that asked."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def query(self, *_: Any, **__: Any) -> Batches:
        raise AssertionError("rows would come here")

    def map_items(self, items: Sequence[str], function: Callable[[str], str]) -> Iterator[str]:
        for text in super().map_items(items, function):
            self.texts.append(text)
            yield text

    def map_groups(
        self, sql: str, by: Sequence[str], order: Sequence[str], function: Callable[[Batches], str]
    ) -> Iterator[str]:
        ordered = f"SELECT * FROM ({sql}) AS one ORDER BY {', '.join([*by, *order])}"
        for group in by_group(super().query(ordered), by):
            self.texts.append(function(group))
            yield self.texts[-1]


def test_no_row_comes_to_the_process_that_asks(tmp_path: Path) -> None:
    """What it sees does not grow with the reviews, and holds no text, id or person."""
    seen = []
    for rows in (300, 3_000):
        lines = [review(number % (rows - 50)) for number in range(rows)]
        file = write_lines(tmp_path / f"{rows}.jsonl", lines)
        engine = Overheard()
        prepare(
            open_inputs([str(file)], SourceSettings()),
            tmp_path / f"out-{rows}",
            prepare=PrepareSettings(),
            clean=CleanSettings(),
            source=SourceSettings(),
            engine=engine,
        )
        seen.append("".join(engine.texts))
    assert len(seen[1]) < 1.1 * len(seen[0])
    assert not any(word in text for text in seen for word in ("Second line", "R000", "C17", "P1"))


@pytest.mark.parametrize("name", ["table.parquet", "amazon.parquet"])
def test_a_parquet_file_is_read_in_pieces(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts, lines of rejects and notes are those of the whole file."""
    sample = next(one for one in SAMPLES if one.file == name)
    file = sample.write(tmp_path, [*BODIES, *BODIES[:10], *BODIES[-2:]])
    table = pq.read_table(file)
    pq.write_table(table, file, row_group_size=4)
    small = partial(splits, size=file.stat().st_size // 5)
    monkeypatch.setattr(distributed, "splits", small)
    (one,) = open_inputs([str(file)], SourceSettings())
    assert len(small(one)) > 3
    files = both(tmp_path, file)
    assert json.loads(files["manifest.json"])["rows"]["rejected"] > 1


def rows_of_a_corpus() -> st.SearchStrategy[list[dict[str, Any] | str]]:
    """Reviews whose ids, texts, days, products and customers meet again and again."""
    texts = st.sampled_from(
        ["Great!", "", "?", "no\nletters 1", LONG, LONG + "&amp; more", "x" * 90]
    )
    few = st.integers(0, 3).map(str)
    rated = st.sampled_from([None, 1, "5", "4.5", "n/a"])
    day = st.sampled_from([None, "2012-01-31", "2013-02-01", "03/04/2015", "31.12.2014", "soon"])
    row = st.fixed_dictionaries(
        {"review_body": texts},
        optional={
            "review_id": few,
            "customer_id": st.one_of(few, st.just("Anonymous")),
            "product_id": few,
            "product_category": st.sampled_from(["Toys", "Books", "a/b", ""]),
            "star_rating": rated,
            "review_date": day,
            "helpful_votes": st.integers(0, 2),
        },
    )
    return st.lists(st.one_of(row, st.just("no JSON")), min_size=3, max_size=40)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.reuse, Phase.generate),  # each example costs too much to make many smaller ones
)
@given(
    corpus=rows_of_a_corpus(),
    cuts=st.lists(st.integers(1, 39), max_size=3),
    by=st.sampled_from(["month", "category", "both"]),
    length=st.sampled_from(["fixed", "auto"]),
)
def test_any_corpus_gives_the_same_folder(
    corpus: list[dict[str, Any] | str], cuts: list[int], by: str, length: str
) -> None:
    """However it is cut into files, whatever meets in it; what is an error is the same error."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        bounds = sorted({0, len(corpus), *(cut for cut in cuts if cut < len(corpus))})
        places = [
            write_lines(folder / f"{start:02d}.jsonl", corpus[start:end])
            for start, end in pairwise(bounds)
        ]
        said = []
        for engine in (None, DuckDBEngine()):
            out = folder / ("machine" if engine is None else "cluster")
            try:
                prepare(
                    open_inputs(list(map(str, places)), SourceSettings()),
                    out,
                    prepare=PrepareSettings(max_rejects=1.0, partition_by=by, length=length),
                    clean=CleanSettings(),
                    source=SourceSettings(),
                    engine=engine,
                )
                said.append(for_readers(out))
            except ReviewdeskError as error:
                said.append({type(error).__name__: str(error).replace(out.name, "out").encode()})
        assert said[0] == said[1]
