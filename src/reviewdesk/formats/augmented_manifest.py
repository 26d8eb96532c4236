"""Augmented manifests: JSON lines with ``source`` and ``label``, as BlazingText reads them.

Source: Amazon SageMaker developer guide, BlazingText, augmented manifest text format.
"""

from collections.abc import Iterable, Sequence

from reviewdesk.formats.json_lines import json_lines


def augmented_manifest_lines(labels: Iterable[int], texts: Iterable[Sequence[str]]) -> bytes:
    """Return one line a text.

    Args:
        labels: each text's label, as a number.
        texts: each text's words.
    """
    pairs = zip(labels, texts, strict=True)
    return json_lines({"source": " ".join(words), "label": label} for label, words in pairs)
