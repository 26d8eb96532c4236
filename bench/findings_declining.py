"""Declining products: drops planted in the histories of real products, found month by month.

python -m bench.findings_declining --data $REVIEWDESK_DATA --seeds 20
python -m bench.findings_declining --sizes 100000 1000000 10000000

Real are the products, how many reviews each got and in which months; the stars are drawn, each
product's from its own mix, so that nothing changes but what is planted. A share of the products
with at least ``--fewest`` reviews drop at a random place in the middle 40 % of their reviews: from
there on their mix is tilted so that its mean falls by the drop. A product that is called before its
drop is called wrongly. All is counted over all monthly looks.

What cannot be told how often it calls wrongly (moving average, CUSUM, PELT) and the oracle, a CUSUM
that knows both mixes of every product, get the threshold at which 10 % of their calls are wrong on
these very seeds, and the one at which they call as often as was called at the promise of 0.9: none
is known beforehand, so that this flatters them.

PELT (Killick 2012) is run once a product, on all its reviews, with the least squares cost, segments
of ten reviews or more that begin at multiples of ten, and at most the last 500 reviews: each of its
steps costs as many Python calls as there are segment starts left. It is also run on the first three
seeds only.

Two more tables: with nothing planted, where every call is wrong; and generated corpora, whose own
declining products are known.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.machine import machine
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.declining.alarms import raise_alarms
from reviewdesk.findings.declining.baselines import FEWEST_REVIEWS, learn_baselines
from reviewdesk.findings.declining.histories import Histories, histories
from reviewdesk.findings.declining.scoring import score_looks
from reviewdesk.settings import DemoSettings, SourceSettings
from reviewdesk.sources import open_inputs
from reviewdesk.sources.generated import generate
from reviewdesk.stats.dirichlet_multinomial import fit_dirichlet_mixture
from reviewdesk.stats.shares import share_interval
from reviewdesk.text.hashing import hash64

try:
    import ruptures
except ImportError:  # the development extra ``bench``
    ruptures = None

ALPHA = 0.1
LATER = 50
WARM_UP = 20
PELT_REVIEWS = 500
PELT_SEEDS = 3
MOST_LEVELS = 500
GENERATED_SEEDS = 5
STARS = np.arange(5)
Floats = NDArray[np.float64]
Scores = Callable[["Planted"], Floats]


class Planted(NamedTuple):
    """Histories with drawn stars, and which products drop after how many reviews."""

    found: Histories
    mixes: Floats  # (p, 5) before
    after: Floats  # (p, 5) after; of products that do not drop, what a drop would be
    place: NDArray[np.int64]  # (p,) reviews before the drop; the largest number where there is none


class Tally:
    """What was called rightly and wrongly, over seeds."""

    def __init__(self) -> None:
        self.right = self.wrong = self.planted = self.later = self.later_right = 0
        self.delays: list[int] = []

    def add(self, made: Planted, product: NDArray[Any], reviews: NDArray[Any]) -> None:
        """Count products that were called when they had so many reviews."""
        drops = made.place < made.found.reviews
        later = drops & (made.found.reviews - made.place >= LATER)
        right = reviews > made.place[product]
        self.right += int(right.sum())
        self.wrong += int((~right).sum())
        self.planted += int(drops.sum())
        self.later += int(later.sum())
        self.later_right += int(later[product[right]].sum())
        self.delays += (reviews - made.place[product])[right].tolist()

    @property
    def false(self) -> float:
        """The share of wrong calls."""
        return self.wrong / max(self.right + self.wrong, 1)

    def row(self, name: str) -> str:
        """Return a row of the table."""
        low, high = share_interval(self.wrong, max(self.right + self.wrong, 1))
        delay = f"{np.median(self.delays):.0f}" if self.delays else ""
        return (
            f"| {name} | {self.right + self.wrong} | {self.false:.3f} ({low:.3f} to {high:.3f}) | "
            f"{self.right / max(self.planted, 1):.3f} | "
            f"{self.later_right / max(self.later, 1):.3f} | {delay} |"
        )


def real_histories(folder: Path, names: Sequence[str]) -> Histories:
    """Read when each real product got its reviews."""
    return read(
        [str(folder / "amazon_us" / f"amazon_reviews_us_{one}_v1_00.tsv.gz") for one in names]
    )


def read(places: list[str]) -> Histories:
    """Read the histories of files of reviews."""
    keys, stars, days, ties = [], [], [], []
    for source in open_inputs(places, SourceSettings()):
        for batch in source.read():
            rows = batch.reviews
            stars.append(rows["star_rating"].fill_null(0).to_numpy(zero_copy_only=False) - 1)
            day = rows["review_date"].cast("int32").fill_null(-(2**31))
            days.append(day.to_numpy(zero_copy_only=False))
            keys.append(hash64(rows["product_id"]))
            ties.append(hash64(rows["review_id"]))
    return histories(*(np.concatenate(one) for one in (keys, stars, days, ties)))


def generated(seed: int, reviews: int) -> Planted:
    """Generate a corpus, whose products that decline are known."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = generate(Path(folder) / "reviews.tsv", DemoSettings(reviews=reviews, seed=seed))
        found = read([str(Path(folder) / "reviews.tsv")])
        truth = pq.read_table(corpus.truth_dir / "declining.parquet")
    place = np.full(found.products, np.iinfo(np.int64).max)
    began = truth["declines_from"].cast("date32").cast("int32").to_numpy()
    where = np.searchsorted(found.keys, hash64(truth["product_id"]))
    for product, day in zip(where.tolist(), began.tolist(), strict=True):
        days = found.days[found.offsets[product] : found.offsets[product + 1]]
        place[product] = int(np.searchsorted(days, day))
    unknown = np.empty((0, len(STARS)))
    return Planted(found, unknown, unknown, place)


