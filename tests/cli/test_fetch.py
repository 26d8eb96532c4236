import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sources.web import Site, site

from .conftest import Cli

CONTENT = b"review " * 1_000


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with site(CONTENT) as found:
        yield found


def test_terms_and_size_first_then_the_question(
    web: Site, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("fetch", "mcauley-2023:Gift_Cards", "--metadata")
    words = (*names, "--out", tmp_path / "d", "--from", web.address)
    for answer in ("", "n\n", "perhaps\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        refused = cli(*words)
        assert refused.code == 2
        assert "terms: no licence is known here" in refused.err
        assert "7,000 bytes" in refused.err
        assert not (tmp_path / "d").exists()
        assert {method for method, _ in web.asked} == {"HEAD"}
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    done = cli(*words)
    assert done.code == 0, done.err
    assert hashlib.sha256(CONTENT).hexdigest() in done.out
    assert "reviewdesk prepare " in done.out
    files = {path.name for path in (tmp_path / "d").iterdir() if path.suffix == ".gz"}
    assert files == {"Gift_Cards.jsonl.gz", "meta_Gift_Cards.jsonl.gz"}


def test_what_is_there_is_not_asked_for_again(web: Site, cli: Cli, tmp_path: Path) -> None:
    words = ("fetch", "mcauley-2023:Gift_Cards", "--out", tmp_path, "--from", web.address, "--json")
    assert cli(*words, "--yes").json()[0]["already"] is False
    web.asked.clear()
    assert cli(*words).json()[0]["already"] is True
    assert web.asked == []


def test_a_mirror_of_something_else(web: Site, cli: Cli, tmp_path: Path) -> None:
    done = cli("fetch", "imdb", "--out", tmp_path, "--from", web.address, "--yes")
    assert done.code == 3
    assert "has 7,000 bytes and should have 84,125,825" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_none(cli: Cli) -> None:
    done = cli("fetch", "imbd", "--yes")
    assert done.code == 2
    assert "there are: imdb, mcauley-2023:CATEGORY" in done.err
