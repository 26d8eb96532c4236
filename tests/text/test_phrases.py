from collections import defaultdict

import numpy as np
import pyarrow as pa
import pytest

from reviewdesk.text.phrase_keys import LONGEST
from reviewdesk.text.phrases import (
    BEHIND_THE,
    BEHIND_THIS,
    COMES,
    INSIDE,
    NAMED,
    Phrases,
    PhraseSketch,
    phrase_text,
)


def read(texts: list[str | None], sizes: list[int] | None = None) -> tuple[Phrases, list[set[int]]]:
    """Return the phrases of texts, and the columns of each text, read in batches of these sizes."""
    values = pa.array(texts, pa.large_string())
    sketch = PhraseSketch(16)
    sketch.add(values)
    phrases, rows, at = Phrases(sketch, 10_000, 1), [], 0
    for size in sizes or [len(texts)]:
        found = phrases.rows(values.slice(at, size))
        rows += [
            set(found.columns[found.ends[n] : found.ends[n + 1]].tolist()) for n in range(size)
        ]
        at += size
    return phrases, rows


def written(texts: list[str | None]) -> list[list[str]]:
    """Return each text's phrases of two words or more, as they are written there."""
    phrases, _ = read(texts)
    values = pa.array(texts, pa.large_string())
    places = phrases.places(values, phrases.parts[:, 1] != 0)
    found: dict[int, list[str]] = defaultdict(list)
    for text, _, begin, end in zip(*(part.tolist() for part in places), strict=True):
        found[text].append(phrase_text((texts[text] or "").encode()[begin:end]))
    return [found[n] for n in range(len(texts))]


def same(*texts: str) -> bool:
    """Say whether each of the texts, which are one phrase, has the same one."""
    phrases, rows = read(list(texts))
    longer = {int(one) for one in np.flatnonzero(phrases.parts[:, 1])}
    kept = [row & longer for row in rows]
    return bool(kept[0]) and all(row == kept[0] for row in kept)


@pytest.mark.parametrize(
    "texts",
    [
        ("waste of money", "wasted my money", "Money wasted"),
        ("doesn't work", "did not work", "it is not working", "don’t work"),
        ("easy to use", "easy used", "using is easy"),
        ("battery's dead", "the battery is dead", "dead batteries"),
        ("lasted 3 weeks", "lasts for weeks"),
    ],
)
def test_variants_are_one_phrase(texts: tuple[str, ...]) -> None:
    assert same(*texts)


@pytest.mark.parametrize(
    "texts", [("works well", "does not work well"), ("waste of money", "waste of time")]
)
def test_what_says_something_else_is_another(texts: tuple[str, ...]) -> None:
    assert not same(*texts)


def test_phrases_begin_and_end_with_words_of_meaning() -> None:
    assert written(["a waste of my money and of the rest"]) == [["waste of my money"]]
    assert written(["It does not work at all"]) == [["does not work"]]
    assert written(["of the and in"]) == [[]]
    assert written([None, ""]) == [[], []]


def test_nothing_goes_on_across_a_mark() -> None:
    assert written(["broken. Money back"]) == [["money back"]]
    assert written(["Broken! Money back, really 😀 great"]) == [["money back"]]
    assert written(["well-made"]) == [["well made"]]


def test_what_is_denied_is_not_said() -> None:
    assert "easy to use" not in written(["This is not easy to use"])[0]
    assert "not easy to use" in written(["This is not easy to use"])[0]
    assert "easy to use" in written(["Not bad. Easy to use"])[0]


def test_the_rating_itself_is_no_phrase() -> None:
    assert written(["five stars", "1 star rating"]) == [[], []]


def test_no_phrase_is_longer_than_four_words() -> None:
    phrases, _ = read(["red green blue yellow black white"])
    assert (phrases.parts != 0).sum(axis=1).max() == LONGEST


def test_scripts_without_spaces_have_runs_of_characters() -> None:
    assert "质量不好" in written(["质量不好"])[0]


@pytest.mark.parametrize("sizes", [[1] * 4, [3, 1]])
def test_batches_make_no_difference(sizes: list[int]) -> None:
    texts = ["waste of money", None, "not worth the money at all", "a waste, not worth it"]
    whole, parts = read(texts), read(texts, sizes)
    assert whole[1] == parts[1]
    assert (whole[0].parts == parts[0].parts).all()
    assert (whole[0].counts == parts[0].counts).all()


def test_rare_phrases_have_no_column() -> None:
    texts = pa.array(["battery life"] * 3 + ["blue screen"])
    sketch = PhraseSketch(16)
    sketch.add(texts)
    assert np.diff(Phrases(sketch, 1_000, 2).rows(texts).ends).tolist() == [3, 3, 3, 0]


def test_how_words_stand_is_counted() -> None:
    phrases, rows = read(["I like the battery. With Windows this book and the old battery case"])
    place = {
        phrase_text(b"battery"): next(
            int(one)
            for one in rows[0]
            if phrases.parts[one, 1] == 0 and phrases.counts[one, BEHIND_THE]
        )
    }
    battery = phrases.counts[place["battery"]]
    assert battery[COMES] == 1
    assert battery[INSIDE] == 2
    assert battery[BEHIND_THE] == 1
    single = phrases.parts[:, 1] == 0
    assert phrases.counts[single, NAMED].sum() == 1
    assert phrases.counts[single, BEHIND_THIS].sum() == 1
