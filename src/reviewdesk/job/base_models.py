"""The predictions that finders read: made by cross-fitting, once for each data and target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reviewdesk.engines.base import Engine
from reviewdesk.errors import InputError, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.findings.predictions_table import PredictionsTable
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.settings import TargetSettings, TextSettings
from reviewdesk.storage import file_sha256, private_directory
from reviewdesk.training.crossfit import BaseModel, cross_fit
from reviewdesk.training.distributed import FamilyQuestion, cross_fit_on

BASE_MODELS: Final[Mapping[str, tuple[tuple[str, Mapping[str, Any]], ...]]] = {
    "category": (
        ("linear", {"ngrams": 2, "strength": 0.7, "epochs": 3, "calibration_folds": 1}),
        ("naive-bayes", {}),
    ),
    "stars": (("linear", {}),),
}
"""For each target the families that are cross-fitted, with their settings: the base models.

Those of categories are calibrated together by the finders that read them, so that little is spent
on choosing and calibrating each.
"""

CATEGORY: Final = "category"
RATINGS: Final = "stars"


@dataclass
class Predictions:
    """Predictions of one data, by target; those that are not there are made when asked for.

    Args:
        data: the reviews.
        folder: where tables that are made go to, and are found again.
        given: the user's own tables by target; nothing is made for these targets.
        folds: how many parts the products are dealt into.
        seed: another seed deals them out in another way.
        progress: shows how far it has come.
        engine: a cluster that makes the tables; None: this machine does.
    """

    data: PreparedData
    folder: Path
    given: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    folds: int = 5
    seed: int = 0
    progress: Progress = SILENT
    engine: Engine | None = None
    _made: dict[str, tuple[Path, ...]] = field(default_factory=dict)

    def check(self, targets: Sequence[str]) -> None:
        """Refuse before any work the user's tables that are of no use.

        Args:
            targets: those that are going to be asked for.

        Raises:
            UsageError: a table is of another target.
            InputError: it is of categories, and the data has none of them.
        """
        for target, paths in self.given.items():
            if target not in targets:
                raise UsageError(
                    f"{paths[0]} holds predictions of {target!r}, and {_needs(targets)}; leave "
                    "it away"
                )
        known = self.data.manifest["categories"]
        for path in self.given.get(CATEGORY, ()):
            if known and known.keys().isdisjoint(PredictionsTable.open(path).labels):
                raise InputError(
                    f"none of the labels of {path} is a category of these reviews; give "
                    "predictions of the categories as these reviews spell them"
                )

    def of(self, targets: Sequence[str]) -> dict[str, tuple[Path, ...]]:
        """Return the tables of some targets.

        There are none of stars where most reviews have a rating, or none has: nothing is to be
        told, or nothing can be learnt.

        Raises:
            UsageError: no family is known to make predictions of a target.
            NotEnoughData: the data does not suffice to learn a target.
            MissingColumn: no review has what a target is made from.
            StorageError: something cannot be read or written.
        """
        return {one: self._tables(one) for one in targets if one in self.given or self._needed(one)}

    def digests(self, targets: Sequence[str]) -> dict[str, list[str]]:
        """Return digests of the tables by target: with other ones, other things may be found."""
        return {
            target: [file_sha256(path) for path in paths]
            for target, paths in self.of(targets).items()
        }

    def how(self, target: str) -> Any:
        """Return how the tables of a target are made, or the digests of the user's own."""
        if target in self.given:
            return self.digests([target])[target]
        base_models = [[family, dict(settings)] for family, settings in BASE_MODELS.get(target, ())]
        return {"folds": self.folds, "seed": self.seed, "base_models": base_models}

    def _needed(self, target: str) -> bool:
        unrated = self.data.manifest["stars"].get("none", 0)
        return target != RATINGS or self.data.rows < 2 * unrated < 2 * self.data.rows

    def _tables(self, target: str) -> tuple[Path, ...]:
        if target in self.given:
            return self.given[target]
        if target not in self._made:
            self._made[target] = self._make(target)
        return self._made[target]

    def _make(self, target: str) -> tuple[Path, ...]:
        if target not in BASE_MODELS:
            raise UsageError(f"give the predictions of {target} with --predictions FILE")
        private_directory(self.folder)
        if self.engine is not None:
            return self._make_on(self.engine, target)
        examples = load_examples(
            self.data, TargetSettings(target=target), TextSettings(), progress=self.progress
        )
        paths = []
        for model, settings in BASE_MODELS[target]:
            path = self._path(target, model)
            base_model = BaseModel.of_family(model, settings, examples, self.data.fingerprint)
            cross_fit(
                examples,
                base_model,
                path,
                folds=self.folds,
                seed=self.seed,
                overwrite=True,  # what is there is made from other data, or by other settings
                progress=self.progress,
            )
            paths.append(path)
        return tuple(paths)

    def _make_on(self, engine: Engine, target: str) -> tuple[Path, ...]:
        paths = []
        for model, settings in BASE_MODELS[target]:
            path = self._path(target, model).absolute()
            asked = FamilyQuestion(
                self.data.absolute(),
                TargetSettings(target=target),
                TextSettings(),
                model,
                settings,
                path,
                self.folds,
                self.seed,
            )
            cross_fit_on(engine, asked, overwrite=True, progress=self.progress)
            paths.append(path)
        return tuple(paths)

    def _path(self, target: str, model: str) -> Path:
        return self.folder / f"{target}-{model}.parquet"


def by_target(paths: Sequence[Path]) -> dict[str, tuple[Path, ...]]:
    """Return predictions tables by what they predict.

    Raises:
        InputError: a file is no Parquet file, or does not say what was predicted, or is malformed.
        MissingColumn: it is not a predictions table.
        StorageError: it cannot be read.
    """
    found: dict[str, tuple[Path, ...]] = {}
    for path in paths:
        target = PredictionsTable.open(path).target
        found[target] = (*found.get(target, ()), path)
    return found


def _needs(targets: Sequence[str]) -> str:
    if not targets:
        return "what is looked for needs no predictions"
    return f"what is looked for needs those of {' and '.join(targets)}"
