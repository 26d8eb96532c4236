"""Cross-fitting: a prediction for every review by a classifier that has not seen its product.

Errors in labels and texts under the wrong product show only in such predictions: a classifier that
has learnt from a review tends to repeat its label.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reviewdesk.bundle import Bundle
from reviewdesk.errors import UsageError
from reviewdesk.examples.examples import Examples, require_classes
from reviewdesk.examples.folds import NO_FOLD, product_folds, training_rows, with_unlabelled
from reviewdesk.models.base import Classifier
from reviewdesk.models.labelled import LabelledReviews
from reviewdesk.progress import SILENT, Progress
from reviewdesk.runlog import versions
from reviewdesk.schema import predictions_schema
from reviewdesk.scoring.parts import Parts
from reviewdesk.scoring.prediction_rows import prediction_table
from reviewdesk.seal import opened
from reviewdesk.settings import TargetSettings, TextSettings
from reviewdesk.training.family import new_classifier

TABLE_ROWS: Final = 65_536
PROBABILITY: Final = "probability"
FORMAT: Final = 2  # of the table: it says how it was made
SUMMARY_KEY: Final = b"reviewdesk.crossfit"


@dataclass(frozen=True)
class BaseModel:
    """A family with its settings, to be fitted anew for every fold.

    Args:
        id: names it in the predictions table.
        labels: the k labels.
        target: what the labels are.
        unfitted: a classifier of the family that has the settings.
        fitted: predicts the reviews without a label; None: they are dealt out to the folds too.
        learnt_from: fingerprint of the data that it was, or is to be, fitted on.
    """

    id: str
    labels: list[str]
    target: str
    unfitted: Classifier
    fitted: Classifier | None
    learnt_from: str

    @classmethod
    def of_bundle(cls, bundle: Bundle) -> Self:
        """Return a bundle's family with the bundle's settings."""
        return cls(
            bundle.id,
            bundle.labels,
            bundle.target,
            bundle.classifier.unfitted(),
            bundle.classifier,
            bundle.data_fingerprint,
        )

    @classmethod
    def of_family(
        cls, model: str, settings: Mapping[str, Any], examples: Examples, fingerprint: str
    ) -> Self:
        """Return a family of the catalog.

        Args:
            model: its name.
            settings: its own settings.
            examples: the reviews that it is to be cross-fitted on.
            fingerprint: of their data.

        Raises:
            UsageError: no such family, or it has no such setting.
        """
        unfitted = new_classifier(model, settings)
        name = base_model_id(model, unfitted, examples.target, examples.text)
        return cls(name, examples.labels, examples.target.target, unfitted, None, fingerprint)

    def fresh(self) -> Classifier:
        """Return a classifier that has learnt nothing yet."""
        return type(self.unfitted)(**self.unfitted.settings.to_json())


def base_model_id(
    model: str, unfitted: Classifier, target: TargetSettings, text: TextSettings
) -> str:
    """Return what a family of the catalog is named in the predictions table.

    Args:
        model: its name.
        unfitted: a classifier of it that has the settings.
        target: what the labels are.
        text: which text it reads.
    """
    described = {
        "settings": unfitted.settings.to_json(),
        "target": target.to_json(),
        "text": text.to_json(),
        "versions": versions(),
    }
    words = json.dumps(described, sort_keys=True, separators=(",", ":"))
    return f"{model}-{hashlib.sha256(words.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class CrossFit:
    """What cross-fitting wrote.

    Args:
        out: the predictions table, one row a review in the order of the data.
        folds: how many classifiers were fitted.
        rows: reviews that were predicted by a classifier that has not seen their product.
        unlabelled: reviews without a label; their fold is null where a bundle predicted them.
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
        return {"out": str(self.out), **self.counts(), "already": self.already}

    def counts(self) -> dict[str, Any]:
        """Return what the table's file says of itself, as plain JSON values."""
        return {
            "folds": self.folds,
            "rows": self.rows,
            "unlabelled": self.unlabelled,
            "dropped_texts": self.dropped_texts,
        }