def lowered(mix: Floats, drop: float) -> Floats:
    """Tilt a mix until its mean has fallen by a drop."""
    low, high = 0.0, 20.0
    for _ in range(50):
        tilt = (low + high) / 2
        tilted = mix * np.exp(-tilt * STARS)
        if tilted @ STARS / tilted.sum() > mix @ STARS - drop:
            low = tilt
        else:
            high = tilt
    return np.asarray(tilted / tilted.sum())


def plant(real: Histories, seed: int, drop: float, share: float, fewest: int) -> Planted:
    """Draw stars and plant drops."""
    generator = np.random.default_rng(seed)
    counts = real.counts()
    prior = fit_dirichlet_mixture(counts, 1).concentrations[0]
    mixes = (counts + prior) / (counts + prior).sum(axis=1, keepdims=True)
    after = np.stack([lowered(mix, drop) for mix in mixes])
    able = np.flatnonzero((real.reviews >= fewest) & (mixes @ STARS >= drop + 0.5))
    place = np.full(real.products, np.iinfo(np.int64).max)
    chosen = generator.choice(able, round(share * len(able)), replace=False)
    place[chosen] = (real.reviews[chosen] * generator.uniform(0.3, 0.7, len(chosen))).astype(int)
    product = np.repeat(np.arange(real.products), real.reviews)
    late = np.arange(len(product)) - real.offsets[product] >= place[product]
    mix = np.where(late[:, None], after[product], mixes[product])
    drawn = (generator.random((len(product), 1)) > np.cumsum(mix, axis=1)[:, :-1]).sum(axis=1)
    stars = drawn.astype(np.int8)
    return Planted(replace(real, stars=stars), mixes, after, place)


def ours(made: Planted, levels: Floats, alpha: float) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return what is called, and after how many reviews."""
    alarms = raise_alarms(made.found, levels, alpha)
    return alarms.products, made.found.looks[alarms.look[alarms.products]]


def of_reviews(made: Planted, score: Callable[[int, NDArray[np.int8]], Floats]) -> Floats:
    """Return a score at each look, from one that is known after each review."""
    scores = np.zeros(len(made.found.looks))
    for product in range(made.found.products):
        part = slice(made.found.offsets[product], made.found.offsets[product + 1])
        looks = slice(made.found.look_offsets[product], made.found.look_offsets[product + 1])
        scores[looks] = score(product, made.found.stars[part])[made.found.looks[looks] - 1]
    return scores


def cusum(steps: Floats) -> Floats:
    """Return Page's cumulated sum after each review."""
    sums = np.cumsum(steps)
    return sums - np.minimum.accumulate(np.append(0.0, sums[:-1]))


