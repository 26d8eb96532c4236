"""What companion files tell about products, joined with their reviews."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reviewdesk.sources.base import RawRows, SourceFile, Tally
from reviewdesk.sources.jsonlines import NotAnObject, parse_loose, whole_characters
from reviewdesk.sources.lines import line_blocks, numbered_lines
from reviewdesk.text.hashing import hash64

Item = tuple[str, str | None, str | None]
"""A product's id, title and category."""


class Items:
    """Titles and categories of products, found by id.

    Args:
        items: of two with one id, the first counts.
    """

    def __init__(self, items: Iterable[Item]) -> None:
        ids, titles, categories = [], [], []
        for identifier, title, category in items:
            ids.append(identifier)
            titles.append(title)
            categories.append(category)
        self._ids = pa.array(ids, pa.string())
        self._titles = pa.array(titles, pa.string())
        self._categories = pa.array(categories, pa.string()).dictionary_encode()
        hashes = hash64(self._ids)
        self._order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[self._order]

    def __len__(self) -> int:
        return len(self._ids)

    def join(self, rows: RawRows, key: str) -> RawRows:
        """Return rows with title and category from here where there are some.

        Args:
            rows: text columns.
            key: the column that holds the products' ids.
        """
        if not len(self):
            return rows
        ids = rows.columns[key]
        hashes = hash64(ids)
        found = np.minimum(np.searchsorted(self._hashes, hashes), len(self) - 1)
        places = pa.array(self._order[found])
        known = pc.fill_null(pc.equal(self._ids.take(places), ids), False)
        places = pc.if_else(known, places, None)
        joined = {
            "product_title": self._titles.take(places),
            "product_category": self._categories.take(places).cast(pa.string()),
        }
        nothing = pa.nulls(rows.count, pa.string())
        columns = {
            name: pc.coalesce(values, rows.columns.get(name, nothing))
            for name, values in joined.items()
        }
        return replace(rows, columns={**rows.columns, **columns})


def read_items(
    files: Iterable[SourceFile], item: Callable[[Mapping[str, Any]], Item | None], tally: Tally
) -> Items:
    """Read the products that files of JSON lines describe.

    Args:
        files: companions.
        item: makes a product of an object, or None when it describes none.
        tally: where notes about lines that cannot be read go.
    """

    def found() -> Iterable[Item]:
        for file in files:
            apart = Tally(file.name)
            bad = 0
            for _, line in numbered_lines(line_blocks(file, apart)):
                try:
                    parsed = item(parse_loose(line))
                except (NotAnObject, UnicodeDecodeError):
                    bad += bool(line.strip())
                    continue
                if parsed is not None:
                    yield parsed
            bad += len(apart.rejects)
            tally.notes.extend(apart.notes)
            if bad:
                tally.notes.append(f"{bad} lines of {file.name} cannot be read and are passed over")

    return Items(found())


def text_or_none(value: Any) -> str | None:
    """Return a value that is text and not empty."""
    return whole_characters(value) if isinstance(value, str) and value else None
