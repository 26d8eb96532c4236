from pathlib import Path

import pytest

from reviewdesk.errors import InputError, StorageError
from reviewdesk.findings.store import read_findings
from reviewdesk.job.erase import erase_everywhere
from reviewdesk.job.find import FindSettings, find
from reviewdesk.prepare import erase as prepared_erase
from reviewdesk.prepare.prepared import PreparedData
from tests.findings.plugin import install
from tests.findings.shop import rows_of, shop

PERSON = "C0"
SECRET = "a wombat bit me"


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PreparedData:
    install(tmp_path / "plugin", monkeypatch, odd="tests.findings.fakes:OddFinder")
    rows = rows_of(120)
    rows[0]["review_body"] += SECRET  # of C0, as number 1 is
    rows[5]["review_body"] += "a wombat was lovely"
    return shop(tmp_path / "shop", rows)


def texts(folder: Path) -> str:
    return "".join(
        path.read_bytes().decode(errors="replace") for path in folder.rglob("*") if path.is_file()
    )


def test_what_was_found_about_a_person_goes_and_pages_are_made_again(
    data: PreparedData, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))
    assert SECRET in texts(out)
    erased = erase_everywhere(data.path, PERSON, findings=[out])
    assert erased.tables == {str(out / "odd"): 1}
    assert erased.reviews == 2
    assert read_findings(out / "odd").findings.table["what"].to_pylist() == ["R00005"]
    left = texts(out)
    assert SECRET not in left
    assert "R00000" not in left
    assert left.count("a wombat was lovely") == 2  # on the page and on that of all
    with pytest.raises(InputError, match="nobody was erased"):
        erase_everywhere(data.path, PERSON, findings=[out])


def test_one_kind_of_findings_can_be_named(data: PreparedData, tmp_path: Path) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))
    erase_everywhere(data.path, PERSON, findings=[out / "odd"])
    assert SECRET not in texts(out / "odd")


def test_nothing_is_erased_when_a_folder_holds_no_findings(
    data: PreparedData, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="holds no findings"):
        erase_everywhere(data.path, PERSON, findings=[tmp_path])
    with pytest.raises(StorageError, match="does not exist"):
        erase_everywhere(data.path, PERSON, findings=[tmp_path / "none"])
    assert PreparedData.open(data.path).fingerprint == data.fingerprint


def test_an_erasure_that_was_interrupted_is_finished_by_the_same_call(
    data: PreparedData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    find(data, out, FindSettings(("odd",)))

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopping:
        stopping.setattr(prepared_erase, "_erase_from_data", interrupt)
        with pytest.raises(KeyboardInterrupt):
            erase_everywhere(data.path, PERSON, findings=[out])
    assert PreparedData.open(data.path).rows == 120
    erase_everywhere(data.path, PERSON, findings=[out])
    assert PreparedData.open(data.path).rows == 118
    assert SECRET not in texts(out)
