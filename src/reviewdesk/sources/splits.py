"""Cutting large inputs into pieces that several machines read at once."""

from dataclasses import replace
from typing import Final

from reviewdesk.sources.catalog import Input
from reviewdesk.sources.parquet import PARQUET_MAGIC, opened_parquet
from reviewdesk.sources.stream import head

SPLIT_BYTES: Final = 128 * 1024 * 1024


def splits(input_: Input, size: int = SPLIT_BYTES) -> list[Input]:
    """Return the pieces of an input, in its order; an input that cannot be cut is the only one.

    Parquet is cut between groups of rows. Text is not: whether a line break ends a record, and how
    many lines came before, shows only to who reads from the beginning. Nor is a file whose columns
    were told, since only the whole of it shows that one of them is empty.

    Args:
        input_: the input.
        size: about how many bytes of its file a piece has.

    Raises:
        InputError: the file is damaged as a whole.
        StorageError: it cannot be read.
    """
    whole = input_.file.folder or input_.file.member or input_.file.size <= size
    if whole or not input_.reader.takes_row_groups or input_.reader.settings.columns:
        return [input_]
    if not head(input_.file).startswith(PARQUET_MAGIC):
        return [input_]
    with opened_parquet(input_.file) as parquet:
        rows = [parquet.metadata.row_group(n).num_rows for n in range(parquet.num_row_groups)]
    bytes_a_row = input_.file.size / max(1, sum(rows))
    cuts, held = [0], 0.0
    for group, count in enumerate(rows):
        if held >= size:
            cuts.append(group)
            held = 0.0
        held += count * bytes_a_row
    ends = [*cuts[1:], len(rows)]
    return [
        replace(input_, file=replace(input_.file, row_groups=(start, end)))
        for start, end in zip(cuts, ends, strict=True)
    ]
