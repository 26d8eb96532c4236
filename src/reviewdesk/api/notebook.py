"""How things show themselves in a notebook."""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from reviewdesk.report.html import Child, element, escaped

SHOWN_ROWS: Final = 20


def framed(page: str, height: int = 640) -> str:
    """Return a page of ours within a notebook, kept apart from the notebook's own styles.

    Args:
        page: the page's HTML.
        height: of the frame, in pixels.
    """
    return (
        f'<iframe srcdoc="{escaped(page)}" sandbox="allow-scripts" width="100%" '
        f'height="{height}" style="border:0"></iframe>'
    )


def small_table(title: str, rows: Sequence[tuple[str, Child]]) -> str:
    """Return a few facts as a table in the notebook's own style."""
    lines = [element("tr", element("th", name), element("td", value)) for name, value in rows]
    return element("div", element("strong", title), element("table", *lines)).markup


def first_rows(table: pa.Table, note: str = "") -> str:
    """Return the first rows of a table in the notebook's own style.

    Args:
        table: the rows.
        note: what a reader must know of them, below the table; empty for nothing.
    """
    heads = [element("th", name) for name in table.column_names]
    rows = [
        element("tr", *(element("td", "" if cell is None else str(cell)) for cell in row.values()))
        for row in table.slice(0, SHOWN_ROWS).to_pylist()
    ]
    left_out = table.num_rows - SHOWN_ROWS
    below = [f"and {left_out:,} more rows"] if left_out > 0 else []
    notes = [element("p", text) for text in (*below, note) if text]
    return element("div", element("table", element("tr", *heads), *rows), *notes).markup
