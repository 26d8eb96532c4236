"""Predictions that were made elsewhere, measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reviewdesk.api.evaluation import Evaluated
from reviewdesk.api.options import settings_from
from reviewdesk.api.reviews import Reviews, places_of
from reviewdesk.api.tables import Files, Table
from reviewdesk.job.given_predictions import measure_predictions
from reviewdesk.settings import SourceSettings


def evaluate_predictions(
    predictions: Files | Table,
    data: Reviews | Files | Table,
    *,
    target: str = "",
    label: str = "",
    predicted: str = "",
    label_map: Mapping[str, str] | Sequence[str] = (),
    **settings: Any,
) -> Evaluated:
    """Measure anybody's predictions, as ``reviewdesk evaluate --predictions`` does.

    Args:
        predictions: a DataFrame or files: tables with a label and perhaps probabilities, an
            endpoint's answers, the ``.out`` files of a batch transform or folders of these.
        data: the reviews with their true labels: prepared ones, which predictions name by
            ``review_id``; or the files or the DataFrame that was predicted, in its order.
        target: what they predict, where they do not say so; else sentiment.
        label: the column with the true labels, in place of a target.
        predicted: the column with the predicted label, where its name does not say so.
        label_map: what labels of the predictions are called in the data.
        settings: how files are read, such as ``columns={"review_body": "comment"}``.

    Raises:
        MissingColumn: nothing in the predictions is known to be a label.
        InputError: nobody can say which prediction is of which review.
        NotEnoughData: nothing can be measured.
    """
    (source,) = settings_from(settings, SourceSettings)
    with TemporaryDirectory(prefix="reviewdesk-") as one, TemporaryDirectory() as other:
        tables = [Path(place) for place in places_of(predictions, Path(one))]
        evaluation = measure_predictions(
            data.data if isinstance(data, Reviews) else places_of(data, Path(other)),
            tables,
            target=target,
            label=label,
            column=predicted,
            label_map=label_map,
            source=source,
        )
    return Evaluated(evaluation)
