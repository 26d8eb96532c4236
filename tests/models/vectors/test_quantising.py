"""Small models load in fastText, and give there what they give here."""

from dataclasses import replace
from pathlib import Path

import fasttext
import numpy as np
import pytest

from reviewdesk.errors import InputError, UsageError
from reviewdesk.formats.fasttext_model import FastTextModel, read_fasttext, write_fasttext
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.quantising import Quantising, quantise
from reviewdesk.models.vectors.retraining import Retraining
from reviewdesk.models.vectors.text_rows import TextLines

from .corpus import train_theirs, unseen_texts, write_lines

TEXTS = unseen_texts(4, 60)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    model = train_theirs(write_lines(folder / "train.txt", 4), wordNgrams=2, epoch=5)
    model.save_model(str(folder / "m.bin"))
    return folder / "m.bin"


@pytest.mark.parametrize(
    "how", [Quantising(), Quantising(qnorm=True, dsub=3), Quantising(cutoff=300, qnorm=True)]
)
def test_fasttext_loads_them_and_gives_the_same(
    how: Quantising, plain: Path, tmp_path: Path
) -> None:
    write_fasttext(tmp_path / "m.ftz", quantise(read_fasttext(plain), how))
    assert (tmp_path / "m.ftz").stat().st_size < plain.stat().st_size
    theirs, ours = (
        fasttext.load_model(str(tmp_path / "m.ftz")),
        FastTextUser.open(tmp_path / "m.ftz"),
    )
    assert theirs.is_quantized()
    found, _ = ours.probabilities(TextLines.of([text.encode() for text in TEXTS]))
    before, _ = FastTextUser.open(plain).probabilities(
        TextLines.of([text.encode() for text in TEXTS])
    )
    for row, text in enumerate(TEXTS):
        labels, probabilities = theirs.predict(text, k=-1)
        places = [ours.labels.index(label) for label in labels]
        np.testing.assert_allclose(found[row, places], probabilities, atol=2e-6)
    rows = ours.model.inputs.shape[0]
    assert rows == (how.cutoff or FastTextUser.open(plain).model.inputs.shape[0])
    if not how.cutoff:
        assert (found.argmax(axis=1) == before.argmax(axis=1)).mean() > 0.85


def right(model: FastTextModel, lines: list[str]) -> float:
    texts = [line.split(" ", 1)[1] for line in lines]
    said = FastTextUser(model).guesses(texts, 1)
    return float(
        np.mean([one[0].label == line.split(" ")[0] for one, line in zip(said, lines, strict=True)])
    )


@pytest.mark.parametrize("loss", ["softmax", "hs", "ova"])
def test_rows_that_are_kept_learn_on(loss: str, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "train.txt", 4)
    train_theirs(path, wordNgrams=2, epoch=5, loss=loss).save_model(str(tmp_path / "m.bin"))
    lines, model = path.read_text().splitlines(), read_fasttext(tmp_path / "m.bin")
    cut = Quantising(cutoff=260, dsub=2)
    again = replace(cut, retraining=Retraining(path.read_bytes(), 5, 0.5))
    small = quantise(model, again)
    assert right(small, lines) > right(quantise(model, cut), lines) + 0.02
    write_fasttext(tmp_path / "m.ftz", small)
    theirs, ours = fasttext.load_model(str(tmp_path / "m.ftz")), FastTextUser(small)
    found, _ = ours.probabilities(TextLines.of([text.encode() for text in TEXTS]))
    for row, text in enumerate(TEXTS):
        labels, probabilities = theirs.predict(text, k=-1)
        places = [ours.labels.index(label) for label in labels]
        np.testing.assert_allclose(found[row, places], probabilities, atol=2e-6)


def test_what_cannot_learn_on(plain: Path, tmp_path: Path) -> None:
    model = read_fasttext(plain)
    with pytest.raises(UsageError, match="give a cutoff too"):
        quantise(model, Quantising(retraining=Retraining(b"__label__1 w1", 1, 0.1)))
    with pytest.raises(InputError, match="no line has a label"):
        quantise(model, Quantising(cutoff=300, retraining=Retraining(b"w1 w2", 1, 0.1)))
    path = write_lines(tmp_path / "train.txt", 4)
    train_theirs(path, loss="hs").save_model(str(tmp_path / "hs.bin"))
    with pytest.raises(UsageError, match="the file that it was trained on"):
        how = Quantising(cutoff=260, retraining=Retraining(b"__label__1 w1", 1, 0.1))
        quantise(read_fasttext(tmp_path / "hs.bin"), how)


def test_what_cannot_be_quantised(plain: Path) -> None:
    small = quantise(read_fasttext(plain), Quantising())
    with pytest.raises(UsageError, match="not quantised yet"):
        quantise(small, Quantising())
    with pytest.raises(UsageError, match="needs 256 rows, and there are 4"):
        quantise(read_fasttext(plain), Quantising(qout=True))
