"""How things show themselves in a notebook."""

from collections.abc import Sequence

from reviewdesk.report.html import Child, element, escaped


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
