"""What is in reviews."""

from pathlib import Path

from reviewdesk.api.notebook import framed
from reviewdesk.api.reviews import Reviews, as_reviews
from reviewdesk.api.tables import Files, Table
from reviewdesk.explore.explore import Exploration
from reviewdesk.explore.explore import explore as explore_reviews
from reviewdesk.explore.figures import figures_folder
from reviewdesk.explore.page import explore_page, write_page
from reviewdesk.explore.sentences import lead, sentences
from reviewdesk.progress import Progress


class Explored:
    """What was found in reviews by counting.

    Args:
        exploration: all figures.
    """

    def __init__(self, exploration: Exploration) -> None:
        self.exploration = exploration

    @property
    def sentences(self) -> list[str]:
        """What matters most, in plain words."""
        return [lead(self.exploration), *sentences(self.exploration)]

    def html(self, out: str | Path | None = None) -> str:
        """Return the page, and write it with its figures beside it where a file is named."""
        if out is not None:
            write_page(self.exploration, Path(out))
        folder = figures_folder(Path(out or "exploration.html")).name
        return explore_page(self.exploration, folder).render()

    def __repr__(self) -> str:
        return f"<{lead(self.exploration)}>"

    def _repr_html_(self) -> str:
        return framed(self.html())


def explore(data: Reviews | Files | Table) -> Explored:
    """Count what is in reviews, as ``reviewdesk explore`` does.

    Args:
        data: reviews, files or a DataFrame.
    """
    reviews = as_reviews(data)  # a folder of this session lasts as long
    return Explored(explore_reviews(reviews.data, Progress()))
