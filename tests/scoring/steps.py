"""Steps that tests run in a process of their own."""

from pathlib import Path

from reviewdesk.bundle import load_bundle
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.scoring.predict import predict
from tests.scoring import corpus

corpus.classifier()  # so that compiled kernels are there before the first run


def predict_place(bundle: str, place: str, out: str) -> None:
    """Predict a raw file or a prepared folder in many small parts."""
    path = Path(place)
    data = PreparedData.open(path) if path.is_dir() else corpus.inputs(path)
    predict(load_bundle(bundle), data, Path(out), part_rows=150)
