"""Panels to choose from: one part of the page for each category, all of them there without script.

With the page's script one panel is shown and a list chooses it; the address then ends with the
panel's name, so that a link leads to it. Without the script, panels stand one below the other.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from reviewdesk.report.html import Html, element, fragment

SCRIPT: Final = Path(__file__).with_name("panels.js").read_text(encoding="utf-8")
"""The script of pages with panels: choosing, values under the pointer, sorting of tables."""


class Panel(NamedTuple):
    """One part of the page: its name in the address, its title, and what is in it."""

    anchor: str
    title: str
    content: Html


def panels(choose: str, parts: Sequence[Panel]) -> Html:
    """Return panels to choose from.

    Args:
        choose: what is chosen, as in ``"Category"``.
        parts: the panels; the first is shown at first.
    """
    sections = [
        element(
            "section",
            element("h3", part.title, id=f"{part.anchor}-title"),
            part.content,
            id=part.anchor,
            class_="panel",
            aria_labelledby=f"{part.anchor}-title",
        )
        for part in parts
    ]
    return element("div", fragment(*sections), class_="panels", data_choose=choose)
