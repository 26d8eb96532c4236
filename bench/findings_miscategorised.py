"""Products in the wrong category: what lists promise, what they deliver, and how many they find.

    python -m bench.findings_miscategorised --worlds categories14-alike --shares 0.03 --seeds 3

A known share of products is moved to other categories; both heads are cross-fitted on the result.
Rows are pooled over seeds: hits over flags. Beside it three ways that promise nothing: the vote of
the reviews' predictions, the category of the highest mean probability, and that of the highest
product of probabilities; each flags a product when its category is another. What the mean
probability would find if its cut were known that makes its precision 0.95 is the last column.
"""

import argparse
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.findings_data import PlantedWorld, load, plant
from bench.machine import machine
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.miscategorised.finder import Judgement, judge_products
from reviewdesk.findings.miscategorised.judged import Judged
from reviewdesk.findings.miscategorised.lists import BANDS, list_products
from reviewdesk.findings.miscategorised.pooling import most_frequent, pool
from reviewdesk.stats.calibration import wilson_interval

FEWEST: Final = (2, 4)
"""Recall is counted among planted products with so many reviews or more."""
EQUAL: Final = 0.95

Counts = NDArray[np.float64]
Ints = NDArray[np.int64]


class Case(NamedTuple):
    """Products of one planted world: who stands where, and what was found out."""

    planted: PlantedWorld
    heads: list[NDArray[np.float32]]
    judged: Judged
    found: Judgement
    wrong: NDArray[np.bool_]  # (q,) of the judged products
    right: Ints  # (q,)

    @property
    def reviews(self) -> Ints:
        """How many reviews each judged product has, (q,)."""
        return self.judged.pooled.reviews[self.judged.products]


