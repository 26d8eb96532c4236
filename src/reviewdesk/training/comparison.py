"""Comparing bundles: the same reviews, held out for all of them, and differences with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import SEVERAL
from reviewdesk.training.figures import Estimate, difference
from reviewdesk.training.measured_rows import Rows, check_cleaning, held_out, predict_rows
from reviewdesk.training.measures import Measures, evaluate_probabilities

FORMAT: Final = "reviewdesk.comparison"
FORMAT_VERSION: Final = 1
LOWER_IS_BETTER: Final = ("log_loss", "brier", "mean_absolute_error")


@dataclass(frozen=True, eq=False)
class ComparedBundle:
    """One bundle among others.

    Args:
        name: what the user calls it.
        bundle: its id.
        family: its model family.
        held_out: labelled reviews of this data that it did not learn from; None when it learned
            from other data, which says nothing about these.
        measures: what was measured of it.
        differences: each figure less that of the first bundle, with the 95 % interval of the
            difference on the same reviews; empty for the first.
        right: whether it is right about each review (n,).
        only_right: reviews that it gets right and the first does not.
        only_first_right: reviews that the first gets right and it does not.
    """

    name: str
    bundle: str
    family: str
    held_out: int | None
    measures: Measures
    differences: dict[str, Estimate]
    right: NDArray[np.bool_]
    only_right: int
    only_first_right: int

    def direction(self, figure: str) -> str:
        """Say whether it is ``better`` or ``worse`` than the first; empty when chance may be it."""
        _, low, high = self.differences.get(figure, (0.0, 0.0, 0.0))
        if not (low > 0 or high < 0):
            return ""
        return "better" if (low > 0) != (figure in LOWER_IS_BETTER) else "worse"

    def to_json(self) -> dict[str, Any]:
        """Return what was found of it as JSON values."""
        record: dict[str, Any] = {
            "name": self.name,
            "bundle": self.bundle,
            "family": self.family,
            "held_out": self.held_out,
            "figures": {name: one.to_json() for name, one in self.measures.figures.items()},
            "calibration_error": round(self.measures.reliability.error, 6),
        }
        if self.differences:
            record["to_the_first"] = {
                "differences": {
                    name: {**one.to_json(), "direction": self.direction(name) or "not told apart"}
                    for name, one in self.differences.items()
                },
                "only_this_is_right": self.only_right,
                "only_the_first_is_right": self.only_first_right,
            }
        return record


@dataclass(frozen=True, eq=False)
class BundleComparison:
    """What a comparison found.

    Args:
        target: what the bundles predict.
        data: the data's fingerprint.
        rows: which rows were measured.
        why: the reason for this choice, in one sentence.
        labelled: reviews of the data that have one of the labels.
        bundles: the bundles in the order in which they were given.
        groups: reviews of equal value resemble each other, as those of a product (n,).
    """

    target: str
    data: str
    rows: Rows
    why: str
    labelled: int
    bundles: tuple[ComparedBundle, ...]
    groups: NDArray[np.uint64]

    @property
    def measured(self) -> int:
        """How many reviews were measured, the same for all bundles."""
        return self.bundles[0].measures.rows

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values; no text of a review is among them."""
        measures = self.bundles[0].measures
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "target": self.target,
            "data": self.data,
            "rows_used": {
                "which": self.rows,
                "why": self.why,
                "labelled": self.labelled,
                "measured": self.measured,
            },
            "intervals": measures.to_json()["intervals"],
            "bundles": [one.to_json() for one in self.bundles],
        }


def compare(
    bundles: Mapping[str, Bundle],
    data: PreparedData,
    *,
    rows: Rows | None = None,
    progress: Progress = SILENT,
) -> BundleComparison:
    """Measure bundles of one target on the same reviews.

    Args:
        bundles: two or more, by name; the others are compared with the first.
        data: labelled reviews.
        rows: which of them; by default those that all bundles held out which learned from this
            very data, and all of them when none did.
        progress: shows how far it has come.

    Raises:
        UsageError: fewer than two bundles, or their targets, labels or cleaning differ, or they
            give several labels a review.
        NotEnoughData: no review is held out for all of them.
        MissingColumn: the data lacks what the labels are made from.
    """
    first = check_same_question(bundles, data)
    examples = load_examples(
        data, first.settings.target, first.settings.text, labels=first.labels, progress=progress
    )
    own = {
        name: held_out(examples, bundle, data)
        for name, bundle in bundles.items()
        if rows != "all" and _learned_from(bundle, data)
    }
    used, why = _explain(rows, own, any(_learned_from(one, data) for one in bundles.values()))
    chosen = _common(examples, own)
    answers = [
        BundleAnswers(
            name, bundle.id, bundle.family,
            int(own[name].sum()) if name in own else None,
            predict_rows(
                bundle, replace(examples, text=bundle.settings.text), chosen, progress,
                own.get(name),
            ),
        )
        for name, bundle in bundles.items()
    ]  # fmt: skip
    truth = TrueLabels(examples.label[chosen], examples.labels, examples.groups[chosen])
    return BundleComparison(
        target=first.target,
        data=data.fingerprint,
        rows=used,
        why=why,
        labelled=int(examples.labelled.sum()),
        bundles=side_by_side(answers, truth),
        groups=truth.groups,
    )


