"""`reviewdesk prepare`: from raw files to prepared data."""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import command_with, count, note, print_json, print_table, say
from reviewdesk.engines.opening import cluster
from reviewdesk.errors import TooManyRejects, UsageError
from reviewdesk.job.places import reviews_of
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.manifest import file_notes
from reviewdesk.prepare.prepare import prepare as prepare_reviews
from reviewdesk.prepare.prepare import source_for
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.schema import REVIEWS
from reviewdesk.settings import CleanSettings, EngineSettings, PrepareSettings, SourceSettings
from reviewdesk.sources.catalog import Input, Inputs, open_inputs
from reviewdesk.sources.mapping import is_name, shown

NOTES_SHOWN: Final = 20

Corrections_ = Annotated[
    Path | None,
    typer.Option(
        "--corrections",
        help="CSV or Parquet with the columns id, column, old, new: what people decided to change, "
        "in the review or all reviews of the product that an id names.",
        metavar="FILE",
    ),
]


@with_settings(
    source=SourceSettings, clean=CleanSettings, prepare=PrepareSettings, engine=EngineSettings
)
def prepare(
    sources: Annotated[
        list[str] | None,
        typer.Argument(help="Review files, folders or globs.", metavar="SOURCE..."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to write.", metavar="DIR")] = None,
    *,
    append: Annotated[
        Path | None,
        typer.Option(
            help="Prepared folder, or that of a job, to add the files to: the result is that of "
            "one run over all files.",
            metavar="DIR",
        ),
    ] = None,
    corrections: Corrections_ = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a folder prepared in another way.")
    ] = False,
    as_json: Json = False,
    source: SourceSettings,
    clean: CleanSettings,
    prepare: PrepareSettings,
    engine: EngineSettings,
) -> None:
    """Read, clean and de-duplicate reviews; Parquet by month.

    Reads Amazon Customer Reviews TSV, the IMDb data set (folder or tar.gz), and any CSV, TSV, JSON
    lines or Parquet file, gzip or not; formats are recognised by their content. Rows that cannot be
    read never stop the run: they are counted and kept in DIR/rejects.parquet. An interrupted run
    goes on where it stopped when the same command is given again. With --engine spark a cluster
    does the work and the folder is the same.

    With --append the files are added to what was prepared before, with the result of one run over
    all of them in a fraction of the time; how they are read, cleaned and filtered stays the same.
    People who were erased do not come back.

    Example:

        reviewdesk prepare reviews.csv --map review_body=comment --out prepared
        reviewdesk prepare may.csv --append prepared
    """
    if append is not None:
        earlier = reviews_of(append)
        source = source_for(earlier, source)
    if (out is None) == (append is None):
        raise UsageError("name the folder to write with --out DIR, or one to add to with --append")
    folder = out if out is not None else earlier.path
    changes = Corrections.read(corrections) if corrections else NONE
    if not (sources or (append and changes)):
        raise UsageError("name files to prepare, or corrections of data that is there (--append)")
    inputs = open_inputs(sources, source) if sources else Inputs([])
    show_inputs(inputs)
    try:
        with cluster(engine) as machines:
            data = prepare_reviews(
                inputs,
                folder,
                prepare=prepare,
                clean=clean,
                source=source,
                overwrite=overwrite,
                append=append is not None,
                corrections=changes,
                engine=machines,
                progress=Progress(),
            )
    except TooManyRejects:
        _print(PreparedData.open(folder), as_json)
        raise
    _print(data, as_json)


def show_inputs(inputs: Inputs) -> None:
    """Say which files of a folder are read, which are left alone, and which columns they have."""
    for line in inputs.listing():
        note(line)
    show_columns(inputs)


def show_columns(inputs: Sequence[Input]) -> None:
    """Say which columns of the reviews table the files have, and which look like missing ones.

    Files with the same columns are shown once; those with all 15 under their own names in a line.
    """
    alike: dict[str, list[Input]] = {}
    for one in inputs:
        alike.setdefault(repr(one.columns), []).append(one)
    for first, *others in alike.values():
        columns = first.columns
        more = f" and {count(len(others), 'more file')}" if others else ""
        if all(columns.columns.get(name) == name for name in REVIEWS.names):
            note(f"{first.name}{more}: all {len(REVIEWS.names)} columns under their own names")
            continue
        note(f"columns of {first.name}{more}:")
        guessed = dict.fromkeys(columns.guesses, " (guessed)")
        rows = [
            [name, f"{columns.columns[name]}{guessed.get(name, '')}"]
            for name in REVIEWS.names
            if name in columns.columns
        ]
        print_table(["column", "read from"], rows, aside=True)
        if columns.not_found:
            note(f"not found: {', '.join(columns.not_found)}")
        if columns.resembling:
            pairs = columns.resembling.items()
            like = ", ".join(f"{shown([column])} like {name}" for column, name in pairs)
            this = "it" if len(pairs) == 1 else "them"
            note(f"not read, though it looks so: {like}; to read {this}:")
            first_alike = {name: one for one, name in reversed(list(pairs)) if is_name(one)}
            maps = (("--map", f"{name}={one}") for name, one in first_alike.items())
            note(f"    {command_with(*chain.from_iterable(maps))}")


def show_notes(data: PreparedData) -> None:
    """Say what was noticed in the files, such as where one of them is cut off."""
    notes = data.notes or file_notes(data.manifest)
    for text in notes[:NOTES_SHOWN]:
        note(text)
    if len(notes) > NOTES_SHOWN:
        note(f"and {len(notes) - NOTES_SHOWN:,} more such notes, which manifest.json has")
    for column, number in data.manifest["unreadable"].items():
        note(f"{column}: {count(number, 'value')} could not be read and count as missing")


def corrections_sentence(counts: Mapping[str, int]) -> str:
    """Return how many corrections were given, and what they changed."""
    given = count(counts["given"], "correction")
    fitting = counts["given"] - counts["fitting"]
    rest = f"; {fitting:,} fit no review as it stands" if fitting else ""
    return f"{given} changed {count(counts['reviews'], 'review')}{rest}"


def _print(data: PreparedData, as_json: bool) -> None:
    show_notes(data)
    if as_json:
        print_json(data.manifest)
        return
    rows = data.manifest["rows"]
    say(f"{data.location} holds {count(rows['written'], 'review')} of {count(rows['read'], 'row')}")
    if told := data.manifest.get("corrections"):
        say(corrections_sentence(told))
    counts = [
        *((f"unreadable: {reason}", n) for reason, n in data.manifest["rejected"].items()),
        *((f"dropped: {rule}", n) for rule, n in data.manifest["dropped"].items()),
    ]
    lost = [[why, f"{number:,}"] for why, number in counts if number]
    if lost:
        print_table(["not among them", "rows"], lost)
    if data.ratings:
        say(f"stars without a text, kept for what needs stars only: {data.ratings:,}")
