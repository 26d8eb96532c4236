"""Links from a job's report to pages that were made from it later: findings, the map of a graph."""

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from reviewdesk.report.html import Html, element, escaped
from reviewdesk.storage import storage_errors, write_text

REPORT: Final = "report.html"

_LIST: Final = re.compile(r'(?<=<ul class="beside">).*?(?=</ul>)', re.DOTALL)
_ITEM: Final = re.compile(r"<li>.*?</li>", re.DOTALL)


def links_beside(report: Path) -> Html:
    """Return the list of links, with those that an older report at this place has."""
    listed = _LIST.search(_markup(report)) if report.is_file() else None
    return element("ul", Html(listed[0] if listed else ""), class_="beside")


def link_beside(report: Path, name: str, page: Path) -> bool:
    """Have a job's report lead to a page.

    Args:
        report: the report; nothing happens where there is none.
        name: what the page is, for people; an older link of that name is replaced.
        page: the page.

    Returns:
        Whether the report leads there now.

    Raises:
        StorageError: the report cannot be read or written.
    """
    markup = _markup(report) if report.is_file() else ""
    listed = _LIST.search(markup)
    if listed is None:  # no report, or that of an earlier release
        return False
    address = quote(os.path.relpath(page.absolute(), report.absolute().parent))
    others = [one for one in _ITEM.findall(listed[0]) if f">{escaped(name)}</a>" not in one]
    links = "".join([*others, element("li", element("a", name, href=address)).markup])
    write_text(report, f"{markup[: listed.start()]}{links}{markup[listed.end() :]}")
    return True


def _markup(report: Path) -> str:
    with storage_errors(str(report)):
        return report.read_text(encoding="utf-8")
