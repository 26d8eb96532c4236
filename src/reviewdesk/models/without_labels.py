"""On what a classifier rests that learned from reviews which nobody had labelled."""

from collections.abc import Mapping
from typing import Any

from reviewdesk.report.numbers import share
from reviewdesk.text.opinions.word_list import LANGUAGES


def rests_on(basis: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return it as half a sentence, with what a person said of some of the reviews.

    Args:
        basis: ``languages`` holds those whose lists of words were used.
        metrics: the bundle's; empty where nobody was asked.
    """
    named = ", ".join(LANGUAGES.get(code, code) for code in basis["languages"])
    rests = (
        "nobody had labelled the reviews it learned from; what it says rests on lists of words "
        f"that praise and blame ({named})"
    )
    right = metrics.get("figures", {}).get("accuracy")
    if right is None:
        return f"{rests}, and how often it is right has not been measured"
    return (
        f"{rests}; of {metrics['rows']} reviews drawn at random that a person judged, "
        f"{share(right['value'])} get the right label (95 % interval {share(right['low'])} to "
        f"{share(right['high'])})"
    )
