"""`reviewdesk find`: what is misfiled, miscategorised, getting worse, alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import count, note, print_json, print_table, program, say
from reviewdesk.cli.train import parse_model_settings
from reviewdesk.errors import UsageError
from reviewdesk.findings.base import FinderInputs, Findings
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.questions import questions, write_questions
from reviewdesk.findings.reference import read_reference
from reviewdesk.findings.sentences import left_out, promises
from reviewdesk.findings.store import PAGE
from reviewdesk.findings.texts import review_texts
from reviewdesk.job.find import FindResult, FindSettings, Outcome, find, new_finder, reviews_of
from reviewdesk.job.heads import by_target
from reviewdesk.progress import Progress

FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "misfiled": ("misplaced",),
    "declining": ("improving", "language-shift"),
}
"""Finders that are shown as further parts of another one."""

RANKED: Final = ("what", "title", "where", "score", "words", "numbers", "samples")

Data = Annotated[Path, typer.Argument(help="Prepared folder, or that of a job.", metavar="DIR")]
Out = Annotated[
    Path,
    typer.Option(
        help="Folder for the findings: each kind gets a folder in it, and findings.html shows all.",
        metavar="DIR",
    ),
]
Own = Annotated[
    list[Path] | None,
    typer.Option(
        "--predictions",
        help="Predictions of every review by classifiers that have not seen its product, in place "
        "of those that are made here. May be given more than once.",
        metavar="FILE",
    ),
]
Reference = Annotated[
    Path | None,
    typer.Option(
        help="Reviews that are known to be filed rightly, 5,000 or more: a file with their ids. "
        "Promises then rest on them.",
        metavar="FILE",
    ),
]
Audit = Annotated[
    Path | None,
    typer.Option(
        help="A CSV with about 80 questions, by whose answers the promises are corrected. It is "
        "written when it is not there; fill in its column answer with right or wrong, as many as "
        "you can, and give the same command again.",
        metavar="FILE",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", help="A setting of the finder. May be given more than once.", metavar="NAME=VALUE"
    ),
]
Promise = Annotated[
    float,
    typer.Option(
        help="Write only the lists with this promise or a stricter one: 0.95, 0.9 or 0.8; 0 means "
        "all of them.",
        min=0,
        max=1,
    ),
]
Folds = Annotated[int, typer.Option(help="Parts to cross-fit the predictions in.", min=2)]
Seed = Annotated[int, typer.Option(help="Another seed cross-fits in other parts.", min=0)]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what was found in another way.")
]


def misfiled(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    reference: Reference = None,
    audit: Audit = None,
    promise: Promise = 0.0,
    options: Set = None,
    folds: Folds = 5,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Reviews that stand in the wrong category, or under the wrong product.

    Every review is read by classifiers that have not seen its product; where what they say and
    where it stands disagree beyond doubt, it is listed, with the words that speak for and against.
    A list promised at 95 % holds as many findings as can be had with 95 in 100 of them right; where
    that cannot be kept it is empty and says why. Promises are surest with --reference or --audit.

    Example:

        reviewdesk find misfiled prepared --out findings
    """
    given = _settings(
        ["misfiled"],
        data,
        predictions=predictions,
        reference=reference,
        answers=audit if audit and audit.exists() else None,
        promise=promise,
        options=options,
        folds=folds,
        seed=seed,
    )
    result = _run(data, out, given, overwrite, as_json)
    if audit and given.answers is None:
        _ask(result, audit)


