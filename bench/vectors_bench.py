"""Vectors beside gensim and fastText: words a CPU second and quality, each in a fresh process.

    REVIEWDESK_DATA=... python -m bench.vectors_bench

All programs read the same tokenised texts; reading and counting words is part of the time. IMDb's
labelled texts are split at random for the probe, which compares vectors and is no accuracy of a
classifier; categories25 is split at random too.
"""

import gzip
import json
import random
import re
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import fasttext
import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from bench.machine import data_folder, machine, measured
from reviewdesk.models.vectors.label_vectors import LabelVectors, with_zeros
from reviewdesk.models.vectors.learning import Recipe, run_learner
from reviewdesk.models.vectors.mapping import choose_rows
from reviewdesk.models.vectors.reading import VectorShape, reading
from reviewdesk.models.vectors.supervised import SOFTMAX, Schedule, TrainingTexts
from reviewdesk.models.vectors.text_rows import TextLines
from reviewdesk.models.vectors.word_learning import WordVectorSettings, learn_word_vectors

WORD: Final = re.compile(r"[\w']+|[!?]")
BUCKET: Final = 2_000_000
RATE: Final = 0.5
EPOCHS: Final = 5


def write_imdb(folder: Path) -> None:
    """Write the labelled texts, tokenised, one a line, and beside them their labels."""
    with tarfile.open(data_folder() / "imdb" / "aclImdb_train.tar.gz") as tar:
        rows = []
        for member in tar:
            kind = re.search(r"train/(pos|neg)/", member.name)
            content = tar.extractfile(member) if member.isfile() and kind else None
            if kind and content:
                text = content.read().decode(errors="replace").lower().replace("<br />", " ")
                rows.append((" ".join(WORD.findall(text)), kind[1]))
    random.Random(0).shuffle(rows)
    (folder / "imdb.txt").write_text("\n".join(text for text, _ in rows))
    (folder / "imdb.labels").write_text("\n".join(label for _, label in rows))


