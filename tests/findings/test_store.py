from pathlib import Path

import pyarrow as pa
import pytest

from reviewdesk.errors import InputError, StorageError, UsageError
from reviewdesk.findings.base import Findings, PromisedList
from reviewdesk.findings.store import is_findings, read_findings, write_findings
from reviewdesk.schema import FINDINGS
from reviewdesk.storage import read_record, write_record

from .fakes import OddFinder, finding

INFO = OddFinder.info()
ABOUT = {"data": "abc", "predictions": {}}


def findings(rows: int = 3, finder: str = "odd") -> Findings:
    return Findings(
        finder=finder,
        table=pa.Table.from_pylist([finding(f"R{n}") for n in range(rows)], FINDINGS),
        lists=(
            PromisedList(0.95, 0, 0.0, "too few reviews to tell"),
            PromisedList(0.9, rows, 0.3),
            PromisedList(0.8, rows, 0.3),
        ),
        looked_at=90,
        left_out={"too short to tell": 4},
        notes=("Books and Garden overlap.",),
        tables={"overlaps": pa.table({"left": ["Books"], "right": ["Garden"]})},
        settings={"base_models": 2},
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    write_findings(folder, findings(), INFO, ABOUT, "<!doctype html>")
    stored = read_findings(folder)
    assert stored.findings == findings()
    assert stored.about == ABOUT
    assert stored.info == INFO
    assert (folder / "findings.html").read_text() == "<!doctype html>"
    assert {path.stat().st_mode & 0o077 for path in folder.iterdir()} == {0}


def test_the_same_findings_are_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_findings(tmp_path / name, findings(), INFO, ABOUT)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_older_findings_are_replaced_and_other_things_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    write_findings(folder, findings(), INFO, ABOUT, "page")
    write_findings(folder, findings(0), INFO, ABOUT)
    assert read_findings(folder).findings.table.num_rows == 0
    assert not (folder / "findings.html").exists()
    other = tmp_path / "other"
    other.mkdir()
    (other / "letters.txt").write_text("dear")
    with pytest.raises(UsageError, match="something else than findings"):
        write_findings(other, findings(), INFO, ABOUT)
    assert (other / "letters.txt").read_text() == "dear"
    assert sorted(path.name for path in tmp_path.iterdir() if "partial" in path.name) == []


def test_a_changed_or_missing_table_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    write_findings(folder, findings(), INFO, ABOUT)
    (folder / "overlaps.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"overlaps.parquet is not the file that was written"):
        read_findings(folder)
    (folder / "overlaps.parquet").unlink()
    with pytest.raises(StorageError, match="does not exist"):
        read_findings(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 9}, "version 9"),
        ({"format_version": 2}, "remove it and find again"),
        ({"files": {"../../etc/passwd": "0"}}, "cannot be"),
        ({"files": {}}, "damaged"),
        ({"lists": [{"promise": 1}]}, "damaged"),
        ({"looked_at": None}, "damaged"),
        ({"about": 3}, "damaged"),
        ({"format": "letters"}, "does not hold findings"),
    ],
)
def test_a_summary_is_not_trusted(tmp_path: Path, change: dict[str, object], message: str) -> None:
    folder = tmp_path / "odd"
    write_findings(folder, findings(), INFO, ABOUT)
    summary = read_record(folder / "findings.json")
    write_record(folder / "findings.json", {**summary, **change})
    with pytest.raises(InputError, match=message):
        read_findings(folder)


def test_what_holds_no_findings(tmp_path: Path) -> None:
    assert not is_findings(tmp_path)
    (tmp_path / "findings.json").write_text("[1]")
    assert not is_findings(tmp_path)
    with pytest.raises(InputError, match="does not hold findings"):
        read_findings(tmp_path)
    with pytest.raises(StorageError, match="does not exist"):
        read_findings(tmp_path / "none")


@pytest.mark.parametrize("name", ["findings", "../up", "Überlapp", ""])
def test_a_table_cannot_have_any_name(tmp_path: Path, name: str) -> None:
    odd = findings()
    with pytest.raises(UsageError, match="cannot have a table named"):
        write_findings(
            tmp_path / "odd",
            Findings("odd", odd.table, odd.lists, 1, tables={name: pa.table({"a": [1]})}),
            INFO,
            ABOUT,
        )
