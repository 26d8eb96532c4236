"""Finds products that stand in the wrong category."""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.findings.base import Finder, FinderInputs, Findings
from reviewdesk.findings.miscategorised.judged import Judged, judge
from reviewdesk.findings.miscategorised.lists import Lists, list_products, no_lists
from reviewdesk.findings.miscategorised.model import PooledModel, fit_model
from reviewdesk.findings.miscategorised.pooling import spread
from reviewdesk.findings.miscategorised.rows import finding_rows
from reviewdesk.findings.misfiled.overlaps import confusions, overlaps
from reviewdesk.findings.predictions import HeadProbabilities, read_predictions
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import count, plural, share
from reviewdesk.schema import FINDINGS
from reviewdesk.text.hashing import hash64

TARGET: Final = "category"
ENOUGH_REVIEWS: Final = 10_000
"""From fewer, promises were not kept in trials (bench/RESULTS.md), and the page says so."""
FEWEST_PRODUCTS: Final = 50
MOST_FITTED: Final = 100_000
"""The model's few figures are found from so many products; more would not change them."""
LIKELY: Final = 0.5
FEWEST_CONFUSED: Final = 10
"""Two categories are said to overlap when so many products speak of the other one."""
MOST_NAMED: Final = 5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What was found out about the judged products.

    Args:
        model: how.
        right: (q, k) how likely each category is the right one, the shown one not asked.
        wrong: (q,) how likely the shown category is wrong.
        suggested: (q,) the category that is then the likeliest.
        overlaps: pairs of categories that overlap, with counts of products.
        candidates: (q,) which may be listed: where shown and suggested category do not overlap.
    """

    model: PooledModel
    right: Floats
    wrong: Floats
    suggested: Ints
    overlaps: pa.Table
    candidates: NDArray[np.bool_]


class MiscategorisedFinder(Finder):
    """Finds products whose reviews together speak of another category than the one shown."""

    name: ClassVar[str] = "miscategorised"
    title: ClassVar[str] = "Miscategorised products"
    description: ClassVar[str] = (
        "Products whose reviews together speak of another category than the one in which they "
        "stand."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_id", "product_category")
    targets: ClassVar[tuple[str, ...]] = (TARGET,)

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Judge products with two reviews or more; see the contract."""
        if not inputs.predictions.get(TARGET):
            raise InputError("finding miscategorised products needs predictions of the category")
        said = read_predictions(inputs.predictions[TARGET], inputs.data)
        judged = judge(inputs.data, said)
        why = _why_not(judged)
        if why is not None:
            return self._nothing(judged, why)
        found = judge_products(judged)
        lists = list_products(judged.pooled.reviews[judged.products], found.wrong, found.candidates)
        table = finding_rows(
            inputs.data, judged, said, lists, found.right, found.wrong, found.suggested, progress
        )
        return Findings(
            finder=self.name,
            table=table,
            lists=lists.lists,
            looked_at=len(judged.products),
            left_out=judged.left_out,
            notes=tuple(_notes(judged, said, found)),
            tables={"overlaps": found.overlaps, "sizes": lists.sizes},
            settings={"models": said.models, **_settings(found.model)},
        )

    def _nothing(self, judged: Judged, why: str) -> Findings:
        lists: Lists = no_lists(why)
        return Findings(
            finder=self.name,
            table=FINDINGS.empty_table(),
            lists=lists.lists,
            looked_at=len(judged.products),
            left_out=judged.left_out,
            tables={"sizes": lists.sizes},
        )


def judge_products(judged: Judged) -> Judgement:
    """Fit the model on products that can be judged, and judge them by it."""
    pooled = judged.pooled.take(judged.products)
    assigned = judged.assigned[judged.products]
    some = spread(hash64(judged.ids)[judged.products], MOST_FITTED)
    model = fit_model(pooled.take(some), assigned[some])
    right = model.probabilities(pooled)
    wrong, suggested = model.wrong(pooled, assigned)
    pairs = _overlaps(assigned, right, wrong, judged.names)
    overlapping = np.zeros((len(judged.names), len(judged.names)), np.bool_)
    places = {name: place for place, name in enumerate(judged.names)}
    for pair in pairs.to_pylist():
        one, other = places[pair["category"]], places[pair["other"]]
        overlapping[one, other] = overlapping[other, one] = True
    return Judgement(model, right, wrong, suggested, pairs, ~overlapping[assigned, suggested])


def _why_not(judged: Judged) -> str | None:
    if len(judged.products) < FEWEST_PRODUCTS:
        return (
            f"too few products to tell: {count(len(judged.products))} have two reviews or more, "
            f"and {FEWEST_PRODUCTS} are needed"
        )
    if len(np.unique(judged.assigned[judged.products])) < 2:
        return "all products stand in one category"
    return None


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


def _notes(judged: Judged, said: HeadProbabilities, found: Judgement) -> list[str]:
    notes = [
        f"About {share(found.model.noise)} of the products with two reviews or more seem to stand "
        "in a wrong category; those that are not listed cannot be told surely enough."
    ]
    reviews = int(judged.pooled.reviews[judged.products].sum())
    if reviews < ENOUGH_REVIEWS:
        notes.append(
            f"These are {count(reviews)} reviews. From fewer than {count(ENOUGH_REVIEWS)}, "
            "classifiers see too little of what a category holds, and a kind of product that they "
            "have not met looks sure to stand wrong: of findings promised at 95 %, about 80 in a "
            "hundred were right in trials. Look at each before it is moved."
        )
    if (said.fold[(judged.product >= 0) & (judged.label >= 0)] < 0).any():
        notes.append(
            "Some predictions are not cross-fitted: where the classifier has learnt from a "
            "product's reviews, it repeats the category in which that stands."
        )
    kept_back = int((~found.candidates & (found.wrong >= LIKELY)).sum())
    for pair in found.overlaps.slice(0, MOST_NAMED).to_pylist():
        notes.append(
            f"{pair['category']} and {pair['other']} overlap: {share(pair['confusion'])} of their "
            "products speak of the other one. That is no error, and none of them is listed for it."
        )
    if kept_back:
        notes.append(
            f"{plural(kept_back, 'product', 'products')} would be listed, but for categories that "
            "overlap."
        )
    return notes


def _settings(model: PooledModel) -> dict[str, Any]:
    return {
        "weights": [round(float(one), 4) for one in model.weights],
        "correlation": round(model.correlation, 4),
        "spread": round(model.spread, 4),
        "noise": round(model.noise, 5),
    }
