"""Families side by side, and bundles that answer together."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewdesk.api.model import Model
from reviewdesk.api.notebook import framed
from reviewdesk.api.options import settings_from
from reviewdesk.api.reviews import Reviews, labelled_reviews
from reviewdesk.api.tables import Files, Table
from reviewdesk.progress import Progress
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.blending import blend as blend_bundles
from reviewdesk.training.figures import Estimate
from reviewdesk.training.out_of_fold import Cost
from reviewdesk.training.selection import CompareSettings, ModelComparison, compare_models
from reviewdesk.training.selection_page import selection_page, sentences


class Models:
    """Families side by side.

    Args:
        selection: what was measured of each.
    """

    def __init__(self, selection: ModelComparison) -> None:
        self.selection = selection

    @property
    def figures(self) -> dict[str, dict[str, Estimate]]:
        """Of each finished model its figures, such as ``accuracy``, with 95 % intervals."""
        return {one.name: dict(one.measures.figures) for one in self.selection.comparison.bundles}

    @property
    def costs(self) -> dict[str, Cost]:
        """What each model costs."""
        return {one.candidate.name: one.cost for one in self.selection.fits if one.cost}

    @property
    def not_finished(self) -> list[str]:
        """Names of models that were not finished in the time, or went wrong."""
        return [one.candidate.name for one in self.selection.unfinished]

    @property
    def sentences(self) -> list[str]:
        """What was found, in plain words."""
        return sentences(self.selection)

    def html(self) -> str:
        """Return the page."""
        return selection_page(self.selection).render()

    def __repr__(self) -> str:
        right = (f"{name} {one['accuracy'].value:.3f}" for name, one in self.figures.items())
        return f"<accuracy: {', '.join(right)}>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def compare(
    data: Reviews | Files | Table,
    out: str | Path,
    target: str = "sentiment",
    *,
    models: Sequence[str] = ("linear", "naive-bayes", "fasttext"),
    model_settings: Mapping[str, Mapping[str, Any]] | None = None,
    **settings: Any,
) -> Models:
    """Set families side by side on the same folds, as ``reviewdesk compare`` does.

    Args:
        data: reviews, files or a DataFrame.
        out: the folder where finished folds are kept.
        target: what to predict.
        models: names of families; the others are compared with the first.
        model_settings: the settings of some of them.
        settings: those of ``reviewdesk compare``, such as ``time_limit="10m"``.

    Raises:
        UsageError: fewer than two families, or a setting is wrong.
        NotEnoughData: there is too little to learn from, or no model was finished.
    """
    classes = (CompareSettings, TargetSettings, TextSettings, SplitSettings)
    comparing, target_, text, split = settings_from({**settings, "target": target}, *classes)
    reviews = labelled_reviews(data, target_)  # a folder of this session lasts as long
    return Models(
        compare_models(
            reviews.data,
            Path(out),
            models,
            model_settings=model_settings,
            target=target_,
            text=text,
            split=split,
            settings=comparing,
            progress=Progress(),
        )
    )


def blend(
    models: Mapping[str, Model],
    data: Reviews,
    out: str | Path,
    *,
    cascade: bool = False,
    folds: int = 3,
    overwrite: bool = False,
) -> Model:
    """Make one model of several, as ``reviewdesk blend`` does.

    Args:
        models: two or more that learnt from the same reviews, by name; the first is the fast one
            of a cascade.
        data: those reviews.
        out: the bundle to write.
        cascade: whether the first answers alone where it is sure.
        folds: how many parts the training share is dealt out to, by product.
        overwrite: replace what is at ``out``.

    Returns:
        The blend; ``.bundle.manifest["data"]["rows"]["shares"]`` says how much each counts.

    Raises:
        UsageError: the models cannot be blended, or something else is at ``out``.
        NotEnoughData: there is too little to learn weights from.
    """
    bundles = {name: one.bundle for name, one in models.items()}
    blended = blend_bundles(
        bundles,
        data.data,
        Path(out),
        cascade=cascade,
        folds=folds,
        overwrite=overwrite,
        progress=Progress(),
    )
    return Model(blended.bundle, blended.path)
