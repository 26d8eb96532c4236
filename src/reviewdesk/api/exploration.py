"""What is in reviews."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from reviewdesk.api.notebook import framed
from reviewdesk.api.reviews import Reviews, as_reviews
from reviewdesk.api.tables import ArrowRows, Files, Table
from reviewdesk.explore.customers.customers import read_customers
from reviewdesk.explore.customers.tables import Customers, write_phrases
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


def explore(data: Reviews | Files | Table, *, language: Sequence[str] = ()) -> Explored:
    """Count what is in reviews, as ``reviewdesk explore`` does.

    Args:
        data: reviews, files or a DataFrame.
        language: codes of languages, as in ``["de"]``; only reviews in these count.
    """
    reviews = as_reviews(data)  # a folder of this session lasts as long
    return Explored(explore_reviews(reviews.data, Progress(), languages=language))


class CustomersTable(ArrowRows):
    """What customers complain about and praise: a row for each phrase or aspect of each list.

    Args:
        customers: the tables.
    """

    def __init__(self, customers: Customers) -> None:
        self.customers = customers

    def to_arrow(self) -> pa.Table:
        """Return the phrases, with the ids of three reviews each."""
        return self.customers.with_examples()

    @property
    def examples(self) -> pa.Table:
        """Excerpts of reviews that show a phrase, by ``entry``."""
        return self.customers.examples

    @property
    def months(self) -> pa.Table:
        """How often a phrase is said month by month, by ``entry``."""
        return self.customers.months

    @property
    def groups(self) -> pa.Table:
        """How often in groups by marketplace, purchase, vine and votes, by ``entry``."""
        return self.customers.groups

    def write(self, path: str | Path) -> None:
        """Write the phrases as ``.csv`` or ``.parquet``.

        Raises:
            UsageError: the name ends otherwise.
            StorageError: it cannot be written.
        """
        write_phrases(self.customers, Path(path))

    def __repr__(self) -> str:
        return f"<{len(self):,} phrases and aspects that tell low ratings from high ones>"


def customers(data: Reviews | Files | Table) -> CustomersTable:
    """Find what customers complain about and what they praise, as ``reviewdesk explore`` does.

    Args:
        data: reviews, files or a DataFrame.
    """
    reviews = as_reviews(data)  # a folder of this session lasts as long
    return CustomersTable(read_customers(reviews.data, Progress()))