def main() -> None:
    """Print one table of promises, one of sizes and one of other ways."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--worlds", nargs="+", default=["categories14-alike", "categories14-random"]
    )
    parser.add_argument("--moves", nargs="+", default=["uniform", "confusable", "clustered"])
    parser.add_argument("--shares", nargs="+", type=float, default=[0.03])
    parser.add_argument("--seeds", type=int, default=20)
    asked = parser.parse_args()
    print(f"{machine()}; {asked.seeds} seeds\n")
    tables: dict[str, list[str]] = {name: [] for name in ("promises", "sizes", "others")}
    for world in asked.worlds:
        for rate in asked.shares:
            for moves in asked.moves:
                cases = [case(world, rate, moves, seed) for seed in range(asked.seeds)]
                about = f"{world} | {moves} | {rate:.0%}"
                tables["promises"].append(f"| {about} | {_promises(cases)} |")
                tables["sizes"].append(f"| {about} | {_sizes(cases)} |")
                tables["others"].append(f"| {about} | {_others(cases)} |")
                print(tables["promises"][-1], flush=True)
    heads = {
        "promises": [
            *(f"delivered at {promise} (interval; worst)" for promise in PROMISES),
            *(f"recall, {few}+, at 0.95" for few in FEWEST),
            *(f"recall, {few}+, at 0.9" for few in FEWEST),
            "named",
        ],
        "sizes": [f"{low}–{high or ''} at 0.95: delivered, recall" for low, high in BANDS],
        "others": [*(f"{name}: precision, recall" for name in WAYS), "recall at equal precision"],
    }
    for name, rows in tables.items():
        columns = ["reviews", "moves", "planted", *heads[name]]
        print(f"\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
        print("\n".join(rows))


def case(world: str, rate: float, moves: str, seed: int) -> Case:
    """Plant, cross-fit and judge."""
    planted = plant(load(world, seed), miscategorised=rate, moves=moves, seed=seed)
    heads = planted.heads()
    facts, names = planted.world.facts, planted.world.names
    products = len(facts.product_key)
    pooled = pool(heads, planted.product, products)
    assigned = most_frequent(planted.product, planted.assigned, products, len(names))
    judged = Judged(
        names=names,
        label=planted.assigned,
        product=planted.product,
        ids=planted.world.product_ids,
        titles=pa.chunked_array([pa.nulls(len(planted.product), pa.string())]),
        assigned=assigned,
        pooled=pooled,
        products=np.flatnonzero((assigned >= 0) & (pooled.reviews >= FEWEST[0])),
        left_out={},
    )
    wrong = np.isin(np.arange(products), planted.planting.products)
    right = facts.product_category()
    found = judge_products(judged)
    return Case(planted, heads, judged, found, wrong[judged.products], right[judged.products])


def listed(one: Case, promise: float) -> Ints:
    """Return the judged products in the list at a promise."""
    lists = list_products(one.reviews, one.found.wrong, one.found.candidates)
    return lists.products[lists.promise >= promise]


def counts(one: Case, flagged: Ints, low: int = 2, high: int | None = None) -> Counts:
    """Return hits, flags and planted products of a size, (3,)."""
    inside = (one.reviews >= low) & (one.reviews <= (high or np.inf))
    flagged = flagged[inside[flagged]]
    return np.array([one.wrong[flagged].sum(), len(flagged), one.wrong[inside].sum()], float)


def _promises(cases: list[Case]) -> str:
    cells = []
    for promise in PROMISES:
        each = np.array([counts(one, listed(one, promise)) for one in cases])
        hits, flags, _ = each.sum(axis=0)
        if not flags:
            cells.append("no list")
            continue
        low, high = wilson_interval(np.array([hits]), np.array([flags]))
        worst = np.nanmin(each[:, 0] / np.where(each[:, 1], each[:, 1], np.nan))
        cells.append(f"{hits / flags:.3f} ({low[0]:.2f}–{high[0]:.2f}; {worst:.2f})")
    for promise in PROMISES[:2]:
        for few in FEWEST:
            total = np.sum([counts(one, listed(one, promise), few) for one in cases], axis=0)
            cells.append(f"{total[0] / total[2]:.3f}")
    named = np.concatenate([_named(one) for one in cases])
    cells.append(f"{named.mean():.3f}" if len(named) else "–")
    return " | ".join(cells)


def _named(one: Case) -> NDArray[np.bool_]:
    """Return for each hit of the longest list whether the right category is named."""
    hits = listed(one, PROMISES[-1])
    hits = hits[one.wrong[hits]]
    named: NDArray[np.bool_] = one.found.suggested[hits] == one.right[hits]
    return named


def _sizes(cases: list[Case]) -> str:
    cells = []
    for low, high in BANDS:
        total = np.sum([counts(one, listed(one, PROMISES[0]), low, high) for one in cases], axis=0)
        delivered = f"{total[0] / total[1]:.3f}" if total[1] else "no list"
        recall = f"{total[0] / total[2]:.3f}" if total[2] else "none planted"
        cells.append(f"{delivered}, {recall} of {total[2]:.0f}")
    return " | ".join(cells)


def _others(cases: list[Case]) -> str:
    cells = []
    for way in WAYS.values():
        flagged = [np.flatnonzero(_said(one, way) != _assigned(one)) for one in cases]
        each = [counts(one, flags) for one, flags in zip(cases, flagged, strict=True)]
        total = np.sum(each, axis=0)
        cells.append(f"{total[0] / total[1]:.3f}, {total[0] / total[2]:.3f}")
    found = sum(_at_equal_precision(one) for one in cases)
    planted = sum(one.wrong.sum() for one in cases)
    cells.append(f"{found / planted:.3f}")
    return " | ".join(cells)


def _assigned(one: Case) -> Ints:
    return one.judged.assigned[one.judged.products]


def _said(one: Case, way: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Ints:
    """Return the category that reviews give each judged product, (q,)."""
    said: Ints = _summed(one, way).argmax(axis=1)
    return said


def _summed(one: Case, way: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Counts:
    mean = np.mean([head.astype(np.float64) for head in one.heads], axis=0)
    values = way(mean)
    products = len(one.judged.ids)
    summed = [np.bincount(one.judged.product, column, minlength=products) for column in values.T]
    found: Counts = np.stack(summed, axis=1)[one.judged.products].astype(np.float64)
    return found


def _at_equal_precision(one: Case) -> int:
    """Return how many the mean probability finds at the best cut of that precision."""
    mean = _summed(one, WAYS["mean probability"]) / one.reviews[:, np.newaxis]
    own = mean[np.arange(len(mean)), _assigned(one)]
    hits = np.cumsum(one.wrong[np.argsort(own, kind="stable")])
    kept = np.flatnonzero(hits >= EQUAL * np.arange(1, len(hits) + 1))
    return int(hits[kept[-1]]) if len(kept) else 0


WAYS: Final[dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "majority vote": lambda p: np.eye(p.shape[1])[p.argmax(axis=1)],
    "mean probability": lambda p: p,
    "product of probabilities": lambda p: np.log(np.clip(p, 1e-6, 1.0)),
}


if __name__ == "__main__":
    main()
