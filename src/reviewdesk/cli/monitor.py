"""`reviewdesk monitor`: a watch on a live model."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.bundle import Bundle
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.errors import UsageError
from reviewdesk.experiments.watch_page import watch_page
from reviewdesk.job.monitor import monitor as watch_captures
from reviewdesk.job.places import bundle_of, reviews_of
from reviewdesk.progress import Progress
from reviewdesk.report.numbers import share
from reviewdesk.serving.traffic import GAUGES
from reviewdesk.storage import write_text


def monitor(
    bundle: Annotated[Path, typer.Argument(help="Bundle that answers.", metavar="BUNDLE")],
    data: Annotated[
        Path, typer.Argument(help="Prepared folder that it learned from.", metavar="DATA")
    ],
    captures: Annotated[
        Path,
        typer.Argument(help="Folder of its endpoint's captured requests.", metavar="CAPTURES"),
    ],
    *,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Bundle of another variant that answers, or of a shadow; BUNDLE is of the one "
            "that is not named.",
            metavar="NAME=BUNDLE",
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Folder of ground truth.", metavar="DIR")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Page to write.", metavar="FILE.html")] = None,
    as_json: Json = False,
) -> None:
    """Whether a live model still sees, and does, what it was trained for.

    Watches shares of the labels it gives; where texts were kept, unknown words and lengths; from
    ground truth, how right and how sure it is. Of several variants each is watched. Run it as often
    as you like: all alarms together, of all variants, are false with a chance of 5 %. Its gauges
    appear at /metrics of the server that writes the log.

    Example:

        reviewdesk monitor job/sentiment/bundle job/prepared logs/sentiment --truth truth
    """
    watch = watch_captures(
        bundle_of(bundle),
        reviews_of(data),
        captures,
        truth,
        variants=dict(map(_variant, variant or [])),
        progress=Progress(),
    )
    write_text(captures / GAUGES, watch.gauges(captures.resolve().name))
    if out is not None:
        watch_page(watch, captures.resolve().name).write(out)
    if as_json:
        print_json(watch.to_json())
        return
    say(watch.sentence)
    say("")
    print_table(
        ["quantity", "when trained", "lately", ""],
        [
            [one.quantity.title, share(one.quantity.mean), share(one.now),
             "changed" if one.alarm else "as it was"]
            for one in watch.watched
        ],
    )  # fmt: skip
    if out is not None:
        say(f"\nthe page: {out}")


def _variant(word: str) -> tuple[str, Bundle]:
    """Return a variant's name and bundle."""
    name, equals, place = word.partition("=")
    if not (name and equals and place):
        raise UsageError(f"{word!r} is not NAME=BUNDLE, as in B=new/bundle")
    return name, bundle_of(Path(place))
