"""Products in the wrong category: what lists promise, what they deliver, and how many they find.

    python -m bench.findings_product_category --worlds categories14-alike --shares 0.03 --seeds 3

A known share of products is moved to other categories; both base models are cross-fitted on the
result. Rows are pooled over seeds: hits over flags. Beside it three ways that promise nothing: the
vote of the reviews' predictions, the category of the highest mean probability, and that of the
highest product of probabilities; each flags a product when its category is another. What the mean
probability would find if its cut were known that makes its precision 0.95 is the last column.
"""

import argparse
import itertools
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.findings_data import PlantedWorld, load, plant
from bench.machine import machine
from bench.trials import kept
from reviewdesk.findings.base import PROMISES
from reviewdesk.findings.product_category.eligible import EligibleProducts
from reviewdesk.findings.product_category.judgement import ProductJudgement, judge_products
from reviewdesk.findings.product_category.lists import BANDS, list_products
from reviewdesk.findings.product_category.pooling import most_frequent, pool
from reviewdesk.stats.shares import share_interval

FEWEST: Final = (2, 4)
"""Recall is counted among planted products with so many reviews or more."""
EQUAL: Final = 0.95

Counts = NDArray[np.float64]
Ints = NDArray[np.int64]
Tried = dict[str, Any]


class Case(NamedTuple):
    """Products of one planted world: who stands where, and what was found out."""

    planted: PlantedWorld
    probabilities: list[NDArray[np.float32]]
    eligible: EligibleProducts
    found: ProductJudgement
    wrong: NDArray[np.bool_]  # (q,) of the judged products
    right: Ints  # (q,)

    @property
    def reviews(self) -> Ints:
        """How many reviews each judged product has, (q,)."""
        return self.eligible.pooled.reviews[self.eligible.products]


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
        found: dict[tuple[float, str], list[Tried]] = defaultdict(list)
        for seed, share, moves in itertools.product(range(asked.seeds), asked.shares, asked.moves):
            one = kept(__file__, tried, world=world, share=share, moves=moves, seed=seed)
            found[share, moves].append(one)
        for (share, moves), each in found.items():
            about = f"{world} | {moves} | {share:.0%}"
            tables["promises"].append(f"| {about} | {_promises(each)} |")
            tables["sizes"].append(f"| {about} | {_sizes(each)} |")
            tables["others"].append(f"| {about} | {_others(each)} |")
            print(tables["promises"][-1], flush=True)
    probabilities = {
        "promises": [
            *(f"delivered at {promise} (interval; worst; no list)" for promise in PROMISES),
            *(f"recall, {few}+, at 0.95" for few in FEWEST),
            *(f"recall, {few}+, at 0.9" for few in FEWEST),
            "named",
        ],
        "sizes": [f"{low}–{high or ''} at 0.95: delivered, recall" for low, high in BANDS],
        "others": [*(f"{name}: precision, recall" for name in WAYS), "recall at equal precision"],
    }
    for name, rows in tables.items():
        columns = ["reviews", "moves", "planted", *probabilities[name]]
        print(f"\n| {' | '.join(columns)} |\n{'|---' * len(columns)}|")
        print("\n".join(rows))


def case(world: str, rate: float, moves: str, seed: int) -> Case:
    """Plant, cross-fit and judge."""
    planted = plant(load(world, seed), product_category=rate, moves=moves, seed=seed)
    probabilities = planted.probabilities()
    facts, names = planted.world.facts, planted.world.names
    products = len(facts.product_key)
    pooled = pool(probabilities, planted.product, products)
    assigned = most_frequent(planted.product, planted.assigned, products, len(names))
    eligible = EligibleProducts(
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
    found = judge_products(eligible)
    return Case(
        planted, probabilities, eligible, found, wrong[eligible.products], right[eligible.products]
    )


def listed(one: Case, promise: float) -> Ints:
    """Return the judged products in the list at a promise."""
    lists = list_products(one.reviews, one.found.wrong, one.found.candidates)
    return lists.products[lists.promise >= promise]


def counts(one: Case, flagged: Ints, low: int = 2, high: int | None = None) -> Counts:
    """Return hits, flags and planted products of a size, (3,)."""
    inside = (one.reviews >= low) & (one.reviews <= (high or np.inf))
    flagged = flagged[inside[flagged]]
    return np.array([one.wrong[flagged].sum(), len(flagged), one.wrong[inside].sum()], float)


def tried(world: str, share: float, moves: str, seed: int) -> Tried:
    """Return hits, flags and planted products of every list, size and way."""
    one = case(world, share, moves, seed)
    sizes = [*((few, None) for few in FEWEST), *BANDS]
    lists = {promise: listed(one, promise) for promise in PROMISES}
    hits = lists[PROMISES[-1]]
    hits = hits[one.wrong[hits]]
    ways = {name: np.flatnonzero(_said(one, way) != _assigned(one)) for name, way in WAYS.items()}
    return {
        "lists": [[counts(one, lists[p], *size).tolist() for size in sizes] for p in PROMISES],
        "named": [int((one.found.suggested[hits] == one.right[hits]).sum()), len(hits)],
        "ways": [counts(one, flagged).tolist() for flagged in ways.values()],
        "equal": _at_equal_precision(one),
    }


def _promises(each: list[Tried]) -> str:
    lists = np.array([one["lists"] for one in each])  # (seeds, promises, sizes, 3)
    cells = []
    for place in range(len(PROMISES)):
        hits, flags, _ = lists[:, place, 0].sum(axis=0)
        if not flags:
            cells.append("no list")
            continue
        low, high = share_interval(int(hits), int(flags))
        made = lists[:, place, 0][lists[:, place, 0, 1] > 0]
        worst = (made[:, 0] / made[:, 1]).min()
        none = len(lists) - len(made)
        cells.append(f"{hits / flags:.3f} ({low:.2f}–{high:.2f}; {worst:.2f}; {none})")
    for place in range(2):
        for size in range(len(FEWEST)):
            hits, _, planted = lists[:, place, size].sum(axis=0)
            cells.append(f"{hits / planted:.3f}")
    named, hits = np.sum([one["named"] for one in each], axis=0)
    cells.append(f"{named / hits:.3f}" if hits else "–")
    return " | ".join(cells)


def _sizes(each: list[Tried]) -> str:
    cells = []
    for hits, flags, planted in np.sum([one["lists"][0][len(FEWEST) :] for one in each], axis=0):
        delivered = f"{hits / flags:.3f}" if flags else "no list"
        recall = f"{hits / planted:.3f}" if planted else "none planted"
        cells.append(f"{delivered}, {recall} of {planted:.0f}")
    return " | ".join(cells)


def _others(each: list[Tried]) -> str:
    total = np.sum([one["ways"] for one in each], axis=0)
    cells = [f"{hits / flags:.3f}, {hits / planted:.3f}" for hits, flags, planted in total]
    found = sum(one["equal"] for one in each)
    cells.append(f"{found / total[0, 2]:.3f}")
    return " | ".join(cells)


def _assigned(one: Case) -> Ints:
    return one.eligible.assigned[one.eligible.products]


def _said(one: Case, way: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Ints:
    """Return the category that reviews give each judged product, (q,)."""
    predicted: Ints = _summed(one, way).argmax(axis=1)
    return predicted


def _summed(one: Case, way: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Counts:
    mean = np.mean([each.astype(np.float64) for each in one.probabilities], axis=0)
    values = way(mean)
    products = len(one.eligible.ids)
    summed = [np.bincount(one.eligible.product, column, minlength=products) for column in values.T]
    found: Counts = np.stack(summed, axis=1)[one.eligible.products].astype(np.float64)
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
