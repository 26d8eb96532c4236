"""`reviewdesk find`: what is in the wrong category, getting worse, alike."""

from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.cli.find_options import (
    Audit,
    Data,
    Out,
    Overwrite,
    Own,
    Reference,
    Set,
    SetAny,
    settings_of,
)
from reviewdesk.cli.find_output import ask, print_ranking, print_result
from reviewdesk.cli.options import Json, with_settings
from reviewdesk.engines.base import Engine
from reviewdesk.engines.opening import cluster
from reviewdesk.errors import UsageError
from reviewdesk.findings.base import FinderInputs
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.job.beside import REPORT, link_beside
from reviewdesk.job.find import FindSettings, find
from reviewdesk.job.finders import new_finder
from reviewdesk.job.places import reviews_of
from reviewdesk.progress import Progress
from reviewdesk.settings import EngineSettings, PromiseSettings

FOUND: Final = "What was found: lists that promise how much of them is right"


@with_settings(promises=PromiseSettings)
def review_category(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    reference: Reference = None,
    audit: Audit = None,
    options: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    promises: PromiseSettings,
) -> None:
    """Reviews in the wrong category, or under the wrong product.

    Every review is read by classifiers that have not seen its product; if they contradict its
    category beyond doubt, it is listed, with the words for and against. A list promised at 95 % is
    as long as it can be with 95 in 100 of its findings right; where that is impossible it is empty
    and says why. Promises are surest with --reference or --audit.

    Example:

        reviewdesk find review-category prepared --out findings
    """
    given = settings_of(
        ["review-category"],
        data,
        promises,
        predictions=predictions,
        reference=reference,
        audit=audit,
        options=options,
    )
    _run(data, out, given, overwrite, as_json, audit)


@with_settings(promises=PromiseSettings)
def product_category(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    options: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    promises: PromiseSettings,
) -> None:
    """Products that are filed under the wrong category.

    All reviews of a product are weighed together, each counting less the more there are, since
    reviews of one product are alike. Products with one review go to the list of reviews in the
    wrong category.

    Example:

        reviewdesk find product-category prepared --out findings
    """
    given = settings_of(
        ["product-category"], data, promises, predictions=predictions, options=options
    )
    _run(data, out, given, overwrite, as_json)


@with_settings(promises=PromiseSettings)
def declining(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    options: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    promises: PromiseSettings,
) -> None:
    """Products that get worse, since when, and what people say now.

    Looks at the stars month by month, as if it had been asked every month, without raising more
    false alarms for it. Where reviews have no stars, those that their texts suggest are used.

    Example:

        reviewdesk find declining prepared --out findings
    """
    given = settings_of(["declining"], data, promises, predictions=predictions, options=options)
    _run(data, out, given, overwrite, as_json)


def similar(
    data: Data,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the findings of all products.", metavar="DIR")
    ] = None,
    *,
    product: Annotated[
        str, typer.Option(help="Say which products are like this one (a product_id).")
    ] = "",
    k: Annotated[int, typer.Option("--k", help="So many for each product.", min=1)] = 10,
    vectors: Annotated[
        Path | None,
        typer.Option(
            help="Compare by your own vectors, such as embeddings: a Parquet file with the column "
            "product_id and one of lists of floating-point numbers, all of one length.",
            metavar="FILE",
        ),
    ] = None,
    options: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Products about which people say the same.

    Compares what reviews say of the products, with the words that two of them share. Variants of
    one product count as one. With --product it only says which products are like that one; with
    --out it writes the ranking of every product and a page of those most alike. With --vectors the
    cosines of your own vectors say what is alike, and reviews only supply the words.

    Example:

        reviewdesk find similar prepared --out findings
    """
    if bool(product) == (out is not None):
        raise UsageError("give --product ID to look at one product, or --out DIR for all of them")
    own = [] if vectors is None else [f"vectors={vectors}"]
    words = [f"k={k}", *own, *(options or [])]
    given = settings_of(["similar"], data, PromiseSettings(), options=words)
    if out is None:
        finder = new_finder("similar", {**given.options["similar"], "product": product})
        found = finder.find(FinderInputs(reviews_of(data)), progress=Progress())
        print_ranking(found, as_json)
        return
    _run(data, out, given, overwrite, as_json)


@with_settings(promises=PromiseSettings, engine=EngineSettings)
def everything(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    reference: Reference = None,
    audit: Audit = None,
    options: SetAny = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
    promises: PromiseSettings,
    engine: EngineSettings,
) -> None:
    """Everything that can be found, on one page.

    Runs every finder, also those that other packages add. What the data is too thin for is left
    out, with the reason. What was found before, with the same data and settings, is not looked for
    again.

    With --engine spark a cluster makes the predictions, a fold a task; the finders read them here.

    Example:

        reviewdesk find all prepared --out findings
    """
    given = settings_of(
        FINDERS.names(),
        data,
        promises,
        predictions=predictions,
        reference=reference,
        audit=audit,
        options=options,
    )
    with cluster(engine) as machines:
        _run(data, out, given, overwrite, as_json, audit, machines)


def _run(
    data: Path,
    out: Path,
    settings: FindSettings,
    overwrite: bool,
    as_json: bool,
    audit: Path | None = None,
    engine: Engine | None = None,
) -> None:
    result = find(
        reviews_of(data), out, settings, overwrite=overwrite, engine=engine, progress=Progress()
    )
    link_beside(data / REPORT, FOUND, result.page)
    print_result(result, as_json)
    if audit and settings.answers is None:
        ask(result, audit)
