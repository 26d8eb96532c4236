"""A watch on a live model."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reviewdesk.api.model import Model, load
from reviewdesk.api.notebook import framed
from reviewdesk.api.reviews import Reviews, as_reviews
from reviewdesk.bundle import Bundle
from reviewdesk.experiments.watch import Watch, WatchedQuantity
from reviewdesk.experiments.watch_page import watch_page
from reviewdesk.job.monitor import monitor as watch_captures
from reviewdesk.progress import Progress


class LiveModel:
    """How a live model does, to look at and to compute with.

    Args:
        watch: all quantities that are watched.
        name: of what was captured, for the page's title.
    """

    def __init__(self, watch: Watch, name: str) -> None:
        self.watch = watch
        self.name = name

    @property
    def sentence(self) -> str:
        """What to do, for people."""
        return self.watch.sentence

    @property
    def alarms(self) -> list[WatchedQuantity]:
        """The quantities that have left the range of the reviews that were held out."""
        return self.watch.alarms

    def to_json(self) -> dict[str, Any]:
        """Return all figures as JSON values."""
        return self.watch.to_json()

    def html(self, out: str | Path | None = None) -> str:
        """Return the page, and write it where a file is named."""
        page = watch_page(self.watch, self.name)
        if out is not None:
            page.write(Path(out))
        return page.render()

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def monitor(
    model: Model | str | Path,
    data: Reviews | str | Path,
    captures: str | Path,
    *,
    truth: str | Path | None = None,
    variants: Mapping[str, Model | str | Path] = MappingProxyType({}),
) -> LiveModel:
    """Say whether a live model still sees, and does, what it was trained for.

    Args:
        model: what answers.
        data: the prepared reviews that it learned from.
        captures: the folder of its endpoint's captured requests.
        truth: a folder of ground truth.
        variants: other variants that answer, or shadows, by name; ``model`` is of the one that is
            not named.

    Returns:
        The sentence, all quantities that are watched, and those that have changed.

    Raises:
        NotEnoughData: there is no captured request, or nothing was held out.
        UsageError: several variants answered, and nobody says whose model is whose.
        InputError: something is damaged.
    """
    reviews = as_reviews(data)  # a folder of this session lasts as long
    watch = watch_captures(
        _bundle(model),
        reviews.data,
        Path(captures),
        None if truth is None else Path(truth),
        variants={name: _bundle(one) for name, one in variants.items()},
        progress=Progress(),
    )
    return LiveModel(watch, Path(captures).resolve().name)


def _bundle(model: Model | str | Path) -> Bundle:
    return (model if isinstance(model, Model) else load(model)).bundle
