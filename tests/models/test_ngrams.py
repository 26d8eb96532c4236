from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import sparse

from reviewdesk.errors import BundleError
from reviewdesk.models.ngrams import Ngrams, WordStream
from reviewdesk.text.tokens import tokenize

TEXTS = ["a b a b c", "b a b", "", "c c c c", "a b c d", None, "d", "a b"]


def learn(texts: list[str | None], longest: int, min_df: int) -> tuple[Ngrams, sparse.csr_matrix]:
    stream = WordStream()
    for start in range(0, len(texts), 3):
        stream.add(pa.array(texts[start : start + 3], pa.string()))
    return Ngrams.learn(stream, longest, min_df)


def plainly(text: str | None, longest: int) -> Counter[str]:
    words = tokenize(text or "")
    spans = [(at, n) for n in range(1, longest + 1) for at in range(len(words) - n + 1)]
    return Counter(" ".join(words[at : at + n]) for at, n in spans)


def as_counters(ngrams: Ngrams, counts: sparse.csr_matrix) -> list[dict[str, float]]:
    return [
        {ngrams.name(int(at)): float(n) for at, n in zip(row.indices, row.data, strict=True)}
        for row in counts
    ]


def random_texts(n: int, seed: int) -> list[str | None]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(list("abcdefgh"), random.integers(0, 12))) for _ in range(n)]


@pytest.mark.parametrize("longest", [1, 2, 3, 4])
@pytest.mark.parametrize("min_df", [1, 2, 5])
def test_counts_are_those_of_a_plain_count(longest: int, min_df: int) -> None:
    for texts in (TEXTS, random_texts(60, seed=longest)):
        ngrams, counts = learn(texts, longest, min_df)
        each = [plainly(text, longest) for text in texts]
        df = Counter(gram for found in each for gram in found)
        kept = {gram for gram, texts_with_it in df.items() if texts_with_it >= min_df}
        assert {ngrams.name(number) for number in range(len(ngrams))} == kept
        wanted = [{gram: n for gram, n in found.items() if gram in kept} for found in each]
        assert as_counters(ngrams, counts) == wanted
        again = ngrams.counts(pa.array(texts, pa.string()))
        assert (again != counts).nnz == 0


def test_unknown_words_break_an_ngram() -> None:
    ngrams, _ = learn(["a b c"] * 2, 3, 1)
    found = as_counters(ngrams, ngrams.counts(pa.array(["a x b c"])))
    assert found == [{"a": 1, "b": 1, "c": 1, "b c": 1}]


def test_ngrams_do_not_reach_over_the_end_of_a_text() -> None:
    ngrams, _ = learn(["a b", "b a", "a b", "b a"], 2, 1)
    found = as_counters(ngrams, ngrams.counts(pa.array(["a", "b", "a"])))
    assert found == [{"a": 1}, {"b": 1}, {"a": 1}]


def test_texts_without_frequent_words() -> None:
    for texts in ([], ["", None], ["a", "b"]):
        ngrams, counts = learn(list(texts), 2, 2)
        assert len(ngrams) == 0
        assert counts.shape == (len(texts), 0)
        assert ngrams.counts(pa.array(["a b c"])).shape == (1, 0)


def test_arrays_there_and_back() -> None:
    texts = [*random_texts(40, seed=9), "größe 👍 größe 👍", "größe 👍"]
    ngrams, _ = learn(texts, 3, 2)
    back = Ngrams.from_arrays(ngrams.to_arrays("body"), "body", 3)
    assert back.words == ngrams.words
    assert [back.name(n) for n in range(len(back))] == [ngrams.name(n) for n in range(len(ngrams))]


@pytest.mark.parametrize(
    "pairs",
    [
        np.array([0, 10**12]),
        np.array([-1, 2]),
        np.array([3, 2]),
        np.array([2, 2]),
        np.array([[1, 2]]),
        np.array([1.0, 2.0]),
    ],
)
def test_damaged_arrays_are_refused(pairs: NDArray[np.int64]) -> None:
    arrays = learn(TEXTS, 2, 1)[0].to_arrays("body")
    with pytest.raises(BundleError):
        Ngrams.from_arrays({**arrays, "body.2grams": pairs}, "body", 2)
    with pytest.raises(BundleError, match="lack"):
        Ngrams.from_arrays(arrays, "headline", 2)
    with pytest.raises(BundleError, match="lack"):
        Ngrams.from_arrays(arrays, "body", 3)
