"""A network as an ONNX graph, in which scores come out."""

import io
import warnings
from typing import Any, Final, cast

import torch
from torch import Tensor

from reviewdesk.models.neural.networks import new_network
from reviewdesk.models.neural.plan import AnyShape

OPSET: Final = 17


def export(shape: AnyShape, weights: dict[str, Tensor]) -> bytes:
    """Return the ONNX graph of a network, for any number of reviews of any length.

    torch's newer exporter fixes the length of a recurrent network in silence, so it is the older
    one that is used; its warnings say that it is the older one.
    """
    network = new_network(shape)
    network.load_state_dict(weights)
    scorer = network.eval().scorer()
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
