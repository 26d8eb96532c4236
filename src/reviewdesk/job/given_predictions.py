"""Measuring anybody's predictions: files of them, and files or a folder of the reviews."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.answers import read_answers
from reviewdesk.job.places import prepared_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.settings import OWN, SENTIMENT, SourceSettings, TargetSettings
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.storage import read_json
from reviewdesk.training.evaluate import Evaluation
from reviewdesk.training.given import GivenPredictions, evaluate_given, reviews_in_order

OUT: Final = "*.out"


def measure_predictions(
    reviews: PreparedData | Sequence[str],
    tables: Sequence[Path],
    *,
    target: str = "",
    label: str = "",
    column: str = "",
    label_map: Sequence[str] | Mapping[str, str] = (),
    source: SourceSettings,
) -> Evaluation:
    """Measure predictions that were made elsewhere.

    Args:
        reviews: prepared ones, the place of such a folder, or the files that were predicted.
        tables: files of predictions, or folders of ``.out`` files, in the order of the reviews.
        target: what they predict; their own word for it, or else sentiment, where it is empty.
        label: the column with the true labels, in place of a target.
        column: the column with the predicted label, where its name does not say so.
        label_map: what labels of theirs are called in the data: pairs, ``NAME=LABEL`` words or the
            names of JSON files of such pairs.
        source: how files are read.

    Raises:
        UsageError: a word of the map has no equals sign, or a target and a column are named.
        MissingColumn: nothing in a table is known to be a label.
        InputError: something is damaged, or nobody can say which prediction is of which review.
        NotEnoughData: nothing can be measured.
    """
    files = [one for table in tables for one in _files(table)]
    named = target or ("" if label else _target_of(files[0]))
    asked = TargetSettings(target=named or (OWN if label else SENTIMENT), label=label).check()
    pairs = _pairs(label_map)
    name = files[0].name + (f" and {len(files) - 1:,} more" if files[1:] else "")
    answers = [one for file in files for one in read_answers(file, column)]
    given = GivenPredictions(name, answers, pairs)
    data = _prepared(reviews)
    if isinstance(data, PreparedData):
        return evaluate_given(given, data, asked, data=data.fingerprint, progress=Progress())
    kept = source.keep if not label else tuple(dict.fromkeys((*source.keep, label)))
    inputs = open_inputs(data, replace(source, keep=kept))
    table, skipped = reviews_in_order(inputs)
    digest = inputs[0].sha256() if len(inputs) == 1 else name
    return evaluate_given(given, table, asked, data=digest, skipped=skipped, progress=Progress())


def _prepared(reviews: PreparedData | Sequence[str]) -> PreparedData | list[str]:
    if isinstance(reviews, PreparedData):
        return reviews
    places = list(reviews)
    return (prepared_of(Path(places[0])) if len(places) == 1 else None) or places


def _files(table: Path) -> list[Path]:
    if not table.is_dir():
        return [table]
    found = sorted(table.rglob(OUT))
    if not found:
        raise InputError(f"{table} holds no {OUT} file of a batch transform; name the files")
    return found


def _target_of(file: Path) -> str:
    """Return what a predictions table says that it predicts; empty where it does not."""
    try:
        metadata: dict[bytes, bytes] = pq.read_schema(file).metadata or {}
    except (OSError, pa.ArrowException):
        return ""
    return metadata.get(b"target", b"").decode(errors="replace")


def _pairs(words: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(words, Mapping):
        return {str(name): str(label) for name, label in words.items()}
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, label = word.partition("=")
        if name and equals and label:
            pairs[name] = label
        elif Path(word).is_file():
            found: Any = read_json(Path(word))
            if not isinstance(found, dict):
                raise InputError(f"{word} has to be a JSON object such as {json.dumps({'0': 'a'})}")
            pairs |= {str(key): str(value) for key, value in found.items()}
        else:
            raise UsageError("--label-map takes NAME=LABEL, as in 0=negative, or a JSON file")
    return pairs
