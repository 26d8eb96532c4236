"""Which languages a bundle has learned from, and which of some reviews it has not."""

from collections.abc import Mapping
from typing import Final

import pyarrow as pa

from reviewdesk.bundle import Bundle
from reviewdesk.scoring.endpoint import EndpointPredictor
from reviewdesk.text.languages import UNKNOWN, language_column

FEWEST_SEEN: Final = 20
"""Reviews in a language from which on a bundle has seen it."""


def seen_languages(bundle: Bundle) -> dict[str, int]:
    """Return how many reviews of each language a bundle learned from, the most frequent first.

    Empty where that was not counted, as in bundles of earlier releases.
    """
    counts: dict[str, int] = bundle.manifest["data"].get("rows", {}).get("languages", {})
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def unseen_language_of(bundle: Bundle, texts: pa.Array) -> list[str]:
    """Return the language of each text of which a bundle has learned next to nothing.

    Args:
        bundle: what it learned from.
        texts: (n,) bodies of reviews.

    Returns:
        (n,) codes, as in ``fr``; empty where the language was seen or cannot be told.
    """
    counts = seen_languages(bundle)
    if not counts:
        return [""] * len(texts)
    seen = {UNKNOWN, *(code for code, count in counts.items() if count >= FEWEST_SEEN)}
    return ["" if code in seen else str(code) for code in language_column(texts).to_pylist()]


def unseen_languages(
    bundle: Bundle | EndpointPredictor, languages: Mapping[str, int]
) -> dict[str, int]:
    """Return the languages, of those told, that a bundle has learned next to nothing of.

    Args:
        bundle: of an endpoint it is not known.
        languages: how many reviews there are in each.
    """
    counts = seen_languages(bundle) if isinstance(bundle, Bundle) else {}
    if not counts:
        return {}
    seen = {code for code, count in counts.items() if count >= FEWEST_SEEN}
    others = {code: n for code, n in languages.items() if code not in (*seen, UNKNOWN)}
    return dict(sorted(others.items(), key=lambda one: (-one[1], one[0])))
