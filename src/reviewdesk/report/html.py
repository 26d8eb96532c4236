"""Markup that is escaped by construction: text becomes markup in one place only."""

import html
import re
from dataclasses import dataclass
from typing import Final

_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_WITHOUT_END: Final = frozenset({"meta", "link", "br", "col", "input"})


@dataclass(frozen=True)
class Html:
    """Finished markup; everything else that goes into a page is text and gets escaped."""

    markup: str


Child = Html | str


def escaped(text: str) -> str:
    """Return text as markup that shows it: nothing in it is markup any more.

    Characters that HTML does not allow (control characters, halves of a surrogate pair) become
    the replacement character.
    """
    return html.escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text), quote=True)


def fragment(*children: Child) -> Html:
    """Put markup and text one after the other."""
    return Html("".join(c.markup if isinstance(c, Html) else escaped(c) for c in children))


def element(tag: str, /, *children: Child, **attributes: str | int | bool) -> Html:
    """Return one element.

    Args:
        tag: its name.
        children: markup, and text that is escaped.
        attributes: escaped values; ``class_`` and ``aria_label`` stand for ``class`` and
            ``aria-label``; True writes the name alone and False leaves the attribute out.
    """
    opening = tag + "".join(_attribute(name, value) for name, value in attributes.items())
    if tag in _WITHOUT_END:
        return Html(f"<{opening}>")
    return Html(f"<{opening}>{fragment(*children).markup}</{tag}>")


def _attribute(name: str, value: str | int | bool) -> str:
    if value is False:
        return ""
    written = name.rstrip("_").replace("_", "-")
    return f" {written}" if value is True else f' {written}="{escaped(str(value))}"'
