"""What is new in a job since the last time: reviews, categories, how right its classifiers are."""

from collections.abc import Mapping, Sequence
from typing import Any

from reviewdesk.job.report import TargetFindings
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.report.numbers import plural, share
from reviewdesk.settings import OWN


def since_last_time(
    before: Mapping[str, Any] | None, data: PreparedData, targets: Sequence[TargetFindings]
) -> tuple[str, ...]:
    """Return what is new, in sentences; nothing in a first run, or where nothing changed.

    Args:
        before: the record of the last run.
        data: the reviews as they are now.
        targets: what was found now.
    """
    rows = (before or {}).get("reviews")
    if before is None or rows is None or before.get("fingerprint") == data.fingerprint:
        return ()
    added = data.rows - int(rows)
    said = [f"{plural(added, 'review is', 'reviews are')} new; there are {data.rows:,} now."]
    known = set(before.get("categories", ()))
    names = [name for name in data.manifest["categories"] if name not in known]
    if names:
        more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
        said.append(f"Categories that were not there: {', '.join(names[:5])}{more}.")
    for target in targets:
        figures = before["targets"].get(target.target, {}).get("figures", {})
        if "accuracy" in figures and "accuracy" in target.measured:
            was, now = figures["accuracy"]["value"], target.measured["accuracy"]
            said.append(
                f"{target.target}: right for {share(now.value)} of the reviews held out; last time "
                f"it was {share(was)}, of those held out then."
            )
    return tuple(said)


def targets_of(before: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return what the last run predicted, but for labels of one's own, which a column names."""
    return tuple(name for name in (before or {}).get("targets", ()) if name != OWN)
