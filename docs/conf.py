"""How the documents become a site: `make site`."""

import re
from pathlib import Path
from typing import Any

from reviewdesk import __version__

ROOT = Path(__file__).parents[1]

project = "reviewdesk"
author = "The reviewdesk authors"
release = version = __version__
root_doc = "README"
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "docs/*.md",
    "docs/decisions/*.md",
    "docs/walkthroughs/README.md",
    "bench/RESULTS.md",
]
extensions = ["myst_parser"]
myst_enable_extensions = ["linkify"]
myst_linkify_fuzzy_links = False
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"reviewdesk {version}"
html_show_sphinx = False


def _contents(_app: Any, page: str, source: list[str]) -> None:
    """Give the start page all pages, in the order of docs/README.md, and decisions their list."""
    if page == root_doc:
        listed = re.findall(r"\]\(([a-z-]+)\.md\)", (ROOT / "docs" / "README.md").read_text())
        pages = [f"docs/{name}" for name in ("README", *dict.fromkeys(listed))]
        pages += ["docs/walkthroughs/README", "docs/decisions/README"]
        source[0] += _toctree([*pages, "bench/RESULTS", "CHANGELOG"])
    elif page == "docs/decisions/README":
        source[0] += _toctree(sorted(path.stem for path in ROOT.glob("docs/decisions/0*.md")))


def _toctree(pages: list[str]) -> str:
    return "\n".join(["\n```{toctree}", ":hidden:", "", *pages, "```\n"])


def setup(app: Any) -> None:
    """Let Sphinx call what is above."""
    app.connect("source-read", _contents)
