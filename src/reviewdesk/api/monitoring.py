"""A watch on a live model."""

from pathlib import Path

from reviewdesk.api.model import Model, load
from reviewdesk.api.reviews import Reviews, as_reviews
from reviewdesk.experiments.watch import Watch
from reviewdesk.job.monitor import monitor as watch_captures
from reviewdesk.progress import Progress


def monitor(
    model: Model | str | Path,
    data: Reviews | str | Path,
    captures: str | Path,
    *,
    truth: str | Path | None = None,
) -> Watch:
    """Say whether a live model still sees, and does, what it was trained for.

    Args:
        model: what answers.
        data: the prepared reviews that it learned from.
        captures: the folder of its endpoint's captured requests.
        truth: a folder of ground truth.

    Returns:
        The sentence, all quantities that are watched, and those that have changed.

    Raises:
        NotEnoughData: there is no captured request, or nothing was held out.
        InputError: something is damaged.
    """
    bundle = (model if isinstance(model, Model) else load(model)).bundle
    reviews = as_reviews(data)  # a folder of this session lasts as long
    return watch_captures(
        bundle,
        reviews.data,
        Path(captures),
        None if truth is None else Path(truth),
        progress=Progress(),
    )
