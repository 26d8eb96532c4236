"""How much better few-shot is than words with few labels, over many draws of the labels.

    REVIEWDESK_DATA=... python -m bench.few_labels [DATA...] [--labels 100] [--pool 500]
        [--draws 20] [--keep DIR]

From a pool of reviews so many are drawn to learn from, and those of all other products are measured
on; again and again, so that each review of the pool is encoded once. What is told is the mean over
the draws, and of the differences the interval of their mean: the pool stays the same, so that it
holds for these reviews; drawing other reviews adds about as much again.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.automatic import DATA_SETS, Row, draw
from bench.machine import machine
from reviewdesk.examples.examples import GROUP, LABEL
from reviewdesk.examples.targets import SENTIMENTS
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.running import Resumes, Run
from reviewdesk.text.hashing import hash64
from reviewdesk.training.automatic import ALWAYS, FEW_SHOT
from reviewdesk.training.family import new_classifier

FAMILIES: Final = (*ALWAYS, FEW_SHOT)


def main() -> None:
    """Print a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=[*DATA_SETS], metavar="DATA")
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--pool", type=int, default=500)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the vectors of reviews")
    arguments = parser.parse_args()
    print(machine())
    beside = " | ".join(f"few-shot less {one}, points" for one in ALWAYS)
    print(f"| data | positive | {' | '.join(FAMILIES)} | {beside} |")
    print("|---|" + "---|" * (len(FAMILIES) + len(ALWAYS) + 1))
    with TemporaryDirectory(prefix="few-labels-") as aside:
        for name in arguments.data:
            folder = (arguments.keep or Path(aside)) / name
            pool = sorted(dict.fromkeys(DATA_SETS[name]()), key=lambda row: draw(0, *row[::2]))
            _show(name, pool[: arguments.pool], arguments.labels, arguments.draws, folder)


def _show(name: str, pool: list[Row], labels: int, draws: int, folder: Path) -> None:
    reviews = _batch(pool)
    _fitted(FEW_SHOT, reviews, folder)  # every review is encoded once
    right = np.array(
        [
            [_right(one, *sides, folder) for one in FAMILIES]
            for sides in _draws(pool, reviews, labels, draws)
        ]
    )  # (draws, families)
    means = " | ".join(f"{one:.3f}" for one in right.mean(axis=0))
    own = right[:, FAMILIES.index(FEW_SHOT)]
    differences = [own - right[:, FAMILIES.index(one)] for one in ALWAYS]
    told = " | ".join(_interval(100 * one) for one in differences)
    positive = np.mean([row.positive for row in pool])
    print(f"| {name} | {positive:.2f} | {means} | {told} |", flush=True)


def _draws(
    pool: list[Row], reviews: pa.RecordBatch, labels: int, draws: int
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Yield reviews to learn from, and all reviews of other products than half of them."""
    products = np.array([row.product for row in pool])
    for seed in range(draws):
        names = sorted({*products.tolist()}, key=lambda one: draw(seed, "product", one))
        first = np.isin(products, names[: len(names) // 2])
        order = np.array([draw(seed, row.text) for row in pool]).argsort()
        learnt_from = order[first[order]][:labels]
        yield reviews.take(pa.array(learnt_from)), reviews.filter(pa.array(~first))


def _right(family: str, train: pa.RecordBatch, test: pa.RecordBatch, folder: Path) -> float:
    said = _fitted(family, train, folder).predict_proba(test).argmax(axis=1)
    return float((said == test.column(LABEL).to_numpy()).mean())


def _fitted(family: str, train: pa.RecordBatch, folder: Path) -> Classifier:
    classifier = new_classifier(family, {})
    if isinstance(classifier, Resumes):
        classifier.run = Run(folder)
    return classifier.fit(LabelledReviews.of_batches(train, SENTIMENTS))


def _batch(rows: list[Row]) -> pa.RecordBatch:
    texts = pa.array([row.text for row in rows], pa.string())
    none = pa.nulls(len(rows), pa.string())
    return pa.record_batch(
        {
            "review_headline": none,
            "review_body": texts,
            "product_title": none,
            LABEL: pa.array([int(row.positive) for row in rows], pa.int32()),
            GROUP: pa.array(hash64(pa.array([row.product for row in rows], pa.large_string()))),
        }
    )


def _interval(differences: NDArray[np.float64]) -> str:
    mean, error = differences.mean(), differences.std(ddof=1) / np.sqrt(len(differences))
    return f"{mean:+.1f} ({mean - 2.09 * error:+.1f} to {mean + 2.09 * error:+.1f})"


if __name__ == "__main__":
    main()
