"""Families of networks as classifiers: what they are fitted on, what they keep, what they say."""

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from reviewdesk.errors import BundleError, InputError, UsageError
from reviewdesk.formats.fasttext_model import FastTextModel, FastTextOptions, write_fasttext
from reviewdesk.formats.word_vectors import (
    WordVectors,
    write_binary_vectors,
    write_text_vectors,
)
from reviewdesk.models.neural.families import Attention, Cnn, Lstm
from reviewdesk.models.neural.settings import chosen
from tests.models.corpus import LABELS, SMALL_NETWORK, labelled, learn, names_of, reviews, texts_of

TEST = reviews(60, seed=1)


@pytest.fixture(scope="module")
def fitted() -> Cnn:
    return learn(Cnn(**SMALL_NETWORK), reviews(400), LABELS)


def stars(n: int) -> tuple[list[str], list[str]]:
    random = np.random.default_rng(0)
    given = random.integers(1, 6, n)
    words = ["awful", "poor", "plain", "good", "superb"]
    return [f"it was {words[star - 1]} today" for star in given], [str(star) for star in given]


def test_the_classic_recipe_is_a_preset() -> None:
    values = chosen("lstm", Lstm(preset="classic").settings)
    assert (values["vocabulary"], values["most_words"], values["hidden"]) == (5_000, 500, 200)
    assert (values["cell"], values["directions"], values["layers"]) == ("lstm", 1, 1)
    assert (values["pooling"], values["stop_words"], values["convolution"]) == ("last", "no", 0)
    assert chosen("lstm", Lstm(preset="classic", hidden=64).settings)["hidden"] == 64
    assert chosen("lstm", Lstm(dropout=0.0, convolution=0).settings)["dropout"] == 0


def test_the_classic_recipe_learns() -> None:
    small = {**SMALL_NETWORK, "epochs": 12, "hidden": 16, "learning_rate": 0.02}
    found = learn(Lstm(preset="classic", **small), reviews(300), LABELS).predict_proba(TEST)
    assert (found.argmax(axis=1) == TEST.column("label").to_numpy()).mean() > 0.5


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(UsageError, match="heads must divide"):
        Attention(hidden=30, heads=4)
    with pytest.raises(UsageError, match="cell"):
        Lstm(cell="rnn")
    with pytest.raises(UsageError, match="widest"):
        Cnn(widest=1)


def test_stars_are_ordered_and_have_an_expected_value() -> None:
    texts, given = stars(300)
    classifier = learn(Cnn(**SMALL_NETWORK), texts, given)
    assert classifier._objective() == "ordered"
    expected = classifier.expected(["it was awful today", "it was plain today", "superb"])
    assert 1 <= expected[0] < 2 < expected[1] < 4 < expected[2] <= 5
    with pytest.raises(UsageError, match="numbers"):
        learn(Cnn(**SMALL_NETWORK), texts, ["a" if one > "2" else "b" for one in given]).expected(
            texts
        )


def test_a_text_may_have_several_labels() -> None:
    random = np.random.default_rng(0)
    told = random.random((400, 4)) < [0.5, 0.3, 0.0, 1.0]
    topics = np.array(["price", "size", "never", "always"])
    texts = [" ".join(["the", "thing", *topics[row]]) for row in told]
    sets = [topics[row].tolist() for row in told]
    train = labelled(texts, sets, topics)
    classifier = Lstm(**SMALL_NETWORK).fit(train)
    found = classifier.predict_proba(["price thing", "size the price", "thing"])
    order = [classifier.labels_.index(name) for name in topics]
    assert (found[:, order] > 0.5).tolist() == [
        [True, False, False, True], [True, True, False, True], [False, False, False, True],
    ]  # fmt: skip
    explained = classifier.explain({"review_body": "size the price"})
    weights = dict(zip(explained.words, explained.weights, strict=True))
    assert weights["size"][order[1]] > abs(weights["the"][order[1]])


def test_reviews_given_to_validate_on_are_those_that_are_set_aside() -> None:
    train = labelled(reviews(200), LABELS)
    shuffled = reviews(200, seed=2, noise=1.0)  # nothing can be said of these
    good = Cnn(**SMALL_NETWORK).fit(train, labelled(reviews(200, seed=3), LABELS))
    bad = Cnn(**SMALL_NETWORK).fit(train, labelled(shuffled, LABELS))
    assert (good.curve_.points[-1].loss or 0) < (bad.curve_.points[-1].loss or 0)
    sure = [one.predict_proba(TEST).max(axis=1).mean() for one in (good, bad)]
    assert sure[0] > sure[1] + 0.2  # rows held out for validation say how sure it may be


