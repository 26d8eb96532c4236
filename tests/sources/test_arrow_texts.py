from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pytest

from reviewdesk.sources.arrow_texts import as_bytes, inside, leaves

NUMBER = UUID("65f84535-0b00-46a5-8764-f5b7f9a842e9")


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array(["a", None], pa.large_string()), ["a", None]),
        (pa.array(["a", None], pa.string_view()), ["a", None]),
        (pa.array(["a", None]).dictionary_encode(), ["a", None]),
        (pa.array([1.0, None]).dictionary_encode(), ["1", None]),
        (pa.array([Decimal("5.00"), Decimal("4.50")], pa.decimal128(10, 2)), ["5", "4.50"]),
        (pa.array([Decimal(5), None], pa.decimal256(50, 0)), ["5", None]),
        (pa.array([1.2345678901e10, 1e16]), ["12345678901", "10000000000000000"]),
        (pa.array([4.5, float("nan")], pa.float32()), ["4.5", None]),
        (pa.array([5, None], pa.float16()), ["5", None]),
        (pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
        (pa.array([True, None]), ["true", None]),
        (pa.nulls(2), [None, None]),
        (pa.array([date(2020, 1, 2)]), ["2020-01-02"]),
        (pa.array([datetime(2020, 1, 2, tzinfo=UTC)]), ["2020-01-02 00:00:00.000000Z"]),
        (pa.array([NUMBER.bytes, None], pa.binary(16)), [NUMBER.hex, None]),
        (pa.array([b"B00ABC\0\0"], pa.binary(8)), ["B00ABC"]),
        (pa.array([b"R1", b"\xff\x00"], pa.large_binary()), ["R1", "ff00"]),
    ],
    ids=lambda one: str(one.type) if isinstance(one, pa.Array) else "",
)
def test_values_of_any_type_are_text(values: pa.Array, texts: list[str | None]) -> None:
    assert leaves(pa.field("x", values.type)) == ["x"]
    assert as_bytes(values, identifier=True).cast(pa.string()).to_pylist() == texts


def test_uuids_are_written_as_people_know_them() -> None:
    stored = pa.array([NUMBER.bytes, None], pa.binary(16))
    values = pa.ExtensionArray.from_storage(pa.uuid(), stored)
    assert as_bytes(values).to_pylist() == [str(NUMBER).encode(), None]


def test_values_inside_others_have_names() -> None:
    values = pa.array([{"a": {"b.c": 1.0}, "l": ["x", "y"]}, {"a": None, "l": []}, None])
    names = leaves(pa.field("s", values.type))
    assert names == ["s.a.b.c", "s.l.0"]
    assert as_bytes(inside(values, "a.b.c")).to_pylist() == [b"1", None, None]
    assert as_bytes(inside(values, "l.0")).to_pylist() == [b"x", None, None]


def test_what_can_be_no_text_has_no_name() -> None:
    kinds = [pa.map_(pa.string(), pa.string()), pa.month_day_nano_interval(), pa.struct([])]
    assert [leaves(pa.field("x", kind)) for kind in kinds] == [[], [], []]
