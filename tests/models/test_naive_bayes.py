"""Naive Bayes: what it counts, and where it differs from what it derives from."""

import numpy as np

from reviewdesk.models.base import Explains, PartialFits

from .corpus import LABELS, learn, new, reviews, score

TEXTS = ["apple apple pear", "apple plum", "bread", "bread corn corn"]
NAMES = ["fruit", "fruit", "grain", "grain"]


def test_weights_are_logs_of_shares_of_mass() -> None:
    classifier = learn(new("naive-bayes", smoothing=0.5, min_df=1), TEXTS, NAMES)
    assert isinstance(classifier, Explains)
    found = classifier.explain({"review_body": "apple bread corn"})
    idf = {"apple": np.log(5 / 3), "pear": np.log(5 / 2), "plum": np.log(5 / 2)}
    idf |= {"bread": np.log(5 / 3), "corn": np.log(5 / 2)}
    mass = {"fruit": dict.fromkeys(idf, 0.5), "grain": dict.fromkeys(idf, 0.5)}
    for text, name in zip(TEXTS, NAMES, strict=True):
        words = set(text.split())
        length = np.sqrt(sum(idf[word] ** 2 for word in words))
        for word in words:
            mass[name][word] += idf[word] / length
    wanted = []
    for word in found.words:
        logs = [np.log(mass[name][word] / sum(mass[name].values())) for name in ("fruit", "grain")]
        wanted.append((logs - np.mean(logs)) * idf[word])
    factor = np.abs(found.weights).sum() / np.abs(wanted).sum()  # unit length, and how sure it is
    assert len(found.words) == 3
    np.testing.assert_allclose(found.weights, factor * np.array(wanted), rtol=1e-4)


def test_it_counts_and_so_does_not_depend_on_the_order_of_rows() -> None:
    batch = reviews(200)
    order = np.random.default_rng(1).permutation(200)
    one = learn(new("naive-bayes"), batch, LABELS).decision_scores(batch)
    other = learn(new("naive-bayes"), batch.take(order), LABELS).decision_scores(batch)
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_longer_ngrams() -> None:
    texts = ["not good", "good not", "not good at all", "good not here"] * 10
    names = ["a", "b"] * 20
    assert score(learn(new("naive-bayes", ngrams=2), texts, names), texts, names) == 1
    assert score(learn(new("naive-bayes", ngrams=1), texts[:2] * 20, names), texts, names) < 1


def test_it_does_not_learn_on() -> None:
    assert not isinstance(new("naive-bayes"), PartialFits)
    assert isinstance(new("linear"), PartialFits)


def test_a_frequent_label_is_likelier_where_words_say_nothing() -> None:
    random = np.random.default_rng(0)
    texts = [f"same words number{a} other{b}" for a, b in random.integers(0, 200, (2_300, 2))]
    names = np.where(random.random(2_000) < 0.1, "b", "a")
    found = learn(new("naive-bayes"), texts[:2_000], names).predict_proba(texts[2_000:])
    np.testing.assert_allclose(found[:, 0].mean(), 0.9, atol=0.04)
    assert (found[:, 0] > 0.5).mean() > 0.95
