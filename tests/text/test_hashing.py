import numpy as np
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.text.hashing import combine64, hash64, hash64_text, unit_interval

SEEDS = st.integers(0, 2**64 - 1)
TEXT_TYPES = [pa.string(), pa.large_string(), pa.string_view()]


@given(st.lists(st.none() | st.binary(max_size=150), max_size=8), SEEDS)
def test_bytes_hash_as_the_reference_implementation(values: list[bytes | None], seed: int) -> None:
    expected = [0 if v is None else xxhash.xxh64_intdigest(v, seed) for v in values]
    assert hash64(pa.array(values, pa.binary()), seed).tolist() == expected


@given(st.text(max_size=60), SEEDS)
def test_one_text_hashes_as_in_a_column(value: str, seed: int) -> None:
    assert hash64_text(value, seed) == xxhash.xxh64_intdigest(value.encode(), seed)


@pytest.mark.parametrize("length", [*range(70), 255, 256, 100_003])
def test_every_tail_length(length: int) -> None:
    value = bytes((7 * i + 131) % 256 for i in range(length))
    assert hash64(pa.array([value]))[0] == xxhash.xxh64_intdigest(value)


@pytest.mark.parametrize("kind", [*TEXT_TYPES, pa.dictionary(pa.int8(), pa.string())], ids=str)
def test_the_type_of_the_array_makes_no_difference(kind: pa.DataType) -> None:
    values = ["", "café", None, "a", "🙂" * 40]
    expected = [0 if v is None else xxhash.xxh64_intdigest(v.encode()) for v in values]
    assert hash64(pa.array(values).cast(kind)).tolist() == expected


@given(st.lists(st.none() | st.text(max_size=9), min_size=1, max_size=20), st.data())
def test_a_slice_and_chunks_hash_as_the_whole(
    values: list[str | None], data: st.DataObject
) -> None:
    array = pa.array(values, pa.string())
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))
    whole = hash64(array)
    assert hash64(array[start:stop]).tolist() == whole[start:stop].tolist()
    chunks = pa.chunked_array([array[:start], array[start:stop], array[stop:]])
    assert hash64(chunks).tolist() == whole.tolist()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_binary(), pa.null()], ids=str)
def test_nothing_and_nulls(kind: pa.DataType) -> None:
    assert hash64(pa.array([], kind)).tolist() == []
    assert hash64(pa.chunked_array([], kind)).tolist() == []
    assert hash64(pa.nulls(3, kind)).tolist() == [0, 0, 0]


def test_numbers_are_refused() -> None:
    with pytest.raises(TypeError, match="int64"):
        hash64(pa.array([1]))


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_a_seed_outside_64_bits_is_refused(seed: int) -> None:
    with pytest.raises(OverflowError):
        hash64_text("a", seed)


@given(st.lists(st.tuples(SEEDS, SEEDS), max_size=5))
def test_a_pair_hashes_as_its_sixteen_bytes(pairs: list[tuple[int, int]]) -> None:
    left, right = (np.array([pair[side] for pair in pairs], np.uint64) for side in (0, 1))
    expected = [
        xxhash.xxh64_intdigest(a.to_bytes(8, "little") + b.to_bytes(8, "little")) for a, b in pairs
    ]
    assert combine64(left, right).tolist() == expected


def test_pairs_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        combine64(np.zeros(2, np.uint64), np.zeros(3, np.uint64))


def test_the_unit_interval_is_half_open_and_even() -> None:
    ends = np.array([0, 2**63, 2**64 - 1], np.uint64)
    assert unit_interval(ends).tolist() == [0.0, 0.5, 1 - 2.0**-53]
    shares = unit_interval(hash64(pa.array([str(i) for i in range(20_000)])))
    counts, _ = np.histogram(shares, bins=20, range=(0, 1))
    assert abs(counts - 1000).max() < 150
