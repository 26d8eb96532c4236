"""Which products stand in a wrong category, which cannot be told, and which categories overlap."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.findings.product_category.eligible import EligibleProducts
from reviewdesk.findings.product_category.lists import LIKELY
from reviewdesk.findings.product_category.model import PooledModel, fit_model
from reviewdesk.findings.product_category.pooling import Pooled, spread
from reviewdesk.findings.review_category.overlaps import confusions, overlaps
from reviewdesk.text.hashing import hash64

MOST_FITTED: Final = 100_000
"""The model's few figures are found from so many products; more would not change them."""
FEWEST_SPOKEN_FOR: Final = 5
"""Of so many products that stand in a category reviews have to speak of it, or none of its products
is judged: it may as well be of a kind that no classifier has met (decision 0241)."""
UNKNOWN: Final = (
    f"products in categories of which the reviews of fewer than {FEWEST_SPOKEN_FOR} products speak"
)
FEWEST_CONFUSED: Final = 10
"""Two categories are said to overlap when so many products speak of the other one."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ProductJudgement:
    """What was found out about the judged products.

    Args:
        model: how.
        right: (q, k) how likely each category is the right one, the shown one not asked.
        wrong: (q,) how likely the shown category is wrong.
        suggested: (q,) the category that is then the likeliest.
        known: (k,) the categories whose products can be judged.
        overlaps: pairs of categories that overlap, with counts of products.
        candidates: (q,) which may be listed: where the shown category is known and does not
            overlap with the suggested one.
    """

    model: PooledModel
    right: Floats
    wrong: Floats
    suggested: Ints
    known: NDArray[np.bool_]
    overlaps: pa.Table
    candidates: NDArray[np.bool_]

    def take(self, products: NDArray[np.bool_]) -> "ProductJudgement":
        """Return what was found out about some of the products."""
        return replace(
            self,
            right=self.right[products],
            wrong=self.wrong[products],
            suggested=self.suggested[products],
            candidates=self.candidates[products],
        )


def judge_products(eligible: EligibleProducts) -> ProductJudgement:
    """Fit the model on products that can be judged, and judge them by it.

    Products in categories of which reviews tell too little look as if all stood wrong. A first
    model tells these categories, and the one that judges is fitted without their products.
    """
    pooled = eligible.pooled.take(eligible.products)
    assigned = eligible.assigned[eligible.products]
    keys = hash64(eligible.ids)[eligible.products]
    model = _fitted(pooled, assigned, keys)
    right = model.probabilities(pooled)
    known = _known(assigned, right)
    inside = np.flatnonzero(known[assigned])
    if len(inside) < len(assigned) and known.any():
        model = _fitted(pooled.take(inside), assigned[inside], keys[inside])
        right = model.probabilities(pooled)
    wrong, suggested = model.wrong(pooled, assigned)
    pairs = _overlaps(assigned[inside], right[inside], wrong[inside], eligible.names)
    overlapping = np.zeros((len(eligible.names), len(eligible.names)), np.bool_)
    places = {name: number for number, name in enumerate(eligible.names)}
    for pair in pairs.to_pylist():
        one, other = places[pair["category"]], places[pair["other"]]
        overlapping[one, other] = overlapping[other, one] = True
    candidates = known[assigned] & ~overlapping[assigned, suggested]
    return ProductJudgement(model, right, wrong, suggested, known, pairs, candidates)


def _fitted(pooled: Pooled, assigned: Ints, keys: NDArray[np.uint64]) -> PooledModel:
    some = spread(keys, MOST_FITTED)
    return fit_model(pooled.take(some), assigned[some])


def _known(assigned: Ints, right: Floats) -> NDArray[np.bool_]:
    """Return the categories of which enough of the products that stand there speak, (k,)."""
    spoken_for = assigned[right.argmax(axis=1) == assigned]
    known: NDArray[np.bool_] = (
        np.bincount(spoken_for, minlength=right.shape[1]) >= FEWEST_SPOKEN_FOR
    )
    return known


def without_unknown(
    eligible: EligibleProducts, judgement: ProductJudgement
) -> tuple[EligibleProducts, ProductJudgement]:
    """Return the products in known categories, and count the others among those left out."""
    inside = judgement.known[eligible.assigned[eligible.products]]
    left_out = {**eligible.left_out, UNKNOWN: int((~inside).sum())}
    kept = replace(eligible, products=eligible.products[inside], left_out=left_out)
    return kept, judgement.take(inside)


def _overlaps(assigned: Ints, right: Floats, wrong: Floats, names: list[str]) -> pa.Table:
    """Return pairs of categories whose rightly filed products speak of one another."""
    filed = wrong < LIKELY
    counts = confusions(assigned[filed], right[filed].argmax(axis=1), len(names))
    pairs = overlaps(counts, names).rename_columns(
        ["category", "other", "confusion", "products", "other_products"]
    )
    several = [
        one + other >= FEWEST_CONFUSED
        for one, other in zip(
            pairs["products"].to_pylist(), pairs["other_products"].to_pylist(), strict=True
        )
    ]
    return pairs.filter(pa.array(several, pa.bool_()))
