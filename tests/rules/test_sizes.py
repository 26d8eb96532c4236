"""Files stay small, and names say what they hold."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for folder in ("src", "tests", "bench") for path in (ROOT / folder).rglob("*.py")
)
MOST_LINES = 500


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_one_noun_takes(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES, "split it by noun"
