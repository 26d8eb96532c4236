"""The glossary tells of terms that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
ROWS = [line for line in GLOSSARY.read_text().splitlines() if line.startswith("| **")]
TERMS = [term for row in ROWS for term in re.findall(r"\*\*(.+?)\*\*", row.split(" | ")[0])]


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower())


@pytest.fixture(scope="module")
def written() -> str:
    """Return code and pages, but the glossary, as words."""
    places = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]
    return " ".join(_plain(path.read_text()) for path in places if path != GLOSSARY)


def test_each_term_is_told_once_and_in_one_line() -> None:
    assert len(set(TERMS)) == len(TERMS) > 60
    for row in ROWS:
        _, term, meaning, _, end = row.split("|")
        assert (bool(term.strip()), bool(meaning.strip()), end) == (True, True, ""), row


@pytest.mark.parametrize("term", TERMS)
def test_each_term_is_used(written: str, term: str) -> None:
    assert re.search(rf"\b{_plain(term).strip()}s?\b", written), f"nothing is called {term}"


def test_the_pages_lead_to_the_glossary() -> None:
    assert "(glossary.md)" in (ROOT / "docs" / "README.md").read_text()
