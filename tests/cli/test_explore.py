import json
import stat
from pathlib import Path

from .conftest import Cli


def test_exploring_writes_a_page_and_its_figures(job: Path, cli: Cli, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    result = cli("explore", job / "job" / "prepared", "--out", page)
    assert result.code == 0, result.err
    assert "1,5" in result.out.splitlines()[0] or "1,4" in result.out.splitlines()[0]
    assert f"the page: {page}" in result.out
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert (tmp_path / "report.figures" / "counts.parquet").exists()


def test_exploring_as_json(job: Path, cli: Cli, tmp_path: Path) -> None:
    manifest = json.loads((job / "job" / "prepared" / "manifest.json").read_text())
    done = cli("explore", job / "job" / "prepared", "--out", tmp_path / "r.html", "--json")
    assert done.json()["figures"]["reviews"] == manifest["rows"]["written"]
    assert done.json()["findings"]


def test_what_is_not_prepared_is_refused(cli: Cli, tmp_path: Path) -> None:
    assert cli("explore", tmp_path / "nowhere", "--out", tmp_path / "r.html").code == 7
    assert cli("explore", tmp_path, "--out", tmp_path / "r.html").code == 3
    assert not (tmp_path / "r.html").exists()


def test_what_customers_say_goes_into_a_spreadsheet(job: Path, cli: Cli, tmp_path: Path) -> None:
    page, table = tmp_path / "r.html", tmp_path / "customers.csv"
    assert cli("explore", job / "job", "--out", page, "--table", table).code == 0
    assert table.read_text().startswith('"entry","scope","part","side","kind","rank","text"')
    refused = cli("explore", job / "job", "--out", page, "--table", tmp_path / "customers.xls")
    assert (refused.code, ".csv or .parquet" in refused.err) == (2, True)
