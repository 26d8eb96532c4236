"""Reviews under the wrong product of their category, beside the cosine to the product's centroid.

python -m bench.findings_misplaced --shares 0.01 0.03 0.1 --seeds 20

Reviews of digital software, of which a share is exchanged among products with ten reviews or more.
For each promise: what was delivered and what part of the exchanged reviews was found (all of them
count, also those that say too little to be judged). Beside it the longest list with the same
precision that the truth itself would cut from each ranking: from ours, and from four ways to rank
by cosines, of which the best is taken anew for each seed. The shop's own reviews under the wrong
product count as errors of ours, too.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.findings_catalogue import codes, exchanged, software, texts_of, tfidf
from bench.machine import machine
from reviewdesk.findings.base import PROMISES, FinderInputs
from reviewdesk.findings.misplaced.finder import MisplacedFinder
from reviewdesk.findings.misplaced.judging import judge
from reviewdesk.prepare.prepared import PreparedData

FEWEST: Final = 10
FEWEST_LISTED: Final = 5
BLOCK: Final = 4_096

Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """One list."""

    listed: int
    hits: int
    errors: int


def trial(
    data: PreparedData, folder: Path, share: float, seed: int
) -> dict[tuple[str, float], Outcome]:
    """Return each way's lists for one seed, by the promise."""
    planted, wrong = exchanged(data, folder / "planted", share=share, fewest=FEWEST, seed=seed)
    found = MisplacedFinder(FEWEST).find(FinderInputs(planted))
    ids = np.array(planted.table(["review_id"]).column(0).to_pylist())
    is_wrong = np.isin(ids, list(wrong))
    results = {}
    listed = found.table.column("what").to_pylist()
    promised = found.table.column("promise").to_numpy()
    for promise in PROMISES:
        some = [one for one, held in zip(listed, promised, strict=True) if held >= promise]
        results["promised", promise] = Outcome(len(some), len(set(some) & wrong), len(wrong))
    judged = judge(planted, fewest=FEWEST, candidates=1)
    ours = np.full(len(ids), -np.inf)
    ours[judged.rows] = judged.found.scores
    ways = {"our ranking": [ours], "cosine to centroid": list(cosines(planted).values())}
    for way, rankings in ways.items():
        for promise in PROMISES:
            cuts = [cut(one, is_wrong, promise) for one in rankings]
            results[way, promise] = max(cuts, key=lambda one: one.hits)
    return results


def cut(scores: Floats, wrong: NDArray[np.bool_], precision: float) -> Outcome:
    """Return the longest list of a ranking that has a precision, by the truth."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(wrong[order])
    kept = np.flatnonzero(hits >= precision * np.arange(1, len(order) + 1))
    kept = kept[kept >= FEWEST_LISTED - 1]
    length = int(kept[-1]) + 1 if len(kept) else 0
    return Outcome(length, int(hits[length - 1]) if length else 0, int(wrong.sum()))


def cosines(data: PreparedData) -> dict[str, Floats]:
    """Rank reviews by TF-IDF cosines: to their own centroid, and to it beside the best other.

    Each with the review itself in the centroid and without.
    """
    table = data.table(["product_id", "review_headline", "review_body"])
    every = codes(table.column("product_id"))
    inside = np.flatnonzero(np.bincount(every)[every] >= FEWEST)
    product = np.unique(every[inside], return_inverse=True)[1]
    rows = tfidf(texts_of(table.take(inside)))  # (n, words)
    n, k = len(product), int(product.max()) + 1
    sums = np.zeros((k, rows.shape[1]), np.float32)
    for one in range(k):
        sums[one] = rows[product == one].sum(axis=0)
    lengths = np.linalg.norm(sums, axis=1)
    own, other = np.empty(n), np.empty(n)
    for at in range(0, n, BLOCK):
        block = np.asarray(rows[at : at + BLOCK] @ sums.T)
        place = np.arange(len(block)), product[at : at + BLOCK]
        own[at : at + BLOCK] = block[place]
        block /= lengths
        block[place] = -1
        other[at : at + BLOCK] = block.max(axis=1)
    length = lengths[product]
    without = (own - 1) / np.sqrt(np.maximum(length**2 - 2 * own + 1, 1e-6))
    ranked = {
        "own": -own / length,
        "own, itself left out": -without,
        "other less own": other - own / length,
        "other less own, itself left out": other - without,
    }
    return {name: _all(scores, inside, len(every)) for name, scores in ranked.items()}


def _all(scores: Floats, inside: NDArray[np.int64], rows: int) -> Floats:
    found = np.full(rows, -np.inf)
    found[inside] = scores
    return found


def pooled(outcomes: list[Outcome], top: int, below: int) -> str:
    """Return a pooled share with its 90 % interval over seeds drawn anew."""
    table = np.array(outcomes, np.float64)
    random = np.random.default_rng(0)
    drawn = table[random.integers(0, len(table), (1000, len(table)))].sum(axis=1)
    low, high = np.quantile(drawn[:, top] / np.maximum(drawn[:, below], 1), (0.05, 0.95))
    whole = table.sum(axis=0)
    return f"{whole[top] / max(whole[below], 1):.3f} ({low:.3f}-{high:.3f})"


def main() -> None:
    """Print one table for each share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", nargs="+", type=float, default=[0.01, 0.03, 0.1])
    parser.add_argument("--seeds", type=int, default=20)
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        data = software(Path(name) / "software")
        for share in given.shares:
            found: dict[tuple[str, float], list[Outcome]] = defaultdict(list)
            for seed in range(given.seeds):
                with tempfile.TemporaryDirectory(dir=name) as folder:
                    for key, outcome in trial(data, Path(folder), share, seed).items():
                        found[key].append(outcome)
            print(f"\n{share:.0%} exchanged, {given.seeds} seeds\n")
            print("| way | precision | listed | delivered | recall |\n|---|---|---|---|---|")
            for (way, promise), outcomes in found.items():
                listed = np.mean([one.listed for one in outcomes])
                delivered, recall = pooled(outcomes, 1, 0), pooled(outcomes, 1, 2)
                print(f"| {way} | {promise} | {listed:.0f} | {delivered} | {recall} |", flush=True)


if __name__ == "__main__":
    main()
