"""An encoder of a folder as an ONNX graph, which turns ids into vectors."""

import json
from pathlib import Path

from reviewdesk.models.neural.encoder import Embedding, EncoderNetwork, config_of
from reviewdesk.models.neural.export import export_scorer
from reviewdesk.models.neural.plan import EncoderShape


def export_encoder(folder: Path) -> bytes:
    """Return the graph of an encoder that others have trained."""
    shape = EncoderShape(
        config=json.dumps(config_of(folder)), source=str(folder), k=2, objective="one",
        frozen=0, dropout=0.0, layer_decay=1.0, int8=False,
    )  # fmt: skip
    network = EncoderNetwork(shape, begin=True).eval()
    return export_scorer(network.scorer()._replace(network=Embedding(network).eval()))
