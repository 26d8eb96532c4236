"""Cutting large inputs into pieces that several machines read at once."""

from dataclasses import replace
from typing import Final

from reviewdesk.sources.catalog import Input
from reviewdesk.sources.parquet import PARQUET_MAGIC, opened_parquet
from reviewdesk.sources.stream import head

SPLIT_BYTES: Final = 128 * 1024 * 1024


def splits(one: Input, size: int = SPLIT_BYTES) -> list[Input]:
    """Return the pieces of an input, in its order; an input that cannot be cut is the only one.

    Parquet is cut between groups of rows. Text is not: whether a line break ends a record, and how
    many lines came before, shows only to who reads from the beginning. Nor is a file whose columns
    were told, since only the whole of it shows that one of them is empty.

    Args:
        one: the input.
        size: about how many bytes of its file a piece has.

    Raises:
        InputError: the file is damaged as a whole.
        StorageError: it cannot be read.
    """
    whole = one.file.folder or one.file.member or one.file.size <= size
    if whole or not one.reader.takes_row_groups or one.reader.settings.columns:
        return [one]
    if not head(one.file).startswith(PARQUET_MAGIC):
        return [one]
    with opened_parquet(one.file) as parquet:
        rows = [parquet.metadata.row_group(n).num_rows for n in range(parquet.num_row_groups)]
    bytes_a_row = one.file.size / max(1, sum(rows))
    cuts, held = [0], 0.0
    for group, count in enumerate(rows):
        if held >= size:
            cuts.append(group)
            held = 0.0
        held += count * bytes_a_row
    ends = [*cuts[1:], len(rows)]
    return [
        replace(one, file=replace(one.file, row_groups=(start, end)))
        for start, end in zip(cuts, ends, strict=True)
    ]
