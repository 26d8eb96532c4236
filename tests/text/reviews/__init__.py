"""Fifty made-up reviews in each of thirteen languages, one a line."""

from pathlib import Path
from typing import Final

LANGUAGES: Final = ("ar", "de", "es", "fr", "id", "it", "ja", "ko", "nl", "pt", "ru", "th", "zh")


def reviews_in(language: str) -> list[str]:
    """Return the reviews in a language."""
    path = Path(__file__).with_name(f"{language}.txt")
    return path.read_text(encoding="utf-8").splitlines()
