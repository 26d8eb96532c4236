"""What a finished predictions table holds, and that of the rows that could not be read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import pyarrow.compute as pc

from reviewdesk.engines.shared import local_file
from reviewdesk.seal import opened


@dataclass(frozen=True)
class TableCounts:
    """How many rows there are.

    Args:
        labels: predictions by label.
        without_known_words: predictions of reviews of which no word is known.
        rejected: rows that could not be read, by reason.
    """

    labels: Mapping[str, int]
    without_known_words: int
    rejected: Mapping[str, int]

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return it from plain JSON values."""
        return cls(**data)

    @classmethod
    def of(cls, out: str, rejects: str | None) -> Self:
        """Count the rows of finished tables.

        Args:
            out: the predictions: a path or an address.
            rejects: the rows that could not be read; None: there is no such table.

        Raises:
            InputError: one is damaged.
            StorageError: one cannot be read.
        """
        counted = _counts(out, "label", "known_words")
        reasons = _counts(rejects, "reason")["reason"] if rejects else {}
        return cls(
            dict(counted["label"]), counted["known_words"].get(0, 0), dict(sorted(reasons.items()))
        )


def _counts(place: str, *columns: str) -> dict[str, Counter[Any]]:
    counts: dict[str, Counter[Any]] = {name: Counter() for name in columns}
    with local_file(place) as path, opened(path, "remove it and predict again") as file:
        for batch in file.iter_batches(columns=list(columns)):
            for name in columns:
                for value in pc.value_counts(batch[name]).to_pylist():
                    counts[name][value["values"]] += value["counts"]
    return counts
