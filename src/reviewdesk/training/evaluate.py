"""Evaluating a bundle on labelled reviews, honestly: on those it did not learn from."""

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.examples.headlines import HEADLINE
from reviewdesk.models.base import Chooses
from reviewdesk.models.curve import Curve, HasCurve
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import OWN, SEVERAL
from reviewdesk.text.headlines import is_default_headline
from reviewdesk.training.known_words import KnownWords, by_known_words
from reviewdesk.training.measured_rows import (
    Rows,
    check_cleaning,
    choose_rows,
    held_out,
    predict_rows,
)
from reviewdesk.training.measures import Measures, evaluate_probabilities
from reviewdesk.training.slices import Slicing, slice_accuracy, slice_keys

FORMAT: Final = "reviewdesk.evaluation"
FORMAT_VERSION: Final = 1
SAMPLES: Final = 6
STAR_TARGETS: Final = ("sentiment", "stars")
"""The targets that a default headline such as Five Stars gives away."""


class EvaluationSample(NamedTuple):
    """One review to look at; its text is for the page, never for a log.

    Args:
        review_id: its id.
        headline: its title, as the classifier read it; empty when it has none.
        body: its text.
        true: the label it has.
        said: the label it was given.
        probability: how sure the classifier was of that.
    """

    review_id: str
    headline: str
    body: str
    true: str
    said: str
    probability: float


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What an evaluation found.

    Args:
        bundle: the bundle's id.
        family: its model family.
        target: what it predicts.
        data: the evaluated data's fingerprint.
        rows: which rows were measured.
        why: the reason for this choice, in one sentence.
        left_out: rows that could not be measured, by reason.
        measures: what was measured.
        default_headlines: measured rows whose headline the shop filled in itself.
        without_default_headlines: the same measures without these rows; None when there are none,
            or they give nothing away.
        slices: how right it is by category, month and length.
        learned_anew: from how many reviews the bundle learned after it was measured on those held
            out; 0 where it did not, or others are measured.
        surest_right: the reviews that it was most sure of and right about.
        surest_wrong: those it was most sure of and wrong about.
        least_sure: those it was least sure of.
        by_known_words: how right it is by how many words of a review it knows; empty where its
            family does not count them.
        curve: how the bundle's learning went; None where its family was not measured meanwhile.
        choices: which of its settings its family chose by itself, in words.
    """

    bundle: str
    family: str
    target: str
    data: str
    rows: Rows
    why: str
    left_out: dict[str, int]
    measures: Measures
    default_headlines: int
    without_default_headlines: Measures | None
    slices: tuple[Slicing, ...]
    surest_right: tuple[EvaluationSample, ...]
    surest_wrong: tuple[EvaluationSample, ...]
    least_sure: tuple[EvaluationSample, ...]
    learned_anew: int = 0
    by_known_words: tuple[KnownWords, ...] = ()
    curve: Curve | None = None
    choices: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values; no text of a review is among them."""
        without = self.without_default_headlines
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "bundle": self.bundle,
            "family": self.family,
            "target": self.target,
            "data": self.data,
            "rows_used": {"which": self.rows, "why": self.why, "left_out": self.left_out},
            "learned_anew": self.learned_anew,
            "measures": self.measures.to_json(),
            "default_headlines": {
                "rows": self.default_headlines,
                "without_them": without.to_json() if without else None,
            },
            "slices": [one.to_json() for one in self.slices],
            "by_known_words": [one.to_json() for one in self.by_known_words],
            **({"curve": self.curve.to_json()} if self.curve else {}),
            **({"choices": self.choices} if self.choices else {}),
        }


def evaluate(
    bundle: Bundle,
    data: PreparedData,
    *,
    rows: Rows | None = None,
    label: str = "",
    seed: int = 0,
    progress: Progress = SILENT,
) -> Evaluation:
    """Measure a bundle on prepared reviews.

    Args:
        bundle: the classifier.
        data: labelled reviews.
        rows: which of them; by default the held-out ones when the bundle learned from this very
            data, and all of them otherwise.
        label: the column with the true labels, where they are not what the bundle learnt from.
        seed: another seed simulates perfectly calibrated models otherwise.
        progress: shows how far it has come.

    Raises:
        UsageError: the data was cleaned otherwise than the bundle's, or held-out rows are asked
            for of data that the bundle did not learn from.
        NotEnoughData: no row has one of the bundle's labels.
        MissingColumn: the data lacks what the labels are made from.
    """
    if bundle.target == SEVERAL:
        raise UsageError("this bundle gives several labels; measure it with evaluate_multilabel")
    check_cleaning(bundle, data)
    settings = bundle.settings
    target = replace(settings.target, target=OWN, label=label) if label else settings.target
    examples = load_examples(data, target, settings.text, labels=bundle.labels, progress=progress)
    used, why = choose_rows(rows, bundle, data)
    aside = held_out(examples, bundle, data) if used == "held-out" else None
    chosen = examples.labelled if aside is None else aside
    if not chosen.any():
        raise NotEnoughData(f"no review in this data has one of the labels of {bundle.id}")
    probabilities = predict_rows(bundle, examples, chosen, progress, aside)
    predicted = PredictedRows(examples, chosen, examples.label[chosen], probabilities)
    evaluation = evaluation_of(
        predicted,
        bundle=bundle.id,
        family=bundle.family,
        target=bundle.target,
        data=data.fingerprint,
        rows=used,
        why=why,
        left_out=dict(examples.left_out),
        gives_away=_reads_default_headlines(bundle),
        seed=seed,
    )
    return replace(
        evaluation,
        learned_anew=bundle.learned_anew if used == "held-out" else 0,
        by_known_words=_by_known_words(bundle, predicted, aside),
        curve=bundle.classifier.curve_ if isinstance(bundle.classifier, HasCurve) else None,
        choices=choices_of(bundle),
    )


