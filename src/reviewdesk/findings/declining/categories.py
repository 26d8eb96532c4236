"""Whole categories whose stars changed, told from the products that stand in them.

Each product is compared with itself, its last months with the two years before, so that other
products than before are no change; and those of a category with those of all others, since what
changes everywhere, as products get older, is no change of a category. It is looked at at the end of
each month by Welch's test over products; the t-th look of a category may spend 1 / (t (t + 1)) of
its level, so that no later look undoes an earlier call.

Source: Welch 1947, The generalization of Student's problem; Benjamini and Hochberg 1995.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reviewdesk.findings.base import GOING_ON, RECOVERED
from reviewdesk.findings.declining.histories import Histories, months_of
from reviewdesk.findings.products import NONE, Products
from reviewdesk.stats.false_discovery import benjamini_hochberg

RECENT: Final = 6
BEFORE: Final = 24
"""Months that are compared with those before them."""
FEWEST_PRODUCTS: Final = 12
"""Products with reviews both before and after that a category needs, and the others too."""
LEAST: Final = 0.15
"""Stars by which a category has to fall further than the others: less is not worth a call."""
BACK: Final = 2 / 3

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class CategoryLook(NamedTuple):
    """What one look saw of a category.

    Args:
        month: the last month of those that are new, since 1970-01.
        moved: how far its products' stars moved beside those of others, in stars.
        p_value: of no larger a fall than ``LEAST``.
        before: mean stars of its products before, each counted as often as in ``after``.
        after: mean stars in the last months.
        fell: how many of its products have lower stars than before.
        products: how many were compared.
    """

    month: int
    moved: float
    p_value: float
    before: float
    after: float
    fell: int
    products: int


class ChangedCategory(NamedTuple):
    """A category whose stars fell.

    Args:
        category: its place in ``Products.categories``.
        look: what was seen when it was first called for its promise.
        p_value: adjusted for all looks and categories.
        promise: the strictest that holds it.
        state: how it stands in the last months of the data.
        rows: where its reviews of the months that were new stand in the data, and their stars.
    """

    category: int
    look: CategoryLook
    p_value: float
    promise: float
    state: str
    rows: Ints
    stars: NDArray[np.int8]

    @property
    def first_month(self) -> int:
        """The first month that was new when it was called."""
        return self.look.month - RECENT + 1


def changed_categories(
    histories: Histories, product: Ints, products: Products, promises: Sequence[float]
) -> list[ChangedCategory]:
    """Return the categories that fell, the surest first.

    Args:
        histories: histories, in which worse is lower.
        product: (p,) of each history, among all products.
        products: all products.
        promises: shares of the list that have to be right.
    """
    category = products.category[product].astype(np.int64)  # (p,)
    of_review = np.repeat(np.arange(histories.products), histories.reviews)
    months = months_of(histories.days)
    looks = _looks(histories, category, of_review, months)
    if not looks:
        return []
    names = sorted(looks)
    spent = {name: _spent(looks[name]) for name in names}
    adjusted = benjamini_hochberg(np.array([spent[name].min() for name in names]))
    called = []
    for number, name in enumerate(names):
        kept = [one for one in promises if adjusted[number] <= 1 - one + 1e-12]
        if kept:
            factor = adjusted[number] / max(spent[name].min(), 1e-300)
            first = int(np.flatnonzero(spent[name] * factor <= 1 - max(kept) + 1e-12)[0])
            look = looks[name][first]
            new = (category[of_review] == name) & (months > look.month - RECENT)
            new &= months <= look.month
            state = _state(look, looks[name][-1])
            called.append(
                ChangedCategory(
                    name, look, float(adjusted[number]), max(kept), state, histories.rows[new],
                    histories.stars[new],
                )
            )  # fmt: skip
    return sorted(called, key=lambda one: (-one.promise, one.p_value, one.category))


def _looks(
    histories: Histories, category: Ints, of_review: Ints, months: Ints
) -> dict[int, list[CategoryLook]]:
    """Return what was seen of each category at the end of each month in which it can be told."""
    looks: dict[int, list[CategoryLook]] = {}
    if not len(months):
        return looks
    kinds = int(category.max(initial=NONE)) + 1
    for month in range(int(months.min()) + RECENT + BEFORE // 2, int(months.max()) + 1):
        new = (months > month - RECENT) & (months <= month)
        old = (months > month - RECENT - BEFORE) & (months <= month - RECENT)
        (after, many), (before, few) = (
            _means(histories, of_review, rows) for rows in (new, old)
        )  # each (p,)
        both = np.flatnonzero((many > 0) & (few > 0) & (category != NONE))
        if len(both) < 2 * FEWEST_PRODUCTS:
            continue
        moved = after[both] - before[both]
        weights = many[both] * few[both] / (many[both] + few[both])
        for name in range(kinds):
            own = category[both] == name
            if min(own.sum(), (~own).sum()) < FEWEST_PRODUCTS:
                continue
            gone, p_value = _welch(moved, weights, own)
            was, now = (
                1 + float(np.average(stars[both][own], weights=many[both][own]))
                for stars in (before, after)
            )
            fell, compared = int((moved[own] < 0).sum()), int(own.sum())
            look = CategoryLook(month, gone, p_value, was, now, fell, compared)
            looks.setdefault(name, []).append(look)
    return looks


def _means(found: Histories, of_review: Ints, rows: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return each product's mean star in some reviews, and how many it has of them."""
    many = np.bincount(of_review[rows], minlength=found.products).astype(np.float64)
    total = np.bincount(of_review[rows], found.stars[rows], minlength=found.products)
    return total / np.maximum(many, 1), many


def _welch(moved: Floats, weights: Floats, own: NDArray[np.bool_]) -> tuple[float, float]:
    """Return how much further some products fell than the others, and the p-value (one-sided)."""
    means, variances, freedom = [], [], []
    for part in (own, ~own):
        shares = weights[part] / weights[part].sum()
        mean = float(shares @ moved[part])
        many = 1 / float((shares**2).sum())  # as many products of equal weight
        errors = shares**2 @ (moved[part] - mean) ** 2
        means.append(mean)
        variances.append(float(errors) * many / max(many - 1, 1e-9))
        freedom.append(max(many - 1, 1e-9))
    gone, variance = means[0] - means[1], sum(variances)
    if variance <= 0:
        return gone, 1.0
    free = variance**2 / sum(v**2 / f for v, f in zip(variances, freedom, strict=True))
    return gone, float(stats.t.cdf((gone + LEAST) / np.sqrt(variance), free))


def _spent(looks: Sequence[CategoryLook]) -> Floats:
    """Return the p-value after each look, for all looks until then, (looks,)."""
    number = np.arange(1, len(looks) + 1)
    spent = np.array([look.p_value for look in looks]) * number * (number + 1)
    return np.minimum(np.minimum.accumulate(spent), 1.0)


def _state(look: CategoryLook, last: CategoryLook) -> str:
    """Return how a fall stands: whether stars are back at what they were before it."""
    fall = look.before - look.after
    return RECOVERED if last.after >= look.after + BACK * fall else GOING_ON
