"""`reviewdesk find export`: findings for other programs."""

from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, say
from reviewdesk.findings.export import export_findings, promised
from reviewdesk.findings.order import as_read
from reviewdesk.findings.store import folders_in, read_findings
from reviewdesk.job.places import findings_folder


def export(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Folder of findings, of one kind or of several; or of the job that they are in.",
            metavar="DIR",
        ),
    ],
    out: Annotated[Path, typer.Option(help="File to write.", metavar="FILE")],
    *,
    kind: Annotated[
        str, typer.Option("--format", help="What to write. One of: csv, jsonl.")
    ] = "csv",
    promise: Annotated[
        float,
        typer.Option(
            help="Only the list that is promised to be right in this share of the cases: 0.95, "
            "0.9 or 0.8; 0 means all findings. Kinds without promises, such as similar products, "
            "are written whole.",
        ),
    ] = 0.0,
    as_json: Json = False,
) -> None:
    """Findings as CSV or JSON lines.

    Of one kind, or of all kinds in one file.

    In CSV, words, figures and review_ids of a finding are one cell each, and cells that a
    spreadsheet would run as a formula get an apostrophe in front. The findings' own Parquet file
    holds the same and can be read by any program that knows Parquet.

    Example:

        reviewdesk find export findings/review-category --promise 0.95 --out review-category.csv
        reviewdesk find export findings --out all.csv
    """
    stored = [read_findings(each).findings for each in folders_in(findings_folder(folder))]
    rows = pa.concat_tables(as_read(promised(each, promise).table) for each in stored)
    changed = export_findings(rows, out, kind)
    if promise and (silent := [each.finder for each in stored if not each.lists]):
        names = ", ".join(silent)
        note(f"findings of this kind carry no promise, so all of them are written: {names}")
    if as_json:
        print_json({"out": str(out), "findings": rows.num_rows, "neutralised": changed})
        return
    say(f"{count(rows.num_rows, 'finding')} in {out}")
    if changed:
        say(f"{count(changed, 'cell')} got an apostrophe in front, against spreadsheet formulas")
