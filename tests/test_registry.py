import sys
from pathlib import Path

import pytest

from reviewdesk.errors import UsageError
from reviewdesk.registry import Registry

TABLE = {"decimal": "decimal:Decimal", "function": "json:dumps"}


def test_names_are_loaded_when_asked_for() -> None:
    from decimal import Decimal

    assert Registry("number", "reviewdesk.none", TABLE).load("decimal") is Decimal


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"unknown number 'x'; there are: decimal, function"):
        Registry("number", "reviewdesk.none", TABLE).load("x")


def test_only_classes_are_things() -> None:
    with pytest.raises(UsageError, match="is not a class"):
        Registry("number", "reviewdesk.none", TABLE).load("function")


def test_another_package_adds_its_own_but_replaces_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "their_numbers.py").write_text("class Fraction: ...\nclass Decimal: ...\n")
    info = tmp_path / "their_numbers-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-numbers\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[reviewdesk.numbers]\nfraction = their_numbers:Fraction\ndecimal = their_numbers:Decimal\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry("number", "reviewdesk.numbers", TABLE)
    assert registry.names() == ["decimal", "function", "fraction"]
    assert registry.load("fraction").__module__ == "their_numbers"
    assert registry.load("decimal").__module__ == "decimal"
    del sys.modules["their_numbers"]
