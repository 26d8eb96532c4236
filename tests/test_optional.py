import pytest

from reviewdesk.errors import MissingExtra
from reviewdesk.optional import is_installed, require


def test_a_missing_package_says_how_to_install_it() -> None:
    with pytest.raises(MissingExtra, match=r"pip install '\.\[stars\]'"):
        require("no_such_package_at_all", "stars")
    assert not is_installed("no_such_package_at_all")


def test_an_installed_package_is_returned() -> None:
    import json

    assert require("json", "stars") is json