@pytest.mark.parametrize("form", ["text", "word2vec", "fastText"])
def test_words_begin_with_the_vectors_of_a_file(tmp_path: Path, form: str) -> None:
    words = sorted({word for text in texts_of(reviews(50)) for word in text.split()})
    vectors = np.array([[n, -n, 1.5] for n in range(len(words))], np.float32)
    path = tmp_path / ("words.vec" if form == "text" else "words.bin")
    if form == "fastText":
        model = FastTextModel(
            FastTextOptions(dim=3, model=2), [one.encode() for one in words], [],
            np.arange(len(words), 0, -1), 100, vectors, vectors,
        )  # fmt: skip
        write_fasttext(path, model)
    else:
        write = write_text_vectors if form == "text" else write_binary_vectors
        write(path, WordVectors(words, vectors))
    settings: dict[str, Any] = {**SMALL_NETWORK, "word_vectors": str(path), "frozen": True}
    classifier = learn(Cnn(**settings), reviews(50), LABELS)
    (tmp_path / "saved").mkdir()
    classifier.save(tmp_path / "saved")
    with safe_open(tmp_path / "saved" / "network.safetensors", "np") as file:
        vectors = file.get_tensor("embedding.weight")
    place = classifier.vocabulary_.ids(classifier.reviews(["phone"]))[0][2]  # behind two marks
    number = words.index("phone")
    assert vectors[place].tolist() == [number, -number, 1.5]


@pytest.mark.parametrize(
    ("text", "said"),
    [("phone 1 2\ncase 1", "line 2"), ("phone one two", "line 1"), ("zzzz 1 2", "no vector")],
)
def test_a_file_that_is_none_of_word_vectors_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "words.vec"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        learn(Cnn(**SMALL_NETWORK, word_vectors=str(path)), reviews(50), LABELS)


def test_no_word_is_saved_in_clear(fitted: Cnn, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    words = {word for text in texts_of(reviews(400)) for word in text.split() if len(word) > 4}
    for path in tmp_path.iterdir():
        data = path.read_bytes()
        assert not [word for word in words if word.encode() in data], path.name


SERVE = """
import json, sys
for name in ("torch", "safetensors", "onnx"):
    sys.modules[name] = None
from pathlib import Path
from reviewdesk.models.catalog import CLASSIFIERS
classifier = CLASSIFIERS.load("cnn").load(Path(sys.argv[1]))
texts = json.loads(sys.stdin.read())
classifier.explain({"review_body": texts[0]})
print(json.dumps(classifier.predict_proba(texts).astype(float).tolist()))
"""


def test_it_is_used_without_torch(fitted: Cnn, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    texts = texts_of(TEST)
    done = subprocess.run(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        input=json.dumps(texts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert np.array(json.loads(done.stdout), np.float32).tobytes() == (
        fitted.predict_proba(texts).tobytes()
    )


def test_the_curve_is_a_table_in_the_bundle(fitted: Cnn, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    table = json.loads((tmp_path / "curve.json").read_text())
    assert table["ended"]
    steps = [point["step"] for point in table["points"]]
    assert steps == sorted(steps)
    assert all(b["epoch"] - a["epoch"] == 1 for a, b in itertools.pairwise(table["points"]))
    assert table["points"][-1]["accuracy"] > 0.5


@pytest.mark.parametrize("name", ["network.onnx", "weights.npz", "classifier.json", "curve.json"])
def test_damaged_files_are_refused(fitted: Cnn, tmp_path: Path, name: str) -> None:
    fitted.save(tmp_path)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BundleError):
        Cnn.load(tmp_path)


def test_a_network_of_other_labels_is_refused(fitted: Cnn, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    saved = json.loads((tmp_path / "classifier.json").read_text())
    saved["labels"] = ["a", "b"]
    (tmp_path / "classifier.json").write_text(json.dumps(saved))
    with pytest.raises(BundleError):
        Cnn.load(tmp_path)


def test_probabilities_are_calibrated() -> None:
    noisy = reviews(1_000, noise=0.5)  # a third of these labels are chance
    wild = {**SMALL_NETWORK, "dropout": 0.0, "epochs": 12, "patience": 99}
    classifier = learn(Cnn(**wild), noisy, LABELS)
    test = reviews(1_000, seed=9, noise=0.5)
    found = classifier.predict_proba(test)
    right = found.argmax(axis=1) == np.array([LABELS.index(name) for name in names_of(test)])
    assert abs(found.max(axis=1).mean() - right.mean()) < 0.06
