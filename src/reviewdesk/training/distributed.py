"""Cross-fitting on a cluster: each fold is fitted and predicted by a task of its own.

A fold's task reads all reviews from the storage that all machines share, as one machine would for
each fold; neither reviews nor labels come to the process that was started.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reviewdesk.engines.base import Engine
from reviewdesk.examples.examples import Examples, load_examples
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.scoring.parts import Parts
from reviewdesk.settings import TargetSettings, TextSettings
from reviewdesk.training.crossfit import (
    BaseModel,
    CrossFit,
    assemble,
    base_model_id,
    finished_table,
    fit_fold,
    folds_of,
    plan_of,
)
from reviewdesk.training.family import new_classifier


@dataclass(frozen=True)
class FamilyQuestion:
    """Which family is cross-fitted on what.

    Args:
        data: prepared reviews, which all machines reach under their name.
        target: what the labels are.
        text: which text is read.
        model: the family's name.
        settings: its own settings.
        out: the table to write, reached in the same way.
        folds: how many parts the products are dealt into.
        seed: another seed deals them out in another way.
    """

    data: PreparedData
    target: TargetSettings
    text: TextSettings
    model: str
    settings: Mapping[str, Any]
    out: Path
    folds: int
    seed: int

    @property
    def parts(self) -> Parts:
        """Where the table grows."""
        name = base_model_id(
            self.model, new_classifier(self.model, self.settings), self.target, self.text
        )
        return Parts(self.out, plan_of(name, self.data.fingerprint, self.folds, self.seed))

    def examples(self) -> tuple[Examples, BaseModel, NDArray[np.int16]]:
        """Return the labelled reviews, what is fitted, and the fold of each review."""
        examples = load_examples(self.data, self.target, self.text)
        base_model = BaseModel.of_family(self.model, self.settings, examples, self.data.fingerprint)
        return examples, base_model, folds_of(examples, base_model, self.folds, self.seed)

    def fit(self, fold: str) -> str:
        """Fit and predict one fold."""
        examples, base_model, fold_of = self.examples()
        fit_fold(examples, base_model, fold_of, int(fold), self.parts)
        return fold

    def assemble(self, _: str) -> str:
        """Put the folds together; return the counts of ``CrossFit`` as JSON."""
        examples, base_model, fold_of = self.examples()
        written = assemble(examples, base_model, fold_of, self.folds, self.parts)
        return json.dumps(written.counts())


def cross_fit_on(
    engine: Engine, asked: FamilyQuestion, *, overwrite: bool, progress: Progress
) -> CrossFit:
    """Predict every review by a classifier that has not seen its product, as ``cross_fit`` does.

    A run that was interrupted goes on with the folds that are not there.

    Args:
        engine: runs the folds.
        asked: what is cross-fitted.
        overwrite: replace another table at the place.
        progress: shows how far it has come.

    Raises:
        UsageError, NotEnoughData, StorageError: as of ``cross_fit``.
    """
    parts = asked.parts
    finished = finished_table(parts, asked.folds, overwrite=overwrite)
    if finished:
        return finished
    with parts.locked():
        parts.begin()
        folds = [str(fold) for fold in range(asked.folds)]
        list(progress.track(engine.map_items(folds, asked.fit), "Cross-fitting", None, "folds"))
        counts = json.loads(next(iter(engine.map_items([""], asked.assemble))))
    return CrossFit(out=asked.out, **counts)
