"""The table of sources, and the way from what the user names to inputs that can be read."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from reviewdesk.errors import InputError, MissingColumn, UsageError
from reviewdesk.registry import Registry
from reviewdesk.schema import kept_columns
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.base import Probe, RawRows, Source, SourceBatch, SourceFile, Tally
from reviewdesk.sources.folders import (
    ASIDE,
    COMPANION,
    EMPTY,
    NO_TEXT,
    OWN,
    UNKNOWN,
    LeftAlone,
    is_own_table,
    listing,
    own_outputs,
    warnings,
)
from reviewdesk.sources.json_formats import JsonFormat
from reviewdesk.sources.jsonshapes import shape_of
from reviewdesk.sources.mapping import ColumnMap, check_column, shown
from reviewdesk.sources.parquet import PARQUET_MAGIC, parquet_columns
from reviewdesk.sources.places import aside_files, data_files, identity, named
from reviewdesk.sources.readings import Reading, check_date_format
from reviewdesk.sources.stream import archive_members, head
from reviewdesk.sources.table import Table
from reviewdesk.sources.tar import is_tar
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
        "fasttext": "reviewdesk.sources.fasttext:FastTextSource",
        "libsvm": "reviewdesk.sources.libsvm:Libsvm",
        "imdb": "reviewdesk.sources.imdb:Imdb",
        "table": "reviewdesk.sources.table:Table",
    },
)
"""Every format that can be read, by name."""


MAX_HELD: Final = 64 * 1024 * 1024
"""Bytes of small files that are held while it is found out how each is read."""


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
            file = replace(self.file, digests=digests).at_hand()
            yield from self.reader.read(file, self.reading)

    def raw_rows(self, tally: Tally, digests: dict[str, str]) -> Iterator[RawRows]:
        """Yield its rows as text, not yet typed.

        Args:
            tally: takes what is met beside them.
            digests: takes the SHA-256, by place, of the files that are read to their end.

        Raises:
            StorageError: it cannot be read.
        """
        with storage_errors(self.place):
            file = replace(self.file, digests=digests).at_hand()
            yield from self.reader.raw_rows(file, tally)

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


class Inputs(list[Input]):
    """The inputs that were found, by name.

    Args:
        inputs: what is read.
        left: files of the folders given that are not.
        folders: whether one of the places was a folder.
    """

    def __init__(
        self, inputs: Iterable[Input], left: Sequence[LeftAlone] = (), *, folders: bool = False
    ) -> None:
        super().__init__(inputs)
        self.left = tuple(left)
        self.folders = folders

    def listing(self) -> list[str]:
        """Return what is read and what is left alone, where a folder was given."""
        read = [(one.name, one.reader.title) for one in self]
        return list(listing(read, self.left)) if self.folders else []

    def warnings(self) -> list[str]:
        """Return what must not be overlooked in the listing: tables that may hold reviews."""
        return warnings(self.left)


def open_inputs(places: Sequence[str], settings: SourceSettings) -> Inputs:
    """Find the files that places name and the source that reads each.

    Args:
        places: files, folders and patterns such as ``data/*.tsv.gz``; local or on S3.
        settings: with ``format`` given, the content is not asked.

    Returns:
        Each file once, by name, and which files of folders are left alone and why.

    Raises:
        StorageError: a place is not there or cannot be read.
        InputError: a file is empty, or in no format that can be read.
        MissingColumn: a file has no column for the text; says which it has.
        UsageError: columns were told that the reviews table does not have, or for a format whose
            columns have no names.
    """
    check_date_format(settings)
    for name in settings.columns:
        check_column(name)
    finder = _Finder(settings)
    for place in places:
        for file in named(place):
            finder.add(file)
    inputs = finder.inputs()
    _check_kept(inputs, kept_columns(settings.keep))
    return inputs


def _check_kept(inputs: Inputs, kept: Sequence[str]) -> None:
    """Check that a file has each column that is kept; in JSON it may come later.

    Raises:
        MissingColumn: none has one; says which columns there are.
        UsageError: a file is of a format whose columns have no names.
    """
    for one in inputs:
        if kept and not one.reader.takes_columns:
            raise UsageError(
                f"{one.name} is read as {one.reader.title}, which has no columns that --keep could "
                "name; leave it out, or read the file as a table with --source-format table"
            )
    for column in kept:
        having = [{*one.columns.columns.values(), *one.columns.left_over} for one in inputs]
        if any(column in columns for columns in having):
            continue
        if any(isinstance(one.reader, JsonFormat) or shape_of(head(one.file)) for one in inputs):
            continue
        first = inputs[0]
        known = [*first.columns.columns.values(), *first.columns.left_over]
        raise MissingColumn(f"{first.name} has no column {column!r}; it has: {shown(known)}")


class _Finder:
    """Finds the source of each file, and the files that go along with others."""

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._named = settings.source_format != "auto"
        names = [settings.source_format] if self._named else SOURCES.names()
        self._classes = sorted(map(source_class, names), key=lambda one: one.general)
        self._found: dict[str, tuple[SourceFile, type[Source]]] = {}
        self._optional: set[str] = set()
        self._companions: dict[type[Source], dict[str, SourceFile]] = {}
        self._left: list[LeftAlone] = []
        self._folders = False
        self._held = 0

    def add(self, file: SourceFile) -> None:
        """Take in a file or folder that the user named."""
        if not file.folder:
            self._add_file(file)
        elif (whole := self._recognise(Probe(file, b""))) is not None:
            self._keep(file, whole)
        else:
            self._folders = True
            self._add_files(file.place, data_files(file))
            self._left += [LeftAlone(one.name, ASIDE) for one in aside_files(file)]

    def _add_file(self, file: SourceFile) -> None:
        start = head(file)
        if not self._named and is_tar(start) and self._recognise(Probe(file, start)) is None:
            self._folders = True
            self._add_files(file.place, archive_members(file))
        elif not self._add(file, start, by_name=True):
            if not start.strip():
                raise InputError(f"{file.name} is empty, or its gzip is cut off at the start")
            # The table says best what a file has and what it lacks.
            self._keep(file, source_class("table"))

    def _add_files(self, folder: str, files: Sequence[SourceFile]) -> None:
        own = tuple(own_outputs(files))
        before = len(self._found)
        left = len(self._left)
        for member in files:
            if own and member.name.startswith(own):
                self._left.append(LeftAlone(member.name, OWN))
                continue
            file = self._at_hand(member)
            start = head(file)
            probe = Probe(file, start)
            reason = next(filter(None, (one.leaves_alone(probe) for one in self._classes)), "")
            if reason or not start.strip():
                self._left.append(LeftAlone(file.name, reason or EMPTY))
            elif self._add(file, start):
                self._optional.add(identity(file))
            else:
                self._left.append(LeftAlone(file.name, UNKNOWN))
        if len(self._found) == before and not self._companions:
            lines = "; ".join(listing([], self._left[left:]))
            raise InputError(
                f"the folder {folder} has no file that can be read as reviews: {lines}"
            )

    def _at_hand(self, file: SourceFile) -> SourceFile:
        """Return a small file with its bytes, as long as those of all are not too many."""
        if self._held > MAX_HELD:
            return file
        file = file.at_hand()
        self._held += len(file.held or b"")
        return file

    def inputs(self) -> Inputs:
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
        missing: MissingColumn | None = None
        for key, (file, found) in self._found.items():
            companions = sorted(self._companions.get(found, {}).values(), key=_order)
            reader = found(self._settings, companions)
            try:
                columns = self._columns(reader, file)
                inputs.append(Input(_let_go(file), reader, columns))
            except MissingColumn as error:
                if key not in self._optional:
                    inputs.append(self._by_content(reader, file, error))
                    continue
                missing = missing or error
                self._left.append(LeftAlone(file.name, OWN if _is_own(file) else NO_TEXT))
        if missing is not None and not inputs:
            raise missing
        if self._folders:
            for files in self._companions.values():
                self._left += [LeftAlone(one.name, COMPANION) for one in files.values()]
        inputs.sort(key=lambda one: _order(one.file))
        return Inputs(inputs, self._left, folders=self._folders)

    def _by_content(self, reader: Source, file: SourceFile, error: MissingColumn) -> Input:
        """Return a file that the user named whose column of texts only its content tells.

        Raises:
            MissingColumn: the error given, if the content does not tell either.
        """
        if not isinstance(reader, Table) or "review_body" in self._settings.columns:
            raise error
        column = reader.longest_text(file)
        if not column:
            raise error
        columns = {**self._settings.columns, "review_body": column}
        by_content = Table(replace(self._settings, columns=columns))
        found = by_content.inspect(file)
        guesses = {**found.guesses, "review_body": column}
        return Input(file, by_content, replace(found, guesses=guesses))

    def _columns(self, reader: Source, file: SourceFile) -> ColumnMap:
        if self._settings.columns and not reader.takes_columns:
            raise UsageError(
                f"{file.name} is read as {reader.title}, whose columns have no names that --map "
                "could tell; leave --map out, or read it as a table with --source-format table"
            )
        return reader.inspect(file)

    def _add(self, file: SourceFile, start: bytes, *, by_name: bool = False) -> bool:
        """Take in a file if a source knows it; the format that the user named knows every one."""
        probe = Probe(file, start)
        if not start.strip():
            return False
        for one in self._classes:
            if one.accompanies(probe):
                self._companions.setdefault(one, {}).setdefault(identity(file), file)
                return True
        found = self._classes[0] if self._named and by_name else self._recognise(probe)
        return found is not None and self._keep(file, found)

    def _recognise(self, probe: Probe) -> type[Source] | None:
        return next((one for one in self._classes if one.recognises(probe)), None)

    def _keep(self, file: SourceFile, found: type[Source]) -> bool:
        self._found.setdefault(identity(file), (file, found))
        return True


def _let_go(file: SourceFile) -> SourceFile:
    return file if file.held is None else replace(file, held=None)


def _is_own(file: SourceFile) -> bool:
    return head(file).startswith(PARQUET_MAGIC) and is_own_table(parquet_columns(file))


def _order(file: SourceFile) -> tuple[str, str]:
    return file.name, file.place