def cross_fit(
    examples: Examples,
    base_model: BaseModel,
    out: Path,
    *,
    folds: int = 5,
    seed: int = 0,
    overwrite: bool = False,
    progress: Progress = SILENT,
) -> CrossFit:
    """Predict every review by a classifier that has not seen its product.

    Reviews without a label are predicted by the base model's fitted classifier. If it has none,
    they are in the fold of their product. A run that was killed goes on with the next fold; the
    same command on a finished table does nothing.

    Args:
        examples: all reviews, labelled as the base model's.
        base_model: what is fitted.
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
    finished = finished_cross_fit(base_model, out, folds=folds, seed=seed, overwrite=overwrite)
    if finished:
        return finished
    parts = Parts(out, plan_of(base_model.id, base_model.learnt_from, folds, seed))
    fold_of = folds_of(examples, base_model, folds, seed)
    with parts.locked():
        parts.begin()
        numbers = np.unique(fold_of).tolist()
        with progress.task("Cross-fitting", len(numbers), "folds") as task:
            for fold in numbers:
                fit_fold(examples, base_model, fold_of, fold, parts)
                task.advance()
        return assemble(examples, base_model, fold_of, folds, parts)


def folds_of(examples: Examples, base_model: BaseModel, folds: int, seed: int) -> NDArray[np.int16]:
    """Return the fold of each review, (n,); -1 of those that the fitted classifier predicts."""
    fold_of = product_folds(examples, folds, seed)
    return fold_of if base_model.fitted else with_unlabelled(examples, fold_of, folds, seed)


def finished_cross_fit(
    base_model: BaseModel, out: Path, *, folds: int, seed: int, overwrite: bool = False
) -> CrossFit | None:
    """Return what an earlier call of ``cross_fit`` wrote, without reading a review.

    Args:
        base_model: what was fitted.
        out: the Parquet file.
        folds: how many parts the products were dealt into.
        seed: how they were dealt.
        overwrite: whether another table at ``out`` may be replaced.

    Returns:
        None where there is no table, or one that may be replaced.

    Raises:
        UsageError: fewer than two folds, or another table is at ``out``.
        StorageError: the file cannot be read.
    """
    return finished_table(
        Parts(out, plan_of(base_model.id, base_model.learnt_from, folds, seed)),
        folds,
        overwrite=overwrite,
    )


def finished_table(parts: Parts, folds: int, *, overwrite: bool) -> CrossFit | None:
    """Return what was written of a table, as ``finished_cross_fit`` does.

    Args:
        parts: of the table, by the plan from ``plan_of``.
        folds: how many there are to be.
        overwrite: whether another table may be replaced.
    """
    if folds < 2:
        raise UsageError(f"cross-fitting needs 2 folds or more, not {folds}")
    with parts.locked():
        if not parts.finished(overwrite=overwrite):
            return None
        with opened(parts.out) as file:
            counts = json.loads(file.schema_arrow.metadata[SUMMARY_KEY])
    return CrossFit(out=parts.out, already=True, **counts)


def plan_of(base_model: str, fingerprint: str, folds: int, seed: int) -> dict[str, Any]:
    """Return all that the table depends on.

    Args:
        base_model: its id.
        fingerprint: of the data that it learns from.
        folds: how many parts the products are dealt into.
        seed: another seed deals them out in another way.
    """
    return {
        "format": FORMAT,
        "model": base_model,
        "data": fingerprint,
        "folds": folds,
        "seed": seed,
    }


def fit_fold(
    examples: Examples, base_model: BaseModel, fold_of: NDArray[np.int16], fold: int, parts: Parts
) -> None:
    """Write the probabilities of a fold, or of the reviews in none, unless they are there.

    Args:
        examples: n reviews.
        base_model: what is fitted.
        fold_of: (n,) the fold of each.
        fold: which to predict.
        parts: where the table grows.
    """
    if parts.has(_name(fold)):
        return
    classifier = base_model.fitted if fold == NO_FOLD else None
    classifier = classifier or _fit_without(examples, base_model, fold_of, fold)
    predicted = _predict(classifier, examples, fold_of == fold)
    parts.write(_name(fold), probability_table(predicted))


def assemble(
    examples: Examples,
    base_model: BaseModel,
    fold_of: NDArray[np.int16],
    folds: int,
    parts: Parts,
) -> CrossFit:
    """Put the predictions of all folds together to the finished table.

    Args:
        examples: n reviews.
        base_model: what was fitted.
        fold_of: (n,) the fold of each.
        folds: how many parts the products were dealt into.
        parts: the folds' probabilities.
    """
    labelled = int(examples.labelled.sum())
    written = CrossFit(
        out=parts.out,
        folds=folds,
        rows=labelled,
        unlabelled=len(examples) - labelled,
        dropped_texts=[training_rows(examples, fold_of, fold)[1] for fold in range(folds)],
    )
    schema = predictions_schema(base_model.labels, base_model.target)
    counts = {SUMMARY_KEY: json.dumps(written.counts()).encode()}
    parts.join(
        _assembled(examples, base_model, fold_of, parts),
        parts.out,
        schema.with_metadata({**(schema.metadata or {}), **counts}),
    )
    parts.remove()
    return written


def _fit_without(
    examples: Examples, base_model: BaseModel, fold_of: NDArray[np.int16], fold: int
) -> Classifier:
    """Return a classifier that has learnt from the reviews outside of one fold."""
    train, _ = training_rows(examples, fold_of, fold)
    require_classes(examples.counts(train), f"cross-fitting without fold {fold}")
    reviews = LabelledReviews.of_examples(examples, train, among=fold_of != fold)
    return base_model.fresh().fit(reviews)


def _predict(
    classifier: Classifier, examples: Examples, rows: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the probabilities of some reviews in their order, (rows, k)."""
    fields = list(examples.text.fields)
    found = [classifier.predict_proba(batch.select(fields)) for batch in examples.batches(rows)]
    return np.concatenate([np.empty((0, len(examples.labels)), np.float32), *found])


def _assembled(
    examples: Examples, base_model: BaseModel, fold_of: NDArray[np.int16], parts: Parts
) -> Iterator[pa.Table]:
    """Yield the predictions table in the order of the reviews."""
    probabilities = np.empty((len(examples), len(base_model.labels)), np.float32)
    for fold in np.unique(fold_of).tolist():
        probabilities[fold_of == fold] = probability_matrix(
            parts.read(_name(fold)), len(base_model.labels)
        )
    ids = examples.column("review_id")
    for at in range(0, len(examples), TABLE_ROWS):
        rows = slice(at, at + TABLE_ROWS)
        fold = pa.array(fold_of[rows], mask=fold_of[rows] == NO_FOLD)
        chunk = ids.slice(at, TABLE_ROWS).combine_chunks()
        yield prediction_table(base_model, chunk, probabilities[rows], folds=fold)


def probability_table(probabilities: NDArray[np.float32]) -> pa.Table:
    """Return probabilities as a table that a part can be."""
    return pa.table({PROBABILITY: pa.array(probabilities.ravel())})


def probability_matrix(table: pa.Table, labels: int) -> NDArray[np.float32]:
    """Return the probabilities of a part, (n, k)."""
    flat: NDArray[np.float32] = table.column(PROBABILITY).to_numpy()
    return flat.reshape(-1, labels)


def _name(fold: int) -> str:
    return "unlabelled" if fold == NO_FOLD else f"fold-{fold}"
