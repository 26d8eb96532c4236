from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from reviewdesk.prepare.blocks import blocks, text_bytes


def table(texts: Sequence[str | None]) -> pa.Table:
    return pa.table({"text": pa.array(texts, pa.string()), "n": range(len(texts))})


def parts(whole: pa.Table, sizes: list[int]) -> list[pa.Table]:
    starts = np.cumsum([0, *sizes])
    return [whole.slice(int(start), size) for start, size in zip(starts, sizes, strict=False)]


def test_blocks_depend_on_the_rows_and_not_on_how_they_arrive() -> None:
    random = np.random.default_rng(1)
    whole = table(["x" * int(n) for n in random.integers(0, 50, 1_000)])
    expected = list(blocks([whole], 64, 900))
    for _ in range(20):
        sizes = random.multinomial(1_000, random.dirichlet(np.ones(int(random.integers(1, 60)))))
        found = list(blocks(parts(whole, sizes.tolist()), 64, 900))
        assert [block.to_pylist() for block in found] == [b.to_pylist() for b in expected]
    assert pa.concat_tables(expected).to_pylist() == whole.to_pylist()


def test_a_block_ends_at_its_rows_or_its_bytes() -> None:
    found = list(blocks([table(["a"] * 5 + ["long text"] * 3 + ["a"])], 4, 9))
    assert [block.num_rows for block in found] == [4, 2, 1, 1, 1]
    assert all(block["text"].num_chunks == 1 for block in found)


def test_one_row_larger_than_a_block_is_a_block() -> None:
    assert [b.num_rows for b in blocks([table(["x" * 100, "y" * 100])], 10, 10)] == [1, 1]


def test_no_rows_are_no_blocks() -> None:
    assert list(blocks([], 10, 10)) == []
    assert list(blocks([table([])], 10, 10)) == []


def test_bytes_are_counted_in_utf8_and_null_has_none() -> None:
    assert text_bytes(table(["é", None, "", "abc"])).tolist() == [2, 0, 0, 3]