def miscategorised(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    promise: Promise = 0.0,
    options: Set = None,
    folds: Folds = 5,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Products that are filed under the wrong category.

    All reviews of a product are weighed together, each counting less the more there are, since
    reviews of one product are alike. Products with one review go to the list of misfiled reviews.

    Example:

        reviewdesk find miscategorised prepared --out findings
    """
    given = _settings(
        ["miscategorised"],
        data,
        predictions=predictions,
        promise=promise,
        options=options,
        folds=folds,
        seed=seed,
    )
    _run(data, out, given, overwrite, as_json)


def declining(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    promise: Promise = 0.0,
    options: Set = None,
    folds: Folds = 5,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Products that get worse, since when, and what people say now.

    Looks at the stars month by month, as if it had been asked every month, without raising more
    false alarms for it. Where reviews have no stars, those that their texts speak of are taken.

    Example:

        reviewdesk find declining prepared --out findings
    """
    given = _settings(
        ["declining"],
        data,
        predictions=predictions,
        promise=promise,
        options=options,
        folds=folds,
        seed=seed,
    )
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
    options: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Products about which people say the same.

    Compares what reviews say of the products, with the words that two of them share. Variants of
    one product count as one. With --product it only says which products are like that one; with
    --out it writes the ranking of every product and a page of those most alike.

    Example:

        reviewdesk find similar prepared --out findings
    """
    if bool(product) == (out is not None):
        raise UsageError("give --product ID to look at one product, or --out DIR for all of them")
    if out is None:
        words = parse_model_settings(options or [])
        finder = new_finder("similar", {**words, "product": product, "k": k})
        found = finder.find(FinderInputs(reviews_of(data)), progress=Progress())
        _print_ranking(found, as_json)
        return
    given = _settings(["similar"], data, options=[f"k={k}", *(options or [])])
    _run(data, out, given, overwrite, as_json)


def _print_ranking(found: Findings, as_json: bool) -> None:
    rows = found.table.to_pylist()
    if as_json:
        print_json([{name: row[name] for name in RANKED} for row in rows])
        return
    if not rows:
        say("No other product is like it: too little is said of it, or nothing that others say.")
        return
    lines = [
        [
            row["title"] or row["what"],
            row["what"],
            f"{row['score']:.2f}",
            ", ".join(one["word"] for one in row["words"] or ()),
        ]
        for row in rows
    ]
    print_table(("product", "product_id", "likeness", "what is said of both"), lines)


def everything(
    data: Data,
    out: Out,
    *,
    predictions: Own = None,
    reference: Reference = None,
    promise: Promise = 0.0,
    folds: Folds = 5,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Everything that can be found, on one page.

    Runs every finder, also those that other packages add. What the data does not suffice for is
    left out and said. What is there from before, with the same data and settings, is not looked for
    again.

    Example:

        reviewdesk find all prepared --out findings
    """
    given = _settings(
        FINDERS.names(),
        data,
        predictions=predictions,
        reference=reference,
        promise=promise,
        folds=folds,
        seed=seed,
    )
    _run(data, out, given, overwrite, as_json)


def _settings(
    finders: list[str],
    data: Path,
    *,
    predictions: list[Path] | None = None,
    reference: Path | None = None,
    answers: Path | None = None,
    promise: float = 0.0,
    options: list[str] | None = None,
    folds: int = 5,
    seed: int = 0,
) -> FindSettings:
    parsed: dict[str, Any] = parse_model_settings(options or [])
    known = FINDERS.names()
    further = [one for name in finders for one in FURTHER.get(name, ()) if one in known]
    return FindSettings(
        finders=tuple(dict.fromkeys([*finders, *further])),
        options={finders[0]: parsed} if parsed else {},
        predictions=by_target(predictions or ()),
        reference=read_reference(reference, reviews_of(data)) if reference else None,
        answers=answers,
        promise=promise,
        folds=folds,
        seed=seed,
    )


def _run(
    data: Path, out: Path, settings: FindSettings, overwrite: bool, as_json: bool
) -> FindResult:
    result = find(reviews_of(data), out, settings, overwrite=overwrite, progress=Progress())
    if as_json:
        print_json(result.to_json())
        return result
    for one in result.outcomes:
        _print(one)
    _end(result)
    return result


def _ask(result: FindResult, path: Path) -> None:
    """Write what the first finder asks."""
    stored = result.outcomes[0].stored
    if stored is not None:
        asked = questions(stored.found)
        ids = asked.column("review_id").to_pylist()
        write_questions(path, asked, review_texts(result.data, ids, Progress()))
        note(
            f"{count(len(ids), 'question')} in {path}: fill in the column answer with right (it "
            "stands where it belongs) or wrong, and give the same command again"
        )


def _print(one: Outcome) -> None:
    if one.stored is None:
        say(f"{one.finder}: not looked for; {one.why_not}.\n")
        return
    found = one.stored.found
    again = " (found before)" if one.already else ""
    say(f"{one.stored.manner.title}{again}: {count(found.table.num_rows, 'finding')}")
    for sentence in (*promises(found), *found.notes, *left_out(found)):
        say(f"- {sentence}")
    say(f"- The page: {one.stored.path / PAGE}\n")


def _end(result: FindResult) -> None:
    say(f"Everything on one page: {result.page}")
    listed = next((one for one in result.outcomes if one.stored is not None), None)
    if listed is not None and listed.stored is not None:
        say(f"As a table: {program()} find export {listed.stored.path} --out {listed.finder}.csv")
