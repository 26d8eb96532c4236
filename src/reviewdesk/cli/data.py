"""What a command's DATA may be: a prepared folder, or raw review files."""

from pathlib import Path

from reviewdesk.cli.prepare import show_inputs
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.catalog import Input, open_inputs


def open_data(places: list[str], source: SourceSettings) -> PreparedData | list[Input]:
    """Return one prepared folder, or raw files to be read and cleaned on the way.

    Raises:
        InputError: a place is neither.
        StorageError: a place is not there.
    """
    if len(places) == 1 and (Path(places[0]) / "manifest.json").exists():
        return PreparedData.open(Path(places[0]))
    inputs = open_inputs(places, source)
    show_inputs(inputs)
    return inputs