def write_categories(folder: Path) -> None:
    """Write four fifths as fastText's training file, and the rest."""
    path = data_folder() / "categories" / "categories25.jsonl.gz"
    with gzip.open(path, "rt") as file:
        rows = [json.loads(line) for line in file]
    random.Random(0).shuffle(rows)
    lines = [
        f"__label__{row['category'].replace(' ', '_')} {' '.join(row['text'].split())}\n"
        for row in rows
    ]
    (folder / "train.txt").write_text("".join(lines[len(lines) // 5 :]))
    (folder / "test.txt").write_text("".join(lines[: len(lines) // 5]))


def probe(words: dict[str, int], vectors: NDArray[np.float32], folder: Path) -> float:
    """Return how often a linear model of mean vectors tells good from bad, on texts not seen."""
    texts = (folder / "imdb.txt").read_text().split("\n")
    rows = [vectors[[words[w] for w in text.split() if w in words]].mean(axis=0) for text in texts]
    table = np.array(rows)
    table = (table - table.mean(axis=0)) / table.std(axis=0)
    good = np.array((folder / "imdb.labels").read_text().split("\n")) == "pos"
    cut = len(good) * 4 // 5
    fitted = LogisticRegression(max_iter=300).fit(table[:cut], good[:cut])
    return float(fitted.score(table[cut:], good[cut:]))


def words_ours(folder: Path, mode: str) -> dict[str, Any]:
    """Learn vectors of words with ours, once."""
    raw = (folder / "imdb.txt").read_bytes()
    begin = time.process_time()
    lines = TextLines.of(raw.split(b"\n"))
    with reading(VectorShape(line_ends=False)) as reader:
        reader.add(lines, np.arange(1, len(lines) + 1, dtype=np.uint64))
        vocabulary, texts = choose_rows(reader.finish(), 5, 1, 0)
        settings = WordVectorSettings(mode=mode, epoch=1, clear_words=True)
        found = learn_word_vectors(vocabulary, texts, settings)
    seconds = time.process_time() - begin
    names = {word.decode(): place for place, word in enumerate(found.vocabulary.spelling)}
    return {
        "words a CPU second": len(raw.split()) / seconds,
        "probe": probe(names, found.vectors, folder),
    }


def words_gensim(folder: Path, mode: str) -> dict[str, Any]:
    """Learn vectors of words with gensim, once."""
    raw = (folder / "imdb.txt").read_text()
    begin = time.process_time()
    texts = [line.split() for line in raw.split("\n")]
    sg = int(mode == "skipgram")
    model = Word2Vec(texts, vector_size=100, sg=sg, sample=1e-4, epochs=1, workers=1, alpha=0.05)
    seconds = time.process_time() - begin
    return {
        "words a CPU second": len(raw.split()) / seconds,
        "probe": probe(model.wv.key_to_index, model.wv.vectors, folder),
    }


def _labelled(path: Path) -> tuple[list[bytes], list[bytes]]:
    rows = [line.partition(b" ")[::2] for line in path.read_bytes().splitlines()]
    return [label for label, _ in rows], [text for _, text in rows]


def labels_ours(folder: Path, dim: str) -> dict[str, Any]:
    """Learn labels with ours, from the file to the model, every n-gram kept as in fastText."""
    begin = time.process_time()
    labels, texts = _labelled(folder / "train.txt")
    names, numbers = np.unique(labels, return_inverse=True)
    recipe = Recipe(
        VectorShape(2, 0, 0, BUCKET), 1, 1, True, int(dim), Schedule(SOFTMAX, EPOCHS, RATE, 5, 1, 0)
    )
    with reading(recipe.shape) as reader:
        reader.add(TextLines.of(texts), np.zeros(len(texts), np.uint64))
        vocabulary, mapped = choose_rows(reader.finish(), 1, 1, 0)
        ends = np.arange(len(texts) + 1)
        training = TrainingTexts(
            mapped.rows, mapped.ends, mapped.sizes, numbers.astype(np.int32), ends, len(names)
        )
        learner = run_learner(training, vocabulary.rows, recipe)
        seconds = time.process_time() - begin
    counts = np.bincount(numbers)
    model = LabelVectors(
        vocabulary, with_zeros(learner.rows()), learner.label_vectors(), counts, "softmax"
    )
    truth, unseen = _labelled(folder / "test.txt")
    guesses = names[model.scores(TextLines.of(unseen)).argmax(axis=1)]
    return {"CPU seconds": seconds, "accuracy": float((guesses == np.array(truth)).mean())}


def labels_fasttext(folder: Path, dim: str, threads: str) -> dict[str, Any]:
    """Learn labels with fastText's own library."""
    begin = time.process_time()
    model = fasttext.train_supervised(
        str(folder / "train.txt"),
        dim=int(dim),
        wordNgrams=2,
        lr=RATE,
        epoch=EPOCHS,
        bucket=BUCKET,
        thread=int(threads),
        verbose=0,
    )
    seconds = time.process_time() - begin
    return {"CPU seconds": seconds, "accuracy": model.test(str(folder / "test.txt"))[1]}


RUNS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "words-ours": words_ours,
    "words-gensim": words_gensim,
    "labels-ours": labels_ours,
    "labels-fasttext": labels_fasttext,
}
PLAN: Final = (
    ("words-ours", "skipgram"),
    ("words-gensim", "skipgram"),
    ("words-ours", "cbow"),
    ("words-gensim", "cbow"),
    ("labels-ours", "10"),
    ("labels-fasttext", "10", "1"),
    ("labels-fasttext", "10", "12"),
    ("labels-ours", "100"),
    ("labels-fasttext", "100", "12"),
)


def main() -> None:
    """Run everything, each in a process of its own after one that compiles the kernels."""
    if len(sys.argv) > 2:
        name, folder, *options = sys.argv[1:]
        print(json.dumps(RUNS[name](Path(folder), *options)))
        return
    print(machine())
    with tempfile.TemporaryDirectory() as place:
        write_imdb(Path(place))
        write_categories(Path(place))
        for run in PLAN:
            command = [sys.executable, "-m", "bench.vectors_bench", run[0], place, *run[1:]]
            if run[0].endswith("ours"):
                measured(command)
            found = json.loads(measured(command).output.splitlines()[-1])
            print(" ".join(run), {key: round(value, 4) for key, value in found.items()}, flush=True)


if __name__ == "__main__":
    main()
