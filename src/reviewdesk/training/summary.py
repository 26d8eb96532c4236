"""What an evaluation means, in plain words."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import numpy as np

from reviewdesk.examples.targets import label_parts
from reviewdesk.report.numbers import count, plural, score, share
from reviewdesk.training.answered import AtLevel
from reviewdesk.training.evaluate import Evaluation, EvaluationSample
from reviewdesk.training.known_words import sentence as known_words_sentence
from reviewdesk.training.measures import LabelMeasures, Measures

FEW_ROWS: Final = 200  # below, figures are rough
SURE_SHARE: Final = 0.97  # how often it must be right to be left alone
TELLING_SHARE: Final = 0.05  # of all mistakes, for a pair of labels to be worth a sentence
RATED: Final = ("stars", "category-stars")  # targets whose labels end in a number of stars
MOST_SLICES: Final = 3  # named in a sentence
TELLING_ERROR: Final = 0.05  # above, what chance alone shows hides too much


def with_label_names(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with its labels as people say them: ``4 stars`` for ``4``."""
    if evaluation.target not in RATED:
        return evaluation
    measures = evaluation.measures
    by_label = tuple(replace(one, label=_stars(one.label)) for one in measures.by_label)
    labels = tuple(map(_stars, measures.labels))
    return replace(
        evaluation,
        measures=replace(measures, labels=labels, by_label=by_label),
        surest_right=_with_stars(evaluation.surest_right),
        surest_wrong=_with_stars(evaluation.surest_wrong),
        least_sure=_with_stars(evaluation.least_sure),
    )


def _with_stars(samples: Iterable[EvaluationSample]) -> tuple[EvaluationSample, ...]:
    return tuple(one._replace(true=_stars(one.true), said=_stars(one.said)) for one in samples)


def _stars(label: str) -> str:
    return f"{label} star" if label_parts(label)[1] == "1" else f"{label} stars"


def target_name(target: str) -> str:
    """Return what is predicted, as a heading: ``Category and year`` for ``category-year``."""
    return target.replace("-", " and ").capitalize()


def title(evaluation: Evaluation) -> str:
    """Return the evaluation's result in a few words."""
    right = evaluation.measures.figures["accuracy"].value
    return f"{target_name(evaluation.target)}: right for {share(right)} of reviews"


def measured_on(evaluation: Evaluation) -> str:
    """Return on what the evaluation was made, in one sentence."""
    measures = evaluation.measures
    unit, units = measures.units
    of_products = f" of {plural(units, 'product', 'products')}" if unit == "products" else ""
    which = {
        "held-out": "that it had not learned from",
        "all": "of the given data",
    }[evaluation.rows]
    measured = f"Measured on {plural(measures.rows, 'review', 'reviews')}{of_products} {which}."
    if not evaluation.learned_anew:
        return measured
    return f"{measured} What is saved has then learned anew from all {evaluation.learned_anew:,}."


def how_intervals(measures: Measures) -> str:
    """Return where intervals come from."""
    unit, units = measures.units
    if unit == "reviews":
        return (
            "95 %, of shares by which shares make the count probable (Sterne 1954), of other "
            f"figures by leaving out each of {count(units)} reviews in turn"
        )
    return (
        f"95 %, for reviews of other products, by leaving out each of {count(units)} products in "
        "turn (jackknife, Student's quantiles)"
    )


def sentences(evaluation: Evaluation) -> list[str]:
    """Return what was found, the most important first."""
    measures = with_label_names(evaluation).measures
    return [
        _accuracy(measures),
        *_caution(evaluation),
        *_weakest(measures),
        *_off_by_stars(measures),
        *_worse_slices(evaluation),
        *_confused(measures),
        _calibration(measures),
        *known_words_sentence(evaluation.by_known_words),
        *_sure(measures),
        *_default_headlines(evaluation),
    ]


def _accuracy(measures: Measures) -> str:
    figure = measures.figures["accuracy"]
    label, always = measures.most_frequent
    return (
        f"{share(figure.value)} of the reviews get the right label "
        f"(95 % interval {figure.spread(share)}). "
        f"Always answering “{label}” would be right for {share(always)}."
    )


def _caution(evaluation: Evaluation) -> list[str]:
    cautions = []
    if evaluation.measures.rows < FEW_ROWS:
        rows = plural(evaluation.measures.rows, "review", "reviews")
        cautions.append(f"Only {rows} could be measured: take every figure here as rough.")
    if evaluation.measures.figures["accuracy"].too_few:
        products = plural(evaluation.measures.units[1], "product", "products")
        cautions.append(f"They are of {products}: too few to say how right it is on others.")
    if evaluation.rows == "all" and "flatters" in evaluation.why:
        cautions.append(
            "These figures flatter: most of these reviews are those that the classifier learned "
            "from. Evaluate on the held-out ones to know how it does on new reviews."
        )
    return cautions


def _weakest(measures: Measures) -> list[str]:
    there = [one for one in measures.by_label if one.support]
    if len(there) < 2:
        return [f"All measured reviews are “{there[0].label}”, so nothing can be ranked."]
    weakest = min(there, key=lambda one: one.figures["f1"].value)
    return [f"It does worst on “{weakest.label}”: {_found_and_kept(weakest)}."]


