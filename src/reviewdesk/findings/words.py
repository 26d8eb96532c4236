"""The words of some reviews that speak for one group of reviews and against another.

They are counted, and no model is asked. A term's weight is the logarithm of how many times as
frequent it is in one group as in the other, both rates taken at the cautious end of what their
counts allow: a term that is rare, or a group of few reviews, proves little. (Log-odds with an
informative prior, as in ``stats.log_odds``, take any term that one group has five times and the
other never for a strong sign, or drown small groups in the prior.)
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reviewdesk.explore.copies import SeenTexts
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import EVIDENCE
from reviewdesk.text.terms import TermCounts, TermSketch

BATCH_ROWS: Final = 16_384
FEWEST_REVIEWS: Final = 5
MOST_TERMS: Final = 32_768
LEAST_TERMS: Final = 4_096
COUNTS_BYTES: Final = 128 * 1024 * 1024
QUESTIONS_AT_ONCE: Final = 128
MOST_WORDS: Final = 5
"""Words for, and as many against."""

DOUBTS: Final = (1.28, 0.5, 0.0)
"""Rates are taken at so many standard deviations from what was counted: with the first, the true
one is nearer nine times in ten. The next is taken where no word speaks for a finding by the one
before, as in small groups."""

FAINT: Final = 0.05
"""Words that weigh less than this share of the heaviest are not worth reading."""

Words = list[tuple[str, float]]


class Question(NamedTuple):
    """Some reviews whose words are asked for.

    Args:
        rows: (m,) their places in the data, in any order.
        suggested: the group that words above 0 speak for.
        where: the group that words below 0 speak for. Reviews that stand in it are taken out of
            its counts: what they say is no evidence for it.
    """

    rows: NDArray[np.int64]
    suggested: int
    where: int


def telling_words(
    data: PreparedData,
    groups: NDArray[np.int32],
    questions: Sequence[Question],
    *,
    most: int = MOST_WORDS,
    progress: Progress = SILENT,
) -> list[Words]:
    """Return, for each question, the words of its reviews that speak for and against.

    Reads the texts (headline and body) three times, and holds counts of a bounded number of terms
    for each group; a long text that is there several times counts once.

    Args:
        data: the reviews.
        groups: (n,) the group of each review, such as its category; -1 where it counts for none.
        questions: what is asked.
        most: words for at most, and against.
        progress: is shown how far it has come.

    Returns:
        For each question words with weights, those above 0 first, the heaviest first; the weights
        are natural logarithms of odds, a review of the question on average.
    """
    if not questions:
        return []
    size = 1 + max(int(groups.max(initial=0)), *(max(q.suggested, q.where) for q in questions))
    corpus = _Corpus(data, groups, size, progress)
    answers: list[Words] = []
    with progress.task("Finding words", len(questions), "findings") as task:
        for at in range(0, len(questions), QUESTIONS_AT_ONCE):
            some = questions[at : at + QUESTIONS_AT_ONCE]
            names, counts = corpus.of_questions(some)
            columns = corpus.columns(names)
            for question, own in zip(some, counts, strict=True):
                answers.append(_answer(question, own, names, columns, corpus, groups, most))
            task.advance(len(some))
    return answers


def words_array(words: Sequence[Words]) -> pa.Array:
    """Return words as the column ``words`` of findings."""
    return pa.array(
        [[{"word": word, "weight": weight} for word, weight in one] for one in words], EVIDENCE
    )


class _Corpus:
    """How many reviews of each group have each term; and the reviews, to be asked again."""

    def __init__(
        self, data: PreparedData, groups: NDArray[np.int32], size: int, progress: Progress
    ) -> None:
        self._data = data
        self._sketch = TermSketch(main=data.main_language)
        with progress.task("Finding terms", data.rows, "reviews") as task:
            for _, texts in _new_texts(data):
                self._sketch.add(texts)
                task.advance(len(texts))
        self._most = min(max(COUNTS_BYTES // (4 * size), LEAST_TERMS), MOST_TERMS)
        counts = TermCounts(self._sketch, size, self._most, FEWEST_REVIEWS)
        with progress.task("Counting terms", data.rows, "reviews") as task:
            for rows, texts in _new_texts(data):
                counts.add(texts, groups[rows][:, None])
                task.advance(len(texts))
        self.names, self.counts = counts.result()
        self._column = {name: place for place, name in enumerate(self.names)}

    def of_questions(self, questions: Sequence[Question]) -> tuple[list[str], NDArray[np.int32]]:
        """Return terms, and how many reviews of each question have them (questions, terms)."""
        counts = TermCounts(self._sketch, len(questions), self._most, 1)
        rows = np.concatenate([np.asarray(one.rows, np.int64) for one in questions])
        of = np.repeat(np.arange(len(questions)), [len(one.rows) for one in questions])
        order = np.argsort(rows, kind="stable")
        rows, of = rows[order], of[order]
        for at, batch in _texts(self._data, rows):
            first, last = np.searchsorted(rows, (at, at + len(batch)))
            chosen = batch.take(pa.array(rows[first:last] - at))
            counts.add(chosen, of[first:last, None].astype(np.int32))
        return counts.result()

    def columns(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Return where terms stand among those counted; -1 where they are not."""
        return np.array([self._column.get(name, -1) for name in names], np.int64)


