"""RecordIO against a writer made from its description, damaged, and with augmented manifests."""

import io
import random
import struct

import pytest

from reviewdesk.errors import InputError
from reviewdesk.formats.augmented_manifest import attribute_value, training_lines
from reviewdesk.formats.recordio import read_records, record, write_records
from tests.aws.opt_ml import recordio

MAGIC = struct.pack("<I", 0xCED7230A)
PARTS = [MAGIC, b"x", b"abcd", MAGIC[:3], b""]


@pytest.mark.parametrize("seed", range(5))
def test_both_writers_agree_and_are_read_back(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(100):
        payloads = [
            b"".join(rng.choices(PARTS, k=rng.randrange(7))) for _ in range(rng.randrange(6))
        ]
        ours = b"".join(map(record, payloads))
        assert ours == b"".join(map(recordio, payloads))
        assert list(read_records(io.BytesIO(ours), "it")) == payloads


def test_what_a_record_looks_like() -> None:
    stream = io.BytesIO()
    write_records(stream, [b"hello", b"1234" + MAGIC + b"5"])
    assert stream.getvalue() == (
        MAGIC + b"\x05\0\0\0" + b"hello\0\0\0"
        + MAGIC + struct.pack("<I", 1 << 29 | 4) + b"1234"
        + MAGIC + struct.pack("<I", 3 << 29 | 1) + b"5\0\0\0"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("damaged", "sentence"),
    [
        (b"not a record at all", "is no RecordIO"),
        (MAGIC + b"\x05", "cut off"),
        (MAGIC + b"\x05\0\0\0hel", "cut off"),
        (record(b"a") + record(MAGIC)[:8], "cut off"),
        (MAGIC + struct.pack("<I", 3 << 29 | 1) + b"5\0\0\0", "does not go on"),
        (MAGIC + struct.pack("<I", 5 << 29), "does not go on"),
        (record(MAGIC)[:8] + record(b"whole"), "does not go on"),
        (record(b"too large"), "more than 8 bytes"),
    ],
)
def test_damage_is_a_sentence(damaged: bytes, sentence: str) -> None:
    largest = 8 if b"too large" in damaged else 100
    with pytest.raises(InputError, match=sentence):
        list(read_records(io.BytesIO(damaged), "the stream", largest))


def test_lines_of_an_augmented_manifest() -> None:
    records = [b"great\n phone", b"1", "très bon".encode(), b"[1, 3]", b"bad", b'"slow"']
    lines = list(training_lines(records, ["source", "label"], "it"))
    assert lines == [
        b"__label__1 great phone\n",
        "__label__1 __label__3 très bon\n".encode(),
        b"__label__slow bad\n",
    ]
    swapped = [b"cats", b"i", b"purr"]
    assert list(training_lines(swapped, ["label", "id", "source"], "it")) == [
        b"__label__cats purr\n"
    ]
    assert [attribute_value(one) for one in ("t", 1, [1, 3])] == [b"t", b"1", b"[1, 3]"]


@pytest.mark.parametrize(
    ("records", "attributes", "sentence"),
    [
        ([b"a text"], ["source", "label"], "ends inside line 1"),
        ([b"a"], ["source"], "needs the attributes"),
        ([b"a", b"a text with blanks"], ["source", "label"], "another order"),
        ([b"a", b"{}"], ["source", "label"], "no name"),
        ([b"a", b"[]"], ["source", "label"], "no name"),
        ([b"a", b"\xff"], ["source", "label"], "UTF-8"),
    ],
)
def test_records_that_are_no_lines(
    records: list[bytes], attributes: list[str], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        list(training_lines(records, attributes, "the channel train"))
