"""`reviewdesk predict`: a label with probabilities for every review."""

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.bundle import Bundle
from reviewdesk.cli.data import open_data
from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.cli.remote import predictor_of
from reviewdesk.engines.opening import cluster
from reviewdesk.errors import DamagedInput, UsageError
from reviewdesk.job.places import bundle_folder, bundle_of
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.progress import Progress
from reviewdesk.scoring.endpoint import ENDPOINT_PART_ROWS, EndpointPredictor
from reviewdesk.scoring.feature_lines import SOURCE
from reviewdesk.scoring.labelled_rows import label_rows
from reviewdesk.scoring.predict import PART_ROWS, PredictSummary, predict_on_cluster
from reviewdesk.scoring.predict import predict as predict_reviews
from reviewdesk.settings import EngineSettings, SourceSettings
from reviewdesk.sources.catalog import Input
from reviewdesk.sources.rejects import DAMAGE


@with_settings(source=SourceSettings, engine=EngineSettings)
def predict(
    places: Annotated[
        list[str],
        typer.Argument(
            help="Bundle (a folder or its .tar.gz), and a prepared folder or review files; with "
            "--endpoint these alone.",
            metavar="[BUNDLE] DATA...",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="File to write: the rows of review files as .csv, .tsv, .jsonl or .parquet; of a "
            "prepared folder the predictions table, as .parquet.",
            metavar="FILE",
        ),
    ],
    *,
    endpoint: Annotated[
        str,
        typer.Option(
            help="Endpoint that predicts in place of a bundle: http://HOST:PORT of reviewdesk "
            "serve or a container, there also /endpoints/NAME/invocations, or the name of one of "
            "SageMaker's.",
            metavar="URL|NAME",
        ),
    ] = "",
    evidence: Annotated[
        int, typer.Option(help="Words to give as reasons for each label; 0 is much faster.", min=0)
    ] = 0,
    rows: Annotated[
        bool,
        typer.Option(
            help="Write the files' own rows and columns with the predictions beside; with "
            "--no-rows the predictions table alone, as .parquet.",
        ),
    ] = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a table made in another way.")
    ] = False,
    as_json: Json = False,
    source: SourceSettings,
    engine: EngineSettings,
) -> None:
    """A label with probabilities for every review of a file.

    Writes the file's own rows back, in their order and with all their columns, and adds the label,
    its probability and, for stars, the expected number. Every review that can be read gets a
    prediction, however short or long; a row that cannot be read is there too, with the reason.
    Cells of a CSV that a spreadsheet would run as a formula get an apostrophe, which they lose when
    the file is read here. An interrupted run goes on when the same command is given again.

    For a prepared folder, or with --no-rows, it writes the predictions table.

    With --engine spark a cluster writes the predictions table, of a prepared folder or with
    --no-rows; the bundle is sent to each of its machines once.

    An endpoint is sent batches within SageMaker's limits, a few at a time, and again if it is busy.

    Example:

        reviewdesk predict job/sentiment/bundle new.csv --out labelled.csv
    """
    begun = time.perf_counter()
    if not endpoint and len(places) < 2:
        raise UsageError("name a bundle and what it is to label, or an --endpoint")
    data = open_data(places if endpoint else places[1:], source)
    rows = rows and have_rows(data)
    if not rows and out.suffix != ".parquet":
        raise UsageError(f"the predictions are a Parquet table; call it {out.stem}.parquet")
    with cluster(engine) as machines:
        if machines is not None and (endpoint or rows):
            raise UsageError(
                "a cluster writes the predictions table, by a bundle that it has itself: leave "
                "--endpoint out, and say --no-rows where files are to be labelled"
            )
        if machines is not None:
            summary = predict_on_cluster(
                machines,
                bundle_folder(Path(places[0])),
                data,
                out,
                evidence=evidence,
                overwrite=overwrite,
                progress=Progress(),
            )
            _end(summary, out, as_json)
            return
    predictor = predictor_of(endpoint) if endpoint else bundle_of(Path(places[0]))
    with predictor if isinstance(predictor, EndpointPredictor) else nullcontext():
        summary = label(predictor, data, out, rows=rows, evidence=evidence, overwrite=overwrite)
    if endpoint and not summary.already:
        rate = summary.rows / (time.perf_counter() - begun)
        note(f"{rate:,.0f} reviews a second")
    _end(summary, out, as_json)


def _end(summary: PredictSummary, out: Path, as_json: bool) -> None:
    """Say what was written.

    Raises:
        DamagedInput: a file was cut off.
    """
    if as_json:
        print_json(summary.to_json())
    else:
        say_labels(summary, out)
    if not summary.rejected.keys().isdisjoint(DAMAGE):
        raise DamagedInput(
            f"a file is damaged or cut off, so that predictions are missing in {out}; get the file "
            "again and give the same command"
        )


def label(
    predictor: Bundle | EndpointPredictor,
    data: PreparedData | list[Input],
    out: Path,
    *,
    rows: bool,
    evidence: int = 0,
    overwrite: bool = False,
) -> PredictSummary:
    """Write a label for every review: beside the files' own rows, or as the predictions table."""
    if rows and not isinstance(data, PreparedData):
        return label_rows(
            predictor, data, out, evidence=evidence, overwrite=overwrite, progress=Progress()
        )
    return predict_reviews(
        predictor,
        data,
        out,
        evidence=evidence,
        overwrite=overwrite,
        part_rows=ENDPOINT_PART_ROWS if isinstance(predictor, EndpointPredictor) else PART_ROWS,
        progress=Progress(),
    )


def have_rows(data: PreparedData | list[Input]) -> bool:
    """Say whether data has rows with columns of its own; bags of words have none."""
    return not isinstance(data, PreparedData) and all(one.source != SOURCE for one in data)


def say_labels(summary: PredictSummary, out: Path) -> None:
    """Print how many reviews got which label, and what stands in the way of some."""
    already = " already" if summary.already else ""
    say(f"{count(summary.rows, 'prediction')} are{already} in {out}")
    print_table(["label", "reviews"], [[label, f"{n:,}"] for label, n in summary.labels.items()])
    if summary.without_known_words:
        say(
            f"{count(summary.without_known_words, 'review')} have no word that the bundle knows "
            "(known_words is 0): of these it cannot tell, and their probabilities are the labels' "
            "shares of the reviews that it learned from"
        )
    if summary.unseen_languages:
        named = ", ".join(f"{code} {n:,}" for code, n in summary.unseen_languages.items())
        say(
            f"{count(sum(summary.unseen_languages.values()), 'review')} are in languages that the "
            f"bundle has learned next to nothing of ({named}): rely on their labels the less"
        )
    if summary.formula_cells:
        say(
            f"{count(summary.formula_cells, 'cell')} would run as a formula in a spreadsheet: each "
            "got an apostrophe in front, which it loses when the file is read here"
        )
    if summary.rejected:
        where = f"are in {summary.rejects}" if summary.rejects else "are there without a label"
        say(f"rows that could not be read {where}:")
        print_table(["reason", "rows"], [[why, f"{n:,}"] for why, n in summary.rejected.items()])
