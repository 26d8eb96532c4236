"""Finds reviews that stand in the wrong category."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.errors import InputError
from reviewdesk.findings.base import PROMISES, Finder, FinderInputs, Findings
from reviewdesk.findings.kinds_met import FEWEST_EACH, products_of_each
from reviewdesk.findings.predictions import read_predictions
from reviewdesk.findings.review_category.audit import (
    ScoreCorrection,
    choose_questions,
    fit_correction,
    read_answers,
)
from reviewdesk.findings.review_category.eligible import EligibleReviews, read_eligible
from reviewdesk.findings.review_category.finding_rows import CANDIDATES, finding_rows, suggestions
from reviewdesk.findings.review_category.lists import (
    Lists,
    lists_with_reference,
    lists_without_reference,
    ranked_rows,
)
from reviewdesk.findings.review_category.overlaps import confusions, overlaps
from reviewdesk.findings.review_category.ranking import (
    BLOCK,
    Ranking,
    rank_by_mixture,
    rank_with_reference,
)
from reviewdesk.findings.review_category.shared import shared_table
from reviewdesk.progress import SILENT, Progress
from reviewdesk.report.numbers import count, plural, share

TARGET: Final = "category"
MOST_NAMED: Final = 5
LIKELY: Final = 0.5

QUESTIONS: Final = pa.schema(
    [
        pa.field("review_id", pa.string(), False),
        pa.field("where", pa.string(), False),
        pa.field("suggested", pa.string(), False),
        pa.field("answer", pa.string(), True),  # to be filled in: right or wrong
    ]
)
"""What a person is asked: does the review stand where it belongs?"""


class ReviewCategoryFinder(Finder):
    """Finds reviews whose text speaks of another category than the one in which they stand.

    Args:
        questions: how many reviews a person is asked about where there is no reference.
        answers: a CSV with ``review_id`` and ``answer`` (right or wrong): what the person said.
    """

    name: ClassVar[str] = "review-category"
    title: ClassVar[str] = "Reviews in the wrong category"
    description: ClassVar[str] = (
        "Reviews whose text speaks of another category than the one in which they stand."
    )
    columns: ClassVar[tuple[str, ...]] = ("product_category",)
    targets: ClassVar[tuple[str, ...]] = (TARGET,)

    def __init__(self, questions: int = 80, answers: str = "") -> None:
        self.questions = questions
        self.answers = answers

    def find(self, inputs: FinderInputs, *, progress: Progress = SILENT) -> Findings:
        """Rank reviews and list as many as promises allow; see the contract."""
        if not inputs.predictions.get(TARGET):
            raise InputError(
                "finding reviews in the wrong category needs predictions of the category"
            )
        predicted = read_predictions(inputs.predictions[TARGET], inputs.data)
        eligible = read_eligible(inputs, predicted, progress)
        ranking = rank(eligible)
        answers = _Answers(0, None)
        if self.answers and not eligible.trusted.any():
            answers = _answers(eligible, ranking, Path(self.answers))
        listed = _lists(eligible, ranking, answers)
        shares = _probabilities(eligible, ranking, listed.rows)
        says, typical = _says(eligible, ranking)
        tables = _tables(eligible, ranking, says)
        if not eligible.trusted.any():
            tables["questions"] = _questions(eligible, ranking, self.questions)
        notes = _notes(eligible, listed, answers.given)
        return Findings(
            finder=self.name,
            table=finding_rows(eligible, listed, shares, typical, progress),
            lists=listed.lists,
            looked_at=int(eligible.candidates.sum()),
            left_out=eligible.left_out,
            notes=(*notes, *_overlap_notes(tables["overlaps"])),
            tables=tables,
            settings={"questions": self.questions, **_settings(eligible, ranking, answers.given)},
        )


class _Answers(NamedTuple):
    """What a person said: how many answers are of use, and what they ask for."""

    given: int
    correction: ScoreCorrection | None


def rank(eligible: EligibleReviews) -> Ranking:
    """Rank the reviews that are judged; all others get a score that lists nothing."""
    rows = np.flatnonzero(eligible.eligible)
    base_logs, labels = [logs[rows] for logs in eligible.base_logs], eligible.labels[rows]
    if eligible.trusted.any():
        ranking = rank_with_reference(base_logs, labels, eligible.trusted[rows])
    else:
        ranking = rank_by_mixture(base_logs, labels, eligible.product[rows], eligible.lengths[rows])
    score = np.full(len(eligible.labels), -np.inf)
    posterior = np.zeros(len(eligible.labels))
    score[rows], posterior[rows] = ranking.score, ranking.posterior
    unaided = None
    if ranking.unaided is not None:
        unaided = np.zeros(len(eligible.labels))
        unaided[rows] = ranking.unaided
    return replace(ranking, score=score, posterior=posterior, unaided=unaided)


def _answers(eligible: EligibleReviews, ranking: Ranking, path: Path) -> _Answers:
    ids, wrong = read_answers(path)
    places = pc.index_in(ids, value_set=eligible.ids.combine_chunks()).fill_null(-1).to_numpy()
    known = (places >= 0) & eligible.candidates[places]
    if not known.any():
        raise InputError(f"{path} has no answer about a review that could be listed")
    correction = fit_correction(ranking.posterior[places[known]], wrong[known])
    return _Answers(int(known.sum()), correction)


def _lists(eligible: EligibleReviews, ranking: Ranking, answers: _Answers) -> Lists:
    if eligible.trusted.any():
        return lists_with_reference(ranking, eligible.candidates, eligible.trusted)
    why_not = None if answers.correction else _too_few_each(eligible)
    return lists_without_reference(ranking, eligible.candidates, answers.correction, why_not)


def _too_few_each(eligible: EligibleReviews) -> str | None:
    """Say why classifiers alone cannot tell, where they have met few products of a category."""
    rows = eligible.candidates & (eligible.product >= 0)
    each = products_of_each(eligible.product[rows], eligible.labels[rows])
    if not rows.any() or each >= FEWEST_EACH:
        return None
    return (
        f"a category has {each:.0f} products on average, and reviews of a kind of product that the "
        "classifiers have not met look as if they stood wrong; classifiers alone need "
        f"{FEWEST_EACH} products a category"
    )


def _tables(
    eligible: EligibleReviews, ranking: Ranking, says: NDArray[np.int64]
) -> dict[str, pa.Table]:
    """Return what was found besides errors."""
    names, labels = eligible.names, eligible.labels
    right = eligible.eligible & (ranking.posterior < LIKELY)
    return {
        "overlaps": overlaps(confusions(labels[right], says[right], len(names)), names),
        "shared_texts": shared_table(eligible.ids, labels, names, eligible.shared),
    }


def _says(
    eligible: EligibleReviews, ranking: Ranking
) -> tuple[NDArray[np.int64], list[NDArray[np.int64]]]:
    """Return the category that each review speaks of, and typical reviews of each category."""
    n = len(eligible.labels)
    says, own = np.empty(n, np.int64), np.empty(n)
    for at in range(0, n, BLOCK):
        part = slice(at, at + BLOCK)
        shares = _probabilities(eligible, ranking, part)
        says[part] = shares.argmax(axis=1)
        own[part] = shares[np.arange(len(shares)), eligible.labels[part]]
    typical = []
    for category in range(len(eligible.names)):
        rows = np.flatnonzero(
            eligible.eligible & (eligible.labels == category) & (says == category)
        )
        typical.append(rows[np.argsort(-own[rows], kind="stable")[:CANDIDATES]])
    return says, typical


def _probabilities(
    eligible: EligibleReviews, ranking: Ranking, rows: NDArray[np.integer] | slice
) -> NDArray[np.float64]:
    return ranking.probabilities(
        [logs[rows] for logs in eligible.base_logs], eligible.lengths[rows]
    )


def _questions(eligible: EligibleReviews, ranking: Ranking, most: int) -> pa.Table:
    rows = ranked_rows(ranking, eligible.candidates)
    rows = rows[choose_questions(ranking.posterior[rows], most)]
    shares = _probabilities(eligible, ranking, rows)
    suggested = suggestions(shares, eligible.labels[rows])
    columns = [
        eligible.ids.take(pa.array(rows)),
        pa.array([eligible.names[one] for one in eligible.labels[rows]], pa.string()),
        pa.array([eligible.names[one] for one in suggested], pa.string()),
        pa.nulls(len(rows), pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=QUESTIONS)


def _notes(eligible: EligibleReviews, lists: Lists, answers: int) -> list[str]:
    notes = list(eligible.notes)
    if eligible.trusted.any():
        notes.append(
            f"Promises rest on {count(int(eligible.trusted.sum()))} reviews known to be "
            "filed rightly."
        )
    elif answers:
        notes.append(
            f"Promises rest on what the classifiers say, corrected by "
            f"{plural(answers, 'answer', 'answers')}."
        )
        for promise, one, (low, high) in zip(PROMISES, lists.lists, lists.intervals, strict=True):
            if one.listed:
                notes.append(
                    f"By the answers, the list promised at {share(promise, 0)} is right "
                    f"in {share(low, 0)} to {share(high, 0)} of the cases."
                )
    else:
        notes.append(
            "Promises rest on what the classifiers say alone: reviews were put into other "
            "categories by way of trial, and so many count as wrong as look like these. They "
            "presuppose that reviews in the wrong category come from all categories alike, and "
            "that no more than one review in 1,000 speaks of another category and is filed "
            "rightly. Answers to the questions (--audit), or a reference (--reference), make them "
            "surer."
        )
    return notes


def _overlap_notes(pairs: pa.Table) -> list[str]:
    rows = pairs.slice(0, MOST_NAMED).to_pylist()
    notes = [
        f"{one['category']} and {one['other']} overlap: {share(one['confusion'])} of their reviews "
        "speak of the other one. That is no error."
        for one in rows
    ]
    if len(pairs) > len(rows):
        notes.append(
            f"{plural(len(pairs) - len(rows), 'further pair', 'further pairs')} of "
            "categories overlap."
        )
    return notes


def _settings(eligible: EligibleReviews, ranking: Ranking, answers: int) -> dict[str, Any]:
    return {
        "answers": answers,
        "reference": int(eligible.trusted.sum()),
        "models": eligible.models,
        "weights": [round(float(one), 4) for one in ranking.combination.weights],
        "noise": round(_noise(ranking), 5),
        "ranked": ranking.way,
    }


def _noise(ranking: Ranking) -> float:
    """Return the share of labels that seem wrong."""
    if ranking.mixture is None:
        return ranking.combination.noise
    return ranking.mixture.wrong
