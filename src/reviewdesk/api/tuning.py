"""The best settings of a family."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reviewdesk.api.model import Model
from reviewdesk.api.notebook import framed
from reviewdesk.api.options import settings_from
from reviewdesk.api.reviews import Reviews, labelled_reviews
from reviewdesk.api.tables import Files, Table
from reviewdesk.progress import Progress
from reviewdesk.settings import Search, SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.search import Trial, TuneSettings
from reviewdesk.training.tuning import BEST, Tuned
from reviewdesk.training.tuning import tune as tune_family
from reviewdesk.training.tuning_page import sentences, tuning_page


class TunedModel:
    """What tuning found.

    Args:
        tuned: trials, the best of them, and what it brought.
    """

    def __init__(self, tuned: Tuned) -> None:
        self.tuned = tuned

    @property
    def model(self) -> Model:
        """The family with the best settings, learnt from the whole training share."""
        return Model(self.tuned.bundle, self.tuned.folder / BEST)

    @property
    def settings(self) -> dict[str, Any]:
        """The best settings."""
        return dict(self.tuned.best.settings)

    @property
    def trials(self) -> list[Trial]:
        """All trials, in the order in which they began."""
        return list(self.tuned.trials)

    @property
    def sentences(self) -> list[str]:
        """What was found, in plain words."""
        return sentences(self.tuned)

    def html(self) -> str:
        """Return the page."""
        return tuning_page(self.tuned).render()

    def __repr__(self) -> str:
        return f"<{self.tuned.model} tuned in {len(self.tuned.trials)} trials>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def tune(
    data: Reviews | Files | Table,
    out: str | Path,
    target: str = "sentiment",
    *,
    model: str = "linear",
    space: Mapping[str, Search] | None = None,
    fixed: Mapping[str, Any] | None = None,
    warm_start: Sequence[str | Path] = (),
    overwrite: bool = False,
    **settings: Any,
) -> TunedModel:
    """Look for the best settings of a family, as ``reviewdesk tune`` does.

    Args:
        data: reviews, files or a DataFrame.
        out: the folder to write.
        target: what to predict.
        model: name of the family.
        space: where to look; the family's own ranges where it is not given.
        fixed: settings of the family that stay as they are.
        warm_start: folders of earlier tunings whose best settings are tried first.
        overwrite: forget trials of other data or settings.
        settings: those of ``reviewdesk tune``, such as ``trials=50``.

    Raises:
        MissingExtra: optuna is not installed.
        UsageError: a setting is wrong, or ``out`` holds something else.
        NotEnoughData: there is too little to learn from, or no trial came to an end.
    """
    classes = (TuneSettings, TargetSettings, TextSettings, SplitSettings)
    tuning, target_, text, split = settings_from({**settings, "target": target}, *classes)
    reviews = labelled_reviews(data, target_)  # a folder of this session lasts as long
    return TunedModel(
        tune_family(
            reviews.data,
            Path(out),
            model=model,
            target=target_,
            text=text,
            split=split,
            settings=tuning,
            fixed=fixed,
            space=space,
            warm_start=[Path(one) for one in warm_start],
            overwrite=overwrite,
            progress=Progress(),
        )
    )
