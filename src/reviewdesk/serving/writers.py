"""From probabilities to an answer: one function for each format.

JSON and JSON lines are BlazingText's, labels with the prefix that fastText gives them. CSV and
text hold the likeliest label and its probability. Probabilities are written so that reading them
as float32 gives back exactly what the classifier said.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from reviewdesk.serving.media_types import CSV, JSON, JSON_LINES, TEXT

LABEL_PREFIX: Final = "__label__"

Ranking = tuple[list[str], list[float]]
"""Labels, likeliest first, and their probabilities."""

Evidence = dict[str, Any]

Line = tuple[Ranking, list[str]]
"""What a line of CSV or text says: labels, and where it is asked for, how many words are known."""

_encoded: Final = json.JSONEncoder(ensure_ascii=False).encode


def write_answer(
    media_type: str, ranked: Sequence[Ranking], evidence: Sequence[Evidence] = ()
) -> bytes:
    """Return the body of an answer.

    Args:
        media_type: one of ``media_types.MEDIA_TYPES``.
        ranked: of each review, from ``rankings``.
        evidence: for each, what its answer says beside its labels; nothing by default.
    """
    more = evidence or [{}] * len(ranked)
    if media_type in _JSON_WRITERS:
        answers = (_blazingtext(one) | own for one, own in zip(ranked, more, strict=True))
        return _JSON_WRITERS[media_type](answers).encode()
    counts = ([_field(own["known_words"])] if "known_words" in own else [] for own in more)
    return _WRITERS[media_type](zip(ranked, counts, strict=True)).encode()


def rankings(
    labels: Sequence[str], probabilities: NDArray[np.float32], wanted: Sequence[int]
) -> list[Ranking]:
    """Return the likeliest labels of reviews and their probabilities.

    Args:
        labels: the k labels of the classifier.
        probabilities: (n, k) float32, in the order of the labels.
        wanted: for each of the n reviews, how many labels to name; k at most are named.
    """
    most = min(max(wanted, default=1), len(labels))
    if most == 1:
        order = probabilities.argmax(axis=1)[:, None]  # (n, 1)
    else:
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, :most]
    ranked = np.take_along_axis(probabilities, order, axis=1).astype(np.float64)
    return [
        ([labels[place] for place in places[:k]], values[:k])
        for places, values, k in zip(order.tolist(), ranked.tolist(), wanted, strict=True)
    ]


def evidence_of(
    known: NDArray[np.int64] | None, unseen: Sequence[str], asked_for: Sequence[bool]
) -> list[Evidence]:
    """Return what answers say of their evidence, where that is asked for.

    Args:
        known: how many words of each review are known (n,); None where that cannot be said.
        unseen: for each, its language if next to nothing was learned of it; else empty.
        asked_for: for each, whether it is asked for.
    """
    counts = [None] * len(asked_for) if known is None else known.tolist()
    return [
        {
            "known_words": count,
            "cannot_tell": count == 0,
            **({"unseen_language": code} if code else {}),
        }
        if asked
        else {}
        for count, code, asked in zip(counts, unseen, asked_for, strict=True)
    ]


def _blazingtext(ranking: Ranking) -> dict[str, Any]:
    names, values = ranking
    return {"label": [LABEL_PREFIX + name for name in names], "prob": values}


def _write_json(answers: Iterable[dict[str, Any]]) -> str:
    return _encoded(list(answers))


def _write_json_lines(answers: Iterable[dict[str, Any]]) -> str:
    return "".join(_encoded(one) + "\n" for one in answers)


def _write_csv(answers: Iterable[Line]) -> str:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows((names[0], values[0], *known) for (names, values), known in answers)
    return text.getvalue()


def _write_text(answers: Iterable[Line]) -> str:
    return "".join(
        "\t".join((" ".join(names[0].split()), str(values[0]), *known)) + "\n"
        for (names, values), known in answers
    )


def _field(value: int | None) -> str:
    return "" if value is None else str(value)


_JSON_WRITERS: Final[dict[str, Callable[[Iterable[dict[str, Any]]], str]]] = {
    JSON: _write_json,
    JSON_LINES: _write_json_lines,
}
_WRITERS: Final[dict[str, Callable[[Iterable[Line]], str]]] = {
    CSV: _write_csv,
    TEXT: _write_text,
}
