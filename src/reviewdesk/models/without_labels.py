"""On what a classifier rests that learned from reviews which nobody had labelled."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from reviewdesk.report.numbers import share
from reviewdesk.text.opinions.word_list import LANGUAGES


def rests_on(basis: Mapping[str, Any], metrics: Mapping[str, Any]) -> str:
    """Return it as half a sentence, with what a person said of some of the reviews.

    Args:
        basis: ``languages`` holds those whose lists of words were used; or ``classes`` those that
            were described, and ``encoder`` what read the descriptions.
        metrics: the bundle's; empty where nobody was asked.
    """
    rests = f"nobody had labelled the reviews it learned from; what it says rests on {_told(basis)}"
    right = metrics.get("figures", {}).get("accuracy")
    if right is None:
        return f"{rests}, and how often it is right has not been measured"
    return (
        f"{rests}; of {metrics['rows']} reviews drawn at random that a person judged, "
        f"{share(right['value'])} get the right label (95 % interval {share(right['low'])} to "
        f"{share(right['high'])})"
    )


def _told(basis: Mapping[str, Any]) -> str:
    if "classes" in basis:
        return (
            f"descriptions of {len(basis['classes'])} classes, which the encoder "
            f"{encoder_name(basis['encoder'])} compared reviews with"
        )
    named = ", ".join(LANGUAGES.get(code, code) for code in basis["languages"])
    return f"lists of words that praise and blame ({named})"


def encoder_name(encoder: str) -> str:
    """Return an encoder's name as people are told it, without the folders that it lies in."""
    return PurePath(encoder).name
