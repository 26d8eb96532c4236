"""The table of sources, and the way from what the user names to inputs that can be read."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reviewdesk.errors import InputError
from reviewdesk.registry import Registry
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.base import Probe, Source, SourceBatch, SourceFile
from reviewdesk.sources.mapping import ColumnMap
from reviewdesk.sources.places import data_files, identity, named
from reviewdesk.sources.readings import Reading, check_date_format
from reviewdesk.sources.stream import head
from reviewdesk.storage import storage_errors

SOURCES: Final = Registry(
    "source",
    "reviewdesk.sources",
    {
        "amazon": "reviewdesk.sources.amazon:AmazonReviews",
        "amazon-parquet": "reviewdesk.sources.amazon_parquet:AmazonParquet",
        "amazon-multi": "reviewdesk.sources.amazon_multi:AmazonMulti",
        "mcauley-2013": "reviewdesk.sources.mcauley_2013:McAuley2013",
        "mcauley-2018": "reviewdesk.sources.mcauley_2018:McAuley2018",
        "mcauley-2023": "reviewdesk.sources.mcauley_2023:McAuley2023",
        "yelp": "reviewdesk.sources.yelp:Yelp",
        "zhang": "reviewdesk.sources.zhang:Zhang",
        "fasttext": "reviewdesk.sources.fasttext:FastText",
        "libsvm": "reviewdesk.sources.libsvm:Libsvm",
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
        columns: which columns of the reviews table it has, as far as its format does not say it.
        reading: how its ratings and dates are read; None where that is not decided yet.
    """

    file: SourceFile
    reader: Source = field(repr=False)
    columns: ColumnMap = ColumnMap({}, {})
    reading: Reading | None = None

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
    def guesses(self) -> Mapping[str, str]:
        """Columns that were guessed: of the reviews table → of the file."""
        return self.columns.guesses

    @property
    def bytes(self) -> int:
        """Its size as it lies on disk."""
        return self.file.size

    def read(self, digests: dict[str, str] | None = None) -> Iterator[SourceBatch]:
        """Yield its reviews and rejects in batches of bounded size.

        Args:
            digests: takes the SHA-256, by place, of the files that are read to their end.

        Raises:
            StorageError: it cannot be read.
        """
        with storage_errors(self.place):
            yield from self.reader.read(replace(self.file, digests=digests), self.reading)

    def sha256(self, digests: dict[str, str] | None = None) -> str:
        """Return the digest of its bytes as they lie on disk, and of those it is joined with.

        Args:
            digests: what ``read`` took; these files are not read again.
        """
        files = (replace(self.file, digests=digests), *self.reader.companions)
        digests_of_all = [one.sha256() for one in files]
        if len(digests_of_all) == 1:
            return digests_of_all[0]
        return hashlib.sha256("".join(digests_of_all).encode()).hexdigest()


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
    check_date_format(settings)
    finder = _Finder(settings)
    for place in places:
        for file in named(place):
            finder.add(file)
    return finder.inputs()


class _Finder:
    """Finds the source of each file, and the files that go along with others."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._named = settings.source_format != "auto"
        if self._named:
            self._classes = [source_class(settings.source_format)]
        elif settings.columns:
            self._classes = [source_class("table")]
        else:
            classes = [source_class(name) for name in SOURCES.names()]
            self._classes = sorted(classes, key=lambda one: one.general)
        self._found: dict[str, tuple[SourceFile, type[Source]]] = {}
        self._companions: dict[type[Source], dict[str, SourceFile]] = {}

    def add(self, file: SourceFile) -> None:
        """Take in a file or folder that the user named."""
        if not file.folder:
            if self._add(file, by_name=True):
                return
            if not head(file).strip():
                raise InputError(f"{file.name} is empty, or its gzip is cut off at the start")
            # The table says best what a file has and what it lacks.
            self._keep(file, source_class("table"))
        elif (whole := self._recognise(Probe(file, b""))) is not None:
            self._keep(file, whole)
        else:
            files = data_files(file)
            if not [one for one in files if self._add(one)]:
                raise InputError(
                    f"the folder {file.place} has no file that can be read as reviews; "
                    f"the first one in it is {files[0].name}"
                )

    def inputs(self) -> list[Input]:
        """Return what was found, by name.

        Raises:
            InputError: there is nothing, or nothing but companions.
        """
        if not self._found:
            for files in self._companions.values():
                (*_, last) = files.values()
                raise InputError(
                    f"{last.name} holds no reviews, but completes files that do; give those with it"
                )
            raise InputError("no input was given; name a file or folder of reviews")
        inputs = []
        for file, found in self._found.values():
            companions = sorted(self._companions.get(found, {}).values(), key=_order)
            reader = found(self._settings, companions)
            inputs.append(Input(file, reader, reader.inspect(file)))
        return sorted(inputs, key=lambda one: _order(one.file))

    def _add(self, file: SourceFile, *, by_name: bool = False) -> bool:
        """Take in a file if a source knows it; the format that the user named knows every one."""
        probe = Probe(file, head(file))
        if not probe.head.strip():
            return False
        for one in self._classes:
            if one.accompanies(probe):
                self._companions.setdefault(one, {}).setdefault(identity(file.place), file)
                return True
        found = self._classes[0] if self._named and by_name else self._recognise(probe)
        return found is not None and self._keep(file, found)

    def _recognise(self, probe: Probe) -> type[Source] | None:
        return next((one for one in self._classes if one.recognises(probe)), None)

    def _keep(self, file: SourceFile, found: type[Source]) -> bool:
        self._found.setdefault(identity(file.place), (file, found))
        return True


def _order(file: SourceFile) -> tuple[str, str]:
    return file.name, file.place
