"""Finds products that stand in the wrong category."""

from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.findings.base import Finder, FinderInputs, Findings
from reviewdesk.findings.kinds_met import FEWEST_EACH, products_of_each
from reviewdesk.findings.predictions import HeadProbabilities, read_predictions
from reviewdesk.findings.product_category.judged import Judged, judge
from reviewdesk.findings.product_category.judgement import (
    FEWEST_TOLD,
    UNKNOWN,
    Judgement,
    judge_products,
    without_unknown,
)
from reviewdesk.findings.product_category.lists import LIKELY, Lists, list_products, no_lists
from reviewdesk.findings.product_category.model import PooledModel
from reviewdesk.findings.product_category.rows import finding_rows
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
        said = read_predictions(inputs.predictions[TARGET], inputs.data)
        judged = judge(inputs.data, said)
        why = _why_not(judged)
        if why is not None:
            return self._nothing(judged, why)
        found = judge_products(judged)
        judged, found = without_unknown(judged, found)
        why = _why_not(judged) or _too_few_each(judged)
        if why is not None:
            return self._nothing(judged, why)
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


def _why_not(judged: Judged) -> str | None:
    if len(judged.products) < FEWEST_PRODUCTS:
        known = " in categories that reviews tell" if judged.left_out.get(UNKNOWN) else ""
        return (
            f"too few products to tell: {count(len(judged.products))}{known} have two reviews or "
            f"more, and {FEWEST_PRODUCTS} are needed"
        )
    standing = judged.assigned[judged.products]
    if len(np.unique(standing)) < 2:
        return "all products that can be judged stand in one category"
    return None


def _too_few_each(judged: Judged) -> str | None:
    each = products_of_each(judged.products, judged.assigned[judged.products])
    if each < FEWEST_EACH:
        return (
            f"too few products to tell: a category has {each:.0f} of them on average, and a kind "
            f"of product that the classifiers have not met looks as if it stood wrong. With "
            f"{FEWEST_EACH} a category it can be told"
        )
    return None


def _notes(judged: Judged, said: HeadProbabilities, found: Judgement) -> list[str]:
    notes = [
        f"About {share(found.model.noise)} of the products that were judged seem to stand "
        "in a wrong category; those that are not listed cannot be told surely enough."
    ]
    if judged.left_out[UNKNOWN]:
        notes.append(
            f"Too little is known of {_unknown_names(judged, found)}: reviews of fewer than "
            f"{FEWEST_TOLD} products that stand there speak of it, so that a kind of product that "
            "the classifiers have not met would look as if it stood wrong."
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


def _unknown_names(judged: Judged, found: Judgement) -> str:
    """Return the categories in which products stand that are not judged, some by name."""
    standing = np.unique(judged.assigned[judged.assigned >= 0])
    names = [judged.names[one] for one in standing.tolist() if not found.known[one]]
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {count(more)} more" if more > 0 else "")


def _settings(model: PooledModel) -> dict[str, Any]:
    return {
        "weights": [round(float(one), 4) for one in model.weights],
        "correlation": round(model.correlation, 4),
        "spread": round(model.spread, 4),
        "noise": round(model.noise, 5),
    }
