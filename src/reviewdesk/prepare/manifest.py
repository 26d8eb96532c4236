"""The manifest: what a prepared folder holds and how it came to be, without any time in it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reviewdesk import __version__
from reviewdesk.prepare.duplicates import LENGTH_RULES, Verdicts
from reviewdesk.prepare.layout import FORMAT, FORMAT_VERSION
from reviewdesk.prepare.lengths import LengthBounds
from reviewdesk.prepare.months import MonthFile
from reviewdesk.prepare.staging import StagedInput
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Input


def settings_json(
    source: SourceSettings, clean: CleanSettings, prepare: PrepareSettings
) -> dict[str, Any]:
    """Return all settings of a preparation as plain JSON values."""
    return {
        "source": source.to_json(),
        "clean": clean.to_json(),
        "prepare": prepare.to_json(),
    }


def build_manifest(
    settings: dict[str, Any],
    inputs: Sequence[Input],
    staged: Sequence[StagedInput],
    verdicts: Verdicts,
    bounds: LengthBounds,
    months: Sequence[MonthFile],
) -> dict[str, Any]:
    """Return the manifest: equal inputs and settings give equal bytes.

    Args:
        settings: from ``settings_json``.
        inputs: what was read, in order.
        staged: what was found in each.
        verdicts: what the duplicate rules dropped.
        bounds: the lengths that stayed.
        months: what was written.
    """
    rejected = _sum(one.rejected for one in staged)
    dropped = {
        **dict.fromkeys(LENGTH_RULES.values(), 0),
        **_sum(one.dropped for one in staged),
        **verdicts.dropped,
    }
    rows = {
        "read": sum(one.read for one in staged),
        "rejected": sum(rejected.values()),
        "dropped": sum(dropped.values()),
        "written": sum(month.rows for month in months),
    }
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "reviewdesk": __version__,
        "settings": settings,
        "inputs": [_input(*pair) for pair in zip(inputs, staged, strict=True)],
        "rows": rows,
        "rejected": rejected,
        "dropped": dropped,
        "unreadable": _sum(one.unreadable for one in staged),
        "changed": _sum(one.changed for one in staged),
        "length": bounds.to_json(),
        "numbered_ids": verdicts.numbered,
        "too_many_rejects": rows["rejected"] > settings["prepare"]["max_rejects"] * rows["read"],
        **contents_json(months),
    }


def contents_json(months: Sequence[MonthFile]) -> dict[str, Any]:
    """Return the part of a manifest that depends on the written months alone."""
    return {
        "partitions": [_partition(month) for month in months],
        "categories": _sum(month.categories for month in months),
        "stars": _sum(month.stars for month in months),
        "default_headlines": sum(month.default_headlines for month in months),
        "copies": sum(month.copies for month in months),
        "fingerprint": _fingerprint(months),
    }


def _input(one: Input, staged: StagedInput) -> dict[str, Any]:
    return {
        "place": one.name,
        "bytes": one.bytes,
        "sha256": staged.sha256,
        "source": one.source,
        "rows_read": staged.read,
        "rows_rejected": sum(staged.rejected.values()),
        "notes": list(staged.notes),
    }


def _partition(month: MonthFile) -> dict[str, Any]:
    return {
        "month": month.month,
        "file": month.file,
        "rows": month.rows,
        "bytes": month.bytes,
        "sha256": month.sha256,
    }


def _fingerprint(months: Iterable[MonthFile]) -> str:
    text = "".join(f"{month.month} {month.sha256}\n" for month in months)
    return hashlib.sha256(text.encode()).hexdigest()


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))
