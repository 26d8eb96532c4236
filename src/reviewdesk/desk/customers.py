"""What customers say, as the desk finds it: in the job's exploration, or made and kept beside."""

import shutil
from pathlib import Path
from typing import Final

from reviewdesk.exchange import finish_replacement, replace_directory
from reviewdesk.explore.customers.customers import read_customers
from reviewdesk.explore.customers.section import CustomersView
from reviewdesk.explore.customers.tables import Customers, write_customers
from reviewdesk.explore.figures import figures_folder, kept_customers
from reviewdesk.explore.page import EXPLORATION
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import SILENT, Progress
from reviewdesk.storage import private_directory

KEPT: Final = "customers"


def open_customers(
    job: Path, data: PreparedData, cache: Path, progress: Progress = SILENT
) -> CustomersView:
    """Return what customers say; it is found out first where no exploration of the reviews is kept.

    Args:
        job: the folder that ``run`` wrote.
        data: its reviews.
        cache: where it is kept when it was found out here; may be deleted at any time.
        progress: is shown how far it has come.

    Raises:
        InputError: what is kept is damaged.
        StorageError: something cannot be read or written.
    """
    explored = kept_customers(figures_folder(job / EXPLORATION), data.fingerprint)
    return CustomersView(explored or _kept(data, private_directory(cache), progress))


def _kept(data: PreparedData, cache: Path, progress: Progress) -> Customers:
    folder = cache / f"{KEPT}-{data.fingerprint[:16]}"
    finish_replacement(folder)
    if folder.is_dir():
        return Customers.open(folder)
    for older in cache.glob(f"{KEPT}-*"):
        shutil.rmtree(older, ignore_errors=True)
    customers = read_customers(data, progress)
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    write_customers(customers, private_directory(aside))
    replace_directory(aside, folder)
    return customers
