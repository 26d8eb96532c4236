"""Counting on a cluster: each task reads some files and returns its counts."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from reviewdesk.engines.base import Engine
from reviewdesk.prepare.staged import groups_of
from reviewdesk.progress import Progress
from reviewdesk.sources import Input
from reviewdesk.sources.deciding import Deciding, evidence_of
from reviewdesk.sources.descriptions import input_from_json, input_json
from reviewdesk.sources.files import SourceFile
from reviewdesk.sources.footers import RowCounts, count_footers
from reviewdesk.sources.readings import Evidence
from reviewdesk.sources.splits import splits

FOOTERS: Final = 64
"""Parquet files that one task counts."""


def count_rows(
    input_: Input, counts: RowCounts, rules: Counter[str], advance: Callable[[int], None]
) -> None:
    """Count the rows of an input.

    Args:
        input_: the input.
        counts: is added to.
        rules: is added to: rows that could not be read, by the rule that they broke.
        advance: is told how many bytes were read.
    """
    for batch in input_.read():
        counts.rows += len(batch.reviews)
        counts.add_months(batch.reviews["review_date"])
        counts.add_categories(batch.reviews["product_category"])
        rules.update(f"rejected: {why}" for why in batch.rejects["reason"].to_pylist())
        advance(batch.bytes_read)


def count_rows_on(
    engine: Engine, inputs: Sequence[Input], progress: Progress
) -> tuple[RowCounts, Counter[str]]:
    """Count the rows of raw files on a cluster, as ``count_rows`` does for each.

    Args:
        engine: runs the tasks.
        inputs: what is read.
        progress: is shown how far it has come.
    """
    told = decided_on(engine, inputs, progress)
    groups = [[told[place] for place in group] for group in groups_of(told)]
    pieces = [group for group in groups if len(group) > 1]
    pieces += [[piece] for group in groups if len(group) == 1 for piece in splits(group[0])]
    items = [json.dumps([input_json(one) for one in group]) for group in pieces]
    counts, rules = RowCounts(), Counter[str]()
    done = engine.map_items(items, _count_item)
    for text in progress.track(done, "Counting", len(items), "tasks"):
        _add(counts, rules, json.loads(text))
    return counts, rules


def decided_on(engine: Engine, inputs: Sequence[Input], progress: Progress) -> list[Input]:
    """Return the inputs with the way in which ratings and dates are read, as ``decided`` does.

    Args:
        engine: runs the tasks.
        inputs: what is read.
        progress: is shown how far it has come.
    """
    general = [one for one in inputs if one.reader.general]
    groups = groups_of(general)
    items = [json.dumps([input_json(general[place]) for place in group]) for group in groups]
    deciding = Deciding()
    done = engine.map_items(items, _evidence_item)
    for group, text in zip(
        groups, progress.track(done, "Reading", len(items), "tasks"), strict=True
    ):
        for place, evidence in zip(group, json.loads(text), strict=True):
            deciding.add(general[place], Evidence.from_json(evidence))
    return [replace(one, reading=deciding.decision(one).reading) for one in inputs]


def _evidence_item(item: str) -> str:
    inputs = map(input_from_json, json.loads(item))
    return json.dumps([evidence_of(one).to_json() for one in inputs])


def _count_item(item: str) -> str:
    counts, rules = RowCounts(), Counter[str]()
    for one in map(input_from_json, json.loads(item)):
        count_rows(one, counts, rules, lambda _: None)
    return _json(counts, rules)


def count_footers_on(
    engine: Engine, files: Sequence[SourceFile], columns: Mapping[str, str], progress: Progress
) -> RowCounts:
    """Count the rows of Parquet files on a cluster, as ``count_footers`` does.

    Args:
        engine: runs the tasks.
        files: what to count.
        columns: column of the reviews table → column of the files, where it has another name.
        progress: is shown how far it has come.
    """
    items = [str(start) for start in range(0, len(files), FOOTERS)]
    counts = RowCounts()
    done = engine.map_items(items, _CountFooters(tuple(files), dict(columns)))
    for text in progress.track(done, "Counting", len(items), "tasks"):
        _add(counts, Counter(), json.loads(text))
    return counts


@dataclass(frozen=True)
class _CountFooters:
    files: tuple[SourceFile, ...]
    columns: dict[str, str]

    def __call__(self, start: str) -> str:
        some = self.files[int(start) : int(start) + FOOTERS]
        return _json(count_footers(some, self.columns, lambda: None), Counter())


def _json(counts: RowCounts, rules: Counter[str]) -> str:
    return json.dumps([counts.rows, counts.months, counts.categories, rules])


def _add(counts: RowCounts, rules: Counter[str], item: Sequence[Any]) -> None:
    rows, months, categories, broken = item
    counts.rows += rows
    counts.months.update(months)
    counts.categories.update(categories)
    rules.update(broken)
