"""`reviewdesk train`: from prepared data to a bundle."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reviewdesk.cli.options import Json, with_settings
from reviewdesk.cli.output import count, print_json, program, say
from reviewdesk.errors import UsageError
from reviewdesk.job.places import bundle_folder, reviews_of
from reviewdesk.progress import Progress
from reviewdesk.settings import SplitSettings, TargetSettings, TextSettings
from reviewdesk.training.feature_files import holds_features, train_features
from reviewdesk.training.figures import Estimate
from reviewdesk.training.incremental import train_incrementally
from reviewdesk.training.train import TrainResult
from reviewdesk.training.train import train as train_bundle

Model = Annotated[
    str,
    typer.Option(
        help="Family of classifiers: linear, naive-bayes, fasttext, docvec, lstm, cnn, "
        "attention, mlp, few-shot, transformer, tfidf-svc or blend; auto chooses among linear, "
        "tfidf-svc and few-shot by cross-validation, and says why."
    ),
]
ModelSettings = Annotated[
    list[str],
    typer.Option(
        "--set", help="A setting of the family. May be given more than once.", metavar="NAME=VALUE"
    ),
]
Refit = Annotated[
    bool,
    typer.Option(
        help="Once it is measured on the reviews held out, learn anew from all of them; the "
        "figures stay those of before. Networks, which take long to learn, do not."
    ),
]

_DEFAULTS: Final = (TargetSettings(), TextSettings(), SplitSettings())


@with_settings(target=TargetSettings, text=TextSettings, split=SplitSettings)
def train(
    data: Annotated[
        Path,
        typer.Argument(
            help="Prepared folder; of mlp also an export in LIBSVM's format, or LIBSVM files.",
            metavar="DATA",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Bundle to write: a folder, or NAME.tar.gz.")],
    *,
    model: Model = "linear",
    model_settings: ModelSettings = [],  # noqa: B006  (the parser copies it)
    continue_from: Annotated[
        Path | None,
        typer.Option(
            help="Bundle to learn on from, as from those of earlier months; what to predict, to "
            "read and to hold out are its own.",
            metavar="BUNDLE",
        ),
    ] = None,
    folds: Annotated[
        int, typer.Option(help="Cross-fit in this many parts; needs --oof. 0 means no.", min=0)
    ] = 0,
    oof: Annotated[
        Path | None, typer.Option(help="Cross-fitted predictions table to write.", metavar="FILE")
    ] = None,
    refit: Refit = True,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there already.")
    ] = False,
    word_vectors: Annotated[
        Path | None,
        typer.Option(help="Word vectors (.vec) that a network begins with.", metavar="FILE"),
    ] = None,
    processes: Annotated[
        int, typer.Option(help="How many processes a network learns in.", min=1)
    ] = 1,
    time_limit: Annotated[
        float | None,
        typer.Option(
            help="After so many seconds a network ends with the best it has learnt.", min=1
        ),
    ] = None,
    as_json: Json = False,
    target: TargetSettings,
    text: TextSettings,
    split: SplitSettings,
) -> None:
    """Train a classifier on prepared reviews.

    Holds a share of the reviews out, learns from the rest, and is measured on the held-out ones;
    the figures are saved in the bundle. Then it learns again from all reviews (unless --no-refit),
    so that the saved classifier knows all of them. With --folds and --oof every review also gets
    probabilities from a classifier that has not seen its product. With --continue-from a bundle
    learns on from later reviews. A network is saved while it learns: after an interruption the same
    command goes on, and SIGTERM saves and ends with exit code 0.

    Example:

        reviewdesk train prepared --target sentiment --out bundle
    """
    if continue_from is not None:
        own = (folds, model_settings, word_vectors, processes > 1, time_limit, not refit)
        if any(own) or (target, text, split) != _DEFAULTS:
            raise UsageError("--continue-from takes all settings from the bundle; leave others out")
        data_ = reviews_of(data)
        bundle = bundle_folder(continue_from)
        result = train_incrementally(bundle, data_, out, overwrite=overwrite, progress=Progress())
        _say(result, data, as_json)
        return
    given = parse_model_settings(model_settings)
    if word_vectors is not None:
        given["word_vectors"] = str(word_vectors)
    if holds_features(data):
        if folds or (target, text) != _DEFAULTS[:2]:
            raise UsageError("LIBSVM files have labels and features; leave targets and folds out")
        result = train_features(
            data, out, model=model, split=split, model_settings=given, overwrite=overwrite,
            processes=processes, time_limit=time_limit, progress=Progress(),
        )  # fmt: skip
        _say(result, data, as_json)
        return
    result = train_bundle(
        reviews_of(data),
        out,
        model=model,
        target=target,
        text=text,
        split=split,
        model_settings=given,
        folds=folds,
        oof=oof,
        refit=refit,
        overwrite=overwrite,
        processes=processes,
        time_limit=time_limit,
        progress=Progress(),
    )
    _say(result, data, as_json)


def parse_model_settings(words: list[str]) -> dict[str, Any]:
    """Return ``NAME=VALUE`` words as settings; values are JSON, or else text.

    Raises:
        UsageError: a word has no equals sign.
    """
    return {name: json_or_text(text) for name, text in setting_words(words)}


def setting_words(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the two sides of ``NAME=VALUE`` words.

    Raises:
        UsageError: a word has no equals sign.
    """
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals):
            raise UsageError("--set takes NAME=VALUE, as in --set C=0.5")
        yield name, text


def json_or_text(text: str) -> Any:
    """Return the value that a text is in JSON, or else the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _say(result: TrainResult, data: Path, as_json: bool) -> None:
    if as_json:
        print_json(result.to_json())
    else:
        _print(result, data)


def _print(result: TrainResult, data: Path) -> None:
    rows = result.bundle.manifest["data"]["rows"]
    already = "was already" if result.already else "is"
    say(f"{result.bundle.id} {already} in {result.path}")
    measured = f"measured on {rows['test']:,} held out" if rows["test"] else "not measured on any"
    if result.chosen:
        say(result.chosen.why)
    say(f"learned from {count(rows['train'], 'review')}, {measured}")
    if rows["dropped_texts"]:
        say(f"{rows['dropped_texts']:,} were not learned from: their text is among those held out")
    if result.bundle.held_out is not None:
        say(f"then learned anew from all {count(rows['labelled'], 'review')}")
    figures = result.bundle.metrics.get("figures")
    if figures:
        accuracy = Estimate.from_json(figures["accuracy"])
        spread = accuracy.spread("{:.3f}".format)
        say(f"accuracy {accuracy.value:.3f} (95 % interval {spread})")
        areas = {"ROC-AUC": "roc_auc", "PR-AUC": "pr_auc"}  # several labels have none
        ranked = {name: figures.get(figure, {}).get("value") for name, figure in areas.items()}
        if None not in ranked.values():
            say(", ".join(f"{name} {value:.3f}" for name, value in ranked.items()))
    if result.crossfit:
        say(f"cross-fitted predictions of {result.crossfit.rows:,} reviews: {result.crossfit.out}")
    if rows["test"]:
        say(f"next: {program()} evaluate {result.path} {data} --out evaluation.html")
    else:
        say(f"next: {program()} evaluate {result.path} OTHER_DATA --out evaluation.html")
