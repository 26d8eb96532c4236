"""fastText's files give what fastText's own library says, without it."""

from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pytest

from reviewdesk.errors import UsageError
from reviewdesk.formats.fasttext_model import write_fasttext
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.text_rows import TextLines

from .corpus import train_theirs, unseen_texts, write_lines

LABELS = 260  # quantised outputs need at least 256
TEXTS = unseen_texts(LABELS)

KINDS: dict[str, dict[str, Any]] = {
    "softmax": {"loss": "softmax", "wordNgrams": 3},
    "hs": {"loss": "hs", "wordNgrams": 2, "minn": 2, "maxn": 4},
    "ns": {"loss": "ns", "minn": 1, "maxn": 3},
    "ova": {"loss": "ova", "wordNgrams": 2},
}
QUANTISED: dict[str, dict[str, Any]] = {
    "plain": {},
    "ftz": {"qnorm": False},
    "pruned": {"qnorm": True, "cutoff": 400, "retrain": False},
    "all": {"qnorm": True, "qout": True, "dsub": 5},
}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_lines(tmp_path_factory.mktemp("lines") / "train.txt", LABELS)


def difference(model: Any, ours: FastTextUser) -> float:
    """Return how far our probabilities are from theirs, at most."""
    found, has_rows = ours.probabilities(TextLines.of([text.encode() for text in TEXTS]))
    place = {label: number for number, label in enumerate(ours.labels)}
    worst = 0.0
    for row, text in enumerate(TEXTS):
        labels, probabilities = model.predict(text, k=10)
        assert bool(labels) == bool(has_rows[row])
        columns = [place[label] for label in labels]
        worst = max(worst, float(np.abs(found[row, columns] - probabilities).max(initial=0)))
    return worst


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        *((kind, "plain") for kind in KINDS),
        ("softmax", "pruned"),
        ("hs", "ftz"),
        ("ns", "pruned"),
        ("ova", "all"),
    ],
)
def test_files_give_what_their_library_gives(
    kind: str, form: str, lines: Path, tmp_path: Path
) -> None:
    model = train_theirs(lines, **KINDS[kind])
    if QUANTISED[form]:
        model.quantize(str(lines), **QUANTISED[form])
    path, again = tmp_path / "model.bin", tmp_path / "again.bin"
    model.save_model(str(path))
    ours = FastTextUser.open(path)
    assert difference(model, ours) < 2e-6
    wanted = [model.get_sentence_vector(text) for text in TEXTS[:50]]
    np.testing.assert_allclose(ours.text_vectors(TEXTS[:50]), wanted, atol=1e-6)
    words = [*model.words[:50], "unknown", "ünbekannt", "</s>"]
    wanted = [model.get_word_vector(word) for word in words]
    np.testing.assert_allclose(ours.word_vectors(words), wanted, atol=1e-6)
    write_fasttext(again, ours.model)
    loaded = fasttext.load_model(str(again))
    for text in TEXTS[:20]:
        found, expected = loaded.predict(text, k=3), model.predict(text, k=3)
        assert found[0] == expected[0]
        assert found[1].tolist() == expected[1].tolist()


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
def test_models_of_words(model: str, lines: Path, tmp_path: Path) -> None:
    learnt = fasttext.train_unsupervised(
        str(lines), model=model, dim=12, bucket=500, minCount=2, epoch=1, thread=12, verbose=0
    )
    learnt.save_model(str(tmp_path / "model.bin"))
    ours = FastTextUser.open(tmp_path / "model.bin")
    words = [*learnt.words[:50], "unknown", "ünbekannt", "x"]
    wanted = [learnt.get_word_vector(word) for word in words]
    np.testing.assert_allclose(ours.word_vectors(words), wanted, atol=1e-6)
    texts = TEXTS[:60]
    wanted = [learnt.get_sentence_vector(text) for text in texts]
    np.testing.assert_allclose(ours.text_vectors(texts), wanted, atol=1e-6)
    with pytest.raises(UsageError, match="gives no labels"):
        ours.guesses(["w1"])


def test_guesses_are_one_list_a_text(lines: Path, tmp_path: Path) -> None:
    model = train_theirs(lines, minn=2, maxn=3, minCount=3)
    model.save_model(str(tmp_path / "model.bin"))
    ours = FastTextUser.open(tmp_path / "model.bin")
    sure = ours.guesses(["w1 w2 w3", "w1"], count=2, threshold=0.9)
    assert [len(guesses) for guesses in sure] == [0, 0]
    two = ours.guesses(["w1 w2 w3", ""], count=2)
    assert [len(guesses) for guesses in two] == [2, 2]
    labels, probabilities = model.predict("w1 w2 w3", k=2)
    assert tuple(guess.label for guess in two[0]) == labels
    np.testing.assert_allclose([guess.probability for guess in two[0]], probabilities, atol=1e-6)
