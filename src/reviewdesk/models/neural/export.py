"""A network as an ONNX graph: ids and lengths in, scores out."""

import io
import warnings
from typing import Any, Final, cast

import torch
from torch import Tensor

from reviewdesk.models.neural.learning import WIDTH
from reviewdesk.models.neural.modules import Network
from reviewdesk.models.neural.plan import Shape

OPSET: Final = 17


def export(shape: Shape, weights: dict[str, Tensor]) -> bytes:
    """Return the ONNX graph of a network, for any number of reviews of any length.

    torch's newer exporter fixes the length of a recurrent network in silence, so it is the older
    one that is used; its warnings say that it is the older one.
    """
    network = Network(shape)
    network.load_state_dict(weights)
    example = (torch.ones((2, 2 * WIDTH), dtype=torch.int64), torch.tensor([3, WIDTH + 1]))
    graph = io.BytesIO()
    with warnings.catch_warnings(), torch.random.fork_rng():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            example,
            cast(Any, graph),  # the older exporter takes open files too
            dynamo=False,
            opset_version=OPSET,
            input_names=["ids", "lengths"],
            output_names=["scores"],
            dynamic_axes={
                "ids": {0: "rows", 1: "words"},
                "lengths": {0: "rows"},
                "scores": {0: "rows"},
            },
        )
    return graph.getvalue()
