"""Steps that tests run in a process of their own."""

from pathlib import Path

from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.training.train import train
from tests.scoring import corpus

corpus.classifier()  # so that compiled kernels are there before the first run


def train_folder(data: str, out: str) -> None:
    """Train a bundle and cross-fit."""
    place = Path(out)
    train(PreparedData.open(data), place / "bundle", folds=3, oof=place / "oof.parquet")
