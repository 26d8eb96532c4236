"""`reviewdesk explain`: which words spoke for and against."""

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from reviewdesk.bundle import EXAMPLE
from reviewdesk.cli.options import Json
from reviewdesk.cli.output import print_json, print_table, say
from reviewdesk.job.places import bundle_of
from reviewdesk.scoring.explain import explain as explain_text
from reviewdesk.text.language_names import LANGUAGE_NAMES

NOTHING_KNOWN: Final = (
    "no word of the text is known to the bundle; each label has the share that it has among the "
    "reviews that the bundle learned from"
)


def explain(
    bundle: Annotated[Path, typer.Argument(help="Bundle: a folder or its .tar.gz.")],
    text: Annotated[str, typer.Argument(help="The review's text; - reads it from standard input.")],
    headline: Annotated[str, typer.Option(help="The review's headline.")] = "",
    title: Annotated[
        str, typer.Option(help="The product's title, for a bundle that reads it.")
    ] = "",
    *,
    words: Annotated[int, typer.Option(help="Most words to show.", min=1)] = 12,
    as_json: Json = False,
) -> None:
    """Which words of a text spoke for and against its label.

    Example:

        reviewdesk explain job/sentiment/bundle "Broke after a week, but the colour is lovely."
        reviewdesk explain job - < review.txt
    """
    if text == "-":
        text = sys.stdin.read()
    explanation = explain_text(bundle_of(bundle), text, headline=headline, title=title, words=words)
    if as_json:
        print_json(explanation.to_json())
        return
    if explanation.is_example:
        say(f"a bundle to try things with: {EXAMPLE}")
    if explanation.rests_on:
        say(f"mind: {explanation.rests_on}")
    if explanation.cannot_tell:
        say(f"cannot tell: {NOTHING_KNOWN}")
        print_table(
            ["label", "share"], [[one, f"{p:.2f}"] for one, p in explanation.probabilities.items()]
        )
        return
    if code := explanation.unseen_language:
        name = LANGUAGE_NAMES[code]
        say(f"mind: the text is in {name}, of which the bundle has learned next to nothing")
    say(f"{explanation.label}, with probability {explanation.probability:.2f}")
    print_table(
        ["word", f"for {explanation.label}"],
        [[one.word, f"{one.weight:+.3f}"] for one in explanation.evidence],
    )
