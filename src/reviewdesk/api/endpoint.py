"""A model that answers from elsewhere: our own server, a container, or one of SageMaker's."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reviewdesk.api.model import review_batch
from reviewdesk.api.options import settings_from
from reviewdesk.api.reviews import Reviews, places_of
from reviewdesk.api.tables import Files, Table
from reviewdesk.aws.endpoint import SageMakerEndpoint
from reviewdesk.models.labelled import Texts
from reviewdesk.progress import Progress
from reviewdesk.scoring.endpoint import AT_ONCE, ENDPOINT_PART_ROWS, EndpointPredictor, HttpEndpoint
from reviewdesk.scoring.labelled_rows import label_rows
from reviewdesk.scoring.predict import PredictSummary
from reviewdesk.scoring.predict import predict as predict_reviews
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import open_inputs


class RemoteModel:
    """An endpoint that is asked as a model is.

    Args:
        predictor: what asks it.
    """

    def __init__(self, predictor: EndpointPredictor) -> None:
        self._predictor = predictor

    @property
    def labels(self) -> list[str]:
        """The k labels, in the order of the probabilities."""
        return self._predictor.labels

    @property
    def target(self) -> str:
        """What the labels are, as in ``sentiment``; ``label`` where the endpoint does not say."""
        return self._predictor.target

    def predict_proba(self, reviews: Texts | Table, text: str = "") -> NDArray[np.float32]:
        """Return the probability of each label.

        Args:
            reviews: n texts, or a DataFrame whose columns are found by their names.
            text: the DataFrame's column that holds the texts, where its name does not say so.

        Returns:
            (n, k) in the order of ``labels``.

        Raises:
            StorageError: it cannot be reached, or has no time, after several tries.
            InputError: it refuses what is sent, or its answers are not those of a classifier.
        """
        self._predictor.sends_cleaned = False
        return self._predictor.predict_proba(review_batch(reviews, text, self._predictor.fields))

    def predict(self, reviews: Texts | Table, text: str = "") -> NDArray[Any]:
        """Return the most probable label of each review, (n,); see ``predict_proba``."""
        shares = self.predict_proba(reviews, text)
        labels: NDArray[Any] = np.array(self.labels)[shares.argmax(axis=1)]
        return labels

    def predict_file(
        self,
        source: Reviews | Files | Table,
        out: str | Path,
        *,
        overwrite: bool = False,
        **settings: Any,
    ) -> PredictSummary:
        """Write the rows of files back with their labels, as ``Model.predict_file`` does.

        Batches are within the endpoint's limits, some at a time, again where it is busy; a run
        that was killed goes on where it was. Of prepared reviews it writes the predictions table.

        Args:
            source: files, a DataFrame, or prepared reviews.
            out: a file that ends in .csv, .tsv, .jsonl or .parquet; of prepared reviews the last.
            overwrite: replace what is at ``out``.
            settings: how files are read, such as ``columns={"review_body": "comment"}``.

        Raises:
            UsageError: something is at ``out``, or the reviews were cleaned in another way.
            StorageError: the endpoint cannot be reached.
        """
        asked, out = self._predictor, Path(out)
        if isinstance(source, Reviews):
            return predict_reviews(
                asked, source.data, out, overwrite=overwrite, part_rows=ENDPOINT_PART_ROWS,
                progress=Progress(),
            )  # fmt: skip
        (files,) = settings_from(settings, SourceSettings)
        asked.sends_cleaned = False
        with TemporaryDirectory(prefix="reviewdesk-") as aside:
            inputs = open_inputs(places_of(source, Path(aside)), files)
            return label_rows(asked, inputs, out, overwrite=overwrite, progress=Progress())

    def close(self) -> None:
        """Let go of its connections."""
        self._predictor.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{self._predictor.id} for {self.target}: {', '.join(self.labels[:6])}>"


def endpoint(address: str, *, at_once: int = AT_ONCE) -> RemoteModel:
    """Connect to an endpoint, as ``reviewdesk predict --endpoint``.

    Args:
        address: ``http://HOST:PORT`` of ``reviewdesk serve`` or a container, there also with
            ``/endpoints/NAME/invocations``, or the name of one of SageMaker's.
        at_once: how many requests are on their way at a time.

    Raises:
        UsageError: it is no such address.
        StorageError: it cannot be reached.
        InputError: its answers are not those of a classifier.
    """
    place_is_url = "://" in address
    found = HttpEndpoint(address) if place_is_url else SageMakerEndpoint(address)
    return RemoteModel(EndpointPredictor(found, at_once))
