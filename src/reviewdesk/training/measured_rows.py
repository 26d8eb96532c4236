"""Which reviews a bundle is measured on: those that it did not learn from."""

from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import NotEnoughData, UsageError
from reviewdesk.examples.examples import Examples
from reviewdesk.examples.splits import split
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress

Rows = Literal["held-out", "all"]


def check_cleaning(bundle: Bundle, data: PreparedData) -> None:
    """Check that data was cleaned as that which the bundle learned from.

    Raises:
        UsageError: it was not.
    """
    if data.clean_settings != bundle.settings.clean:
        raise UsageError(
            "this data was cleaned with other settings than the bundle's; prepare it again with "
            "the bundle's cleaning settings"
        )


def choose_rows(rows: Rows | None, bundle: Bundle, data: PreparedData) -> tuple[Rows, str]:
    """Return which rows are measured, and why, in one sentence.

    Args:
        rows: what was asked for, if anything.
        bundle: what is measured.
        data: what it is measured on; perhaps what it learned from.

    Raises:
        UsageError: held-out rows are asked for of data that the bundle did not learn from.
    """
    if bundle.rests_on and rows != "held-out":
        return "all", "the bundle learned from no label, so every labelled review is measured"
    trained_on_this = bundle.learned_from(data.fingerprint) and not bundle.rests_on
    if rows == "held-out" and not trained_on_this:
        raise UsageError(
            "the bundle did not learn from this data, so none of it was held out; evaluate on all"
        )
    if not trained_on_this:
        return "all", "the bundle learned from other data, so every labelled review is measured"
    if rows == "all":
        most = "all" if bundle.held_out else "most"
        return "all", (
            f"all reviews were asked for; the bundle learned from {most} of them, which flatters it"
        )
    why = "the bundle learned from this data, so only the reviews held out from it are measured"
    if bundle.held_out is None:
        return "held-out", why
    return "held-out", (
        f"{why}, as they were labelled before it learned anew from all {bundle.learned_anew:,}, "
        "these included"
    )


def held_out(examples: Examples, bundle: Bundle, data: PreparedData) -> NDArray[np.bool_]:
    """Return which reviews of its own data a bundle had not learned from when measured (n,).

    Raises:
        NotEnoughData: it learned from all of them.
    """
    settings = bundle.settings.split
    if bundle.held_out is not None and data.fingerprint != bundle.data_fingerprint:
        raise NotEnoughData(
            f"the bundle {bundle.id} has learned from all of this data, with a bundle that it "
            f"continues; evaluate {bundle.continues} on it, or this one on other data"
        )
    if settings.test_share == 0:
        raise NotEnoughData(
            f"the bundle {bundle.id} learned from all of this data and held nothing out; evaluate "
            "it on other data"
        )
    return split(examples, settings).test


def predict_rows(
    bundle: Bundle,
    examples: Examples,
    chosen: NDArray[np.bool_],
    progress: Progress,
    held_out: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Return the labels' probabilities of the chosen reviews (m, k).

    Args:
        bundle: what predicts.
        examples: the reviews.
        chosen: (n,) which of them.
        progress: shows how far it has come.
        held_out: (n,) which of them were held out, where the chosen ones are among these; then
            those of a bundle that has learned from them since have the predictions of before.
    """
    if held_out is not None and bundle.held_out is not None:
        review_ids = examples.column("review_id").filter(pa.array(held_out))
        return bundle.held_out.find(review_ids)[chosen[held_out]]
    probabilities = np.empty((int(chosen.sum()), len(bundle.labels)), np.float32)
    at = 0
    with progress.task("Predicting", len(probabilities), "reviews") as task:
        for batch in examples.batches(chosen):
            probabilities[at : at + len(batch)] = bundle.predict_proba(batch)
            at += len(batch)
            task.advance(len(batch))
    return probabilities
