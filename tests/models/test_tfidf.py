import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from reviewdesk.errors import BundleError
from reviewdesk.models.ngrams import WordStream
from reviewdesk.models.tfidf import Tfidf
from reviewdesk.text.tokens import tokenize

from .corpus import reviews, texts_of

TRAIN, TEST = reviews(), reviews(50, seed=1)


def learn(
    batch: pa.RecordBatch, columns: tuple[str, ...], power: float = 1.0, min_df: int = 2
) -> tuple[Tfidf, list[sparse.csr_matrix]]:
    streams = {column: WordStream() for column in columns}
    for column, stream in streams.items():
        stream.add(batch.column(column))
    return Tfidf.learn(streams, longest=2, min_df=min_df, sublinear=True, idf_power=power)


def test_it_agrees_with_scikit_learn_on_one_column() -> None:
    tfidf, _ = learn(TRAIN, ("review_body",))
    peer = TfidfVectorizer(
        tokenizer=tokenize,
        token_pattern=None,
        lowercase=False,
        ngram_range=(1, 2),
        min_df=2,
        sublinear_tf=True,
    ).fit(texts_of(TRAIN))
    names = [tfidf.name(number)[0] for number in range(len(tfidf))]
    order = [peer.vocabulary_[name] for name in names]
    assert sorted(order) == list(range(len(peer.vocabulary_)))
    wanted = peer.transform(texts_of(TEST)).toarray()[:, order]
    np.testing.assert_allclose(tfidf.rows(TEST).toarray(), wanted, atol=1e-12)


def test_rows_are_of_unit_length_or_empty() -> None:
    tfidf, counts = learn(TRAIN, ("review_headline", "review_body"), power=1.5)
    for rows in (tfidf.weigh(counts), tfidf.rows(TEST)):
        np.testing.assert_allclose(np.sqrt(rows.multiply(rows).sum(axis=1)), 1)
    nothing = TEST.slice(0, 1).set_column(1, "review_headline", pa.array(["xyzzy"]))
    nothing = nothing.set_column(2, "review_body", pa.array([None], pa.string()))
    assert tfidf.rows(nothing).nnz == 0


def test_headline_and_body_are_different_features_of_equal_weight() -> None:
    tfidf, _ = learn(TRAIN, ("review_headline", "review_body"))
    same = pa.record_batch({"review_headline": ["great"], "review_body": ["great"]})
    row = tfidf.rows(same)
    assert [tfidf.name(int(at)) for at in row.indices] == [
        ("great", "review_headline"),
        ("great", "review_body"),
    ]
    np.testing.assert_allclose(row.data, np.sqrt(0.5))


def test_weighing_leaves_the_counts_alone() -> None:
    tfidf, counts = learn(TRAIN, ("review_body",))
    before = counts[0].data.copy()
    tfidf.weigh(counts)
    np.testing.assert_array_equal(counts[0].data, before)


def test_relearned_on_some_texts_it_knows_nothing_of_the_others() -> None:
    tfidf, counts = learn(TRAIN, ("review_body",), power=1.5)
    some = np.arange(0, len(TRAIN), 2)
    fewer = tfidf.relearned([counts[0][some]], min_df=2, idf_power=1.5)
    alone, _ = learn(TRAIN.take(pa.array(some)), ("review_body",), power=1.5)
    found, wanted = fewer.rows(TEST), alone.rows(TEST)
    place = {tfidf.name(number): number for number in range(len(tfidf))}
    order = [place[alone.name(number)] for number in range(len(alone))]
    np.testing.assert_allclose(found.toarray()[:, order], wanted.toarray())
    assert found.sum() == pytest.approx(wanted.sum())


def test_damaged_arrays_are_refused() -> None:
    tfidf, _ = learn(TRAIN, ("review_body",))
    arrays = tfidf.to_arrays()
    idf = arrays["review_body.idf"]
    for wrong in (idf[1:], idf.astype(np.float32), np.full_like(idf, np.nan)):
        with pytest.raises(BundleError):
            Tfidf.from_arrays({**arrays, "review_body.idf": wrong}, ["review_body"], 2, True)
    del arrays["review_body.idf"]
    with pytest.raises(BundleError):
        Tfidf.from_arrays(arrays, ["review_body"], 2, True)