def oracle(made: Planted) -> Floats:
    """A CUSUM that knows both mixes of every product."""
    ratios = np.log(made.after / made.mixes)
    ratios[made.mixes @ STARS < 1] = 0.0
    return of_reviews(made, lambda product, stars: cusum(ratios[product][stars]))


def plain_cusum(made: Planted) -> Floats:
    """A CUSUM of stars below the mean of the first reviews, half a star allowed."""

    def score(_: int, stars: NDArray[np.int8]) -> Floats:
        first = stars[:WARM_UP]
        spread = max(float(first.std()), 0.5)
        steps = (first.mean() - stars - 0.25) / spread
        steps[:WARM_UP] = 0.0
        return cusum(steps)

    return of_reviews(made, score)


def moving_average(made: Planted) -> Floats:
    """How far the mean of the last three months with reviews is below that of all before."""
    found = made.found
    scores = np.zeros(len(found.looks))
    for product in range(found.products):
        sums = np.append(
            0, np.cumsum(found.stars[found.offsets[product] : found.offsets[product + 1]])
        )
        looks = slice(found.look_offsets[product], found.look_offsets[product + 1])
        now = found.looks[looks]
        then = np.append(np.zeros(3, np.int64), now)[: len(now)]
        enough = (then >= WARM_UP) & (now - then >= 5)
        before = sums[then] / np.maximum(then, 1)
        scores[looks] = np.where(enough, before - (sums[now] - sums[then]) / (now - then), 0.0)
    return scores


def pelt(made: Planted) -> Floats:
    """How much the last segment that PELT finds is below the one before."""
    found = made.found
    scores = np.zeros(len(found.looks))
    for product in np.flatnonzero(found.reviews >= WARM_UP):
        last = found.offsets[product + 1]
        stars = found.stars[max(found.offsets[product], last - PELT_REVIEWS) : last].astype(float)
        penalty = 2 * np.log(len(stars)) * max(float(stars.var()), 0.1)
        ends = ruptures.Pelt(model="l2", min_size=10, jump=10).fit_predict(stars, penalty)
        if len(ends) > 1:
            starts = [0, *ends]
            means = [stars[a:b].mean() for a, b in zip(starts, ends, strict=False)]
            scores[found.look_offsets[product + 1] - 1] = means[-2] - means[-1]
    return scores


def at_best(planted: Sequence[Planted], score: Scores, calls: int) -> tuple[Tally, Tally]:
    """Return what is called with thresholds that only the truth tells.

    Args:
        planted: histories, one a seed.
        score: how much each look seems to show a drop.
        calls: how many calls the second one may make.

    Returns:
        With the lowest threshold at which few enough calls are wrong, and with the lowest at which
        there are no more than so many calls.
    """
    scores = [score(made) for made in planted]
    every = np.sort(np.concatenate(scores))
    levels = np.append(np.quantile(every, np.linspace(0.9, 1, 200)), every[-MOST_LEVELS:])
    best = as_many = Tally()
    for level in np.unique(levels[levels > 0])[::-1]:
        tally = Tally()
        for made, values in zip(planted, scores, strict=True):
            looks = np.flatnonzero(values >= level)
            product, first = np.unique(made.found.product_of_look[looks], return_index=True)
            tally.add(made, product, made.found.looks[looks[first]])
        best = tally if tally.false <= ALPHA else best
        as_many = tally if tally.right + tally.wrong <= calls else as_many
    return best, as_many


def head(title: str) -> None:
    """Print the head of a table."""
    print(f"\n{title}:\n")
    print("| finder | called | wrong (95 %) | recall overall | with 50 later | median delay |")
    print("|---|---|---|---|---|---|")


