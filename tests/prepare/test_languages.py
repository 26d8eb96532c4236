from pathlib import Path

import pytest

from reviewdesk.errors import InputError, UsageError
from reviewdesk.examples.examples import load_examples
from reviewdesk.prepare.leftovers import leftovers
from reviewdesk.prepare.prepared import PreparedData
from reviewdesk.settings import CleanSettings, PrepareSettings, TargetSettings, TextSettings
from tests.text.reviews import reviews_in

from .corpus import prepared, review, write_lines

SHORT = "Gut."


def rows(codes: str, end: str = "") -> list[dict[str, object]]:
    texts = [line for code in codes.split() for line in reviews_in(code) if len(line) >= 40]
    return [
        review(n, review_body=text + end, star_rating=1 + 4 * (n % 2))
        for n, text in enumerate([*texts, SHORT])
    ]


@pytest.fixture
def mixed(tmp_path: Path) -> PreparedData:
    return prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", rows("de de fr")))


def test_each_review_says_its_language(mixed: PreparedData) -> None:
    table = mixed.table(["review_body", "review_language"])
    told = dict(zip(*(column.to_pylist() for column in table.columns), strict=True))
    assert told[SHORT] == "unknown"
    assert all(told[text] == "fr" for text in reviews_in("fr") if text in told)
    assert mixed.languages == {"de": 100, "fr": 50, "unknown": 1}
    assert mixed.main_language == "de"


def test_one_language_is_kept_on_request(tmp_path: Path, mixed: PreparedData) -> None:
    file = tmp_path / "a.jsonl"
    french = prepared(tmp_path / "fr", file, settings=PrepareSettings(language=("FR",)))
    assert french.languages == {"fr": 50}
    assert french.manifest["dropped"]["other_language"] > 50
    with pytest.raises(UsageError, match="no language"):
        prepared(tmp_path / "no", file, settings=PrepareSettings(language=("french",)))
    with pytest.raises(InputError, match="--language"):
        prepared(tmp_path / "ru", file, settings=PrepareSettings(language=("ru",)))


def test_examples_are_of_one_language_on_request(mixed: PreparedData) -> None:
    target = TargetSettings()
    every = load_examples(mixed, target, TextSettings())
    assert every.language_counts(every.labelled) == mixed.languages
    some = load_examples(mixed, target, TextSettings(languages=("fr",)))
    assert some.language_counts(some.labelled) == {"fr": 50}
    assert some.left_out["another language"] == 101


def test_leftovers_of_scraping_are_named_and_taken_away(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", rows("de", " READ MORE"))
    data = prepared(tmp_path / "out", file)
    (found,) = leftovers(data)
    assert (found.text, found.ends, found.reviews) == ("READ MORE", True, data.rows)
    assert any('--strip "READ MORE"' in note for note in data.notes)
    clean = prepared(tmp_path / "clean", file, clean=CleanSettings(strip=("READ MORE",)))
    assert not leftovers(clean)
    assert not any("READ MORE" in text for text in clean.table(["review_body"])[0].to_pylist())
    assert clean.rows == data.rows


def test_leftovers_at_the_beginning(tmp_path: Path) -> None:
    lines = [{**row, "review_body": f"Trip Verified | {row['review_body']}"} for row in rows("es")]
    data = prepared(tmp_path / "out", write_lines(tmp_path / "a.jsonl", lines))
    assert [(one.text, one.ends) for one in leftovers(data)] == [("Trip Verified |", False)]


def test_texts_of_their_own_have_no_leftovers(mixed: PreparedData) -> None:
    assert leftovers(mixed) == []
