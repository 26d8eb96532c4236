"""fastText's files both ways: how far ours and its library's probabilities are apart, at most.

Each model is learnt by fastText and read here, on 1,000 texts that were not learnt from; then one
of every loss is learnt here and read there. Quantised files are made by whoever learnt the model.

    REVIEWDESK_DATA=... python -m bench.vectors_parity
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import fasttext
import numpy as np

from bench.machine import machine
from bench.vectors_bench import write_categories
from reviewdesk.formats.fasttext_model import read_fasttext, write_fasttext
from reviewdesk.models.labelled import labelled_texts
from reviewdesk.models.vectors.classifier import FastText
from reviewdesk.models.vectors.fasttext_use import FastTextUser
from reviewdesk.models.vectors.quantising import Quantising, quantise
from reviewdesk.models.vectors.text_rows import TextLines

LINES: Final = 10_000
TEXTS: Final = 1_000
LOSSES: Final = ("softmax", "ns", "hs", "ova")
SHAPES: Final[dict[str, dict[str, int]]] = {
    "words": {},
    "word trigrams": {"wordNgrams": 3},
    "characters 2 to 4": {"minn": 2, "maxn": 4},
}
COMMON: Final = {"dim": 10, "epoch": 2, "lr": 0.5, "bucket": 100_000, "thread": 12, "verbose": 0}


def main() -> None:
    """Print a table."""
    print(f"{machine()}\n\n| file | loss | n-grams | largest difference |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_categories(folder)
        lines = (folder / "train.txt").read_text().splitlines()[:LINES]
        (folder / "some.txt").write_text("\n".join(lines))
        unseen = (folder / "test.txt").read_text().splitlines()[:TEXTS]
        texts = [line.partition(" ")[2] for line in unseen]
        for loss in LOSSES:
            for shape, settings in SHAPES.items():
                _theirs(folder, loss, shape, settings, texts)
        for loss in LOSSES:
            _ours(folder, loss, lines, texts)


def _theirs(
    folder: Path, loss: str, shape: str, settings: dict[str, Any], texts: Sequence[str]
) -> None:
    """Compare files that the library wrote."""
    some, path = str(folder / "some.txt"), folder / "m.bin"
    model = fasttext.train_supervised(some, loss=loss, **{**COMMON, **settings})
    model.save_model(str(path))
    _row("theirs, .bin", loss, shape, _apart(path, texts))
    if shape != "word trigrams":
        return
    model.quantize(some, qnorm=True, cutoff=20_000, retrain=True, epoch=1, lr=0.1, verbose=0)
    model.save_model(str(folder / "m.ftz"))
    _row("theirs, .ftz, pruned, lengths coded", loss, shape, _apart(folder / "m.ftz", texts))


def _ours(folder: Path, loss: str, lines: Sequence[str], texts: Sequence[str]) -> None:
    """Compare files that were written here."""
    labels, bodies = zip(*(line.split(" ", 1) for line in lines), strict=True)
    _, reviews = labelled_texts(list(bodies), [label.removeprefix("__label__") for label in labels])
    classifier = FastText(
        loss=loss, epoch=2, dim=10, bucket=100_000, word_ngrams=3, clear_words=True
    ).fit(reviews)
    model, path = classifier.to_fasttext(), folder / "o.bin"
    write_fasttext(path, model)
    _row("ours, .bin", loss, "word trigrams", _apart(path, texts))
    write_fasttext(
        folder / "o.ftz", quantise(read_fasttext(path), Quantising(cutoff=20_000, qnorm=True))
    )
    _row(
        "ours, .ftz, pruned, lengths coded", loss, "word trigrams", _apart(folder / "o.ftz", texts)
    )


def _apart(path: Path, texts: Sequence[str]) -> float:
    """Return the largest difference of a probability between ours and the library's."""
    theirs, ours = fasttext.load_model(str(path)), FastTextUser.open(path)
    found, _ = ours.probabilities(TextLines.of([text.encode() for text in texts]))
    most = 0.0
    for row, text in enumerate(texts):
        labels, probabilities = theirs.predict(text, k=-1)
        places = [ours.labels.index(label) for label in labels]
        most = max(most, float(np.abs(found[row, places] - probabilities).max(initial=0)))
    return most


def _row(file: str, loss: str, shape: str, apart: float) -> None:
    print(f"| {file} | {loss} | {shape} | {apart:.1e} |", flush=True)


if __name__ == "__main__":
    main()
