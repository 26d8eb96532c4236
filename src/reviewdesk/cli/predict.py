"""`reviewdesk predict`: a label with probabilities for every review."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.bundle import load_bundle
from reviewdesk.cli.data import open_data
from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, print_json, print_table, say
from reviewdesk.errors import DamagedInput, UsageError
from reviewdesk.progress import Progress
from reviewdesk.scoring.predict import PredictSummary
from reviewdesk.scoring.predict import predict as predict_reviews
from reviewdesk.settings import SourceSettings
from reviewdesk.sources.rejects import DAMAGE


@with_settings(source=SourceSettings)
def predict(
    bundle: Annotated[Path, typer.Argument(help="Bundle: a folder or its .tar.gz.")],
    data: Annotated[
        list[str], typer.Argument(help="A prepared folder, or review files.", metavar="DATA...")
    ],
    out: Annotated[Path, typer.Option(help="Parquet file to write.", metavar="FILE")],
    *,
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

    Example:

        reviewdesk predict job/sentiment/bundle new.tsv.gz --out labels.parquet
    """
    if out.suffix != ".parquet":
        raise UsageError(f"the predictions are a Parquet table; call it {out.stem}.parquet")
    summary = predict_reviews(
        load_bundle(bundle),
        open_data(data, source),
        out,
        evidence=evidence,
        overwrite=overwrite,
        progress=Progress(),
    )
    if as_json:
        print_json(summary.to_json())
    else:
        _print(summary, out)
    if not summary.rejected.keys().isdisjoint(DAMAGE):
        raise DamagedInput(
            f"a file is damaged or cut off, so that predictions are missing in {out}; get the file "
            "again and give the same command"
        )


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