def _answer(
    question: Question,
    own: NDArray[np.int32],
    names: Sequence[str],
    columns: NDArray[np.int64],
    corpus: _Corpus,
    groups: NDArray[np.int32],
    most: int,
) -> Words:
    """Return the words of one question; ``own`` (terms,) is how many of its reviews have each."""
    terms = np.flatnonzero((own > 0) & (columns >= 0))
    if not len(terms):
        return []
    places, rows = columns[terms], np.asarray(question.rows, np.int64)
    against = corpus.counts[question.where].astype(np.float64)
    against[places] -= own[terms] * np.mean(groups[rows] == question.where)
    against = np.maximum(against, 0.0)
    for doubt in DOUBTS:
        weights = cautious_log_ratio(corpus.counts[question.suggested], against, doubt)
        gains = weights[places] * own[terms] / len(rows)
        if (gains > 0).any():
            break
    gains[np.abs(gains) < FAINT * np.abs(gains).max()] = 0
    order = np.argsort(-gains, kind="stable")
    named = [names[int(term)] for term in terms]
    speaks_for = without_parts([(named[n], float(gains[n])) for n in order if gains[n] > 0])
    speaks_against = without_parts(
        [(named[n], float(gains[n])) for n in order[::-1] if gains[n] < 0]
    )
    return [*speaks_for[:most], *speaks_against[:most]]


def cautious_log_ratio(
    left: NDArray[Any], right: NDArray[Any], doubt: float = DOUBTS[0]
) -> NDArray[np.float64]:
    """Return how many times as frequent each term surely is in one group as in the other.

    Args:
        left: (v,) counts in one group.
        right: (v,) counts in the other.
        doubt: how many standard deviations from what was counted the rates are taken at.

    Returns:
        (v,) natural logarithms: above 0 for terms of the left group, below 0 for those of the
        right; 0 where the counts leave it open.
    """
    log_sizes = [np.log(max(float(np.sum(one)), 1.0)) for one in (left, right)]
    low, high = zip(*(_bounds(one, doubt) for one in (left, right)), strict=True)
    base = log_sizes[1] - log_sizes[0]
    more = np.maximum(np.log(low[0] / high[1]) + base, 0.0)
    less = np.maximum(np.log(low[1] / high[0]) - base, 0.0)
    ratio: NDArray[np.float64] = more - less
    return ratio


def _bounds(counts: NDArray[Any], doubt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return between which counts the expected ones lie, about (Poisson)."""
    seen = np.asarray(counts, np.float64)
    low = np.maximum(seen - doubt * np.sqrt(seen), 1e-9)
    return low, seen + 1 + doubt * np.sqrt(seen + 1)


def without_parts(words: Words) -> Words:
    """Leave out what shares a word with a heavier term: it says the same again."""
    kept, parts_seen = [], set[str]()
    for word, weight in words:
        parts = set(word.split())
        if not parts & parts_seen:
            kept.append((word, weight))
            parts_seen |= parts
    return kept


def _new_texts(data: PreparedData) -> Iterator[tuple[NDArray[np.int64], pa.Array]]:
    """Yield the places and the texts of reviews; one review copied over variants comes once."""
    seen, at = SeenTexts(data.rows), 0
    for batch in data.batches(["review_headline", "review_body"], BATCH_ROWS):
        new = seen.are_new(batch.column("review_body"))
        yield at + np.flatnonzero(new), _joined(batch).filter(pa.array(new))
        at += len(batch)


def _texts(data: PreparedData, rows: NDArray[np.int64]) -> Iterator[tuple[int, pa.Array]]:
    """Yield the texts of every batch that has any of the rows (ascending), and where it begins."""
    at = 0
    for batch in data.batches(["review_headline", "review_body"], BATCH_ROWS):
        first, last = np.searchsorted(rows, (at, at + len(batch)))
        if first < last:
            yield at, _joined(batch)
        at += len(batch)


def _joined(batch: pa.RecordBatch) -> pa.Array:
    """Return headline and body as one text; words of the two are no pair."""
    wide = pa.large_string()
    headline = batch.column("review_headline").fill_null("").cast(wide)
    body = batch.column("review_body").cast(wide)
    return pc.binary_join_element_wise(headline, body, pa.scalar(". ", wide))
