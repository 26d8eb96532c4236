"""The manifest: what a prepared folder holds and how it came to be, without any time in it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from reviewdesk import __version__
from reviewdesk.prepare.duplicates import LENGTH_RULES, VerdictCounts
from reviewdesk.prepare.fingerprint import RowSum, fingerprint
from reviewdesk.prepare.layout import FORMAT, FORMAT_VERSION
from reviewdesk.prepare.lengths import LengthBounds
from reviewdesk.prepare.parts import Contents, PartFile
from reviewdesk.prepare.staged import InputGroup, StagedGroup, StagedInput
from reviewdesk.settings import CleanSettings, PrepareSettings, SourceSettings
from reviewdesk.sources import Input
from reviewdesk.sources.columns import TELLING
from reviewdesk.sources.deciding import Shared, shared


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
    groups: Sequence[InputGroup],
    verdicts: VerdictCounts,
    verdicts_by_input: Sequence[Sequence[Mapping[str, int]]],
    bounds: LengthBounds,
    contents: Contents,
    corrections: int = 0,
) -> dict[str, Any]:
    """Return the manifest: equal inputs and settings give equal bytes.

    Args:
        settings: from ``settings_json``.
        groups: what was read, as it was staged.
        verdicts: what the duplicate rules dropped.
        verdicts_by_input: the same for each input of each group, by rule.
        bounds: the lengths that stayed.
        contents: what was written.
        corrections: how many corrections were given.
    """
    staged = [one.staged for one in groups]
    inputs = [one for group in staged for one in group.inputs]
    rejected = _sum(one.rejected for one in inputs)
    dropped = {
        **dict.fromkeys(LENGTH_RULES.values(), 0),
        **_sum(one.dropped for one in inputs),
        **verdicts.dropped,
    }
    rows = {
        "read": sum(one.read for one in inputs),
        "rejected": sum(rejected.values()),
        "dropped": sum(dropped.values()),
        "written": contents.rows,
    }
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "reviewdesk": __version__,
        "settings": settings,
        "inputs": _inputs(groups, verdicts_by_input),
        "rows": rows,
        "rejected": rejected,
        "dropped": dropped,
        "unreadable": _sum(one.unreadable for one in staged),
        "lost_columns": _lost_columns(groups),
        "readings": _readings(groups),
        "changed": _sum(one.changed for one in staged),
        "length": bounds.to_json(),
        **({"corrections": _corrections(staged, corrections)} if corrections else {}),
        "numbered_ids": verdicts.numbered,
        "derived_ids": verdicts.derived,
        "too_many_rejects": rows["rejected"] > settings["prepare"]["max_rejects"] * rows["read"],
        **contents_json(contents),
    }


def file_notes(manifest: dict[str, Any]) -> tuple[str, ...]:
    """Return what was noticed in the inputs, each sentence with the name of its file.

    Behind it stands how ratings and dates were read, where their columns had to decide.
    """
    notes = (
        note if one["place"] in note else f"{one['place']}: {note}"
        for one in manifest["inputs"]
        for note in one["notes"]
    )
    decided = (note for one in manifest.get("readings", ()) for note in one["notes"])
    return (*notes, *dict.fromkeys(decided), *_id_notes(manifest.get("derived_ids", 0)))


def _id_notes(derived: int) -> Iterator[str]:
    if derived:
        yield (
            f"{derived:,} reviews have an id that stands at other texts as well, so that it is "
            "none: each has a number of its own behind it"
        )


def _corrections(groups: Sequence[StagedGroup], given: int) -> dict[str, int]:
    """Return how many corrections there are, how many fit a review, and how many they changed."""
    applied = _sum(one.corrected for one in groups)
    return {"given": given, "fitting": len(applied), "reviews": sum(applied.values())}


def _readings(groups: Sequence[InputGroup]) -> list[dict[str, Any]]:
    """Return how ratings and dates were read, once for all inputs that share their columns."""
    readings: dict[tuple[Shared, Shared], dict[str, Any]] = {}
    for group in groups:
        first, decision = group.inputs[0], group.decision
        rating, date = (shared(first, name) for name in TELLING)
        entry = {
            "source": first.source,
            "star_rating": rating[1],
            "review_date": date[1],
            "inputs": 0,
            **decision.reading.to_json(),
            "notes": list(decision.sentences),
        }
        readings.setdefault((rating, date), entry)["inputs"] += len(group.inputs)
    return list(readings.values())


def _lost_columns(groups: Sequence[InputGroup]) -> list[dict[str, Any]]:
    """Return the columns with values of which none could be read."""
    lost: Counter[tuple[str, Shared]] = Counter()
    kept: set[tuple[str, Shared]] = set()
    for group in groups:
        first, staged = group.inputs[0], group.staged
        kept |= {(name, shared(first, name)) for name, count in staged.readable.items() if count}
        for name, count in staged.unreadable.items():
            lost[name, shared(first, name)] += count
    return [
        {"column": name, "from": column, "source": source, "values": count}
        for (name, (source, column)), count in sorted(lost.items())
        if (name, (source, column)) not in kept
    ]


def contents_json(contents: Contents) -> dict[str, Any]:
    """Return the part of a manifest that depends on what was written alone."""
    parts, ratings = contents
    sums = (RowSum.from_text(one.rows, one.row_sum) for one in contents.files)
    return {
        "partitions": [_partition(one) for one in parts],
        "months": _sum(one.months for one in parts),
        "categories": _sum(one.categories for one in parts),
        "stars": _sum(one.stars for one in parts),
        "languages": _sum(one.languages for one in parts),
        "default_headlines": sum(one.default_headlines for one in parts),
        "copies": sum(one.copies for one in parts),
        "ratings": {**_partition(ratings), "stars": ratings.stars} if ratings else None,
        "fingerprint": fingerprint(sums),
    }


def _inputs(
    groups: Sequence[InputGroup], verdicts: Sequence[Sequence[Mapping[str, int]]]
) -> list[dict[str, Any]]:
    """Return what became of each input's records, in the order in which they were given."""
    by_place = {
        place: _input(one, staged, dropped)
        for group, by_input in zip(groups, verdicts, strict=True)
        for place, one, staged, dropped in zip(
            group.places, group.inputs, group.staged.inputs, by_input, strict=True
        )
    }
    return [by_place[place] for place in sorted(by_place)]


def _input(input_: Input, staged: StagedInput, verdicts: Mapping[str, int]) -> dict[str, Any]:
    """Return what became of an input's records: read = reviews + dropped + rejected."""
    dropped = {rule: n for rule, n in _sum([staged.dropped, verdicts]).items() if n}
    rejected = sum(staged.rejected.values())
    return {
        "place": input_.name,
        "bytes": input_.bytes,
        "sha256": staged.sha256,
        "source": input_.source,
        "rows_read": staged.read,
        "rows_rejected": rejected,
        "reviews": staged.read - rejected - sum(dropped.values()),
        "dropped": dropped,
        "rejected": dict(sorted(staged.rejected.items())),
        "notes": list(staged.notes),
    }


def _partition(part_file: PartFile) -> dict[str, Any]:
    part = {name: value for name, value in part_file.part._asdict().items() if value is not None}
    return {
        **part,
        "file": part_file.file,
        "rows": part_file.rows,
        "bytes": part_file.bytes,
        "sha256": part_file.sha256,
        "row_sum": part_file.row_sum,
    }


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))
