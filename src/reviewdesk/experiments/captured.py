"""Captured requests and ground truth as a table of outcomes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from reviewdesk.errors import InputError, NotEnoughData
from reviewdesk.formats.capture_log import Captured, answers, read_captures, read_truth

SCHEMA: Final = pa.schema(
    [
        ("unit", pa.string()),
        ("arm", pa.string()),
        ("request", pa.string()),
        ("time", pa.timestamp("ms", "UTC")),
        ("endpoint", pa.string()),
        ("label", pa.string()),
        ("probability", pa.float64()),
        ("truth", pa.string()),
        ("correct", pa.bool_()),
        ("latency_ms", pa.float64()),
        ("error", pa.bool_()),
        ("shadow", pa.bool_()),
    ]
)
"""The columns: a row for each review that was answered, and for each request that was not."""


def captured_outcomes(
    captures: Path, truth: Path | None = None, *, dealt: bool = False
) -> pa.Table:
    """Return what was answered, and whether it was right where that is known.

    The unit is whom a request was dealt by (``--sticky``), else the request; requests of several
    reviews have a row for each, and one unit. ``error`` is true where the server failed.

    Args:
        captures: the folder of an endpoint's captured requests.
        truth: a folder of ground truth; None: no row is known to be right.
        dealt: leave out requests whose caller asked for a variant: chance did not choose theirs.

    Raises:
        StorageError: a folder cannot be read.
        InputError: a file is damaged or of another format.
        NotEnoughData: there is no captured request, or they are of several endpoints.
    """
    known = read_truth(truth) if truth is not None else {}
    requests = (one for one in read_captures(captures) if not (dealt and one.chosen))
    rows = [row for one in requests for row in _rows(one, known)]
    if not rows:
        raise NotEnoughData(f"there is no captured request below {captures}")
    endpoints = sorted({str(row["endpoint"]) for row in rows})
    if len(endpoints) > 1:
        raise NotEnoughData(
            f"{captures} holds requests of {', '.join(endpoints)}; name the folder of one"
        )
    return pa.Table.from_pylist(rows, SCHEMA).sort_by("time")


def _rows(captured: Captured, known: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    row = {
        "unit": captured.unit or captured.request,
        "arm": captured.variant,
        "time": _time(captured),
        "endpoint": captured.endpoint,
        "latency_ms": captured.latency_ms,
        "error": captured.status >= 500,
        "shadow": captured.shadow,
    }
    if captured.output is None:
        yield {**row, "request": captured.request}
        return
    labels = known.get(captured.request, [])
    answered = answers(captured)
    if labels and len(labels) != len(answered):
        raise InputError(
            f"the ground truth of {captured.request} is of {len(labels)} reviews, its answer of "
            f"{len(answered)}"
        )
    for number, (label, probabilities) in enumerate(answered):
        true = labels[number] if labels else None
        yield {
            **row,
            "request": captured.request if len(answered) == 1 else f"{captured.request}#{number}",
            "label": label,
            "probability": probabilities[label],
            "truth": true,
            "correct": None if true is None else label == true,
        }


def _time(one: Captured) -> datetime:
    try:
        return datetime.fromisoformat(one.time).astimezone(UTC)
    except ValueError as error:
        raise InputError(f"the request {one.event_id} was captured at no known time") from error
