"""The documents are true: folders, commands, settings, links."""

import re
from pathlib import Path

import pytest

from reviewdesk import settings
from reviewdesk.cli.commands import COMMANDS
from reviewdesk.cli.main import load_command
from reviewdesk.cli.reference import reference
from reviewdesk.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])


def test_the_map_of_folders_in_the_readme_is_true() -> None:
    named = set(re.findall(r"^\| `([a-z/_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    rooms = {
        str(path.parent.relative_to(ROOT)) for path in ROOT.glob("src/reviewdesk/*/__init__.py")
    }
    others = {"docs", "bench", "tests"}
    assert named == rooms | others
    assert all((ROOT / name).is_dir() for name in named)


def test_the_reference_is_up_to_date() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == reference() + "\n", "run: make docs"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_teaches_with_an_example(name: str) -> None:
    text = load_command(name).__doc__ or ""
    assert text.splitlines()[0] == COMMANDS[name].summary
    assert f"Example:\n\n        reviewdesk {name}" in text


def test_every_setting_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference.md").read_text().replace("\\|", "|")
    for one in vars(settings).values():
        if isinstance(one, type) and issubclass(one, Settings) and one is not Settings:
            for _, _, meaning, _ in one.described():
                assert meaning[1:] in text, f"{one.__name__} is on no command: {meaning}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text()):
        if not link.startswith("http"):
            assert (path.parent / link).exists(), link


def test_every_exit_code_is_documented() -> None:
    from reviewdesk import errors
    from reviewdesk.cli.main import EPILOG

    for one in vars(errors).values():
        if isinstance(one, type) and issubclass(one, errors.ReviewdeskError):
            assert f" {one.exit_code} " in EPILOG, one
