"""Training files of fastText and BlazingText: ``__label__NAME`` and the words, one text a line.

Source: fastText, docs/supervised-tutorial.md; Amazon SageMaker developer guide, BlazingText.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

PREFIX: Final = "__label__"
LABELS_FILE: Final = "labels.json"
"""Says which label each word stands for."""

_SEPARATORS: Final = re.compile(r"[\s\0]+")
"""What ends a word; a label is one word."""


def label_words(names: Sequence[str]) -> list[str]:
    """Return the word that stands for each label, no two of them the same."""
    words: list[str] = []
    for name in names:
        word = first = PREFIX + _SEPARATORS.sub("_", name)
        number = 2
        while word in words:
            word, number = f"{first}_{number}", number + 1
        words.append(word)
    return words


def label_map(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return each label's name, its number and the word that stands for it, as JSON values."""
    words = label_words(names)
    return [
        {"name": name, "number": number, "fasttext": word}
        for number, (name, word) in enumerate(zip(names, words, strict=True))
    ]


def fasttext_lines(labels: Iterable[str], texts: Iterable[Sequence[str]]) -> bytes:
    """Return one line a text.

    Args:
        labels: each text's label, from ``label_words``.
        texts: each text's words; none of them holds a space or begins with the prefix.
    """
    pairs = zip(labels, texts, strict=True)
    return "".join(f"{label} {' '.join(words)}\n" for label, words in pairs).encode()
