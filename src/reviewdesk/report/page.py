"""A page: one file that asks nobody for anything and runs no script but the project's own."""

import base64
import hashlib
import html
import re
from pathlib import Path
from typing import Final, NamedTuple

from reviewdesk import __version__
from reviewdesk.report.html import Child, Html, element, fragment
from reviewdesk.storage import write_text

STYLE: Final = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
"""The style sheet that every page carries within it."""

_MADE_BY: Final = re.compile(
    r'<meta name="generator" content="reviewdesk [^" ]{1,40} ([^"]{1,60})">'
)
_TITLE: Final = re.compile(r"<title>([^<]{0,2000}) · reviewdesk</title>")
HEAD_BYTES: Final = 8_192
"""So much of a file says whether it is a page of ours."""


class PageHead(NamedTuple):
    """What a page says of itself: its title and its kind, as in ``"Evaluation"``."""

    title: str
    kind: str


def page_head(begin: bytes) -> PageHead | None:
    """Return what a file says of itself if it is a page that ``Page`` has written, else None.

    Args:
        begin: its first ``HEAD_BYTES``.
    """
    text = begin.decode("utf-8", "replace")
    made, title = _MADE_BY.search(text), _TITLE.search(text)
    if made is None or title is None:
        return None
    return PageHead(html.unescape(title[1]), html.unescape(made[1]))


class Page:
    """Collects the sections of a page.

    Args:
        title: the page's name, in a few words.
        lead: one sentence with what matters most.
        kind: what sort of page it is, as in ``"Evaluation"``.
        script: the one script that the page runs; a page says the same without it.
    """

    def __init__(self, title: str, lead: Child, kind: str, script: str = "") -> None:
        self.title = title
        self.lead = lead
        self.kind = kind
        self.script = script
        self._sections: list[tuple[str, Html]] = []

    def section(self, title: str, *blocks: Child) -> None:
        """Add a section under a heading."""
        self._sections.append((title, fragment(*blocks)))

    def render(self) -> str:
        """Return the page as one HTML text."""
        document = element("html", self._head(), self._body(), lang="en")
        return f"<!doctype html>\n{document.markup}\n"

    def write(self, path: Path) -> None:
        """Write the page to a file that its owner only can read.

        Raises:
            StorageError: it cannot be written.
        """
        write_text(path, self.render())

    def _head(self) -> Html:
        return element(
            "head",
            element("meta", charset="utf-8"),
            element(
                "meta", http_equiv="Content-Security-Policy", content=content_policy(self.script)
            ),
            element("meta", name="generator", content=f"reviewdesk {__version__} {self.kind}"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", name="referrer", content="no-referrer"),
            element("link", rel="icon", href="data:,"),
            element("title", f"{self.title} · reviewdesk"),
            element("style", Html(STYLE)),
        )

    def _body(self) -> Html:
        header = element(
            "header",
            element("p", f"reviewdesk · {self.kind}", class_="kind"),
            element("h1", self.title),
            element("p", self.lead, class_="lead"),
        )
        numbered = list(enumerate(self._sections, start=1))
        links = [
            element("li", element("a", title, href=f"#section-{n}")) for n, (title, _) in numbered
        ]
        contents = element("nav", element("ul", *links), aria_label="On this page")
        sections = [
            element(
                "section",
                element("h2", title, id=f"section-{n}"),
                blocks,
                aria_labelledby=f"section-{n}",
            )
            for n, (title, blocks) in numbered
        ]
        footer = element("footer", element("p", f"Made by reviewdesk {__version__}."))
        script = element("script", Html(self.script)) if self.script else ""
        return element("body", header, contents, element("main", *sections), footer, script)


def content_policy(script: str = "") -> str:
    """Return the policy that lets a page use its own style sheet and script and nothing else."""
    scripts = f" script-src {source_digest(script)};" if script else ""
    return (
        f"default-src 'none'; style-src {source_digest(STYLE)};{scripts} img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def source_digest(text: str) -> str:
    """Return how a policy names one script or style sheet that stands in a page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
