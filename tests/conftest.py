"""The order of tests."""

from typing import Final

import pytest

LONGEST: Final = "test_every_command_in_the_documents_works"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest test begin first; as the last one it would keep one worker alone."""
    items.sort(key=lambda item: item.name != LONGEST)
