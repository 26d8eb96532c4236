"""Learning on: a bundle and later reviews make the bundle of both; the earlier are not read again.

What to predict, what to read, which labels there are and how reviews are held out stay those of the
bundle that is continued.
"""

from functools import partial
from pathlib import Path
from typing import cast

from reviewdesk.bundle import Bundle, load_bundle, save_bundle
from reviewdesk.engines.local_copies import in_local_copies
from reviewdesk.errors import BundleError, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.models.base import Classifier, PartialFits
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.prepare.lock import locked
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import RunLog
from reviewdesk.training.fitting import fit_and_measure
from reviewdesk.training.measured_rows import check_cleaning
from reviewdesk.training.train import TrainResult


@in_local_copies("out")
def train_incrementally(
    start: Path,
    data: PreparedData,
    out: Path,
    *,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> TrainResult:
    """Let a bundle's classifier learn on from later reviews, and save it as another bundle.

    A share of the later reviews is held out, as of the earlier ones, and measured on; then, where
    the bundle has learnt from all of the earlier ones, all of the later are learnt from. Reviews
    with labels that the bundle does not know are left out and counted. The same command on a
    finished bundle does nothing.

    Args:
        start: the bundle to continue; it is left as it is.
        data: reviews that it has not learned from.
        out: the bundle to write.
        overwrite: replace what is at ``out``.
        progress: shows how far it has come.

    Raises:
        UsageError: the family does not learn on, the bundle has learned from this data already, the
            data was cleaned otherwise, or something else is at ``out``.
        NotEnoughData: there are not two of the labels among the reviews.
        StorageError: something cannot be read or written.
    """
    bundle = load_bundle(start)
    classifier = bundle.classifier
    if not isinstance(classifier, PartialFits):
        raise UsageError(f"{bundle.family} does not learn on; train it anew on all reviews")
    check_cleaning(bundle, data)
    if bundle.learned_from(data.fingerprint):
        raise UsageError(f"the bundle {bundle.id} has learned from {data.path} already")
    settings = bundle.settings
    again = partial(_partial_fit_from, start) if settings.refit and classifier.refits else None
    log = RunLog("learn on", settings.to_json(), {"data": data.fingerprint, "from": bundle.id})
    with locked(out.with_name(f".{out.name}.lock"), str(out)):
        finished = None if overwrite else _finished(out, bundle, data)
        if finished is None:
            with log.timed("label"):
                examples = load_examples(
                    data, settings.target, settings.text, labels=bundle.labels, progress=progress
                )
            fitted = fit_and_measure(
                classifier.partial_fit, examples, settings.split, log, progress, again
            )
            generated = fitted.rows["generated"] + bundle.generated
            finished = save_bundle(
                out,
                fitted.classifier,
                settings=settings,
                metrics=fitted.metrics,
                data_fingerprint=data.fingerprint,
                held_out=fitted.held_out,
                rows={**fitted.rows, "generated": generated},
                continued=bundle,
                log=log,
                overwrite=overwrite,
            )
            return TrainResult(out, finished, None, log, already=False)
    return TrainResult(out, finished, None, log, already=True)


def _partial_fit_from(start: Path, later: LabelledReviews) -> Classifier:
    """Learn on from what was saved, which has not learnt from the measured share of the later."""
    classifier = load_bundle(start).classifier
    cast(PartialFits, classifier).partial_fit(later)
    return classifier


def _finished(out: Path, bundle: Bundle, data: PreparedData) -> Bundle | None:
    """Return the bundle that is at ``out`` already, if it is the one that would be made."""
    if not out.exists():
        return None
    try:
        bundle_there = load_bundle(out)
    except BundleError as error:
        raise UsageError(
            f"{out} is there already and is no bundle; choose another place"
        ) from error
    if bundle_there.continues == bundle.id and bundle_there.data_fingerprint == data.fingerprint:
        return bundle_there
    raise UsageError(f"{out} holds another bundle; choose another place or replace it on purpose")
