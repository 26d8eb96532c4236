"""`reviewdesk predict`: a label with probabilities for every review."""

import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.aws.endpoint import SageMakerEndpoint
from reviewdesk.bundle import load_bundle
from reviewdesk.cli.data import open_data
from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, note, print_json, print_table, say
from reviewdesk.errors import DamagedInput, UsageError
from reviewdesk.progress import Progress
from reviewdesk.scoring.endpoint import EndpointPredictor, HttpEndpoint
from reviewdesk.scoring.predict import PART_ROWS, PredictSummary
from reviewdesk.scoring.predict import predict as predict_reviews
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.rejects import DAMAGE

ENDPOINT_PART_ROWS: Final = 8_192
"""Reviews between two points that a run goes on from, where an endpoint predicts."""


@with_settings(source=SourceSettings)
def predict(
    places: Annotated[
        list[str],
        typer.Argument(
            help="Bundle (a folder or its .tar.gz), and a prepared folder or review files; with "
            "--endpoint the files alone.",
            metavar="[BUNDLE] DATA...",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="FILE")],
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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a table made in another way.")
    ] = False,
    as_json: Json = False,
    source: SourceSettings,
) -> None:
    """A label with probabilities for every review of a file.

    Writes the predictions table in the order of the input, in bounded memory. Every review that can
    be read gets a prediction, however short or long; rows that cannot be read are counted and kept
    in NAME.rejects.parquet. An interrupted run goes on when the same command is given again.

    An endpoint is sent batches within SageMaker's limits, some at a time, again where it is busy.

    Example:

        reviewdesk predict job/sentiment/bundle new.tsv.gz --out labels.parquet
    """
    if out.suffix != ".parquet":
        raise UsageError(f"the predictions are a Parquet table; call it {out.stem}.parquet")
    begun = time.perf_counter()
    if not endpoint and len(places) < 2:
        raise UsageError("name a bundle and what it is to label, or an --endpoint")
    data = open_data(places if endpoint else places[1:], source)
    predictor = _endpoint(endpoint) if endpoint else load_bundle(Path(places[0]))
    with predictor if isinstance(predictor, EndpointPredictor) else nullcontext():
        summary = predict_reviews(
            predictor,
            data,
            out,
            evidence=evidence,
            overwrite=overwrite,
            part_rows=ENDPOINT_PART_ROWS if endpoint else PART_ROWS,
            progress=Progress(),
        )
    if endpoint and not summary.already:
        rate = summary.rows / (time.perf_counter() - begun)
        note(f"{rate:,.0f} reviews a second")
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary, out)
    if not summary.rejected.keys().isdisjoint(DAMAGE):
        raise DamagedInput(
            f"a file is damaged or cut off, so that predictions are missing in {out}; get the file "
            "again and give the same command"
        )


def _endpoint(place: str) -> EndpointPredictor:
    """Return what answers at an address, or under a name of SageMaker's."""
    url = "://" in place
    return EndpointPredictor(HttpEndpoint(place) if url else SageMakerEndpoint(place))


def _print(summary: PredictSummary, out: Path) -> None:
    already = " already" if summary.already else ""
    say(f"{count(summary.rows, 'prediction')} are{already} in {out}")
    print_table(["label", "reviews"], [[label, f"{n:,}"] for label, n in summary.labels.items()])
    if summary.without_known_words:
        say(
            f"{count(summary.without_known_words, 'review')} have no word that the bundle knows "
            "(known_words is 0): of these it cannot tell, and their probabilities are the labels' "
            "shares of the reviews that it learned from"
        )
    if summary.rejected:
        say(f"rows that could not be read are in {summary.rejects}:")
        print_table(["reason", "rows"], [[why, f"{n:,}"] for why, n in summary.rejected.items()])
