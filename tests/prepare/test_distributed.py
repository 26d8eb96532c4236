"""A cluster's preparation is that of one machine: here its steps run in this process.

What the engine's verbs promise is tested in ``tests/engines``; a real cluster in ``tests/spark``.
"""

from pathlib import Path
from typing import Any

import pytest

from reviewdesk.engines.duckdb import DuckDBEngine
from reviewdesk.prepare.prepare import prepare
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import open_inputs
from tests.sources.samples import SAMPLES, Sample

from .corpus import contents, mixed_corpus


def both(folder: Path, *places: Path, **settings: Any) -> dict[str, bytes]:
    """Prepare on one machine and by a cluster's steps; return the files, which must be equal."""
    found = []
    for engine in (None, DuckDBEngine(temp_directory=folder / "spill")):
        out = folder / ("machine" if engine is None else "cluster")
        source = SourceSettings()
        prepare(
            open_inputs(list(map(str, places)), source),
            out,
            prepare=PrepareSettings(max_rejects=1.0, **settings),
            clean=CleanSettings(),
            source=source,
            engine=engine,
        )
        found.append(contents(out))
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
    "settings",
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
def test_every_option_gives_the_same_folder(settings: dict[str, Any], tmp_path: Path) -> None:
    files = both(tmp_path, *mixed_corpus(tmp_path, files=4, rows=120), **settings)
    assert any(name.startswith("reviews/") for name in files)
