"""What a command's DATA may be: a prepared folder, or raw review files."""

from pathlib import Path

from reviewdesk.cli.prepare import show_inputs
from reviewdesk.job.places import prepared_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import Input, open_inputs


def open_data(places: list[str], source: SourceSettings) -> PreparedData | list[Input]:
    """Return one prepared folder, or raw files to be read and cleaned on the way.

    Raises:
        InputError: a place is neither.
        StorageError: a place is not there.
    """
    prepared = prepared_of(Path(places[0])) if len(places) == 1 else None
    if prepared is not None:
        return prepared
    inputs = open_inputs(places, source)
    show_inputs(inputs)
    return inputs
