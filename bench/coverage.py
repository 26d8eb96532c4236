"""How often 95 % intervals hold the truth: ``python -m bench.coverage [--parts 1 2 3] [--quick]``.

1. Shares of independent reviews, computed exactly and not drawn: every count from 5 to 20,000 that
   is listed, shares from 0.5 to 0.995. Counts are whole, so that the chance of a set of
   consecutive counts jumps: a cell may lie outside 93 % to 97 % where no such set lies inside (for
   0.5: no set that treats right and wrong alike).
2. Shares of reviews of 2 to 300 products, with and without spread between products, of equal and of
   very unequal size.
3. All figures of an evaluation, and the differences of two classifiers, on simulated answers.

Cells of 2 and 3 that are below 90 % are drawn again, four times as often, with another seed: of
hundreds of cells the lowest is low by chance, too. Each cell is kept (``bench.trials``), so that it
goes on where it was stopped.
"""

import argparse
import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtr, ndtri
from scipy.stats import binom

from bench.trials import kept
from reviewdesk.stats.jackknife import Jackknife
from reviewdesk.stats.shares import LEAST, MOST, share_interval
from reviewdesk.training.figures import difference, figure, share
from reviewdesk.training.measures import Measures, evaluate_probabilities

Floats = NDArray[np.float64]

COUNTS = (5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 70, 100, 200, 500, 1000, 2000, 5000, 20_000)
RATES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.995)
SPREAD = 0.7
"""Standard deviation between products on the scale of probits: from 0.66 to 0.96 around 0.85."""

LOW = 0.9


class Share(NamedTuple):
    """Reviews of products, right at a rate."""

    products: int
    reviews: int  # of a product, on average
    spread: float
    uneven: bool
    rate: float


class Answers(NamedTuple):
    """Answers of a classifier with labels of unequal frequency."""

    labels: int
    strength: float
    products: int | None
    reviews: int  # together
    spread: float
    uneven: bool


def exact_coverage(rows: int, rate: float, interval: Callable[[int, int], Any]) -> float:
    """Return how often the interval of a count holds the rate; ends rise with counts."""
    counts = range(rows + 1)
    first = bisect_left(counts, rate - 1e-9, key=lambda count: interval(count, rows)[1])
    last = bisect_right(counts, rate + 1e-9, key=lambda count: interval(count, rows)[0])
    below = float(bdtr(first - 1, rows, rate)) if first else 0.0
    return float(bdtr(last - 1, rows, rate)) - below