def choices_of(bundle: Bundle) -> str:
    """Return in words which of its settings a bundle's family chose by itself; empty for none."""
    classifier = bundle.classifier
    return classifier.choices() if isinstance(classifier, Chooses) else ""


def evaluation_of(
    predicted: "PredictedRows",
    *,
    bundle: str,
    family: str,
    target: str,
    data: str,
    rows: Rows,
    why: str,
    left_out: dict[str, int],
    gives_away: bool,
    seed: int = 0,
) -> Evaluation:
    """Measure probabilities of examples.

    Args:
        predicted: the examples, and the probabilities of those that are measured.
        bundle: what predicted them.
        family: its kind.
        target: what the labels are.
        data: what the examples are of.
        rows: which of them are measured.
        why: the reason for this choice.
        left_out: rows that could not be measured, by reason.
        gives_away: whether a default headline such as Five Stars tells the label.
        seed: another seed simulates perfectly calibrated models otherwise.
    """
    examples, chosen = predicted.examples, predicted.chosen
    default = _default_headlines(examples)[chosen]
    given_away = default.any() and not default.all() and gives_away
    everything = np.ones(len(default), np.bool_)
    surest_right, surest_wrong, least_sure = _samples(predicted)
    return Evaluation(
        bundle=bundle,
        family=family,
        target=target,
        data=data,
        rows=rows,
        why=why,
        left_out=left_out,
        measures=_measure(predicted, everything, seed),
        default_headlines=int(default.sum()),
        without_default_headlines=(_measure(predicted, ~default, seed) if given_away else None),
        slices=slice_accuracy(
            predicted.probabilities.argmax(axis=1) == predicted.true,
            examples.groups[chosen],
            slice_keys(examples, chosen),
        ),
        surest_right=surest_right,
        surest_wrong=surest_wrong,
        least_sure=least_sure,
    )


def _by_known_words(
    bundle: Bundle, predicted: "PredictedRows", aside: NDArray[np.bool_] | None
) -> tuple[KnownWords, ...]:
    if aside is not None and bundle.held_out is not None:
        # It has learned their words since: what counts is what it knew when it was measured.
        return tuple(map(KnownWords.from_json, bundle.metrics.get("by_known_words", ())))
    examples, chosen = predicted.examples, predicted.chosen
    counted = [bundle.known_words(batch) for batch in examples.batches(chosen)]
    known = [one for one in counted if one is not None]
    if not known:
        return ()
    right = predicted.probabilities.argmax(axis=1) == predicted.true
    confidence = predicted.probabilities.max(axis=1)
    return by_known_words(np.concatenate(known), confidence, right, examples.groups[chosen])


class PredictedRows(NamedTuple):
    """Examples with the probabilities of the chosen ones."""

    examples: Examples
    chosen: NDArray[np.bool_]  # (n,) of all examples
    true: NDArray[np.int32]  # (m,) of the chosen ones
    probabilities: NDArray[np.float32]  # (m, k)


def _measure(predicted: PredictedRows, rows: NDArray[np.bool_], seed: int) -> Measures:
    """Measure some of the chosen examples."""
    return evaluate_probabilities(
        predicted.true[rows],
        predicted.probabilities[rows],
        predicted.examples.labels,
        groups=predicted.examples.groups[predicted.chosen][rows],
        seed=seed,
    )


def _reads_default_headlines(bundle: Bundle) -> bool:
    """Say whether the classifier is told the answer by a default headline."""
    text = bundle.settings.text
    reads = HEADLINE in text.fields and not text.drop_default_headlines
    return reads and bundle.target in STAR_TARGETS


def _default_headlines(examples: Examples) -> NDArray[np.bool_]:
    if not examples.default_headlines:
        return np.zeros(len(examples), np.bool_)
    chunks = [is_default_headline(chunk) for chunk in examples.column(HEADLINE).chunks]
    return np.concatenate([chunk.to_numpy(zero_copy_only=False) for chunk in chunks])


def _samples(predicted: PredictedRows) -> list[tuple[EvaluationSample, ...]]:
    """Return the surest right, the surest wrong and the least sure reviews, with their texts."""
    labels, true = predicted.examples.labels, predicted.true
    said = predicted.probabilities.argmax(axis=1)
    confidence = predicted.probabilities.max(axis=1)
    surest = np.argsort(-confidence, kind="stable")
    right = (said == true)[surest]
    keys = predicted.examples.text_keys[predicted.chosen]
    orders = (surest[right], surest[~right], surest[::-1])
    picked = [_distinct(order, keys) for order in orders]
    texts = _texts(predicted, np.concatenate(picked))
    return [
        tuple(
            EvaluationSample(
                *texts[row], labels[true[row]], labels[said[row]], float(confidence[row])
            )
            for row in rows
        )
        for rows in picked
    ]


def _distinct(order: NDArray[np.intp], keys: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Return the first rows of an order whose texts differ."""
    first = np.sort(np.unique(keys[order], return_index=True)[1])
    return order[first[:SAMPLES]]


def _texts(predicted: PredictedRows, wanted: NDArray[np.intp]) -> dict[int, tuple[str, str, str]]:
    """Return id, headline and body of some of the chosen examples, by their place among these."""
    places = np.unique(wanted)
    rows = np.zeros(len(predicted.chosen), np.bool_)
    rows[np.flatnonzero(predicted.chosen)[places]] = True
    found = [one for batch in predicted.examples.batches(rows) for one in batch.to_pylist()]
    return {
        int(place): (one["review_id"], one.get(HEADLINE) or "", one.get("review_body") or "")
        for place, one in zip(places, found, strict=True)
    }