def _found_and_kept(label: LabelMeasures) -> str:
    finds = f"it finds {share(label.figures['recall'].value)} of such reviews"
    if not label.predicted:
        return f"{finds}, because it never gives that label"
    precision = share(label.figures["precision"].value)
    return f"{finds}, and is right about {precision} of those it calls so"


def _confused(measures: Measures) -> list[str]:
    """Name the pair that is mistaken most often, where there are more than two labels."""
    mistakes = measures.rows - int(np.trace(measures.confusion))
    if len(measures.labels) == 2 or not mistakes:
        return []
    true, given, rows = measures.mistakes(1)[0]
    if rows < TELLING_SHARE * mistakes:
        return []
    return [
        f"The most frequent mistake: {plural(rows, 'review', 'reviews')} of “{true}” taken for "
        f"“{given}”, {share(rows / mistakes)} of all mistakes."
    ]


def _worse_slices(evaluation: Evaluation) -> list[str]:
    """Name the slices where most reviews are lost, of those that are worse by more than chance."""
    worse = [(kind.by, one) for kind in evaluation.slices for one in kind.slices if one.worse]
    if not evaluation.slices:
        return []
    if not worse:
        kinds = " or ".join(kind.by for kind in evaluation.slices)
        return [f"No part of the reviews by {kinds} is worse than the rest by more than chance."]
    worse.sort(key=lambda found: -found[1].rows * (found[1].rest - found[1].accuracy.value))
    named = "; ".join(
        f"{_slice(by, one.name)} ({share(one.accuracy.value)}, the rest {share(one.rest)})"
        for by, one in worse[:MOST_SLICES]
    )
    others = len(worse) - MOST_SLICES
    more = f"; and {plural(others, 'other part', 'other parts')}" if others > 0 else ""
    return [f"It is worse, by more than chance, on {named}{more}."]


def _slice(by: str, name: str) -> str:
    if by == "length":
        return f"reviews of {name} characters"
    return f"the month {name}" if by == "month" else f"the category “{name}”"


def _off_by_stars(measures: Measures) -> list[str]:
    """Say by how much stars are missed."""
    figure = measures.figures.get("mean_absolute_error")
    if figure is None:
        return []
    return [
        f"It is off by {figure.value:.2f} stars on average "
        f"(95 % interval {figure.spread('{:.2f}'.format)})."
    ]


def _calibration(measures: Measures) -> str:
    error = measures.reliability.error
    blurred = error <= measures.perfect_error and measures.perfect_error > TELLING_ERROR
    if blurred or measures.rows < FEW_ROWS:
        return "Too few reviews to tell whether its probabilities can be taken at their word."
    if error <= measures.perfect_error:
        return (
            "Its probabilities can be taken at their word: they are off by "
            f"{share(error)} on average, which is no more than chance alone shows in this many "
            f"reviews (up to {share(measures.perfect_error)})."
        )
    bins = measures.reliability
    surplus = float(np.average(bins.confidence - bins.accuracy, weights=bins.rows))
    inclined = "too sure of itself" if surplus > 0 else "right more often than it says"
    leaning = f" On the whole it is {inclined}." if abs(surplus) > error / 2 else ""
    return (
        f"Its probabilities are off by {share(error)} on average, more than chance alone shows "
        f"in this many reviews (up to {share(measures.perfect_error)}).{leaning}"
    )


def _sure(measures: Measures) -> list[str]:
    """Say how much could be left to the classifier alone."""
    sentences = []
    taken, right = measures.coverage
    enough = np.flatnonzero(right >= SURE_SHARE)
    if len(enough) and 0.05 <= taken[enough[-1]] < 0.995:
        sentences.append(
            f"Left alone with the surest {share(float(taken[enough[-1]]), 0)} of the reviews, it "
            f"is right for {share(SURE_SHARE, 0)} of these; the rest could go to a person."
        )
    told = "; ".join(answered_sentence(one) for one in measures.answered)
    return [*sentences, f"Where the least sure reviews are left out: {told}."]


def answered_sentence(at: AtLevel) -> str:
    """Return how many reviews can be answered at a level, as part of a sentence."""
    right = f"{share(at.level, 0)} of its answers are right"
    if at.answered >= 1:
        return f"{right} when it answers all"
    if not at.answered:
        return f"at no share of the reviews {right}"
    return f"{right} when it answers the surest {share(at.answered)}"


def _default_headlines(evaluation: Evaluation) -> list[str]:
    rows, without = evaluation.default_headlines, evaluation.without_default_headlines
    if without is None:
        return []
    accuracy, area = without.figures["accuracy"].value, without.figures["roc_auc"].value
    ranked = "" if math.isnan(area) else f", ROC-AUC {score(area)}"
    return [
        f"{count(rows)} of the measured reviews have a headline that the shop filled in itself "
        f"(such as “Five Stars”), which gives the answer away. On the other "
        f"{count(without.rows)} it is right for {share(accuracy)}{ranked}."
    ]
