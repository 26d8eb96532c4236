"""Finds products that stand in the wrong category."""

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.findings.base import Finder, FinderInputs, Findings
from reviewdesk.findings.kinds_met import FEWEST_EACH, products_of_each
from reviewdesk.findings.predictions import BaseProbabilities, read_predictions
from reviewdesk.findings.product_category.eligible import EligibleProducts, read_eligible
from reviewdesk.findings.product_category.finding_rows import finding_rows
from reviewdesk.findings.product_category.judgement import (
    FEWEST_SPOKEN_FOR,
    UNKNOWN,
    ProductJudgement,
    judge_products,
    without_unknown,
)
from reviewdesk.findings.product_category.lists import LIKELY, ProductLists, list_products, no_lists
from reviewdesk.findings.product_category.model import PooledModel
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import count, plural, share
from reviewdesk.schema import FINDINGS

TARGET: Final = "category"
FEWEST_PRODUCTS: Final = 50
MOST_NAMED: Final = 5

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class ProductCategoryFinder(Finder):
    """Finds products whose reviews together speak of another category than the one shown."""

    name: ClassVar[str] = "product-category"
    title: ClassVar[str] = "Products in the wrong category"
    description: ClassVar[str] = (
        "Products whose reviews together speak of another category than the one in which they "
        "stand."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_id", "product_category")
    targets: ClassVar[tuple[str, ...]] = (TARGET,)

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Judge products with two reviews or more; see the contract."""
        if not inputs.predictions.get(TARGET):
            raise InputError(
                "finding products in the wrong category needs predictions of the category"
            )
        predicted = read_predictions(inputs.predictions[TARGET], inputs.data)
        eligible = read_eligible(inputs.data, predicted)
        why = _why_not(eligible)
        if why is not None:
            return self._nothing(eligible, why)
        judgement = judge_products(eligible)
        eligible, judgement = without_unknown(eligible, judgement)
        why = _why_not(eligible) or _too_few_each(eligible)
        if why is not None:
            return self._nothing(eligible, why)
        lists = list_products(
            eligible.pooled.reviews[eligible.products], judgement.wrong, judgement.candidates
        )
        table = finding_rows(
            inputs.data,
            eligible,
            predicted,
            lists,
            judgement.right,
            judgement.wrong,
            judgement.suggested,
            progress,
        )
        return Findings(
            finder=self.name,
            table=table,
            lists=lists.lists,
            looked_at=len(eligible.products),
            left_out=eligible.left_out,
            notes=tuple(_notes(eligible, predicted, judgement)),
            tables={"overlaps": judgement.overlaps, "sizes": lists.sizes},
            settings={"models": predicted.models, **_settings(judgement.model)},
        )

    def _nothing(self, eligible: EligibleProducts, why: str) -> Findings:
        lists: ProductLists = no_lists(why)
        return Findings(
            finder=self.name,
            table=FINDINGS.empty_table(),
            lists=lists.lists,
            looked_at=len(eligible.products),
            left_out=eligible.left_out,
            tables={"sizes": lists.sizes},
        )


def _why_not(eligible: EligibleProducts) -> str | None:
    if len(eligible.products) < FEWEST_PRODUCTS:
        known = " in categories that reviews tell" if eligible.left_out.get(UNKNOWN) else ""
        return (
            f"too few products to tell: {count(len(eligible.products))}{known} have two reviews or "
            f"more, and {FEWEST_PRODUCTS} are needed"
        )
    shown = eligible.assigned[eligible.products]
    if len(np.unique(shown)) < 2:
        return "all products that can be judged stand in one category"
    return None


def _too_few_each(eligible: EligibleProducts) -> str | None:
    each = products_of_each(eligible.products, eligible.assigned[eligible.products])
    if each < FEWEST_EACH:
        return (
            f"too few products to tell: a category has {each:.0f} of them on average, and a kind "
            f"of product that the classifiers have not met looks as if it stood wrong. With "
            f"{FEWEST_EACH} a category it can be told"
        )
    return None


def _notes(
    eligible: EligibleProducts, predicted: BaseProbabilities, judgement: ProductJudgement
) -> list[str]:
    notes = [
        f"About {share(judgement.model.noise)} of the products that were judged seem to stand "
        "in a wrong category; those that are not listed cannot be told surely enough."
    ]
    if eligible.left_out[UNKNOWN]:
        notes.append(
            f"Too little is known of {_unknown_names(eligible, judgement)}: reviews of fewer than "
            f"{FEWEST_SPOKEN_FOR} products that stand there speak of it, so that a kind of product "
            "that the classifiers have not met would look as if it stood wrong."
        )
    if (predicted.fold[(eligible.product >= 0) & (eligible.label >= 0)] < 0).any():
        notes.append(
            "Some predictions are not cross-fitted: where the classifier has learnt from a "
            "product's reviews, it repeats the category in which that stands."
        )
    kept_back = int((~judgement.candidates & (judgement.wrong >= LIKELY)).sum())
    for pair in judgement.overlaps.slice(0, MOST_NAMED).to_pylist():
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


def _unknown_names(eligible: EligibleProducts, judgement: ProductJudgement) -> str:
    """Return the categories in which products stand that are not judged, some by name."""
    shown = np.unique(eligible.assigned[eligible.assigned >= 0])
    names = [eligible.names[one] for one in shown.tolist() if not judgement.known[one]]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {count(more)} more" if more > 0 else "")


def _settings(model: PooledModel) -> dict[str, Any]:
    return {
        "weights": [round(float(one), 4) for one in model.weights],
        "correlation": round(model.correlation, 4),
        "spread": round(model.spread, 4),
        "noise": round(model.noise, 5),
    }
