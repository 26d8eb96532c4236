"""What the commands of `reviewdesk find` take, and what is looked for by it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from reviewdesk.cli.train import json_or_text, setting_words
from reviewdesk.errors import UsageError
from reviewdesk.findings.catalog import FINDERS
from reviewdesk.findings.reference import read_reference
from reviewdesk.job.base_models import by_target
from reviewdesk.job.find import FindSettings, check_one_basis
from reviewdesk.job.finders import takes_text
from reviewdesk.job.places import reviews_of
from reviewdesk.settings import PromiseSettings

FURTHER: Final[Mapping[str, tuple[str, ...]]] = {
    "review-category": ("review-product",),
    "declining": ("improving", "language-shift"),
}
"""Finders that are shown as further parts of another one."""

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
        "--set",
        help="A setting of the finder, or with its name in front that of another one that looks "
        "too, as in review-product.fewest=20. May be given more than once.",
        metavar="NAME=VALUE",
    ),
]
SetAny = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="A setting of a finder, as in similar.k=5. May be given more than once.",
        metavar="FINDER.NAME=VALUE",
    ),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace what was found in another way.")
]


def settings_of(
    finders: list[str],
    data: Path,
    promises: PromiseSettings,
    *,
    predictions: list[Path] | None = None,
    reference: Path | None = None,
    audit: Path | None = None,
    options: list[str] | None = None,
) -> FindSettings:
    """Return what is looked for; with some finders come further ones.

    Args:
        finders: their names.
        data: the folder of the reviews.
        promises: what has to be promised.
        predictions: the user's own predictions tables.
        reference: a file with the ids of reviews that are known to be filed rightly.
        audit: questions to a person, with answers if they are there already.
        options: ``NAME=VALUE`` words for the only finder named, or ``FINDER.NAME=VALUE``.

    Raises:
        UsageError: a word is for no finder that looks, or both a reference and answers are given.
        InputError: a file is not what it should be.
        StorageError: it cannot be read.
    """
    check_one_basis(reference is not None, audit is not None)
    known = FINDERS.names()
    further = [one for name in finders for one in FURTHER.get(name, ()) if one in known]
    names = tuple(dict.fromkeys([*finders, *further]))
    return FindSettings(
        finders=names,
        options=_by_finder(options or [], names, finders[0] if len(finders) == 1 else ""),
        predictions=by_target(predictions or ()),
        reference=read_reference(reference, reviews_of(data)) if reference else None,
        reference_file=reference,
        answers=audit if audit and audit.exists() else None,
        **asdict(promises),
    )


def _by_finder(words: list[str], finders: tuple[str, ...], only: str) -> dict[str, dict[str, Any]]:
    """Return settings by finder; without a finder's name in front they are those of ``only``.

    Values are JSON, or else text; where the finder wants a text, such as a file's name, they are
    text also when they look like a number.
    """
    by_finder: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, text in setting_words(words):
        finder, _, option = name.rpartition(".")
        finder = finder or only
        if finder not in finders:
            raise UsageError(
                f"--set {name} is for none of the finders that look; say whose setting it is, as "
                f"in --set FINDER.NAME=VALUE, with one of: {', '.join(finders)}"
            )
        by_finder[finder][option] = text if takes_text(finder, option) else json_or_text(text)
    return dict(by_finder)