class BundleAnswers(NamedTuple):
    """What one classifier says of reviews whose labels are known.

    Args:
        name: what the user calls it.
        bundle: its id.
        family: its model family.
        held_out: labelled reviews that it did not learn from; None where this says nothing.
        probabilities: (n, k).
    """

    name: str
    bundle: str
    family: str
    held_out: int | None
    probabilities: NDArray[np.float32]


class TrueLabels(NamedTuple):
    """The labels of reviews: (n,) places in the labels' names, and (n,) products."""

    true: NDArray[np.int32]
    labels: list[str]
    groups: NDArray[np.uint64]


def side_by_side(answers: Sequence[BundleAnswers], truth: TrueLabels) -> tuple[ComparedBundle, ...]:
    """Measure classifiers on the same reviews, and each against the first."""
    measures = [
        evaluate_probabilities(
            truth.true,
            one.probabilities,
            truth.labels,
            groups=truth.groups,
        )
        for one in answers
    ]
    said = [one.probabilities.argmax(axis=1) for one in answers]
    right = [labels == truth.true for labels in said]
    first = measures[0]
    unlike = [int((labels != said[0]).sum()) for labels in said]
    return tuple(
        ComparedBundle(
            name=answer.name,
            bundle=answer.bundle,
            family=answer.family,
            held_out=answer.held_out,
            measures=own,
            differences=_differences(own, first, rows) if own is not first else {},
            right=good,
            only_right=int((good & ~right[0]).sum()),
            only_first_right=int((right[0] & ~good).sum()),
        )
        for answer, own, good, rows in zip(answers, measures, right, unlike, strict=True)
    )


def _differences(own: Measures, first: Measures, unlike: int) -> dict[str, Estimate]:
    """Return each figure less the first's; the two give other labels to ``unlike`` reviews."""
    pairs = own.jackknifed.items()
    return {name: difference(one, first.jackknifed[name], unlike) for name, one in pairs}


def _learned_from(bundle: Bundle, data: PreparedData) -> bool:
    return bundle.learned_from(data.fingerprint)


def _common(examples: Examples, own: Mapping[str, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Return the labelled reviews that are held out for all bundles (n,)."""
    chosen: NDArray[np.bool_] = np.logical_and.reduce([examples.labelled, *own.values()])
    if chosen.any():
        return chosen
    if own:
        raise NotEnoughData(
            "no review is held out for all of these bundles; train them with the same split"
        )
    raise NotEnoughData("no review in this data has one of the labels of these bundles")


def check_same_question(bundles: Mapping[str, Bundle], data: PreparedData) -> Bundle:
    """Return the first bundle when all of them answer the same question about this data.

    Raises:
        UsageError: there are fewer than two, or their targets, labels or cleaning differ.
    """
    if len(bundles) < 2:
        raise UsageError("comparing needs two bundles or more")
    first, *others = bundles.items()
    for name, bundle in others:
        if _question(bundle) != _question(first[1]):
            raise UsageError(
                f"{first[0]} and {name} cannot be compared: one predicts "
                f"{first[1].target}, the other {bundle.target}, or with other settings of the "
                "target"
            )
        if bundle.labels != first[1].labels:
            raise UsageError(f"{first[0]} and {name} cannot be compared: they have other labels")
    if first[1].target == SEVERAL:
        raise UsageError(
            "bundles that give several labels are not compared side by side; evaluate each of them"
        )
    for bundle in bundles.values():
        check_cleaning(bundle, data)
    return first[1]


def _question(bundle: Bundle) -> dict[str, Any]:
    """Return what a bundle's labels mean; which of them are too small shows in the labels."""
    target = bundle.settings.target.to_json()
    del target["min_reviews"]
    return target


def _explain(
    rows: Rows | None, own: Mapping[str, NDArray[np.bool_]], trained_on_this: bool
) -> tuple[Rows, str]:
    """Return which rows are measured, and why."""
    if rows == "held-out" and not own:
        raise UsageError(
            "none of the bundles learned from this data, so none of it was held out; compare on all"
        )
    if own:
        counts = ", ".join(f"{name} {int(mask.sum()):,}" for name, mask in own.items())
        return "held-out", f"these are held out for all bundles that learned from it ({counts})"
    if trained_on_this:
        return "all", (
            "all reviews were asked for; at least one bundle learned from most of them, which "
            "flatters it"
        )
    return "all", "the bundles learned from other data, so every labelled review is measured"
