"""`reviewdesk show`: what something is."""

from pathlib import Path
from typing import Annotated

import typer

from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, say
from reviewdesk.job.describe import describe


def show(
    path: Annotated[Path, typer.Argument(help="A folder or file that reviewdesk made.")],
    *,
    as_json: Json = False,
) -> None:
    """What a folder or file is and how it came to be.

    Knows prepared folders, bundles (folders and .tar.gz), predictions, rejects, findings, jobs and
    their targets, evaluations, comparisons, and known errors.

    Example:

        reviewdesk show job/sentiment/bundle
    """
    found = describe(path)
    if as_json:
        print_json({"kind": found.kind, **found.details})
        return
    for sentence in found.sentences:
        say(sentence)
