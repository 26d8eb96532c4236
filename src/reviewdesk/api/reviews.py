"""Reviews: read from any file or DataFrame, cleaned and without duplicates."""

import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Self, TypeGuard

import pyarrow as pa
import pyarrow.parquet as pq

from reviewdesk.api.notebook import small_table
from reviewdesk.api.options import settings_from
from reviewdesk.api.session import SessionFolder
from reviewdesk.api.tables import ArrowRows, Files, Table, arrow_table, is_table
from reviewdesk.engines.opening import cluster
from reviewdesk.errors import TooManyRejects
from reviewdesk.job.places import prepared_of, reviews_of
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.prepare import prepare as prepare_reviews
from reviewdesk.prepare.prepare import source_for
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.settings import (
    CleanSettings,
    EngineSettings,
    PrepareSettings,
    SourceSettings,
    TargetSettings,
)
from reviewdesk.sources.catalog import Inputs, open_inputs

READING: Final = (SourceSettings, CleanSettings, PrepareSettings)


class Reviews(ArrowRows):
    """Prepared reviews.

    Args:
        data: the prepared folder.
        folder: a temporary folder that holds it; it is removed with this object.
        notes: sentences about the files that their owner should see.
    """

    def __init__(
        self,
        data: PreparedData,
        folder: SessionFolder | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.data = data
        self.notes = notes
        self._folder = folder

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a prepared folder, or that of a job."""
        return cls(reviews_of(Path(path)))

    @property
    def counts(self) -> dict[str, int]:
        """How many rows were read, and what became of them."""
        manifest = self.data.manifest
        lost = {**manifest["rejected"], **manifest["dropped"]}
        written = {name: manifest["rows"][name] for name in ("read", "written")}
        return {**written, **{why: rows for why, rows in lost.items() if rows}}

    def to_arrow(self) -> pa.Table:
        """Return all reviews as an Arrow table."""
        return self.data.table()

    def __len__(self) -> int:
        return self.data.rows

    def __repr__(self) -> str:
        return f"<{self.data.rows:,} reviews in {self.data.path}>"

    def _repr_html_(self) -> str:
        rows = [(name.replace("_", " "), f"{rows:,}") for name, rows in self.counts.items()]
        return small_table("Reviews", [*rows, *(("note", note) for note in self.notes)])


def read(source: Files | Table, **settings: Any) -> Reviews:
    """Read, clean and de-duplicate reviews for this session.

    The result lies in a temporary folder for as long as it is used, so that it may be larger than
    memory. Too many unreadable rows are a warning.

    Args:
        source: review files, folders or patterns; a DataFrame; or a folder that was prepared.
        settings: those of ``reviewdesk prepare``, such as ``columns={"review_body": "comment"}``.

    Raises:
        UsageError: a setting is wrong.
        InputError: it cannot be read.

    Example:
        >>> import pyarrow as pa
        >>> import reviewdesk as rd
        >>> len(rd.read(pa.table({"text": ["Works very well", "Broke at once"], "stars": [5, 1]})))
        2
    """
    if not settings and _is_prepared(source):
        return Reviews.open(source)
    folder = SessionFolder()
    return _prepared(source, folder.path / "prepared", settings, False, folder)


def prepare(
    source: Files | Table,
    out: str | Path,
    *,
    overwrite: bool = False,
    append: bool = False,
    corrections: str | Path = "",
    **settings: Any,
) -> Reviews:
    """Read, clean and de-duplicate reviews into a folder, as ``reviewdesk prepare`` does.

    Args:
        source: review files, folders or patterns; or a DataFrame.
        out: the folder to write.
        overwrite: replace a folder that was prepared in another way.
        append: add them to what was prepared in the folder before, as one run over all would
            have it; how they are read, cleaned and filtered stays.
        corrections: CSV or Parquet with the columns id, column, old, new: what people decided to
            change; it stays for what is added later.
        settings: those of ``reviewdesk prepare``.

    Raises:
        UsageError: a setting is wrong, or the folder is something else.
        InputError: it cannot be read.
        StorageError: it cannot be written.
    """
    changes = Corrections.read(Path(corrections)) if corrections else NONE
    return _prepared(
        source, Path(out), settings, overwrite, None, append=append, corrections=changes
    )


def as_reviews(data: "Reviews | Files | Table", **settings: Any) -> Reviews:
    """Return reviews, read if they were not read yet."""
    return data if isinstance(data, Reviews) else read(data, **settings)


def labelled_reviews(
    data: "Reviews | Files | Table", target: TargetSettings, **settings: Any
) -> Reviews:
    """Return reviews with the column that holds labels of one's own, where a target names one.

    Args:
        data: reviews, files or a DataFrame.
        target: what is to be learnt.
        settings: how files and DataFrames are read.
    """
    if not target.label or isinstance(data, Reviews) or (not settings and _is_prepared(data)):
        return as_reviews(data, **settings)
    return read(data, **settings, keep=[target.label])


def _is_prepared(source: object) -> TypeGuard[str | Path]:
    return isinstance(source, str | Path) and prepared_of(Path(source)) is not None


def _prepared(
    source: Any,
    out: Path,
    settings: dict[str, Any],
    overwrite: bool,
    folder: SessionFolder | None,
    *,
    append: bool = False,
    corrections: Corrections = NONE,
) -> Reviews:
    files, clean, prepare_, engine = settings_from(settings, *READING, EngineSettings)
    if append:
        earlier = reviews_of(out)
        out, files = earlier.path, source_for(earlier, files)
    if folder is not None:  # nobody adds to a folder of this session
        prepare_ = replace(prepare_, appendable=False)
    with TemporaryDirectory(prefix="reviewdesk-") as aside:
        places = places_of(source, Path(aside))
        inputs = open_inputs(places, files) if places or not append else Inputs([])
        try:
            with cluster(engine) as machines:
                data = prepare_reviews(
                    inputs,
                    out,
                    prepare=prepare_,
                    clean=clean,
                    source=files,
                    overwrite=overwrite,
                    append=append,
                    corrections=corrections,
                    engine=machines,
                    progress=Progress(),
                )
        except TooManyRejects as error:
            warnings.warn(str(error), stacklevel=4)
            data = PreparedData.open(out)
    guesses = [
        f"using {guessed} as {column}" for one in inputs for column, guessed in one.guesses.items()
    ]
    return Reviews(data, folder, (*dict.fromkeys(guesses), *data.notes))


def places_of(source: Any, aside: Path) -> list[str]:
    """Return the places of files; a DataFrame becomes one."""
    if is_table(source):
        table = aside / "table.parquet"
        pq.write_table(arrow_table(source), table)
        return [str(table)]
    many = [source] if isinstance(source, str | Path) else list(source)
    return [str(one) for one in many]
