import numpy as np
import pytest
from numpy.typing import NDArray

from reviewdesk.text.characters import LONGEST_WORD, hash_characters
from reviewdesk.text.letters import letters

SEED = np.uint64(7)


def found(text: bytes | str, longest: int = 4) -> tuple[NDArray[np.uint64], list[str]]:
    """Return the hashes of a text, and for each the run with ^ and $ at a word's edges."""
    data = np.frombuffer(text if isinstance(text, bytes) else text.encode(), np.uint8)
    room = len(data) * (longest - 2)
    hashes, spans = np.zeros(room, np.uint64), np.zeros((room, 2), np.int64)
    count = hash_characters(data, 0, len(data), SEED, letters(), longest, hashes, spans)
    assert count <= room
    bare = np.zeros(room, np.uint64)
    none = np.empty((0, 2), np.int64)
    assert hash_characters(data, 0, len(data), SEED, letters(), longest, bare, none) == count
    assert (bare == hashes).all()
    return hashes[:count], [_shown(data, *span) for span in spans[:count].tolist()]


def _shown(data: NDArray[np.uint8], start: int, end: int) -> str:
    inside = data[start if start >= 0 else ~start : end if end >= 0 else ~end]
    return "^" * (start < 0) + inside.tobytes().decode() + "$" * (end < 0)


def test_runs_of_three_characters_and_more_with_the_edges_of_words() -> None:
    assert found("cats ")[1] == ["^ca", "^cat", "cat", "cats", "ats", "ats$", "ts$"]
    assert found("a", 6)[1] == ["^a$"]
    assert found("to it", 3)[1] == ["^to", "to$", "^it", "it$"]


def test_a_run_at_an_edge_is_another_than_inside() -> None:
    inside = dict(zip(found("scats", 3)[1], found("scats", 3)[0].tolist(), strict=True))
    alone = dict(zip(found("cat", 3)[1], found("cat", 3)[0].tolist(), strict=True))
    assert inside["cat"] == alone["cat"]
    assert len({*inside.values(), *alone.values()}) == len({*inside, *alone})


@pytest.mark.parametrize(
    ("one", "other"), [("GREAT", "great"), ("ÉTÉ", "été"), ("don’t", "don't"), ("ΣΑΣ", "σας")]
)
def test_case_and_apostrophes_make_no_difference(one: str, other: str) -> None:
    assert found(one)[0].tolist() == found(other)[0].tolist()


def test_words_end_at_what_is_no_letter() -> None:
    whole = set(found("good bad")[0].tolist())
    for text in ("good, bad", "good—bad!", "'good' bad'", "\tgood\0bad\n", "good 👍 bad"):
        assert set(found(text)[0].tolist()) == whole


def test_scripts_without_spaces_have_runs_too() -> None:
    assert found("很好看", 3)[1] == ["^很好", "很好看", "好看$"]
    both = set(found("这本书很好看", 3)[0].tolist()) & set(found("那种东西很好看", 3)[0].tolist())
    assert len(both) == 2  # 很好看, 好看$


def test_a_very_long_word_counts_with_its_beginning() -> None:
    hashes, shown = found("x" * 5000)
    assert len(hashes) == 2 * LONGEST_WORD - 1
    assert shown[0] == "^xx"
    for word in ("a" * (LONGEST_WORD - 1) + "'bcd", "a" * LONGEST_WORD + "'bcd", "'" * 99 + "a'"):
        assert found(word + " end", 3)[1][-1] == "nd$"


@pytest.mark.parametrize("data", [b"", b"'", b"\xff\xfe\xfd", b"caf\xc3", b"\xf0\x9f", b"a\x80b"])
def test_bytes_that_are_no_text_are_read_to_their_end(data: bytes) -> None:
    hashes, spans = np.zeros(64, np.uint64), np.zeros((64, 2), np.int64)
    padded = np.frombuffer(data + b"good", np.uint8)
    count = hash_characters(padded, 0, len(data), SEED, letters(), 6, hashes, spans)
    assert count <= 4 * len(data)
    places = np.where(spans[:count] < 0, ~spans[:count], spans[:count])
    assert (places <= len(data)).all()
