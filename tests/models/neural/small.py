"""Small networks and rows to learn from, and steps that tests run in processes of their own."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import pyarrow as pa
import torch
from safetensors.torch import save_file
from scipy.sparse import csr_matrix
from sklearn.datasets import dump_svmlight_file

from reviewdesk.models.neural.learning import learn
from reviewdesk.models.neural.material import WordRows
from reviewdesk.models.neural.plan import Course, Shape, TrainingPlan
from reviewdesk.models.neural.tokens import TokenFiles, write_tokens
from reviewdesk.models.neural.words import WordCounts, WordVocabulary
from reviewdesk.models.sparse.chunks import FeatureFile
from tests.models.corpus import reviews

COLUMNS: Final = ("review_headline", "review_body")
COURSE: Final = Course(
    epochs=3, batch=16, rate=0.01, embedding_rate=0.02, decay=0.01, clip=1.0, warm_up=0.1,
    smoothing=0.0, patience=9, validate_steps=7, save_seconds=0.0, seed=0, threads=1,
)  # fmt: skip
SHAPE: Final = Shape(
    body="recurrent", ids=0, k=3, objective="one", embedding=8, frozen=False, hidden=6, layers=1,
    cell="gru", both=True, convolution=3, convolution_at="before", stride=2, widths=(2, 3), heads=2,
    pooling=("mean", "max"), dropout=0.2, word_dropout=0.1,
)  # fmt: skip
SHAPES: Final[dict[str, dict[str, Any]]] = {
    "conv-gru": {},
    "lstm": {"cell": "lstm", "both": False, "convolution": 0, "stride": 1, "pooling": ("last",)},
    "both-last": {"convolution": 0, "stride": 1, "pooling": ("last", "attention"), "layers": 2},
    "conv-after": {"cell": "lstm", "convolution_at": "after"},
    "cnn": {"body": "convolutional", "stride": 1, "layers": 2},
    "attention": {"body": "attentive", "layers": 2, "pooling": ("mean", "max", "attention")},
}


def vocabulary(batches: Sequence[pa.RecordBatch], most_words: int = 50) -> WordVocabulary:
    """Return all words of reviews."""
    counts = WordCounts(COLUMNS)
    for batch in batches:
        counts.add(batch)
    return counts.vocabulary(1000, 1, most_words, stop_words=True)


def rows(
    folder: Path, batch: pa.RecordBatch, share: float = 0.2
) -> tuple[WordVocabulary, TokenFiles]:
    """Write rows to learn from."""
    words = vocabulary([batch])
    tokens = write_tokens(folder, words, lambda: iter([batch]), None, k=3, share=share, seed=0)
    return words, tokens


def plan(name: str, ids: int, **course: Any) -> TrainingPlan:
    """Return the plan of a small network."""
    return TrainingPlan(replace(SHAPE, **{"ids": ids, **SHAPES[name]}), replace(COURSE, **course))


def warm() -> None:
    """Load what a forked process would load each time: kernels, and torch's optimiser."""
    with TemporaryDirectory() as folder:
        rows(Path(folder) / "tokens", reviews(20))
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.ones(2)
    torch.optim.AdamW([weight], fused=True).step()  # nothing backwards: it could not be forked


def learn_weights(name: str, out: str) -> None:
    """Learn in a folder, or go on there, and leave nothing but the weights and the curve."""
    torch.set_num_threads(1)  # a forked process must not use the threads of the one it came from
    place, folder = Path(out), Path(out) / "run"
    if (place / "weights").exists():
        shutil.rmtree(folder, ignore_errors=True)  # a kill came between the two last steps
        return
    folder.mkdir(parents=True, exist_ok=True)
    words, tokens = rows(folder / "tokens", reviews(100))
    learnt = learn(
        plan(name, len(words), save_seconds=0.02), WordRows(tokens, folder / "tokens"), folder
    )
    aside = place / "weights.partial"
    aside.mkdir(exist_ok=True)
    save_file(learnt.weights, aside / "weights.safetensors")
    points = [asdict(point) for point in learnt.curve]
    (aside / "curve.json").write_text(json.dumps(points))
    aside.rename(place / "weights")
    shutil.rmtree(folder)


def rows_file(path: Path, rows: int, seed: int) -> FeatureFile:
    """Write counts of features, of which some tell the label, as scikit-learn does."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 2, rows)
    counts = chance.poisson(0.1, (rows, 60))
    counts[:, :5] += chance.poisson(0.5, (rows, 5)) * labels[:, None]
    counts[:, 59] = 1  # no row is empty
    dump_svmlight_file(csr_matrix(counts), labels, str(path), zero_based=False)
    return FeatureFile(path)
