"""The folder of all findings: which kinds it holds, and the predictions that they share."""

from collections.abc import Iterable
from pathlib import Path

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.findings.base import Finder
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.store import StoredFindings, folders_in, read_findings
from reviewdesk.job.base_models import Predictions
from reviewdesk.prepare.prepared import PreparedData


def kinds_in(out: Path, data: PreparedData) -> tuple[list[StoredFindings], tuple[str, ...]]:
    """Return all findings in a folder that are about these reviews, in the finders' order.

    Beside them comes a sentence for each kind that cannot be read.

    Raises:
        InputError: there are none.
        StorageError: the folder is not there or cannot be read.
    """
    known = {name: place for place, name in enumerate(FINDERS.names())}
    about, unread = [], []
    for folder in folders_in(out):
        try:
            stored = read_findings(folder)
        except (InputError, StorageError) as error:
            unread.append(f"{folder.name}: what was found before is left out; {error}.")
            continue
        if stored.about.get("data") == data.fingerprint:
            about.append(stored)
    about.sort(key=lambda one: known.get(one.findings.finder, len(known)))
    return about, tuple(unread)


def check_predictions_stay(out: Path, finders: Iterable[Finder], predictions: Predictions) -> None:
    """Refuse to replace predictions that findings of other kinds rest on.

    Args:
        out: the folder.
        finders: those that are going to look.
        predictions: what they are going to read.

    Raises:
        UsageError: some would be made in another way than those that are there.
        StorageError: the folder cannot be read.
    """
    made = {one for finder in finders for one in finder.targets} - predictions.given.keys()
    for stored in _others(out, predictions.data) if made else ():
        rests_on = stored.about.get("predictions")
        used = rests_on if isinstance(rests_on, dict) else {}
        for target in sorted(made.intersection(used)):
            before, now = used[target], predictions.how(target)
            if isinstance(before, dict) and before != now:
                words = [f"--{one} {before.get(one)}" for one in ("folds", "seed")]
                made_with = " ".join(words) if _dealt(before) != _dealt(now) else "another release"
                raise UsageError(
                    f"{stored.path} rests on predictions made with {made_with}, which would be "
                    "replaced; give the same, choose another folder, or replace them on purpose "
                    "(--overwrite)"
                )


def _others(out: Path, data: PreparedData) -> list[StoredFindings]:
    try:
        return kinds_in(out, data)[0] if out.exists() else []
    except InputError:
        return []  # nothing has been found yet


def _dealt(how: dict[str, object]) -> tuple[object, object]:
    return how.get("folds"), how.get("seed")
