"""Reviews under the wrong product of their category, beside the cosine to the product's centroid.

python -m bench.findings_review_product --shares 0.01 0.03 0.1 --seeds 20

Reviews of digital software, of which a share is exchanged among products with ten reviews or more.
For each promise: what was delivered and what part of the exchanged reviews was found (all of them
count, also those that say too little to be judged). Beside it the longest list with the same
precision that the truth itself would cut from each ranking: from ours, and, for the first four
seeds, from four ways to rank by cosines, of which the best is taken anew for each seed.

The shop's own reviews under the wrong product count as errors of ours. How many they are is
estimated beside it: of the wrong ones in a list those that the same curve lists with nothing
exchanged, too, times the share of such reviews that plainly speak of another product when read.
"""

import argparse
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.findings_catalogue import books, codes, exchanged, software, texts_of, tfidf
from bench.machine import machine
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.review_product.eligible import EligibleUnderProducts, score_eligible
from reviewdesk.findings.review_product.finder import promised
from reviewdesk.findings.review_product.mixture import Mixture, fit_mixture
from reviewdesk.findings.review_product.posterior import LONGEST
from reviewdesk.prepare.prepared import PreparedData

FEWEST: Final = 10
FEWEST_LISTED: Final = 5
BLOCK: Final = 4_096
COSINE_SEEDS: Final = 4
OWN: Final = 0.3
"""Of the 40 reviews that fit worst in the files as they are, 12 speak of another product."""

Floats = NDArray[np.float64]


class Outcome(NamedTuple):
    """One list."""

    listed: int
    hits: int
    errors: int
    before: int = 0
    """Of those that are no hits, listed with nothing exchanged, too."""


def trial(
    data: PreparedData, clean: EligibleUnderProducts, folder: Path, share: float, seed: int
) -> dict[tuple[str, float], Outcome]:
    """Return each way's lists for one seed, by the promise."""
    planted, wrong = exchanged(data, folder / "planted", share=share, fewest=FEWEST, seed=seed)
    names = _ids(planted)
    is_wrong = np.isin(names, list(wrong))
    eligible = score_eligible(planted, fewest=FEWEST, longest=LONGEST, candidates=1)
    curve = fit_mixture(eligible.scores)
    before = np.zeros(data.rows) if curve is None else curve.posterior(clean.scores.observed)
    known = dict(zip(_ids(data)[clean.rows].tolist(), before.tolist(), strict=False))
    results = _promised(eligible, curve, is_wrong, np.array([known.get(one, 0.0) for one in names]))
    ours = np.full(len(is_wrong), -np.inf)
    ours[eligible.rows] = eligible.scores.observed.scores
    ways = {"our ranking": [ours]}
    if seed < COSINE_SEEDS:
        ways["cosine to centroid"] = list(cosines(planted).values())
    for way, rankings in ways.items():
        for promise in PROMISES:
            cuts = [cut(one, is_wrong, promise) for one in rankings]
            results[way, promise] = max(cuts, key=lambda one: one.hits)
    return results


def _ids(data: PreparedData) -> NDArray[np.str_]:
    return np.array(data.table(["review_id"]).column(0).to_pylist())


def _promised(
    eligible: EligibleUnderProducts,
    curve: Mixture | None,
    is_wrong: NDArray[np.bool_],
    before: Floats,
) -> dict[tuple[str, float], Outcome]:
    """Return our lists; ``before`` is how likely each is wrong with nothing exchanged."""
    listed, lists = promised(eligible, curve)
    found = {}
    for one in lists:
        rows = eligible.rows[listed.places[: one.listed]]
        least = listed.posterior[one.listed - 1] if one.listed else 1.0
        hit, known = is_wrong[rows], before[rows] >= least
        found["promised", one.promise] = Outcome(
            len(rows), int(hit.sum()), int(is_wrong.sum()), int((known & ~hit).sum())
        )
    return found


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
    whole = table.sum(axis=0)
    if not whole[below]:
        return "-"
    random = np.random.default_rng(0)
    drawn = table[random.integers(0, len(table), (1000, len(table)))].sum(axis=1)
    low, high = np.quantile(drawn[:, top] / np.maximum(drawn[:, below], 1), (0.05, 0.95))
    return f"{whole[top] / whole[below]:.3f} ({low:.3f}-{high:.3f})"


def corrected(outcomes: list[Outcome]) -> str:
    """Return what is delivered where the shop's own errors count as found."""
    listed, hits, _, before = np.array(outcomes, np.float64).sum(axis=0)
    return f"{(hits + OWN * before) / listed:.3f}" if listed else "-"


def main() -> None:
    """Print one table for each share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shares", nargs="+", type=float, default=[0.01, 0.03, 0.1])
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--books", action="store_true", help="take the reviews of books")
    given = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        data = books(Path(name) / "books") if given.books else software(Path(name) / "software")
        clean = score_eligible(data, fewest=FEWEST, longest=LONGEST, candidates=1)
        for share in given.shares:
            found: dict[tuple[str, float], list[Outcome]] = defaultdict(list)
            for seed in range(given.first_seed, given.first_seed + given.seeds):
                with tempfile.TemporaryDirectory(dir=name) as folder:
                    for key, outcome in trial(data, clean, Path(folder), share, seed).items():
                        found[key].append(outcome)
            print(f"\n{share:.0%} exchanged, {given.seeds} seeds\n")
            print("| way | precision | listed | no list | delivered | corrected | recall |")
            print("|---|---|---|---|---|---|---|")
            for (way, promise), outcomes in found.items():
                _print(way, promise, outcomes)


def _print(way: str, promise: float, outcomes: list[Outcome]) -> None:
    listed = np.mean([one.listed for one in outcomes])
    empty = sum(not one.listed for one in outcomes)
    print(
        f"| {way} | {promise} | {listed:.0f} | {empty} of {len(outcomes)} | "
        f"{pooled(outcomes, 1, 0)} | {corrected(outcomes)} | {pooled(outcomes, 1, 2)} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
