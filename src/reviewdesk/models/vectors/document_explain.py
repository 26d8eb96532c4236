"""What each word and n-gram of a review adds to the margin of each label of ``docvec``."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from reviewdesk.models.base import Explanation
from reviewdesk.models.vectors.document_margins import DocumentMargins, DocumentRows
from reviewdesk.models.vectors.document_vectors import NgramVectors
from reviewdesk.models.vectors.explain import review_words
from reviewdesk.models.vectors.mapping import VectorVocabulary
from reviewdesk.models.vectors.text_rows import TextLines, TextRows


def explain_document(
    texts: Mapping[str, str | None],
    columns: tuple[str, ...],
    vocabulary: VectorVocabulary,
    vectors: NgramVectors,
    margins: DocumentMargins,
) -> Explanation:
    """Return the share of each word and n-gram in the margins.

    A text's vector is a sum of those of its n-grams, from which the same for every text is taken
    away; so what an n-gram adds is its own weight and what its vector adds. The rest is the bias.

    Args:
        texts: text column to text.
        columns: the text columns.
        vocabulary: the rows of words and n-grams.
        vectors: theirs.
        margins: the linear model.
    """
    words, places = review_words(texts, columns)
    names = _names(words, places, vocabulary)
    rows = np.array(sorted(names), np.int32)
    text = TextRows(rows, np.array([0, len(rows)], np.int64))
    weights = margins.shares(rows, vectors.shares(text))
    scores = margins(DocumentRows(rows, text.ends, vectors.infer(text)))[0].astype(np.float64)
    order = np.argsort(-np.abs(weights).max(axis=1, initial=0), kind="stable")
    shown = [names[row] for row in rows[order].tolist()]
    return Explanation(
        words=[name for name, _ in shown],
        columns=[column for _, column in shown],
        weights=weights[order],
        bias=scores - weights.sum(axis=0),
    )


def _names(
    words: list[bytes], places: list[str], vocabulary: VectorVocabulary
) -> dict[int, tuple[str, str]]:
    """Return each row of a text with the first words that have it, and the column where they are.

    Rows come word by word, those of unknown words left out, and then n-gram by n-gram.
    """
    index = replace(vocabulary.index(absent=vocabulary.rows), line_ends=False)
    rows = index.rows(TextLines.of([b" ".join(words)])).rows.tolist()
    each = replace(index, word_ngrams=1).rows(TextLines.of(words))
    names: dict[int, tuple[str, str]] = {}
    for place, start, end in zip(range(len(words)), each.ends[:-1], each.ends[1:], strict=True):
        if end > start:
            name = words[place].decode(errors="replace")
            names.setdefault(int(each.rows[start]), (name, places[place]))
    at, longest = len(each.rows), index.word_ngrams if index.bucket else 1
    for first in range(len(words)):
        for last in range(first + 1, min(len(words), first + longest)):
            if rows[at] < vocabulary.rows:
                name = b" ".join(words[first : last + 1]).decode(errors="replace")
                names.setdefault(rows[at], (name, places[first]))
            at += 1
    return names
