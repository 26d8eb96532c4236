"""Public review formats, each read into the reviews table with its bad rows kept aside."""

from reviewdesk.sources.base import Probe, Source, SourceBatch, SourceFile, Tally
from reviewdesk.sources.catalog import SOURCES, Input, open_inputs
from reviewdesk.sources.rejects import REASONS

__all__ = [
    "REASONS",
    "SOURCES",
    "Input",
    "Probe",
    "Source",
    "SourceBatch",
    "SourceFile",
    "Tally",
    "open_inputs",
]
