"""Calibration of every family by how many words of a text it knows, on real data.

    REVIEWDESK_DATA=... python -m bench.known_words [--families NAME...] [--rows 20000] [DATA...]

One fold of five by group is predicted; the rest is learnt from, at most as many rows as are asked
for, but for texts that are also in that fold. Short texts are rare in long reviews, so each text
of a tenth of the fold is cut to its first one, two and four words as well, half of them after
other words that nobody writes. A line holds texts of which about as many words are known: what the
family says on average, and how often it is right; ``off`` where the difference is beyond the
interval of the share (95 %, by group).
"""

import argparse
import os
import time
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.linear_data import DATA_SETS, DataSet
from bench.machine import machine
from reviewdesk.models.base import Classifier, KnowsWords
from reviewdesk.models.catalog import CLASSIFIERS
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.stats.calibration import perfect_error, reliability
from reviewdesk.training.known_words import by_known_words

NETWORKS: Final = ("cnn", "attention", "lstm")
LESS: Final[dict[str, Any]] = {"epochs": 3, "most_words": 200, "threads": 1}
"""Settings of networks, which take long."""
COMPOSED: Final = ("blend",)


def main() -> None:
    """Print a table for each data set and family."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", default=[*DATA_SETS], metavar="DATA")
    names = [name for name in CLASSIFIERS.names() if name not in COMPOSED]
    parser.add_argument("--families", nargs="*", default=names)
    parser.add_argument("--rows", type=int, default=20_000, help="learnt from, at most")
    arguments = parser.parse_args()
    os.nice(10)
    print(machine())
    for name in arguments.data:
        data = DATA_SETS[name]()
        test = data.folds(5, 0) == 0
        train = np.flatnonzero(data.without_texts_of(~test, test))
        random = np.random.default_rng(0)
        some = np.zeros(len(test), np.bool_)
        some[random.permutation(train)[: arguments.rows]] = True
        for family in arguments.families:
            _show(name, family, data, some, test)


def _show(
    name: str, family: str, data: DataSet, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> None:
    begin = time.process_time()
    k = int(data.labels.max()) + 1
    classifier: Classifier = CLASSIFIERS.load(family)(**(LESS if family in NETWORKS else {}))
    table = data.table(train).combine_chunks()
    classifier.fit(LabelledReviews.of_batches(table.to_batches(), [str(one) for one in range(k)]))
    whole = data.table(test).combine_chunks()
    shown = pa.concat_tables([whole, *_shortened(whole)]).combine_chunks()
    batch = shown.to_batches()[0]
    probabilities = classifier.predict_proba(batch)
    labels, groups = batch.column("label").to_numpy(), batch.column("group").to_numpy()
    right, sure = probabilities.argmax(axis=1) == labels, probabilities.max(axis=1)
    own = slice(len(whole))
    error, perfect = reliability(sure[own], right[own]).error, perfect_error(sure[own])
    seconds = time.process_time() - begin
    print(
        f"\n### {family}, {name}: {train.sum():,} learnt from; as they are: accuracy "
        f"{right[own].mean():.4f}, says {sure[own].mean():.4f}, calibration error {error:.4f} "
        f"(perfect: up to {perfect:.4f}); {seconds:.0f} s CPU\n"
    )
    if not isinstance(classifier, KnowsWords):
        print("does not know how many words it knows", flush=True)
        return
    print("| known words | texts | says | right (95 %) | |\n|---|---|---|---|---|")
    known = classifier.known_words(batch)
    for one in by_known_words(known, sure, right, groups):
        figure = one.accuracy
        print(
            f"| {one.name} | {one.rows:,} | {one.confidence:.3f} | {figure.value:.3f} "
            f"({figure.low:.3f} to {figure.high:.3f}) | {'off' if one.off else ''} |",
            flush=True,
        )


def _shortened(whole: pa.Table) -> list[pa.Table]:
    """Return a tenth of the texts, cut to their first words; headlines are left out."""
    some = whole.take(np.arange(0, len(whole), 10))
    tables = []
    for words in (0, 1, 2, 4):
        bodies = [
            ("qqxq zzqz " if row % 2 else "") + " ".join((body or "").split()[:words])
            for row, body in enumerate(some.column("review_body").to_pylist())
        ]
        place = some.schema.get_field_index("review_body")
        kind = some.schema.field("review_body")
        cut = some.set_column(place, kind, pa.array(bodies, kind.type))
        place = some.schema.get_field_index("review_headline")
        kind = some.schema.field("review_headline")
        tables.append(cut.set_column(place, kind, pa.nulls(len(some), kind.type)))
    return tables


if __name__ == "__main__":
    main()
