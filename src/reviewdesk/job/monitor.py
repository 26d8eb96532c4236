"""A live model against its training: captured requests beside what was held out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, RequestError, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.experiments.captured import captured_outcomes
from reviewdesk.experiments.watch import Quantity, Watch, quantity, watch
from reviewdesk.formats.capture_log import Captured, read_captures
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.serving.readers import read_instances
from reviewdesk.text.languages import UNKNOWN as UNTOLD
from reviewdesk.text.languages import language_column
from reviewdesk.training.measured_rows import choose_rows, held_out, predict_rows

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


class HeldOut(NamedTuple):
    """Reviews that a bundle did not learn from, and what it says of them; each is (n,)."""

    predicted: NDArray[np.int64]
    words: Floats
    unknown: Floats
    right: Floats
    sure: Floats
    spoken: NDArray[np.str_]
    groups: NDArray[np.uint64]


@dataclass
class _Watched:
    """What is watched, and how it goes."""

    quantities: list[Quantity] = field(default_factory=list)
    live: dict[str, Floats] = field(default_factory=dict)

    def add(self, quantity: Quantity, values: Floats) -> None:
        self.quantities.append(quantity)
        self.live[quantity.title] = values


def monitor(
    bundle: Bundle,
    data: PreparedData,
    captures: Path,
    truth: Path | None = None,
    *,
    variants: Mapping[str, Bundle] = MappingProxyType({}),
    progress: Progress = SILENT,
) -> Watch:
    """Set captured requests against the reviews that a bundle did not learn from.

    What is sent is watched for all variants together, against ``bundle``; answers and ground truth
    of each variant against its own bundle. All alarms together are false with a chance of 5 %.

    Args:
        bundle: what answered.
        data: what it learned from.
        captures: the folder of an endpoint's captured requests.
        truth: a folder of ground truth.
        variants: the bundles of other variants, by name, and of shadows that are watched too.
        progress: shows how far it has come.

    Raises:
        NotEnoughData: there is no captured request, or nothing was held out.
        UsageError: several variants answered, and nobody says whose bundle is whose.
        StorageError: a place cannot be read.
        InputError: something is damaged.
    """
    table = captured_outcomes(captures, truth)
    table = table.filter(pc.is_valid(table["label"]))
    answered = table.filter(pc.invert(table["shadow"]))
    if not len(answered):
        raise NotEnoughData(f"there is no answered request below {captures}")
    bundles = _bundles(table, answered, bundle, variants)
    seen = _held_out(bundle, data, progress)
    watched = _Watched()
    for variant, own in bundles.items():
        held = seen if own is bundle else _held_out(own, data, progress)
        name = variant if len(bundles) > 1 else ""
        _watch_answers(watched, own, held, table.filter(pc.equal(table["arm"], variant)), name)
    _watch_texts(watched, bundle, seen, list(_texts(bundle, captures)))
    return watch(watched.quantities, watched.live, len(answered))


def _bundles(
    table: pa.Table, answered: pa.Table, bundle: Bundle, variants: Mapping[str, Bundle]
) -> dict[str, Bundle]:
    """Return each variant's bundle: one variant may go without being named."""
    missing = sorted(set(variants) - set(table["arm"].to_pylist()))
    if missing:
        raise UsageError(f"the log holds no answer of a variant {missing[0]}")
    answering = sorted(set(answered["arm"].to_pylist()))
    others = [name for name in answering if name not in variants]
    if len(others) > 1:
        raise UsageError(
            f"the log holds answers of {' and '.join(others)}: say whose the bundle is by naming "
            f"the others' bundles, as in --variant {others[-1]}=BUNDLE"
        )
    return {**dict.fromkeys(others, bundle), **variants}


def _watch_answers(
    watched: _Watched, bundle: Bundle, held: HeldOut, table: pa.Table, variant: str
) -> None:
    """Watch what a variant answers, and whether that is right."""
    labels = np.array(table["label"].to_pylist())
    for label in _frequent(bundle, held.predicted):
        own = (held.predicted == bundle.labels.index(label)).astype(float)
        watched.add(
            quantity(f"share of {label}", "answers", own, held.groups, variant=variant),
            (labels == label).astype(float),
        )
    correct = table["correct"].cast(pa.float64()).to_numpy(zero_copy_only=False)
    if not np.isfinite(correct).any():
        return
    known = np.isfinite(held.right)
    right, groups = held.right[known], held.groups[known]
    watched.add(quantity(RIGHT, "truth", right, groups, rise=False, variant=variant), correct)
    excess = (1 + held.sure[known] - right) / 2  # one half where it is as sure as right
    watched.add(
        quantity(TOO_SURE, "truth", excess, groups, fall=False, variant=variant),
        (1 + table["probability"].to_numpy() - correct) / 2,
    )


def _watch_texts(
    watched: _Watched, bundle: Bundle, held: HeldOut, texts: list[tuple[float, float, str]]
) -> None:
    """Watch what all variants are sent."""
    if not texts:
        return
    long = float(np.quantile(held.words, 0.75))
    watched.add(
        quantity(LONG, "input", (held.words > long).astype(float), held.groups),
        (np.array([one for one, *_ in texts]) > long).astype(float),
    )
    if (held.spoken != UNTOLD).any():
        codes, counts = np.unique(held.spoken[held.spoken != UNTOLD], return_counts=True)
        most = str(codes[counts.argmax()])
        own = _in_another(held.spoken, most)
        watched.add(
            quantity(FOREIGN, "input", own, held.groups, fall=False),
            _in_another(np.array([code for *_, code in texts]), most),
        )
    unknown, groups, parts = held.unknown, held.groups, np.array([part for _, part, _ in texts])
    if bundle.held_out is not None and np.isfinite(unknown).all():
        # It has learned the held-out words since: the first live reviews stand in for them.
        unknown, parts = parts[:FIRST], parts[FIRST:]
        groups = np.arange(len(unknown), dtype=np.uint64)
    if np.isfinite(unknown).all() and len(unknown) and len(parts):
        watched.add(quantity(UNKNOWN, "input", unknown, groups, fall=False), parts)


def _held_out(bundle: Bundle, data: PreparedData, progress: Progress) -> HeldOut:
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
    return HeldOut(
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