def can_be_kept(rows: int, rate: float) -> bool:
    """Say whether any set of consecutive counts has a chance from 93 % to 97 %."""
    below = np.r_[0.0, bdtr(np.arange(rows + 1), rows, rate)]
    starts, ends = np.flatnonzero(below < 0.08), np.flatnonzero(below > 0.92)
    if rate == 0.5:
        starts = np.arange(rows // 2 + 1)
        chances = below[rows + 1 - starts] - below[starts]
    else:
        chances = (below[ends][None] - below[starts][:, None]).ravel()
    return bool(((chances >= LEAST) & (chances <= MOST)).any())


def why_kept_not(rows: int, rate: float) -> str:
    """Say why our interval is not inside although some set of counts would be.

    Its sets hold the most probable counts (Sterne): a set that leaves out a more probable count
    than one that it holds makes an interval that is short on one side and long on the other.
    """
    chances = binom.pmf(np.arange(rows + 1), rows, rate)
    likely = np.cumsum(np.sort(chances)[::-1])
    if not ((likely >= LEAST) & (likely <= MOST)).any():
        return "no set of its most probable counts is inside"
    return "a count that belongs on both sides of it belongs in it: an interval has no hole"


def wilson(hits: int, rows: int) -> tuple[float, float]:
    """Return Wilson's interval, to compare with."""
    z, p = 1.959964, hits / rows
    reach = z * np.sqrt(p * (1 - p) / rows + (z / (2 * rows)) ** 2)
    middle, scale = p + z * z / (2 * rows), 1 + z * z / rows
    return (middle - reach) / scale, (middle + reach) / scale


def independent() -> None:
    """Print part 1."""
    print("## Shares of independent reviews, exact")
    for name, interval in (("ours", share_interval), ("Wilson", wilson)):
        cells = [(n, p, exact_coverage(n, p, interval)) for n in COUNTS for p in RATES]
        low = [(n, p, round(c, 4)) for n, p, c in cells if c < LEAST - 1e-6]
        high = [one for one in cells if one[2] > MOST + 1e-6]
        needless = [(n, p, round(c, 4)) for n, p, c in high if can_be_kept(n, p)]
        lowest = min(cells, key=lambda one: one[2])
        print(
            f"{name}: {len(cells)} cells, mean {np.mean([c for *_, c in cells]):.4f}, lowest "
            f"{lowest[2]:.4f} (n {lowest[0]}, {lowest[1]}); below 93 %: {len(low)}; above 97 %: "
            f"{len(high)}, of these not forced: {needless}"
        )
        if interval is share_interval:
            for n, p, c in needless:
                print(f"  n {n}, {p}: {c}; {why_kept_not(n, p)}")


def share_cells() -> list[Share]:
    """Return the cells of part 2."""
    return [
        Share(products, reviews, spread, uneven, rate)
        for products in (2, 5, 8, 15, 30, 100, 300)
        for reviews in (2, 10, 60)
        for spread in (0.0, SPREAD)
        for uneven in (False, True)
        for rate in (0.5, 0.8, 0.95, 0.99, 0.995)
    ]


def share_coverage(cell: Sequence[Any], draws: int, seed: int) -> dict[str, tuple[int, int]]:
    """Return how many intervals hold the rate, and how many there are."""
    return _share_coverage(Share(*cell), draws, seed)


def _share_coverage(cell: Share, draws: int, seed: int) -> dict[str, tuple[int, int]]:
    random = np.random.default_rng([seed, *(int(1000 * one) for one in cell)])
    middle = ndtri(cell.rate) * np.sqrt(1 + cell.spread**2)
    held = said = 0
    for _ in range(draws):
        sizes = _sizes(random, cell.products, cell.products * cell.reviews, cell.uneven)
        rates = ndtr(middle + cell.spread * random.standard_normal(cell.products))
        groups = np.repeat(np.arange(cell.products), sizes)
        right = random.random(len(groups)) < rates[groups]
        _, low, high = figure(share(right, Jackknife(len(groups), groups)))
        _check_width(low, high, cell)
        said += not np.isnan(low)
        held += low <= cell.rate <= high
    return {"share": (held, said)}


def answer_cells() -> list[Answers]:
    """Return the cells of part 3."""
    sizes = ((None, 20), (None, 60), (None, 400), (2, 60), (5, 60), (5, 600), (12, 60), (12, 600))
    return [
        Answers(labels, strength, products, reviews, spread, uneven)
        for labels in (2, 3)
        for strength in (1.0, 3.0)
        for products, reviews in (*sizes, (40, 120), (40, 1200), (200, 300), (200, 2400))
        for spread in ((0.0,) if products is None else (0.0, SPREAD))
        for uneven in ((False,) if products is None else (False, True))
    ]


def answer_coverage(cell: Sequence[Any], draws: int, seed: int) -> dict[str, tuple[int, int]]:
    """Return for each figure how many intervals hold the truth, and how many there are."""
    return _answer_coverage(Answers(*cell), draws, seed)


def _answer_coverage(cell: Answers, draws: int, seed: int) -> dict[str, tuple[int, int]]:
    true_figures = _figures(_measured(np.random.default_rng(5), _many(cell), seed=0)[0])
    random = np.random.default_rng([seed, *(int(1000 * (one or 0)) for one in cell)])
    counted: dict[str, list[bool]] = {}
    for _ in range(draws):
        first, second, unlike = _pair(random, cell)
        for name, (_, low, high) in _figures(first).items():
            if np.isnan(low) or np.isnan(true_figures[name].value):
                continue
            _check_width(low, high, cell)
            counted.setdefault(name, []).append(low <= true_figures[name].value <= high)
        for name, one in first.jackknifed.items():
            _, low, high = difference(one, second.jackknifed[name], unlike)
            if not np.isnan(low):
                _check_width(low, high, cell)
                counted.setdefault(f"difference of {name}", []).append(low <= 0 <= high)
    return {name: (sum(held), len(held)) for name, held in counted.items()}


def _many(cell: Answers) -> Answers:
    """Return the cell with so many products of one review that its figures are the truth."""
    products = None if cell.products is None or not cell.spread else 150_000
    return cell._replace(products=products, reviews=150_000, uneven=False)


def _pair(random: np.random.Generator, cell: Answers) -> tuple[Measures, Measures, int]:
    """Return what two classifiers are measured as on the same reviews, and where they differ."""
    state = random.integers(2**32)
    first, said = _measured(np.random.default_rng(state), cell, seed=1)
    second, others = _measured(np.random.default_rng(state), cell, seed=2)
    return first, second, int((said != others).sum())


def _measured(
    random: np.random.Generator, cell: Answers, seed: int
) -> tuple[Measures, NDArray[Any]]:
    """Measure a classifier; equal generators draw equal reviews, and the seed its answers."""
    shares = np.array([0.3, 0.7] if cell.labels == 2 else [0.6, 0.3, 0.1])
    true = random.choice(cell.labels, cell.reviews, p=shares)
    groups = np.arange(cell.reviews)
    strength = np.full(cell.reviews, cell.strength)
    if cell.products == cell.reviews:
        strength += cell.spread * random.standard_normal(cell.reviews)
    elif cell.products:
        sizes = _sizes(random, cell.products, cell.reviews, cell.uneven)
        groups = np.repeat(np.arange(cell.products), sizes)
        strength += (cell.spread * random.standard_normal(cell.products))[groups]
    own = np.random.default_rng([seed, int(random.integers(2**32))])
    logits = own.normal(size=(cell.reviews, cell.labels))
    logits[np.arange(cell.reviews), true] += strength
    odds = np.exp(logits)
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    names = [f"label {n}" for n in range(cell.labels)]
    measures = evaluate_probabilities(true, probabilities, names, groups=groups)
    return measures, probabilities.argmax(axis=1)


def _check_width(low: float, high: float, cell: Any) -> None:
    if low >= high:
        raise ValueError(f"an interval without width in {cell}")


def _sizes(
    random: np.random.Generator, products: int, reviews: int, uneven: bool
) -> NDArray[np.int64]:
    """Return reviews of each product, one at least."""
    weights = random.lognormal(0, 1.0 if uneven else 0.0, products)
    return 1 + random.multinomial(reviews - products, weights / weights.sum())


def _figures(measures: Measures) -> dict[str, Any]:
    by_label = {f"{name} of {one.label}": value
                for one in measures.by_label for name, value in one.figures.items()}  # fmt: skip
    return {**measures.figures, **by_label}


def clustered(title: str, cells: list[Any], coverage: Callable[..., Any], draws: int) -> None:
    """Print part 2 or 3: means and lowest cells by figure."""
    print(f"## {title}: {len(cells)} cells, {draws} draws each")
    by_figure: dict[str, list[float]] = {}
    silent = 0
    for cell in cells:
        tried: dict[str, Any] = {"rooms": "reviewdesk.", "cell": list(cell)}
        counted = kept(__file__, coverage, **tried, draws=draws, seed=1)
        told = {name: one for name, one in counted.items() if one[1] >= draws / 2}
        silent += not told
        low = any(held / said < LOW for held, said in told.values())
        again = kept(__file__, coverage, **tried, draws=4 * draws, seed=2) if low else counted
        for name in told:
            held, said = again[name]
            by_figure.setdefault(name, []).append(held / said)
            if held / said < 0.92:
                print(f"  low: {cell} {name} {held / said:.3f}", flush=True)
    print(f"too few to say in {silent} cells")
    for name, found in by_figure.items():
        print(f"{name:34s} mean {np.mean(found):.3f}  lowest {min(found):.3f}  cells {len(found)}")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the draws")
    parser.add_argument("--parts", nargs="+", type=int, default=[1, 2, 3])
    given = parser.parse_args()
    tenth = 10 if given.quick else 1
    os.nice(10)
    if 1 in given.parts:
        independent()
    if 2 in given.parts:
        clustered("Shares of reviews of products", share_cells(), share_coverage, 400 // tenth)
    if 3 in given.parts:
        clustered("All figures and differences", answer_cells(), answer_coverage, 100 // tenth)


if __name__ == "__main__":
    main()
