"""Cross-fitting: a prediction for every review by a classifier that has not seen its product.

Errors in labels and texts under the wrong product show only in such predictions: a classifier that
has learnt from a review tends to repeat its label.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import Examples, require_classes
from reviewdesk.examples.folds import NO_FOLD, product_folds, training_rows
from reviewdesk.models.base import Classifier
from reviewdesk.progress import SILENT, Progress
from reviewdesk.schema import predictions_schema
from reviewdesk.scoring.parts import Parts
from reviewdesk.scoring.predict import prediction_table

TABLE_ROWS: Final = 65_536
PROBABILITY: Final = "probability"


@dataclass(frozen=True)
class CrossFit:
    """What cross-fitting wrote.

    Args:
        out: the predictions table, one row a review in the order of the data.
        folds: how many classifiers were fitted.
        rows: reviews that were predicted by a classifier that has not seen their product.
        unlabelled: reviews without a label, predicted by the bundle; their fold is null.
        dropped_texts: per fold, reviews not learnt from because their text is in the fold.
        already: whether the finished table was there before.
    """

    out: Path
    folds: int
    rows: int
    unlabelled: int
    dropped_texts: list[int]
    already: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        return {
            "out": str(self.out),
            "folds": self.folds,
            "rows": self.rows,
            "unlabelled": self.unlabelled,
            "dropped_texts": self.dropped_texts,
            "already": self.already,
        }


def cross_fit(
    examples: Examples,
    bundle: Bundle,
    out: Path,
    *,
    folds: int = 5,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> CrossFit:
    """Predict every review by a classifier of the bundle's family that has not seen its product.

    Reviews without a label are predicted by the bundle itself. A run that was killed goes on with
    the next fold; the same command on a finished table does nothing.

    Args:
        examples: all reviews, labelled as the bundle's were.
        bundle: gives family and settings, and predicts the reviews without a label.
        out: the Parquet file to write.
        folds: how many parts the products are dealt into, 2 or more.
        seed: another seed deals them out in another way.
        overwrite: replace another table at ``out``.
        progress: shows how far it has come.

    Raises:
        UsageError: fewer than two folds, or another table is at ``out``.
        NotEnoughData: fewer products than folds, or one label only.
        StorageError: something cannot be read or written.
    """
    if folds < 2:
        raise UsageError(f"cross-fitting needs 2 folds or more, not {folds}")
    plan = {
        "model": bundle.id,
        "data": bundle.data_fingerprint,
        "folds": folds,
        "seed": seed,
    }
    parts = Parts(out, plan)
    fold_of = product_folds(examples, folds, seed)
    with parts.locked():
        already = parts.finished(overwrite=overwrite)
        if not already:
            parts.begin()
            _fit_folds(examples, bundle, fold_of, parts, progress)
            schema = predictions_schema(bundle.labels, bundle.target)
            parts.join(_assemble(examples, bundle, fold_of, parts), out, schema)
            parts.remove()
    return CrossFit(
        out=out,
        folds=folds,
        rows=int((fold_of != NO_FOLD).sum()),
        unlabelled=int((fold_of == NO_FOLD).sum()),
        dropped_texts=[training_rows(examples, fold_of, fold)[1] for fold in range(folds)],
        already=already,
    )


def _fit_folds(
    examples: Examples,
    bundle: Bundle,
    fold_of: NDArray[np.int16],
    parts: Parts,
    progress: Progress,
) -> None:
    """Write the probabilities of every fold, and of the reviews in none, that are not there yet."""
    folds = np.unique(fold_of).tolist()
    with progress.task("Cross-fitting", len(folds), "folds") as task:
        for fold in folds:
            if not parts.has(_name(fold)):
                rows = fold_of == fold
                classifier = bundle.classifier
                if fold != NO_FOLD:
                    classifier = _fit_without(examples, bundle, fold_of, fold)
                parts.write(_name(fold), _table(_predict(classifier, bundle, examples, rows)))
            task.advance()


def _fit_without(
    examples: Examples, bundle: Bundle, fold_of: NDArray[np.int16], fold: int
) -> Classifier:
    """Return a classifier that has learnt from the reviews outside of one fold."""
    train, _ = training_rows(examples, fold_of, fold)
    require_classes(examples.counts(train), f"cross-fitting without fold {fold}")
    fresh = type(bundle.classifier)(**bundle.classifier.get_params())
    return fresh.fit(examples.batches(train), bundle.labels)


def _predict(
    classifier: Classifier, bundle: Bundle, examples: Examples, rows: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the probabilities of some reviews in their order, (rows, k)."""
    found = [classifier.predict_proba(bundle.text(batch)) for batch in examples.batches(rows)]
    return np.concatenate([np.empty((0, len(bundle.labels)), np.float32), *found])


def _assemble(
    examples: Examples, bundle: Bundle, fold_of: NDArray[np.int16], parts: Parts
) -> Iterator[pa.Table]:
    """Yield the predictions table in the order of the reviews."""
    probabilities = np.empty((len(examples), len(bundle.labels)), np.float32)
    for fold in np.unique(fold_of).tolist():
        probabilities[fold_of == fold] = _matrix(parts.read(_name(fold)), bundle)
    ids = examples.column("review_id")
    for at in range(0, len(examples), TABLE_ROWS):
        rows = slice(at, at + TABLE_ROWS)
        fold = pa.array(fold_of[rows], mask=fold_of[rows] == NO_FOLD)
        chunk = ids.slice(at, TABLE_ROWS).combine_chunks()
        yield prediction_table(bundle, chunk, probabilities[rows], folds=fold)


def _table(probabilities: NDArray[np.float32]) -> pa.Table:
    """Return probabilities as a table that a part can be."""
    return pa.table({PROBABILITY: pa.array(probabilities.ravel())})


def _matrix(table: pa.Table, bundle: Bundle) -> NDArray[np.float32]:
    """Return the probabilities of a part, (n, k)."""
    flat: NDArray[np.float32] = table.column(PROBABILITY).to_numpy()
    return flat.reshape(-1, len(bundle.labels))


def _name(fold: int) -> str:
    return "unlabelled" if fold == NO_FOLD else f"fold-{fold}"
