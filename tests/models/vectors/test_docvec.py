"""``docvec``: what is its own beside the contract of all families."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reviewdesk.errors import BundleError, UsageError
from reviewdesk.formats.weights import load_weights, save_weights
from reviewdesk.models.base import Embeds, KnowsWords
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.vectors.document_kernels import distinct_rows
from reviewdesk.models.vectors.document_vectors import (
    DocumentSchedule,
    NgramVectors,
    learn_ngram_vectors,
)
from reviewdesk.models.vectors.docvec import WEIGHTS_FILE, DocVec
from reviewdesk.models.vectors.text_rows import TextRows

from ..corpus import LABELS, reviews

TRAIN = reviews(300)
TEST = reviews(60, seed=1)


@pytest.fixture(scope="module")
def fitted() -> DocVec:
    return DocVec(epoch=5).fit(LabelledReviews.of_batches(TRAIN, LABELS))


def accuracy(classifier: DocVec, batch: pa.RecordBatch) -> float:
    guesses = classifier.predict_proba(batch).argmax(axis=1)
    return float((guesses == batch.column("label").to_numpy()).mean())


def text_rows(texts: list[list[int]]) -> TextRows:
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    return TextRows(np.array([row for text in texts for row in text], np.int32), ends)


def two_topics(count: int, seed: int) -> list[list[int]]:
    """Return texts of ten rows of either the first 20 or the last 20 of 40."""
    random = np.random.default_rng(seed)
    return [sorted(random.choice(20, 10, replace=False) + 20 * (text % 2)) for text in range(count)]


def topic_vectors(seed: int = 0, threads: int = 1) -> NgramVectors:
    schedule = DocumentSchedule(16, 30, 0.1, threads, seed)
    numbers = np.arange(40, dtype=np.int32)
    return learn_ngram_vectors(text_rows(two_topics(200, 0)), numbers, schedule)


def test_ngrams_of_the_same_texts_lie_together() -> None:
    vectors = topic_vectors()
    lengths = np.linalg.norm(vectors.vectors, axis=1)
    np.testing.assert_allclose(lengths, 1, atol=0.02)
    mean = vectors.vectors.reshape(2, 20, -1).mean(axis=1)
    own = np.einsum("tnd,td->tn", vectors.vectors.reshape(2, 20, -1), mean)
    other = np.einsum("tnd,td->tn", vectors.vectors.reshape(2, 20, -1), mean[::-1])
    assert (own > other).all()


def test_inferred_vectors_of_new_texts_lie_with_their_topic_and_are_always_the_same() -> None:
    vectors = topic_vectors()
    new = text_rows(two_topics(40, 1))
    found = vectors.infer(new)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-4)
    cosines = found @ found.T
    same = np.equal.outer(np.arange(40) % 2, np.arange(40) % 2)
    assert cosines[same].min() > cosines[~same].max()
    alone = [vectors.infer(text_rows([text])) for text in two_topics(40, 1)]
    assert np.concatenate(alone).tobytes() == found.tobytes()


def test_a_text_without_a_vector_has_zeros() -> None:
    vectors = topic_vectors()
    assert not vectors.infer(text_rows([[], []])).any()


def test_one_thread_gives_the_same_vectors_for_a_seed() -> None:
    one, other = topic_vectors(), topic_vectors()
    assert one.vectors.tobytes() == other.vectors.tobytes()
    assert one.vectors.tobytes() != topic_vectors(seed=1).vectors.tobytes()
    assert np.isfinite(topic_vectors(threads=2).vectors).all()


def test_the_largest_rate_gives_finite_vectors() -> None:
    schedule = DocumentSchedule(16, 20, 0.2, 1, 0)
    numbers = np.arange(40, dtype=np.int32)
    texts = text_rows([*two_topics(50, 0), [3], [3], [3]])
    assert np.isfinite(learn_ngram_vectors(texts, numbers, schedule).vectors).all()


def test_rows_of_a_text_count_once() -> None:
    rows = np.array([3, 1, 3, 2, 2], np.int32)
    ends = np.zeros(4, np.int64)
    distinct_rows(rows, np.array([0, 3, 3, 5]), ends)
    assert ends.tolist() == [0, 2, 2, 3]
    assert rows[:3].tolist() == [1, 3, 2]


def test_alone_and_beside_ngrams(fitted: DocVec) -> None:
    alone = DocVec(epoch=5, with_ngrams=False).fit(LabelledReviews.of_batches(TRAIN, LABELS))
    assert accuracy(fitted, TEST) > 0.8
    assert accuracy(alone, TEST) > 0.8
    assert not alone.margins_.table.any()


def test_it_embeds_and_knows_words(fitted: DocVec) -> None:
    assert isinstance(fitted, Embeds)
    assert isinstance(fitted, KnowsWords)
    found = fitted.embed(["awful and awful", "it broke", "xyzzy"])
    assert found.shape == (3, 96)
    assert found[0] @ found[1] > 0.5
    assert not found[2].any()
    assert fitted.known_words(["awful and awful", "xyzzy", ""]).tolist() == [2, 0, 0]


def semi_supervised(unlabelled: bool) -> float:
    """Return how right it is where most words stand in no labelled review."""
    random = np.random.default_rng(0)
    topics = [[f"{name}{number}" for number in range(60)] for name in ("good", "bad")]

    def texts(count: int, most: int) -> list[str]:
        return [" ".join(random.choice(topics[i % 2][:most], 12)) for i in range(count)]

    def batch(bodies: list[str]) -> pa.RecordBatch:
        labels = pa.array(np.arange(len(bodies)) % 2, pa.int32())
        return pa.record_batch({"review_body": bodies, "label": labels})

    train = LabelledReviews.of_batches(batch(texts(40, 20)), ["good", "bad"])
    more = batch(texts(1200, 60)).drop_columns(["label"])
    train = replace(train, unlabelled=lambda: [more])
    new = [" ".join(random.choice(topics[i % 2][25:], 4)) for i in range(100)]
    settings = {"share": 1.0, "word_ngrams": 1, "unlabelled": unlabelled}
    return accuracy(DocVec(**settings).fit(train), batch(new))


def test_words_that_stand_in_unlabelled_reviews_alone_are_learnt_too() -> None:
    assert semi_supervised(unlabelled=False) < 0.7
    assert semi_supervised(unlabelled=True) > 0.9


def test_learning_anew_from_more_reviews_keeps_the_vectors(fitted: DocVec) -> None:
    before = fitted.vectors_
    classifier = DocVec(epoch=5).fit(LabelledReviews.of_batches(TRAIN, LABELS))
    more = [TRAIN, reviews(200, seed=5)]
    classifier.refit(LabelledReviews.of_batches(more, LABELS))
    assert classifier.vectors_.vectors.tobytes() == before.vectors.tobytes()
    assert classifier.margins_.table.tobytes() != fitted.margins_.table.tobytes()
    assert accuracy(classifier, TEST) > 0.8


def test_no_word_is_stored_in_clear(fitted: DocVec, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert b"awful" not in content
        assert b"refund" not in content


def broken(arrays: dict[str, NDArray[np.float32]]) -> Iterator[dict[str, NDArray[np.float32]]]:
    for name in arrays:
        if not name.startswith(("calibration.top", "short.")):
            yield {other: array for other, array in arrays.items() if other != name}
    for name in ("keys", "buckets", "ngrams.numbers", "margins.scales", "margins.table"):
        yield {**arrays, name: arrays[name][:-1]}
    vectors = arrays["ngrams.vectors"].copy()
    vectors[0, 0] = np.nan
    yield {**arrays, "ngrams.vectors": vectors}
    yield {**arrays, "ngrams.numbers": arrays["ngrams.numbers"] + np.int32(1)}
    yield {**arrays, "ngrams.counters": arrays["ngrams.counters"] - len(vectors)}
    yield {**arrays, "margins.places": arrays["margins.places"][::-1].copy()}


def test_a_damaged_bundle_is_refused(fitted: DocVec, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    whole = load_weights(tmp_path / WEIGHTS_FILE)
    for arrays in broken(whole):
        save_weights(tmp_path / WEIGHTS_FILE, arrays)
        with pytest.raises(BundleError):
            DocVec.load(tmp_path)


def test_vectors_are_whole_cache_lines() -> None:
    with pytest.raises(UsageError, match="multiple of 16"):
        DocVec(dim=100)
