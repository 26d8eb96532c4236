"""A live model against its training: captured requests beside what was held out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, RequestError
from reviewdesk.examples.examples import load_examples
from reviewdesk.experiments.captured import captured_outcomes
from reviewdesk.experiments.watch import Quantity, Watch, quantity, watch
from reviewdesk.formats.capture_log import Captured, read_captures
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.serving.readers import read_instances
from reviewdesk.text.languages import UNKNOWN as UNTOLD
from reviewdesk.text.languages import language_column
from reviewdesk.training.rows import choose_rows, held_out, predict_rows

LONG: Final = "share of long reviews"
UNKNOWN: Final = "share of unknown words"
FOREIGN: Final = "share of reviews in another language"
RIGHT: Final = "share of right answers"
TOO_SURE: Final = "sureness against rightness (50 % is even)"
MOST_LABELS: Final = 12
"""Labels that are watched: the most frequent."""

FIRST: Final = 500
"""Live reviews that say which part of words is unknown, where held-out reviews do not."""

MOST_INSTANCES: Final = 100_000
Floats = NDArray[np.float64]


def monitor(
    bundle: Bundle,
    data: PreparedData,
    captures: Path,
    truth: Path | None = None,
    *,
    progress: Progress = SILENT,
) -> Watch:
    """Set captured requests against the reviews that a bundle did not learn from.

    Args:
        bundle: what answered.
        data: what it learned from.
        captures: the folder of an endpoint's captured requests.
        truth: a folder of ground truth.
        progress: shows how far it has come.

    Raises:
        NotEnoughData: there is no captured request, or nothing was held out.
        StorageError: a place cannot be read.
        InputError: something is damaged.
    """
    table = captured_outcomes(captures, truth)
    table = table.filter(pc.and_(pc.invert(table["shadow"]), pc.is_valid(table["label"])))
    if not len(table):
        raise NotEnoughData(f"there is no answered request below {captures}")
    labels = np.array(table["label"].to_pylist())
    texts = list(_texts(bundle, captures))
    live: dict[str, Floats] = {}
    quantities: list[Quantity] = []
    predicted, words, unknown, right, sure, spoken, groups = _held_out(bundle, data, progress)
    for label in _frequent(bundle, predicted):
        name = f"share of {label}"
        own = predicted == bundle.labels.index(label)
        quantities.append(quantity(name, "answers", own.astype(float), groups))
        live[name] = (labels == label).astype(float)
    if texts:
        long = float(np.quantile(words, 0.75))
        quantities.append(quantity(LONG, "input", (words > long).astype(float), groups))
        live[LONG] = (np.array([one for one, *_ in texts]) > long).astype(float)
        if (spoken != UNTOLD).any():
            codes, counts = np.unique(spoken[spoken != UNTOLD], return_counts=True)
            most = str(codes[counts.argmax()])
            own = _in_another(spoken, most)
            quantities.append(quantity(FOREIGN, "input", own, groups, fall=False))
            live[FOREIGN] = _in_another(np.array([code for *_, code in texts]), most)
        parts = np.array([part for _, part, _ in texts])
        if bundle.held_out is not None and np.isfinite(unknown).all():
            # It has learned the held-out words since: the first live reviews stand in for them.
            unknown, parts = parts[:FIRST], parts[FIRST:]
            groups_of_words: NDArray[np.uint64] = np.arange(len(unknown), dtype=np.uint64)
        else:
            groups_of_words = groups
        if np.isfinite(unknown).all() and len(unknown) and len(parts):
            quantities.append(quantity(UNKNOWN, "input", unknown, groups_of_words, fall=False))
            live[UNKNOWN] = parts
    correct = table["correct"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    if np.isfinite(correct).any():
        known = np.isfinite(right)
        quantities.append(quantity(RIGHT, "truth", right[known], groups[known], rise=False))
        live[RIGHT] = correct
        excess = (1 + sure - right) / 2  # from 0 to 1; one half where it is as sure as right
        quantities.append(quantity(TOO_SURE, "truth", excess[known], groups[known], fall=False))
        live[TOO_SURE] = (1 + table["probability"].to_numpy() - correct) / 2
    return watch(quantities, live, len(table))


def _held_out(
    bundle: Bundle, data: PreparedData, progress: Progress
) -> tuple[NDArray[np.int64], Floats, Floats, Floats, Floats, NDArray[np.str_], NDArray[np.uint64]]:
    """Return label, words, share of unknown words, rightness, sureness, language, product.

    Each (n,).
    """
    settings = bundle.settings
    examples = load_examples(
        data, settings.target, settings.text, labels=bundle.labels, progress=progress
    )
    which, _ = choose_rows(None, bundle, data)
    chosen = np.ones(len(examples.labelled), np.bool_)
    if which == "held-out":
        chosen = held_out(examples, bundle, data)
    own = chosen if which == "held-out" else None
    probabilities = predict_rows(bundle, examples, chosen, progress, own)
    labels = probabilities.argmax(axis=1)
    batches = list(examples.batches(chosen))
    words, unknown = zip(*(_words(bundle, one) for one in batches), strict=True)
    spoken = [code for one in batches for code in _languages(one)]
    true = examples.label[chosen]
    right = np.where(examples.labelled[chosen], labels == true, np.nan)
    return (
        labels,
        np.concatenate(words),
        np.concatenate(unknown),
        right,
        probabilities.max(axis=1).astype(np.float64),
        np.array(spoken, np.str_),
        examples.groups[chosen],
    )


def _words(bundle: Bundle, batch: pa.RecordBatch) -> tuple[Floats, Floats]:
    """Return how many words cleaned reviews have, and which part of them is not known (n,)."""
    words = np.zeros(len(batch))
    for name in bundle.settings.text.fields:
        counts = pc.count_substring_regex(pc.fill_null(batch.column(name), ""), r"\w+")
        words += counts.to_numpy(zero_copy_only=False)
    known = bundle.known_words(batch)
    if known is None:
        return words, np.full(len(batch), np.nan)
    return words, np.clip(1 - known / np.maximum(words, 1), 0.0, 1.0)


def _in_another(codes: NDArray[np.str_], most: str) -> Floats:
    """Return 1 for each language that was told and is not the most frequent, else 0, (n,)."""
    foreign: Floats = ((codes != most) & (codes != UNTOLD)).astype(float)
    return foreign


def _frequent(bundle: Bundle, predicted: NDArray[np.int64]) -> list[str]:
    counts = np.bincount(predicted, minlength=len(bundle.labels))
    order = np.argsort(-counts, kind="stable")[:MOST_LABELS]
    chosen = order[:1] if len(bundle.labels) == 2 else order  # of two, one says it of both
    return [bundle.labels[place] for place in chosen.tolist()]


def _languages(batch: pa.RecordBatch) -> list[str]:
    """Return the language of each review's body, unknown where there is none."""
    if "review_body" not in batch.schema.names:
        return [UNTOLD] * len(batch)
    codes: list[str] = language_column(batch.column("review_body")).to_pylist()
    return codes


def _texts(bundle: Bundle, captures: Path) -> Iterator[tuple[float, float, str]]:
    """Yield words, the unknown part of them and language of each review that was kept, by time."""
    for one in sorted(read_captures(captures), key=lambda one: one.time):
        if one.input is not None and not one.shadow and one.output is not None:
            batch = _read(bundle, one)
            if batch is not None:
                words, unknown = (column.tolist() for column in _words(bundle, batch))
                yield from zip(words, unknown, _languages(batch), strict=True)


def _read(bundle: Bundle, one: Captured) -> pa.RecordBatch | None:
    try:
        instances = read_instances(one.input_type, one.input or b"", MOST_INSTANCES)
    except (RequestError, KeyError):
        return None
    return instances.batch() if instances.cleaned else bundle.clean(instances.batch())
