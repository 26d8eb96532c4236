"""Files stay small, and names say what they hold."""

import ast
from pathlib import Path

import pytest

from tests.rules.scopes import lifetimes

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path for folder in ("src", "tests", "bench") for path in (ROOT / folder).rglob("*.py")
)
MOST_LINES = 500
VAGUE = frozenset({"found", "one", "place", "thing", "told"})
SHORT = 5
"""Lines in which a vague name is in sight from its first use to its last."""
CEILING = 58
"""Vague names in ``src`` that live longer: lower it as they go, never raise it."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_one_noun_takes(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES, "split it by noun"


def test_lifetimes_are_those_of_scopes() -> None:
    source = "def f(one):\n    found = [one for one in range(3)]\n\n    return lambda: found\n"
    assert sorted(lifetimes(ast.parse(source))) == [
        ("found", 2, 4),
        ("one", 1, 1),
        ("one", 2, 2),
    ]


def test_names_say_what_they_hold() -> None:
    vague = [
        f"{path.relative_to(ROOT)}:{first}: {name}"
        for path in FILES
        if path.is_relative_to(ROOT / "src")
        for name, first, last in lifetimes(ast.parse(path.read_text()))
        if name in VAGUE and last - first >= SHORT
    ]
    assert len(vague) <= CEILING, vague
