import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewdesk.text.buffers import buffers

TYPES = [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]


def read(values: pa.Array) -> list[str | None]:
    data, offsets, valid = buffers(values)
    return [
        data[offsets[row] : offsets[row + 1]].tobytes().decode() if valid[row] else None
        for row in range(len(valid))
    ]


@given(st.lists(st.none() | st.text(st.characters(codec="utf-8"), max_size=20)), st.data())
def test_values_of_slices_of_every_type(values: list[str | None], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(values)))
    kind = data.draw(st.sampled_from(TYPES))
    assert read(pa.array(values, pa.string()).cast(kind)[start:]) == values[start:]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary_view()], ids=str)
def test_bytes_need_not_be_text(kind: pa.DataType) -> None:
    data, offsets, _ = buffers(pa.array([b"\xff\x00"]).cast(kind))
    assert data[offsets[0] : offsets[1]].tobytes() == b"\xff\x00"


def test_kernels_cannot_write_into_arrow() -> None:
    assert not buffers(pa.array(["a", "b"])).data.flags.writeable


def test_other_types_are_refused() -> None:
    with pytest.raises(TypeError, match="double"):
        buffers(pa.array([1.5]))
