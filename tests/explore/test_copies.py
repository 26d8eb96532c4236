import numpy as np
import pyarrow as pa

from reviewdesk.explore.copies import LONG_BYTES, SeenTexts

LONG = "x" * LONG_BYTES


def test_long_texts_are_new_once_and_short_ones_always() -> None:
    seen = SeenTexts(10)
    assert seen.are_new(pa.array([LONG, "short", LONG, None, "short"])).tolist() == [
        *(True, True, False, True, True),
    ]
    assert seen.are_new(pa.array([LONG, LONG + "y"])).tolist() == [False, True]


def test_few_new_texts_are_taken_for_copies() -> None:
    texts = pa.array([f"{LONG} {n}" for n in range(20_000)])
    seen = SeenTexts(len(texts))
    first = np.concatenate([seen.are_new(texts.slice(at, 1_000)) for at in range(0, 20_000, 1_000)])
    assert first.mean() > 0.999
    assert not seen.are_new(texts).any()


def test_nothing() -> None:
    assert SeenTexts(0).are_new(pa.array([], pa.string())).tolist() == []
    assert SeenTexts(0).are_new(pa.array([LONG, LONG + "2"])).tolist()[0] is True