def promised(planted: Sequence[Planted]) -> int:
    """Print what is called at each promise; return how many calls there are at 0.9."""
    calls = 0
    levels = [score_looks(made.found, learn_baselines(made.found)).levels for made in planted]
    for promise in PROMISES:
        tally = Tally()
        for made, level in zip(planted, levels, strict=True):
            tally.add(made, *ours(made, level, 1 - promise))
        print(tally.row(f"declining, promised {promise}"), flush=True)
        if promise == 1 - ALPHA:
            calls = tally.right + tally.wrong
    return calls


def compare(real: Histories, given: argparse.Namespace, drop: float, fewest: int) -> None:
    """Print the table of a drop among products of so many reviews or more."""
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    planted = [plant(real, seed, drop, given.share, fewest) for seed in seeds]
    head(f"A drop of {drop} stars, {fewest} reviews or more, {given.seeds} seeds")
    calls = promised(planted)
    rivals: dict[str, Scores] = {
        "oracle CUSUM": oracle,
        "CUSUM": plain_cusum,
        "moving average": moving_average,
    }
    for name, score in rivals.items():
        show(name, *at_best(planted, score, calls))
    if ruptures is not None:
        few = planted[:PELT_SEEDS]
        found = at_best(few, pelt, calls * len(few) // len(planted))
        show(f"PELT, once, at the end ({len(few)} seeds)", *found)


def show(name: str, best: Tally, as_many: Tally) -> None:
    """Print a rival's two rows."""
    print(best.row(f"{name}, 10 % wrong"))
    print(as_many.row(f"{name}, as many calls"), flush=True)


def without_drops(real: Histories, given: argparse.Namespace) -> None:
    """Print how many products are called where nothing changes."""
    seeds = range(given.first_seed, given.first_seed + given.seeds)
    planted = [plant(real, seed, 1.0, 0.0, given.fewest[0]) for seed in seeds]
    able = sum(int((one.found.reviews >= FEWEST_REVIEWS).sum()) for one in planted)
    head(f"Nothing planted, {given.seeds} seeds, {able:,} products with {FEWEST_REVIEWS} reviews")
    promised(planted)


def sizes(counts: Sequence[int]) -> None:
    """Print how long products of 20 reviews on average over five years take."""
    print("\n| reviews | products | CPU seconds |\n|---|---|---|")
    for count in counts:
        generator = np.random.default_rng(1)
        weight = generator.pareto(1.2, count // 20) + 0.1
        product = generator.choice(count // 20, count, p=weight / weight.sum())
        stars = generator.choice(5, count, p=[0.1, 0.05, 0.1, 0.2, 0.55])
        days = generator.integers(15_000, 16_801, count).astype(np.int32)
        keys = (product.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        began = time.process_time()
        found = histories(keys, stars, days, np.arange(count, dtype=np.uint64))
        raise_alarms(found, score_looks(found, learn_baselines(found)).levels, ALPHA)
        print(f"| {count:,} | {found.products:,} | {time.process_time() - began:.1f} |", flush=True)


def main() -> int:
    """Print all tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--files", nargs="+", default=["Digital_Software"])
    parser.add_argument("--drops", nargs="+", type=float, default=[1.0, 0.7, 0.5])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.1)
    parser.add_argument("--fewest", nargs="+", type=int, default=[20, 50])
    parser.add_argument("--generated", type=int, default=50_000)
    parser.add_argument("--sizes", nargs="*", type=int, default=[])
    given = parser.parse_args()
    print(machine())
    if given.data:
        real = real_histories(given.data, given.files)
        for drop in given.drops:
            for fewest in given.fewest:
                compare(real, given, drop, fewest)
        without_drops(real, given)
    if given.generated:
        seeds = range(given.first_seed, given.first_seed + min(given.seeds, GENERATED_SEEDS))
        head(f"Generated corpora of {given.generated:,} reviews, {len(seeds)} seeds")
        promised([generated(seed, given.generated) for seed in seeds])
    sizes(given.sizes)
    return 0


if __name__ == "__main__":
    sys.exit(main())
