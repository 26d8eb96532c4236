"""An ONNX graph that scores reviews or rows of features; onnxruntime is needed, not torch.

A review gets the same scores alone as among others: it is padded to a width that depends on its own
length only, and never computed alone, for which there are other instructions with other rounding.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.errors import BundleError
from reviewdesk.models.neural.words import PADDING
from reviewdesk.optional import require

Ids = NDArray[np.int32]
Ends = NDArray[np.int64]
Values = NDArray[np.float32]

STEP: Final = 16
"""Widths are multiples of it, and for longer reviews of larger powers of 2."""
FEWEST_ROWS: Final = 2
POSITIONS: Final = 8_192
"""About so many positions are computed at once."""
EXTRA: Final = "networks-serve"


class OnnxGraph:
    """A network that can only score.

    Args:
        data: the ONNX graph.
        k: how many labels it has; 0: as the graph says.

    Raises:
        BundleError: it is not a graph that ``export`` writes.
        MissingExtra: onnxruntime is not installed.
    """

    def __init__(self, data: bytes, k: int = 0) -> None:
        self.data = data
        self.k = k
        runtime = require("onnxruntime", EXTRA)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = runtime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # it raises kinds of its own, none of them public
            raise BundleError("the ONNX graph is damaged") from error
        inputs = [one.name for one in self._session.get_inputs()]
        outputs = [one.name for one in self._session.get_outputs()]
        if inputs not in (["ids", "lengths"], ["ids", "values"]) or outputs != ["scores"]:
            raise BundleError("the ONNX graph is not one of a network of reviews")
        self.k = k or int(self._session.get_outputs()[0].shape[-1])

    def scores(self, ids: Ids, ends: Ends, values: Values | None = None) -> NDArray[np.float32]:
        """Return the scores of reviews, (n, k).

        Args:
            ids: of all reviews, one after the other.
            ends: (n + 1,) where each begins and ends.
            values: of rows of features, what each id has.
        """
        lengths = np.diff(ends)
        widths = _widths(lengths)
        scores = np.empty((len(lengths), self.k), np.float32)
        for width in np.unique(widths).tolist():
            same = np.flatnonzero(widths == width)
            size = max(POSITIONS // width, FEWEST_ROWS)
            for at in range(0, len(same), size):
                rows = same[at : at + size]
                scores[rows] = self._run(ids, ends, rows, width, values)[: len(rows)]
        return scores

    def _run(
        self, ids: Ids, ends: Ends, rows: NDArray[np.int64], width: int, values: Values | None
    ) -> NDArray[np.float32]:
        padded = np.full((max(len(rows), FEWEST_ROWS), width), PADDING, np.int64)
        lengths = np.zeros(len(padded), np.int64)
        weights = None if values is None else np.zeros(padded.shape, np.float32)
        for line, row in enumerate(rows.tolist()):
            own = ids[ends[row] : ends[row + 1]]
            padded[line, : len(own)] = own
            lengths[line] = len(own)
            if weights is not None and values is not None:
                weights[line, : len(own)] = values[ends[row] : ends[row + 1]]
        given = {"lengths": lengths} if weights is None else {"values": weights}
        try:
            output: Any = self._session.run(None, {"ids": padded, **given})[0]
        except Exception as error:  # an id beyond the graph's table, a shape that it does not have
            raise BundleError("the ONNX graph does not fit the vocabulary") from error
        if output.dtype != np.float32 or output.shape[-1] != self.k:
            raise BundleError("the ONNX graph does not fit the labels")
        scores: NDArray[np.float32] = output
        return scores


def _widths(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return to which width each review is padded: at most a quarter more, or 16."""
    eighths = np.ceil(np.log2(np.maximum(lengths, 1))) - 3
    step = np.maximum(2.0**eighths, STEP).astype(np.int64)
    widths: NDArray[np.int64] = np.maximum(-(-lengths // step) * step, STEP)
    return widths
