"""fastText files: what is damaged or hostile is one sentence, and takes no memory."""

import struct
import tracemalloc
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from reviewdesk.errors import InputError
from reviewdesk.formats.fasttext_model import (
    FastTextModel,
    FastTextOptions,
    QuantisedMatrix,
    read_fasttext,
    write_fasttext,
)
from reviewdesk.formats.product_quantiser import ProductQuantiser

RANDOM = np.random.default_rng(0)
DICTIONARY = 8 + 56


def floats(rows: int, columns: int) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return RANDOM.normal(size=(rows, columns)).astype(np.float32)


def model(**changes: object) -> FastTextModel:
    made = FastTextModel(
        options=FastTextOptions(dim=4, bucket=10, word_ngrams=2),
        words=[b"</s>", b"good", "größe".encode()],
        labels=[b"__label__a", b"__label__b"],
        counts=np.array([5, 3, 2, 3, 2]),
        tokens=15,
        inputs=floats(13, 4),
        outputs=floats(2, 4),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def written(path: Path, **changes: object) -> bytes:
    write_fasttext(path, model(**changes))
    return path.read_bytes()


@cache
def quantised() -> QuantisedMatrix:
    quantiser = ProductQuantiser.fit(floats(300, 4), 3)
    codes = RANDOM.integers(0, 256, (5, 2)).astype(np.uint8)
    return QuantisedMatrix(
        codes, quantiser, codes[:, 0].copy(), ProductQuantiser.fit(floats(300, 1), 1)
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    wanted = model()
    write_fasttext(tmp_path / "m.bin", wanted)
    found = read_fasttext(tmp_path / "m.bin")
    assert (found.options, found.words, found.labels) == (
        wanted.options,
        wanted.words,
        wanted.labels,
    )
    assert found.counts.tolist() == wanted.counts.tolist()
    assert np.array_equal(found.inputs, wanted.inputs)  # type: ignore[arg-type]
    assert found.pruned is None
    assert not found.quantised


def test_pruned_and_quantised(tmp_path: Path) -> None:
    matrix, pruned = quantised(), np.array([[2, 1], [7, 0]])
    write_fasttext(tmp_path / "m.ftz", model(inputs=matrix, pruned=pruned))
    found = read_fasttext(tmp_path / "m.ftz")
    assert isinstance(found.inputs, QuantisedMatrix)
    assert np.array_equal(found.inputs.dense(), matrix.dense())
    assert found.pruned is not None
    assert found.pruned.tolist() == pruned.tolist()


def test_cut_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    for whole in (written(path), written(path, inputs=quantised(), pruned=np.array([[2, 1]]))):
        for size in range(0, len(whole), 1 + len(whole) // 60):
            path.write_bytes(whole[:size])
            with pytest.raises(InputError, match=r"fastText model"):
                read_fasttext(path)
        path.write_bytes(whole + b"\0")
        with pytest.raises(InputError, match="more in it"):
            read_fasttext(path)


def test_changed_anywhere_is_an_error_or_a_model(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    chance, sentences = np.random.default_rng(1), []
    for whole in (written(path), written(path, inputs=quantised(), pruned=np.array([[2, 1]]))):
        for place in range(0, 300, 2):
            changed = bytearray(whole)
            changed[place] = int(chance.integers(0, 256))
            path.write_bytes(changed)
            try:
                read_fasttext(path)
            except InputError as error:
                sentences.append(str(error))
    assert len(sentences) > 20
    assert all(sentence.count("\n") == 0 for sentence in sentences)


@pytest.mark.parametrize(
    ("place", "form", "value", "sentence"),
    [
        (0, "i", 1, "does not begin as one"),
        (4, "i", 13, "its version is 13"),
        (8, "i", 2**31 - 1, "its vectors have"),
        (8 + 4 * 5, "i", 2**31 - 1, "n-grams of words are impossible"),
        (8 + 4 * 6, "i", 9, "model or loss"),
        (8 + 4 * 8, "i", 2**31 - 1, "rows do not fit"),
        (8 + 4 * 10, "i", 2**31 - 1, "n-grams of characters are impossible"),
        (DICTIONARY, "2i", (2**31 - 1, 2**31 - 3), "more words than it has bytes"),
        (DICTIONARY, "i", 7, "do not add up"),
        (DICTIONARY + 20, "q", 2**40, "n-grams is impossible"),
    ],
)
def test_hostile_numbers(
    place: int, form: str, value: int | tuple[int, ...], sentence: str, tmp_path: Path
) -> None:
    content = bytearray(written(tmp_path / "m.bin"))
    struct.pack_into("<" + form, content, place, *(value if isinstance(value, tuple) else (value,)))
    (tmp_path / "m.bin").write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=sentence):
            read_fasttext(tmp_path / "m.bin")
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    values = floats(13, 4)
    values[7, 2] = np.nan
    write_fasttext(tmp_path / "m.bin", model(inputs=values))
    with pytest.raises(InputError, match="not finite"):
        read_fasttext(tmp_path / "m.bin")


def test_rows_of_pruned_ngrams_that_are_not_there(tmp_path: Path) -> None:
    write_fasttext(tmp_path / "m.ftz", model(inputs=quantised(), pruned=np.array([[2, 9]])))
    with pytest.raises(InputError, match="rows do not fit"):
        read_fasttext(tmp_path / "m.ftz")
