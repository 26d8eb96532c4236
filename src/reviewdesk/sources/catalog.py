"""The table of sources, and the way from what the user names to inputs that can be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reviewdesk.errors import InputError
from reviewdesk.registry import Registry
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.base import Probe, Source, SourceBatch, SourceFile
from reviewdesk.sources.places import data_files, identity, named
from reviewdesk.sources.stream import head

SOURCES: Final = Registry(
    "source",
    "reviewdesk.sources",
    {
        "amazon": "reviewdesk.sources.amazon:AmazonReviews",
        "imdb": "reviewdesk.sources.imdb:Imdb",
        "table": "reviewdesk.sources.table:Table",
    },
)
"""Every format that can be read, by name."""


@dataclass(frozen=True)
class Input:
    """One file (or folder that is read as a whole) with the source that reads it.

    Args:
        file: what is read.
        reader: what reads it.
        guesses: columns that were guessed: of the reviews table → of the file.
    """

    file: SourceFile
    reader: Source = field(repr=False)
    guesses: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Local path or address."""
        return self.file.place

    @property
    def name(self) -> str:
        """How it is listed: its own name, or its path below the folder that was given."""
        return self.file.name

    @property
    def source(self) -> str:
        """The name of the format."""
        return self.reader.name

    @property
    def bytes(self) -> int:
        """Its size as it lies on disk."""
        return self.file.size

    def read(self) -> Iterator[SourceBatch]:
        """Yield its reviews and rejects in batches of bounded size.

        Raises:
            StorageError: it cannot be read.
        """
        return self.reader.read(self.file)

    def sha256(self) -> str:
        """Return the digest of its bytes as they lie on disk."""
        return self.file.sha256()


def source_class(name: str) -> type[Source]:
    """Return the source of a name.

    Raises:
        UsageError: there is none.
        InputError: what another package put under this name is not a source.
    """
    found = SOURCES.load(name)
    if not issubclass(found, Source):
        raise InputError(f"the source {name!r} is not a subclass of reviewdesk.sources.Source")
    return found


def open_inputs(places: Sequence[str], settings: SourceSettings) -> list[Input]:
    """Find the files that places name and the source that reads each.

    Args:
        places: files, folders and patterns such as ``data/*.tsv.gz``; local or on S3.
        settings: with ``format`` or ``columns`` given, the content is not asked.

    Returns:
        Each file once, by name. Files in a folder that no source reads are left out as long as
        one of the folder's files can be read.

    Raises:
        StorageError: a place is not there or cannot be read.
        InputError: a file is empty, or in no format that can be read.
        MissingColumn: a file has no column for the text; says which it has.
    """
    choice = _Choice(settings)
    found: dict[str, Input] = {}
    for place in places:
        for file in named(place):
            for one in choice.inputs(file):
                found.setdefault(identity(one.place), one)
    if not found:
        raise InputError("no input was given; name a file or folder of reviews")
    return sorted(found.values(), key=lambda one: (one.name, one.place))


class _Choice:
    """Chooses the source for each file."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        if settings.format != "auto":
            self._classes = [source_class(settings.format)]
        elif settings.columns:
            self._classes = [source_class("table")]
        else:
            classes = [source_class(name) for name in SOURCES.names()]
            self._classes = sorted(classes, key=lambda one: one.general)
        self._named = settings.format != "auto"

    def inputs(self, file: SourceFile) -> list[Input]:
        """Return the input for a file, or those for a folder's files."""
        if not file.folder:
            return [self._input(file)]
        whole = self._find(Probe(file, b""))
        if whole is not None:
            return [Input(file, whole, whole.inspect(file))]
        files = data_files(file)
        inputs = [one for one in map(self._input_or_none, files) if one is not None]
        if not inputs:
            raise InputError(
                f"the folder {file.place} has no file that can be read as reviews; "
                f"the first one in it is {files[0].name}"
            )
        return inputs

    def _input(self, file: SourceFile) -> Input:
        found = self._input_or_none(file)
        if found is not None:
            return found
        if not head(file).strip():
            raise InputError(f"{file.name} is empty, or its gzip is cut off at the start")
        table = source_class("table")(self._settings)
        return Input(file, table, table.inspect(file))  # says what the file has and what it lacks

    def _input_or_none(self, file: SourceFile) -> Input | None:
        probe = Probe(file, head(file))
        if not probe.head.strip():
            return None
        source = self._classes[0](self._settings) if self._named else self._find(probe)
        return None if source is None else Input(file, source, source.inspect(file))

    def _find(self, probe: Probe) -> Source | None:
        for one in self._classes:
            if one.recognises(probe):
                return one(self._settings)
        return None
