"""The exploration in the folder of a job: made once for the same reviews."""

from pathlib import Path

from reviewdesk.explore.customers.tables import Customers
from reviewdesk.explore.explore import explore
from reviewdesk.explore.figures import figures_folder, kept_customers
from reviewdesk.explore.page import EXPLORATION, write_page
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress


def explore_job(data: PreparedData, folder: Path, progress: Progress = SILENT) -> Customers:
    """Write the exploration of a job's reviews, unless it is there; return what customers say.

    Args:
        data: the job's reviews.
        folder: of the job.
        progress: shows how far it has come.

    Raises:
        UsageError: something else is where its figures go.
        StorageError: something cannot be read or written.
    """
    page = folder / EXPLORATION
    kept = kept_customers(figures_folder(page), data.fingerprint)
    if kept is not None and page.is_file():
        return kept
    found = explore(data, progress)
    write_page(found, page)
    return found.customers
