"""Handwriting: in place, letters only, tags and entities and other alphabets left alone."""

import numpy as np
import pyarrow as pa

from reviewdesk.sources.generated import handwriting
from reviewdesk.sources.generated.rolls import Rolls
from reviewdesk.sources.generated.writer import Bytes


def text(value: str) -> Bytes:
    return np.frombuffer(value.encode(), dtype=np.uint8).copy()


def everywhere(data: Bytes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.ones(len(data), dtype=np.bool_)


def test_capitals_come_and_go() -> None:
    data = text("café <br /> I am")
    handwriting.capitalise(data, np.array([0, 3, 6]))
    assert data.tobytes().decode() == "Café <br /> I am"
    handwriting.lower(data, everywhere(data))
    assert data.tobytes().decode() == "café <br /> i am"
    handwriting.shout(data, np.arange(len(data)) > 6)
    assert data.tobytes().decode() == "café <BR /> I AM"


def test_nothing_happens_where_not_told() -> None:
    data = text("Some Words")
    nowhere = ~everywhere(data)
    for change in (handwriting.lower, handwriting.shout, handwriting.begin_words):
        change(data, nowhere)
    assert data.tobytes() == b"Some Words"


def test_errors_stay_inside_words() -> None:
    value = "&#34;wonderful&#34;<br /><br />a to the product"
    data = text(value)
    handwriting.misspell(data, np.array([0, len(data)]), np.array([200]), Rolls(1, 1))
    wrong = data.tobytes().decode()
    assert wrong != value
    assert wrong.count("&#34;") == 2
    assert "<br /><br />a to the " in wrong
    assert len(wrong) == len(value)


def test_no_errors_in_no_text() -> None:
    data = text("")
    handwriting.misspell(data, np.array([0, 0]), np.array([5]), Rolls(1, 1))
    assert len(data) == 0


def test_titles_keep_small_words_small() -> None:
    titles = pa.array(["skip", "the king of the hill", "a lamp"]).slice(1)
    assert handwriting.title_case(titles).to_pylist() == ["The King of the Hill", "A Lamp"]
