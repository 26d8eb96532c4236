"""From probabilities to an answer: one function for each format.

JSON and JSON lines are BlazingText's, labels with the prefix that fastText gives them. CSV and
text hold the likeliest label and its probability. Probabilities are written so that reading them
as float32 gives back exactly what the classifier said.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.serving.media_types import CSV, JSON, JSON_LINES, TEXT

LABEL_PREFIX: Final = "__label__"

Ranking = tuple[list[str], list[float]]
"""Labels, likeliest first, and their probabilities."""


def write_answer(
    media_type: str,
    labels: Sequence[str],
    probabilities: NDArray[np.float32],
    wanted: Sequence[int],
) -> bytes:
    """Return the body of an answer.

    Args:
        media_type: one of ``media_types.MEDIA_TYPES``.
        labels: the k labels of the classifier.
        probabilities: (n, k) float32, in the order of the labels.
        wanted: for each of the n reviews, how many labels to name; k at most are named.
    """
    rankings = _rankings(labels, probabilities, wanted)
    return _WRITERS[media_type](rankings).encode()


def _rankings(
    labels: Sequence[str], probabilities: NDArray[np.float32], wanted: Sequence[int]
) -> Iterator[Ranking]:
    order = np.argsort(-probabilities, axis=1, kind="stable")  # (n, k)
    ranked = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    for places, values, k in zip(order.tolist(), ranked.tolist(), wanted, strict=True):
        yield [labels[place] for place in places[:k]], values[:k]


def _blazingtext(ranking: Ranking) -> dict[str, Any]:
    names, values = ranking
    return {"label": [LABEL_PREFIX + name for name in names], "prob": values}


def _write_json(rankings: Iterable[Ranking]) -> str:
    return json.dumps([_blazingtext(one) for one in rankings], ensure_ascii=False)


def _write_json_lines(rankings: Iterable[Ranking]) -> str:
    return "".join(json.dumps(_blazingtext(one), ensure_ascii=False) + "\n" for one in rankings)


def _write_csv(rankings: Iterable[Ranking]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows((names[0], values[0]) for names, values in rankings)
    return text.getvalue()


def _write_text(rankings: Iterable[Ranking]) -> str:
    return "".join(f"{' '.join(names[0].split())}\t{values[0]}\n" for names, values in rankings)


_WRITERS: Final[dict[str, Callable[[Iterable[Ranking]], str]]] = {
    JSON: _write_json,
    JSON_LINES: _write_json_lines,
    CSV: _write_csv,
    TEXT: _write_text,
}
