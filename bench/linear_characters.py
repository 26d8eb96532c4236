"""What runs of characters give linear, on texts as they are and on misspelt ones.

    REVIEWDESK_DATA=... python -m bench.linear_characters

20,000 rows or fewer of each set, one fold of five held out by group. Misspelt: a share of the words
of four letters and more of the held-out texts loses a letter, doubles one or swaps two.
"""

import time
from typing import Final

import numpy as np
import pyarrow as pa

from bench.linear_data import COLUMNS, DATA_SETS
from bench.machine import machine
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.models.linear.classifier import Linear

HEAD_ROW: Final = ("data", "characters", "0 % misspelt", "20 %", "50 %", "train CPU s", "features")
ROWS: Final = 20_000
WORDS: Final = {"stars": 2, "imdb": 2, "categories25": 1}
SHARES: Final = (0.0, 0.2, 0.5)


def main() -> None:
    """Print one row for each set and longest run."""
    print(f"{machine()}\n\n| {' | '.join(HEAD_ROW)} |\n{'|---' * len(HEAD_ROW)}|")
    for name, words in WORDS.items():
        train, test, names = _split(name)
        held_out = [_misspelt(test, share) for share in SHARES]
        for characters in (0, 3, 4, 5):
            begin = time.process_time()
            fitted = Linear(ngrams=words, characters=characters, strength=0.7)
            fitted.fit(LabelledReviews.of_batches(train, names))
            took = time.process_time() - begin
            right = " | ".join(f"{_accuracy(fitted, one):.4f}" for one in held_out)
            features = len(fitted.vocabulary_)
            print(
                f"| {name} | {characters} | {right} | {took:.1f} | {features:,} |",
                flush=True,
            )


def _split(name: str) -> tuple[list[pa.RecordBatch], pa.RecordBatch, list[str]]:
    data = DATA_SETS[name]()
    rows = len(data.labels)
    kept = np.random.default_rng(0).random(rows) < ROWS / rows
    held_out = data.folds(5, 1) == 0
    names = [str(label) for label in range(data.labels.max() + 1)]
    train = data.table(kept & ~held_out).combine_chunks().to_batches()
    return train, data.table(kept & held_out).combine_chunks().to_batches()[0], names


def _misspelt(batch: pa.RecordBatch, share: float) -> pa.RecordBatch:
    random = np.random.default_rng(1)
    for place, name in enumerate(COLUMNS):
        texts = [_mistyped(text, random, share) for text in batch.column(name).to_pylist()]
        batch = batch.set_column(place, name, pa.array(texts, pa.string()))
    return batch


def _mistyped(text: str | None, random: np.random.Generator, share: float) -> str | None:
    if text is None:
        return None
    words = text.split(" ")
    for place, word in enumerate(words):
        if len(word) > 3 and random.random() < share:
            at, kind = int(random.integers(1, len(word) - 1)), int(random.integers(3))
            middle = ("", word[at] * 2, word[at + 1] + word[at])[kind]
            words[place] = word[:at] + middle + word[at + (2 if kind == 2 else 1) :]
    return " ".join(words)


def _accuracy(fitted: Linear, batch: pa.RecordBatch) -> float:
    said = fitted.predict_proba(batch).argmax(axis=1)
    return float((said == batch.column("label").to_numpy()).mean())


if __name__ == "__main__":
    main()
