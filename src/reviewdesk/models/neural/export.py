"""A network as an ONNX graph, in which scores come out."""

import io
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import torch
from torch import Tensor

from reviewdesk.models.neural.groups import Scorer
from reviewdesk.models.neural.networks import new_network
from reviewdesk.models.neural.plan import AnyShape, EncoderShape
from reviewdesk.optional import require

OPSET: Final = 17


def export(shape: AnyShape, weights: dict[str, Tensor]) -> bytes:
    """Return the ONNX graph of a network, for any number of reviews of any length."""
    network = new_network(shape)
    network.load_state_dict(weights)
    data = export_scorer(network.eval().scorer())
    return _in_8_bits(data) if isinstance(shape, EncoderShape) and shape.int8 else data


def export_scorer(scorer: Scorer) -> bytes:
    """Return the ONNX graph of what maps inputs to scores.

    torch's newer exporter fixes the length of a recurrent network in silence, so it is the older
    one that is used; its warnings say that it is the older one.
    """
    axes = {
        name: {0: "rows", **({1: "words"} if one.ndim > 1 else {})}
        for name, one in zip(scorer.names, scorer.example, strict=True)
    }
    graph = io.BytesIO()
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            scorer.network.eval(),
            scorer.example,
            cast(Any, graph),  # the older exporter takes open files too
            dynamo=False,
            opset_version=OPSET,
            input_names=list(scorer.names),
            output_names=["scores"],
            dynamic_axes={**axes, "scores": {0: "rows"}},
        )
    return graph.getvalue()


def _in_8_bits(data: bytes) -> bytes:
    """Return a graph whose matrices are whole numbers of 8 bits, with a scale each."""
    quantization = require("onnxruntime.quantization", "networks")
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        before.write_bytes(data)
        quantization.quantize_dynamic(before, after, weight_type=quantization.QuantType.QInt8)
        return after.read_bytes()
