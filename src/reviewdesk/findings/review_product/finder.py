"""Finds reviews that stand under the wrong product of their category."""

from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings, PromisedList
from reviewdesk.findings.review_category.promises import ListCut, cut_lists, false_by_posterior
from reviewdesk.findings.review_product.eligible import EligibleUnderProducts, score_eligible
from reviewdesk.findings.review_product.finding_rows import CHARTED, ListedReviews, finding_rows
from reviewdesk.findings.review_product.mixture import ODD, Mixture, fit_mixture
from reviewdesk.findings.review_product.posterior import LONGEST
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import count, share

TOO_FEW: Final = "There are too few reviews of products with enough of them to tell."
SEEN: Final = 0.15
"""So large a part of the reviews that are thought to stand wrong has to be listed. Where the ratio
of reviews to null draws still falls among the last few, data show no mixture."""
NO_MIXTURE: Final = (
    "No more reviews fit badly than there would be if all of them stood where they belong."
)

Floats = NDArray[np.float64]


class ReviewProductFinder(Finder):
    """Finds reviews that speak of another product of their category than the one they stand under.

    Args:
        fewest: how many reviews a product must have for its reviews to be judged.
        longest: of a term that more products have, in a category of more than three times as many,
            so many are listed, those that it says most for; reviews are compared with the products
            that their terms list.
    """

    name: ClassVar[str] = "review-product"
    title: ClassVar[str] = "Reviews under the wrong product"
    description: ClassVar[str] = (
        "Reviews whose text speaks of another product of the same category than the one that they "
        "stand under, by what the other reviews and the titles of both say."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_id",)

    def __init__(self, fewest: int = 10, longest: int = LONGEST) -> None:
        self.fewest = fewest
        self.longest = longest

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Rank reviews and list as many as promises allow; see the contract."""
        eligible = score_eligible(
            inputs.data,
            fewest=self.fewest,
            longest=self.longest,
            candidates=CHARTED,
            progress=progress,
        )
        curve = fit_mixture(eligible.scores)
        listed, lists = promised(eligible, curve)
        notes = []
        if curve is not None and len(listed.places):
            wrong = curve.wrong * len(eligible.rows)
            notes.append(
                f"About {share(curve.wrong)} of the reviews that were judged, "
                f"{count(round(wrong))}, stand under the wrong product; most of them say too "
                "little to be listed."
            )
        return Findings(
            finder=self.name,
            table=finding_rows(inputs.data, eligible, listed, progress),
            lists=lists,
            looked_at=len(eligible.rows),
            left_out=eligible.left_out,
            notes=tuple(notes),
            settings={"fewest": self.fewest, "longest": self.longest},
        )


def promised(
    eligible: EligibleUnderProducts, curve: Mixture | None
) -> tuple[ListedReviews, tuple[PromisedList, ...]]:
    """Return the longest list and what is promised of each.

    Args:
        eligible: all eligible reviews.
        curve: None where it could not be fitted.
    """
    observed = eligible.scores.observed
    posterior = np.zeros(len(eligible.rows)) if curve is None else curve.posterior(observed)
    order = np.lexsort((-observed.scores, -posterior))
    ranked = posterior[order]
    cuts = cut_lists(false_by_posterior(ranked), ranked, PROMISES)
    if curve is None or curve.wrong == 0:
        cuts = [ListCut(0, 0.0) for _ in PROMISES]
    if curve is not None and cuts[-1].listed - cuts[-1].false < SEEN * curve.wrong * len(ranked):
        cuts = [ListCut(0, 0.0) for _ in PROMISES]
    most = max(cut.listed for cut in cuts)
    promise = np.zeros(most)
    for cut, one in reversed(list(zip(cuts, PROMISES, strict=True))):
        promise[: cut.listed] = one
    lists = tuple(
        PromisedList(one, cut.listed, cut.false, _why_empty(cut, curve, one))
        for cut, one in zip(cuts, PROMISES, strict=True)
    )
    return ListedReviews(order[:most], ranked[:most], promise), lists


def _why_empty(cut: ListCut, curve: Mixture | None, promise: float) -> str | None:
    if cut.listed:
        return None
    if curve is None:
        return TOO_FEW
    if curve.wrong == 0:
        return NO_MIXTURE
    if curve.wrong < promise * curve.noise:
        return (
            f"So few reviews stand under the wrong product, about {share(curve.wrong)}, that a "
            f"promise of {share(promise, 0)} cannot be kept: about {share(ODD)} only read as if "
            "they did."
        )
    return (
        f"No five reviews are sure enough for a promise of {share(promise, 0)}, or so few of those "
        "that seem to stand wrong that it may be chance: products have to be spoken of in words of "
        "their own, in many reviews each."
    )
